/**
 * Frames that came for partitions which are not here: whoever sent them is told (gqp/moved.ts), with the packet sequence numbers of those that
 * were not sent on, so that it sends these again. A message may be lost, and so is said a few times.
 */
import { DROP_ENDPOINT_ELSEWHERE, DROP_GQPN_ELSEWHERE } from "../../assembly/layout.js";
import { movedPacket } from "../gqp/control-packet.js";
import { addRejected, isQpn, isStation, type Moved, type RejectedPsns } from "../gqp/moved.js";
import { ROCEV2_PORT } from "../gqp/numbers.js";
import { ipText, macText, parseMac } from "../overlay/address.js";
import type { ControlFrame } from "../overlay/plane/control.js";
import type { Timers } from "./timers.js";

/** What is known here of who has gone. */
export interface Whereabouts {
  readonly gqpn: number;
  readonly generation: number;
  /** Underlay address of the host where it is. */
  readonly hint: string | undefined;
}

export interface StaleHome {
  readonly timers: Timers;
  readonly now: () => number;
  /** This host's underlay address. */
  readonly address: string;
  whereabouts(vni: number, mac: string): Whereabouts | undefined;
  /** Sends a frame to the underlay, by the port with that index. */
  post(port: number, frame: Uint8Array): void;
}

interface Notice {
  readonly sender: string;
  readonly port: number;
  readonly vni: number;
  readonly mac: string;
  readonly sourceQpn: number;
  readonly gqpn: number;
  rejected: RejectedPsns | undefined;
  sends: number;
  isNew: boolean;
}

const SENDS = 3;
const REPEAT_MS = 20;

export class StaleFrames {
  readonly #home: StaleHome;
  readonly #notices = new Map<string, Notice>();
  #psn = 0;
  /** Messages that were sent. */
  sent = 0;

  constructor(home: StaleHome) {
    this.#home = home;
  }

  /** Takes a frame that the data plane handed over as "elsewhere". */
  take(frame: ControlFrame): void {
    const outer = readOuter(frame);
    frame.dispose(frame.detail === 1 ? 0 : outer.psn === undefined ? DROP_ENDPOINT_ELSEWHERE : DROP_GQPN_ELSEWHERE);
    // What no message can say, whoever sent it made up.
    if (!isStation(parseMac("mac", outer.mac)) || !isQpn(outer.gqpn) || !isQpn(outer.sourceQpn)) return;
    const { sender, mac, sourceQpn, gqpn } = outer;
    const told = { sender, vni: frame.vni, mac, sourceQpn };
    const key = keyOf(told);
    let notice = this.#notices.get(key);
    if (!notice) {
      notice = { ...told, gqpn, port: frame.port, rejected: undefined, sends: 0, isNew: true };
      this.#notices.set(key, notice);
    }
    if (frame.detail === 1 || outer.psn === undefined) return;
    const more = addRejected(notice.rejected, outer.psn);
    if (more === undefined) this.#send(notice);
    notice.rejected = more ?? { first: outer.psn, bitmap: 1n };
    notice.isNew = true;
    notice.sends = 0;
  }

  /** Somebody sent frames for one who is not here any more: that is said, and of no frame that it was rejected. */
  tell({ sender, port, vni, mac }: Pick<Notice, "sender" | "port" | "vni" | "mac">): void {
    const told = { sender, vni, mac, sourceQpn: 0 };
    if (this.#notices.has(keyOf(told))) return;
    this.#notices.set(keyOf(told), { ...told, port, gqpn: 0, rejected: undefined, sends: 0, isNew: true });
  }

  /** Sends what is to be said after a burst. */
  flush(): void {
    for (const notice of this.#notices.values()) {
      if (!notice.isNew) continue;
      notice.isNew = false;
      this.#send(notice);
      this.#repeat(notice);
    }
  }

  #repeat(notice: Notice): void {
    this.#home.timers.at(this.#home.now() + REPEAT_MS, () => {
      if (notice.isNew) return;
      if (notice.sends >= SENDS) this.#notices.delete(keyOf(notice));
      else {
        this.#send(notice);
        this.#repeat(notice);
      }
    });
  }

  #send(notice: Notice): void {
    const { sender, port, vni, mac, sourceQpn, rejected } = notice;
    const known = this.#home.whereabouts(vni, mac);
    const moved: Moved = {
      ...{ vni, mac, sourceQpn, hint: known?.hint, generation: known?.generation ?? 0 },
      gqpn: notice.gqpn || known?.gqpn || 0,
      rejected,
    };
    notice.sends++;
    this.#psn = (this.#psn + 1) & 0xffffff;
    this.sent++;
    this.#home.post(port, movedPacket(moved, { local: this.#home.address, remote: sender, psn: this.#psn }));
  }
}

/** Who is told, and of whom. */
function keyOf({ sender, vni, mac, sourceQpn }: Pick<Notice, "sender" | "vni" | "mac" | "sourceQpn">): string {
  return `${sender} ${vni} ${mac} ${sourceQpn}`;
}

/** Who sent it, and what its queue pair headers say: of a frame that the data plane has found sound. */
function readOuter({ bytes, payload }: ControlFrame) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const l3 = view.getUint16(12) === 0x8100 ? 18 : 14;
  const isIpv4 = (bytes[l3] as number) >> 4 === 4;
  const sender = ipText(isIpv4 ? bytes.subarray(l3 + 12, l3 + 16) : bytes.subarray(l3 + 8, l3 + 24));
  const mac = macText(bytes.subarray(payload, payload + 6));
  const l4 = l3 + (isIpv4 ? ((bytes[l3] as number) & 0xf) * 4 : 40);
  const isUdp = bytes[isIpv4 ? l3 + 9 : l3 + 6] === 17;
  if (!isUdp || view.getUint16(l4 + 2) !== ROCEV2_PORT) return { sender, mac, sourceQpn: 0, gqpn: 0, psn: undefined };
  const bth = l4 + 8;
  const word = (at: number) => view.getUint32(at) & 0xffffff;
  return { sender, mac, gqpn: word(bth + 4), psn: word(bth + 8), sourceQpn: word(bth + 16) };
}

/** The sender of a message, as readOuter. */
export function senderOf(frame: ControlFrame): string {
  return readOuter(frame).sender;
}
