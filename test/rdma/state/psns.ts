/** What must be so of the packets of one direction, whoever sends them: no PSN is skipped, and one that comes again says the same. */
import { expect } from "vitest";

const BTH = 14 + 20 + 8;
const READ_REQUEST = 12;
const COMPARE_SWAP = 19;

export class PsnWatch {
  readonly #mtu: number;
  /** By the receiver's queue pair: the next new PSN, and what was said with each. */
  readonly #flows = new Map<number, { next: number; said: Map<number, string> }>();
  again = 0;
  fresh = 0;

  constructor(mtu: number) {
    this.#mtu = mtu;
  }

  /** A request or a response of a reliable connection. */
  see(frame: Uint8Array): void {
    const op = frame[BTH] as number;
    const isRequest = op <= READ_REQUEST || (op >= COMPARE_SWAP && op < 32);
    if (!isRequest) return;
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    const qpn = view.getUint32(BTH + 4) & 0xffffff;
    const psn = view.getUint32(BTH + 8) & 0xffffff;
    const flow = this.#flows.get(qpn) ?? { next: psn, said: new Map() };
    this.#flows.set(qpn, flow);
    const ahead = ((psn - flow.next) << 8) >> 8;
    expect(ahead, `queue pair ${qpn}: PSN ${psn} after ${flow.next}`).toBeLessThanOrEqual(0);
    if (op === READ_REQUEST) {
      // What is asked for again may be the rest of it only.
      const end = (psn + Math.max(1, Math.ceil(view.getUint32(BTH + 12 + 12) / this.#mtu))) & 0xffffff;
      if (((end - flow.next) << 8) >> 8 > 0) flow.next = end;
      return;
    }
    // Without the bit that asks for an acknowledgement, which depends on the window.
    const said = `${op} ${Buffer.from(frame.subarray(BTH + 12, -4)).toString("base64")}`;
    if (ahead < 0) {
      this.again++;
      expect(said, `queue pair ${qpn}: PSN ${psn} again`).toBe(flow.said.get(psn) ?? said);
      return;
    }
    this.fresh++;
    flow.said.set(psn, said);
    flow.next = (psn + 1) & 0xffffff;
  }
}
