/**
 * Whose state a block is: an adapter's own, or it is refused.
 *
 *   │ VNI 4 │ GQPN 4 │ generation 4 │ MAC address 6 │ forwards 1 │ 0 1 │ partition │ addresses 2: text … │ labels 2: key, value … │
 *
 * Texts are UTF-8 behind a length of 2 bytes. All but number and generation must be what the attachment says that takes the block in.
 */
import { SectionReader } from "../../migrate/state/bytes/section-reader.js";
import { SectionWriter } from "../../migrate/state/bytes/section-writer.js";
import type { StatePart, StateRefusal } from "../../migrate/state/part.js";
import { refuse } from "../../migrate/state/refusal.js";
import { macText, parseMac } from "../../overlay/address.js";
import type { Attachment } from "../attachment.js";
import { refusing } from "./refusing.js";
import type { Room } from "./room.js";

export class IdentityPart implements StatePart {
  readonly name = "identity";
  readonly version = 1;
  readonly #attachment: Attachment;
  readonly #room: Room;

  /** room is that of records of endpoints and addresses. */
  constructor(attachment: Attachment, room: Room) {
    this.#attachment = attachment;
    this.#room = room;
  }

  extract(): Uint8Array {
    const { vni, mac, partition, ips, options } = this.#attachment;
    const { gqpn, generation } = numbersOf(this.#attachment);
    const writer = new SectionWriter().u32(vni).u32(gqpn).u32(generation).bytes(parseMac("mac", mac));
    writer
      .u8(options.forwards ? 1 : 0)
      .u8(0)
      .text16(partition);
    writer.u16(ips.length);
    for (const ip of ips) writer.text16(ip);
    const labels = labelsOf(this.#attachment);
    writer.u16(labels.length);
    for (const [key, value] of labels) writer.text16(key).text16(value);
    return writer.done();
  }

  prepare(bytes: Uint8Array): (() => void) | StateRefusal {
    return refusing(this.name, () => this.#plan(new SectionReader(bytes)));
  }

  #plan(reader: SectionReader): () => void {
    const attachment = this.#attachment;
    same("vni", reader.u32("vni"), attachment.vni);
    const known = attachment.gqpn;
    const gqpn = reader.u32("gqpn", 0xff_ffff);
    if (known !== undefined) same("gqpn", gqpn, known);
    const generation = reader.u32("generation");
    if (attachment.generation !== undefined && generation > attachment.generation) {
      refuse("generation", generation, `at most ${attachment.generation}, by which the partition is here`);
    }
    same("mac", macText(reader.view("mac", 6)), attachment.mac);
    same("forwards", reader.u8("forwards", 1) === 1, attachment.options.forwards ?? false);
    reader.zeros("reserved", 1);
    same("partition", reader.text16("partition"), attachment.partition);
    same("ips.length", reader.u16("ips.length"), attachment.ips.length);
    for (const [i, ip] of attachment.ips.entries()) same(`ips[${i}]`, reader.text16(`ips[${i}]`), ip);
    // A record each when it runs, and one for the address that its MAC address makes.
    if (attachment.state !== "live") this.#room.want(this.name, "ips.length", attachment.ips.length + 1);
    const labels = labelsOf(attachment);
    same("labels.length", reader.u16("labels.length"), labels.length);
    for (const [i, [key, value]] of labels.entries()) {
      same(`labels[${i}].key`, reader.text16(`labels[${i}].key`), key);
      same(`labels.${key}`, reader.text16(`labels.${key}`), value);
    }
    reader.end();
    return () => {
      attachment.carried = { gqpn, generation };
    };
  }
}

/** By which the partition is here; while it is yet to be claimed, by which it was where its state comes from. */
function numbersOf({ gqpn, generation, carried }: Attachment): { gqpn: number; generation: number } {
  if (gqpn === undefined || generation === undefined) return carried ?? { gqpn: 0, generation: 0 };
  return { gqpn, generation };
}

function labelsOf({ options }: Attachment): [key: string, value: string][] {
  return Object.entries(options.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

function same<T>(field: string, value: T, wanted: T): void {
  if (value !== wanted) refuse(field, value, `${wanted}, as the partition's attachment says`);
}
