/** Communication management messages to MADs and back. Reserved bits are sent as zero and not looked at. */
import type { FieldTable } from "./field.js";
import { readFields, writeFields } from "./field.js";
import { MAD_HEADER_BYTES, type MadCause, newMad, readMadHeader } from "./mad.js";
import {
  ADDITIONAL_INFO_BYTES,
  APR,
  type Apr,
  DREQ,
  type Drep,
  type Dreq,
  LAP,
  type Lap,
  MRA,
  type Mra,
  REJ,
  REJ_INFO_LENGTH,
  REP,
  type Rej,
  type Rep,
  RTU,
  type Rtu,
} from "./messages.js";
import { REQ, type Req } from "./req.js";

interface Messages {
  REQ: Req;
  MRA: Mra;
  REJ: Rej;
  REP: Rep;
  RTU: Rtu;
  DREQ: Dreq;
  DREP: Drep;
  LAP: Lap;
  APR: Apr;
}
export type CmMessageType = keyof Messages;

/** A message and its type. */
export type CmMessage = { readonly [K in CmMessageType]: { readonly type: K } & Messages[K] }[CmMessageType];

/** A message with what its MAD says of it. */
export interface CmMad {
  /** 64 bits. */
  readonly transactionId: bigint;
  readonly message: CmMessage;
}

/** Attribute ids (table 12.6 of 12.6.1) and fields. */
const KINDS: {
  readonly [K in CmMessageType]: { readonly attributeId: number; readonly table: FieldTable<Messages[K]> };
} = {
  REQ: { attributeId: 0x10, table: REQ },
  MRA: { attributeId: 0x11, table: MRA },
  REJ: { attributeId: 0x12, table: REJ },
  REP: { attributeId: 0x13, table: REP },
  RTU: { attributeId: 0x14, table: RTU },
  DREQ: { attributeId: 0x15, table: DREQ },
  DREP: { attributeId: 0x16, table: RTU },
  LAP: { attributeId: 0x19, table: LAP },
  APR: { attributeId: 0x1a, table: APR },
};
const TYPES = new Map(Object.entries(KINDS).map(([type, { attributeId }]) => [attributeId, type as CmMessageType]));

/** The MAD, 256 bytes. Throws ConfigError that names a field out of its bounds. */
export function encodeCmMad({ transactionId, message }: CmMad): Uint8Array {
  const { attributeId, table } = KINDS[message.type];
  const view = newMad({ status: 0, transactionId, attributeId, attributeModifier: 0 });
  writeFields(view, MAD_HEADER_BYTES, table as FieldTable<unknown>, message);
  if (message.type === "REJ") {
    REJ_INFO_LENGTH.write(view, MAD_HEADER_BYTES, message.additionalInfo.length, "additionalInfo.length");
  }
  return new Uint8Array(view.buffer);
}

/** What the MAD says, or why it is not taken. Bytes are copied: the buffer may be reused. */
export function decodeCmMad(mad: Uint8Array): CmMad | MadCause {
  const view = new DataView(mad.buffer, mad.byteOffset, mad.byteLength);
  const header = readMadHeader(view);
  if (typeof header === "string") return header;
  const type = TYPES.get(header.attributeId);
  if (!type) return "unknown-attribute";
  const fields = readFields(view, MAD_HEADER_BYTES, KINDS[type].table as FieldTable<unknown>);
  const message = { type, ...(fields as object) } as CmMessage;
  const { transactionId } = header;
  if (message.type !== "REJ") return { transactionId, message };
  const lengthBytes = REJ_INFO_LENGTH.read(view, MAD_HEADER_BYTES);
  if (lengthBytes > ADDITIONAL_INFO_BYTES) return "bad-length-field";
  const additionalInfo = message.additionalInfo.slice(0, lengthBytes);
  return { transactionId, message: { ...message, additionalInfo } };
}
