// Sub-frames: messages of many streams (sockets) to one peer, back to back in one transfer. A message of 64 bytes costs 6 more
// here, and a RoCEv2 packet of its own 58 or more.
//
//   aggregate    │ sub-header 6 │ length bytes │ sub-header 6 │ length bytes │ …   up to the transfer's last byte
//
//   0        2          4               6        big-endian
//   ┌────────┬──────────┬───────┬────────┐     flags  │ MORE │ FIN │ RST │ URGENT │
//   │ stream │ sequence │ flags │ length │     MORE, FIN and RST exclude each other, so half of the 16 values are reserved.
//   │ 16     │ 16       │ 4     │ 12     │
//   └────────┴──────────┴───────┴────────┘
//
//   length 1-4095                          so many bytes; none with RST
//   length 0 with FIN or RST               no bytes
//   length 0 otherwise                     the rest of the transfer, 4096 bytes or more, without FIN
//
// So each list of messages has one form, and each form one reading. sequence counts a stream's sub-frames and wraps; at most
// STREAM_UNACKED_MAX of them are unacknowledged, so that a number is never both an old one and a new one (RFC 1982: of two serial numbers
// the later is ahead by less than 2^15). Whether it is the one that is due is for the streams' keeper to say, not for the
// form: stream and sequence may hold anything here.
import { bswap16s } from "../be";
import {
  AGGREGATE_BYTES,
  AGGREGATE_DATA,
  AGGREGATE_END,
  AGGREGATE_FAULT,
  AGGREGATE_ROOM,
  MESSAGE_BYTES,
  MESSAGE_FLAGS,
  MESSAGE_LEN,
  MESSAGE_PTR,
  MESSAGE_SEQUENCE,
  MESSAGE_STREAM,
} from "../layout";

/**
 * A message: to be packed, or found in an aggregate.
 *
 *   0     4     8        10         12      16
 *   │ ptr │ len │ stream │ sequence │ flags │
 */
@unmanaged
export class Message {
  ptr: u32;
  len: u32;
  stream: u16;
  sequence: u16;
  flags: u32;

  /** Stream and sequence as the first four bytes of the sub-header. */
  @inline
  wireNames(): u32 {
    return bswap16s(load<u32>(changetype<usize>(this), offsetof<Message>("stream")));
  }

  @inline
  setWireNames(names: u32): void {
    store<u32>(changetype<usize>(this), bswap16s(names), offsetof<Message>("stream"));
  }
}

if (offsetof<Message>() != MESSAGE_BYTES) ERROR("Message: size");
if (offsetof<Message>("ptr") != MESSAGE_PTR) ERROR("Message: ptr");
if (offsetof<Message>("len") != MESSAGE_LEN) ERROR("Message: len");
if (offsetof<Message>("stream") != MESSAGE_STREAM) ERROR("Message: stream");
if (offsetof<Message>("sequence") != MESSAGE_SEQUENCE) ERROR("Message: sequence");
if (offsetof<Message>("flags") != MESSAGE_FLAGS) ERROR("Message: flags");

/** An aggregate that is being filled: data[0, end) is packed, and nothing goes beyond data[room]. */
@unmanaged
export class Aggregate {
  data: u32;
  /** Behind the rest of a transfer nothing can stand: room is set to end then. */
  room: u32;
  end: u32;
  /** Why the last burst ended before its n messages, when that was not for want of room. */
  fault: u32;
}

if (offsetof<Aggregate>() != AGGREGATE_BYTES) ERROR("Aggregate: size");
if (offsetof<Aggregate>("data") != AGGREGATE_DATA) ERROR("Aggregate: data");
if (offsetof<Aggregate>("room") != AGGREGATE_ROOM) ERROR("Aggregate: room");
if (offsetof<Aggregate>("end") != AGGREGATE_END) ERROR("Aggregate: end");
if (offsetof<Aggregate>("fault") != AGGREGATE_FAULT) ERROR("Aggregate: fault");

/** A bit for each value of the flags: at most one of MORE, FIN and RST, and URGENT with any. */
const SOUND_FLAGS: u32 = 0b0000_0011_0011_1111;

/** Flags of 4 bits that do not contradict each other. */
export function areFlagsSound(flags: u32): bool {
  return ((SOUND_FLAGS >> flags) & 1) != 0;
}
