/** What an agent's section says, without times of a clock and without addresses of memory. */
import type { Aggregator } from "../../aggregator/aggregator.js";
import type { ReceiverImage, SenderImage } from "../../transfer/state/images.js";

export interface StreamImage {
  /** This end's. */
  readonly port: number;
  /** Its user has ended it, waits for room, has broken it off. */
  readonly isEnded: boolean;
  readonly wantsRoom: boolean;
  readonly isReset: boolean;
}

export interface LaneImage {
  readonly connection: number;
  readonly qpn: number;
  readonly sender: SenderImage;
  readonly receiver: ReceiverImage;
}

export interface SessionImage {
  readonly machine: Aggregator;
  /** By id. */
  readonly streams: readonly (readonly [id: number, stream: StreamImage])[];
  readonly lane: LaneImage | undefined;
}

/** Times are by the clock of poll, here and there. */
export interface PeerImage {
  readonly remote: string;
  readonly waiting: readonly { readonly port: number; readonly stream: StreamImage }[];
  readonly session: SessionImage | undefined;
  readonly directUntilMs: number | undefined;
  readonly retryMs: number;
  readonly retryAtMs: number | undefined;
  readonly idleSinceMs: number | undefined;
}

export interface TakenImage {
  readonly remote: string;
  readonly peerSession: bigint;
  readonly session: SessionImage;
}

export interface DirectImage {
  readonly connection: number;
  readonly isOpener: boolean;
  readonly stream: StreamImage;
  readonly qpn: number;
  readonly lkey: number;
  /** Slots to send from that are free, the last one first. */
  readonly free: readonly number[];
  /** Slots whose bytes its user has not used up, oldest first. */
  readonly unused: readonly { readonly slot: number; readonly left: number }[];
  readonly wantsRoom: boolean;
  readonly end: "none" | "wanted" | "sent";
  readonly isRemoteEnded: boolean;
  readonly isBroken: boolean;
}

export interface LinksImage {
  readonly pd: number;
  /** Numbers of completion queues that wait for a connection, in pairs. */
  readonly spare: readonly (readonly [send: number, receive: number])[];
  readonly resting: readonly (readonly [connection: number, qpn: number])[];
}

/** What it goes by, which is the same on both sides. */
export interface AgentTerms {
  readonly address: string;
  readonly tenant: number;
  readonly sessionPort: number;
  readonly pathMtu: number;
  readonly connections: number;
  readonly aggregates: boolean;
}

export interface AgentImage {
  readonly terms: AgentTerms;
  readonly links: LinksImage;
  readonly nextPort: number;
  readonly listeners: readonly number[];
  readonly peers: readonly PeerImage[];
  readonly taken: readonly TakenImage[];
  readonly directs: readonly DirectImage[];
}
