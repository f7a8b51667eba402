/** Control records that the peer is to be told, in order. */
import type { SectionReader } from "../../migrate/state/bytes/section-reader.js";
import type { SectionWriter } from "../../migrate/state/bytes/section-writer.js";
import { CONTROL_BYTES, type Control, encodeControls } from "./control.js";
import { readControls } from "./state/transfer-bytes.js";
import type { SessionRole } from "./streams.js";
import type { Transfer } from "./transfer.js";

/** Records that may wait: only a peer that opens streams and acknowledges nothing makes as many. */
const CONTROLS_MAX = 2 ** 17;

export class ControlQueue {
  #controls: Control[] = [];

  /** False: as many wait as may. */
  add(record: Control): boolean {
    if (this.#controls.length >= CONTROLS_MAX) return false;
    this.#controls.push(record);
    return true;
  }

  /** As many as so many bytes hold; undefined: none waits. */
  take(bytesMax: number): Transfer | undefined {
    if (this.#controls.length === 0) return undefined;
    const room = Math.floor(bytesMax / CONTROL_BYTES);
    return { kind: "control", bytes: encodeControls(this.#controls.splice(0, room)) };
  }

  clear(): void {
    this.#controls = [];
  }

  /** Into a snapshot: how many 32, and each as it goes, 64. */
  write(out: SectionWriter): void {
    out.u32(this.#controls.length);
    out.bytes(encodeControls(this.#controls));
  }

  /** From a snapshot: records that this end sends; none where nobody is to be told. */
  read(from: SectionReader, role: SessionRole, mayWait: boolean): void {
    const controls = from.u32("controls", mayWait ? CONTROLS_MAX : 0);
    this.#controls = readControls(from, from.bytes("controls", controls * CONTROL_BYTES), role);
  }
}
