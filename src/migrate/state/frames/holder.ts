/**
 * Where an adapter's frames in flight are. A frame's number is its place among them all: by place, and in a place in the order in which they
 * will go on.
 */

/** In the port's receive ring: the guest has sent it, nobody has looked at it yet. */
export const PLACE_RING = 0;
/** In the port's transmit queue: for the guest. */
export const PLACE_QUEUE = 1;
/** The guest has sent it, and it waits, for an endpoint that is not known yet, say. */
export const PLACE_HELD_SENT = 2;
/** It came by an uplink, and waits. */
export const PLACE_HELD_ARRIVED = 3;
export const PLACE_MAX = 255;

/** Somebody beside the port who has frames of the adapter. */
export interface FrameHolder {
  /** PLACE_HELD_SENT to PLACE_MAX, each once in an adapter. */
  readonly place: number;
  /** Addresses of its mbufs, in order; nobody else has them. */
  mbufs(): readonly number[];
  /** Forgets them all. They are freed after that, by somebody else. */
  letGo(): void;
}
