/** The ways to other hosts for packets of moves: of those that have part in one, and of strangers that have sent something. */
import type { Port } from "../../buffer/port.js";
import type { HostRecord } from "../../directory/records.js";
import type { PieceBounds } from "../../migrate/wire/pieces.js";
import type { HostContext } from "../context.js";
import type { Networks } from "../networks.js";
import { MoveLink, PEER_BOUNDS, STRANGER_BOUNDS } from "./link.js";
import type { HostMoveOptions } from "./options.js";

export interface LinksHome {
  readonly context: HostContext;
  readonly networks: Networks;
  readonly options: HostMoveOptions;
}

/** Strangers that are remembered; of more the one that came first is forgotten. */
const STRANGERS_MAX = 16;

export class MoveLinks {
  readonly #home: LinksHome;
  /** By underlay address. */
  readonly #peers = new Map<string, MoveLink>();
  readonly #strangers = new Map<string, MoveLink>();

  constructor(home: LinksHome) {
    this.#home = home;
  }

  /** The way to a host that the directory knows. */
  to(record: HostRecord): MoveLink {
    const known = this.#peers.get(record.address);
    // A host that was made anew may have another name, or other links.
    if (known?.peer.name === record.name && known.peer.mtuBytes === record.mtuBytes) return known;
    const link = this.#make(record, PEER_BOUNDS);
    this.#peers.set(record.address, link);
    this.#strangers.delete(record.address);
    return link;
  }

  /** The way to an address that something has come from. */
  at(address: string): MoveLink {
    const known = this.#peers.get(address) ?? this.#strangers.get(address);
    if (known) return known;
    const [oldest] = this.#strangers.keys();
    if (this.#strangers.size >= STRANGERS_MAX && oldest !== undefined) this.#strangers.delete(oldest);
    const { mtuBytes } = this.#home.context.settings.record;
    const link = this.#make({ name: address, address, mtuBytes, encapsulations: [] }, STRANGER_BOUNDS);
    this.#strangers.set(address, link);
    return link;
  }

  #make(peer: HostRecord, bounds: PieceBounds): MoveLink {
    const { context, options } = this.#home;
    const { uplinks } = context.plane;
    const home = {
      ...{ now: () => context.now(), record: context.settings.record, options },
      uplinks: () => this.#uplinksTo(peer),
      post: (uplink: number, frame: Uint8Array) => postIfRoom(uplinks[uplink] as Port, frame),
    };
    return new MoveLink(home, peer, bounds);
  }

  /** By the host's ways to the peer, where it has any of its own; those that are up, if some are. */
  #uplinksTo({ name }: HostRecord): readonly number[] {
    const { context, networks } = this.#home;
    const hints = context.options.pathsTo?.[name];
    const leading = hints ? [...new Set(hints.map(({ uplink = 0 }) => uplink))] : [...context.plane.uplinks.keys()];
    const up = leading.filter((uplink) => networks.isUp(uplink));
    return up.length > 0 ? up : leading;
  }
}

function postIfRoom(port: Port, bytes: Uint8Array): boolean {
  const frame = port.reserve(bytes.length);
  if (!frame) return false;
  frame.payload.set(bytes);
  if (port.post(frame)) return true;
  frame.release();
  return false;
}
