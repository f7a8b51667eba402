/** A partition on a host, from its claim in the directory until it is gone. */
import type { Port } from "../buffer/port.js";
import type { PortCounters } from "../counters.js";
import type { EndpointRecord, HostRecord } from "../directory/records.js";
import type { Partition as LagPartition } from "../lag/partition.js";
import type { PlaneVnic } from "../overlay/plane/plane.js";
import type { HostNetwork } from "./network.js";
import type { AttachOptions } from "./options.js";

/**
 * claiming: the directory has not agreed yet; live: frames flow; moving: it has stopped here, on the move to or from another host; moved,
 * detached, refused: frames do not flow any more.
 */
export type AttachmentState = "claiming" | "live" | "moving" | "moved" | "detached" | "refused";

/** Frames that wait until their partition is live. */
export interface ParkedFrames {
  /** It is. */
  release(): void;
  /** It will not be: they are dropped. */
  drop(): void;
}

export class Attachment {
  readonly partition: string;
  readonly vnic: Port;
  /** Lower case. */
  readonly mac: string;
  readonly ips: readonly string[];
  /** @internal */
  readonly network: HostNetwork;
  /** @internal */
  readonly options: AttachOptions;
  #state: AttachmentState = "claiming";
  /** @internal What the directory was told. */
  record: EndpointRecord | undefined;
  /** @internal Underlay address of the host where it was before. */
  lastHost: string | undefined;
  /** @internal The tick until which that may send on what still comes for it. */
  sendOnEnds = 0;
  /** @internal The number and generation by which its state says it was where it comes from. */
  carried: { readonly gqpn: number; readonly generation: number } | undefined;
  /** @internal Frames that it sent where it was before and that wait for somebody: they do here once it is live. */
  parked: ParkedFrames | undefined;
  /** @internal The host that its guest has gone on to, while what still comes for it is sent there. */
  goneTo: HostRecord | undefined;
  /** @internal */
  plane: PlaneVnic | undefined;
  /** Its part in the LAG group of the host; undefined without one, and while it is being claimed. */
  lag: LagPartition | undefined;

  /** @internal Made by Host.attach. */
  constructor(options: AttachOptions, network: HostNetwork, mac: string, ips: readonly string[]) {
    this.partition = options.partition;
    this.vnic = options.vnic;
    this.options = options;
    this.network = network;
    this.mac = mac;
    this.ips = ips;
  }

  get state(): AttachmentState {
    return this.#state;
  }

  /** @internal */
  enter(state: AttachmentState): void {
    this.#state = state;
  }

  get vni(): number {
    return this.network.vni;
  }

  /** Its global queue-pair number, the same wherever it is; undefined while it is being claimed. */
  get gqpn(): number | undefined {
    return this.record?.gqpn;
  }

  /** Raised by every move. */
  get generation(): number | undefined {
    return this.record?.generation;
  }

  /** Its port's: rx is what the partition has sent, tx what it was given. */
  get counters(): PortCounters {
    return this.vnic.counters;
  }
}
