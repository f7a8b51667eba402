/**
 * The TLVs that version 2 adds (IEEE 802.1AX-2014 6.4.2.4, corrigendum 1 of 2018). They carry conversation-sensitive
 * collection and distribution: who sends which conversation on which link.
 *
 *   type  bytes  value
 *   0x04      6  Actor_Port_Algorithm: OUI (3), number (1); 00-80-C2 1 is C-VID, 2 S-VID, 3 I-SID, 4 TE-SID, 5 ECMP flow hash
 *   0x05     20  Link_Number_ID (2), Actor_Conversation_LinkList_Digest (16)
 *   0x06    131  Port_Conversation_Mask_State (1): bit 0 ActPar_Sync, 1 Portal System Isolated, 2 Discard Wrong Conversation;
 *                Port_Oper_Conversation_Mask_1 (128): conversations 0-1023
 *   0x07-9  130  Port_Oper_Conversation_Mask_2 to _4 (128 each): conversations 1024-4095
 *   0x0a     18  Actor_Conversation_Service_Mapping_Digest (16); absent and zero: a conversation is its service id
 *
 * Where this is from: types, lengths and fields from two published header files that cite the clauses of the 2014
 * edition (oshothebig/l2 lacp/lacppdu.go and a gopacket layer); bits of the mask state and the rules of use from the
 * simulator that the editor of 802.1AX published (S. Haddock, "Aggregator.h", "LacpTxSM"), whose later edition marks
 * the masks as "AX-2014 only": the 2020 edition does not send them, so a peer may leave them out and still agree.
 * Uncertain: within a byte of a mask, the first conversation is taken to be the most significant bit; the text of the
 * standard was not at hand. Nothing but `ActPar_Sync` depends on it, and whether the ends agree does not.
 */

/** OUI and number of the algorithm that says a frame's conversation: 32 bits. */
export const PORT_ALGORITHM = {
  unspecified: 0x0080c200,
  "c-vid": 0x0080c201,
  "s-vid": 0x0080c202,
  "i-sid": 0x0080c203,
  "te-sid": 0x0080c204,
  "ecmp-flow-hash": 0x0080c205,
} as const;

/** A bit for each conversation. */
export const MASK_BYTES = 512;
const MASK_PART_BYTES = MASK_BYTES / 4;

const TLV_TERMINATOR = 0x00;
const TLV_ALGORITHM = 0x04;
const TLV_LINK_DIGEST = 0x05;
const TLV_MASK_1 = 0x06;
const TLV_MASK_4 = 0x09;
const TLV_SERVICE_DIGEST = 0x0a;

const ALGORITHM_BYTES = 6;
const LINK_DIGEST_BYTES = 20;
const MASK_1_BYTES = 131;
const MASK_BYTES_OTHER = 130;
const SERVICE_DIGEST_BYTES = 18;

const ACTPAR_SYNC = 0x01;
const DISCARD_WRONG = 0x04;

/** The masks and their state octet. */
export interface ConversationMasks {
  /** The sender's mask equals the one that it last received. */
  readonly actorPartnerSync: boolean;
  /** The sender discards what arrives on a wrong link. */
  readonly discardWrong: boolean;
  /** 512 bytes; the most significant bit of byte 0 is conversation 0. */
  readonly mask: Uint8Array;
}

/** What a version 2 PDU says beyond version 1. A TLV that is not there leaves its field undefined. */
export interface Version2 {
  /** 32 bits: OUI and number. */
  readonly portAlgorithm?: number | undefined;
  /** 1 to 65535; 0 is no link. Comes with `linkDigest`. */
  readonly linkNumber?: number | undefined;
  /** 16 bytes. */
  readonly linkDigest?: Uint8Array | undefined;
  readonly masks?: ConversationMasks | undefined;
  /** 16 bytes. */
  readonly serviceDigest?: Uint8Array | undefined;
}

/** Bytes of the TLVs, without the terminator. */
export function version2Bytes(fields: Version2): number {
  return (
    (fields.portAlgorithm === undefined ? 0 : ALGORITHM_BYTES) +
    (fields.linkDigest === undefined ? 0 : LINK_DIGEST_BYTES) +
    (fields.masks === undefined ? 0 : MASK_1_BYTES + 3 * MASK_BYTES_OTHER) +
    (fields.serviceDigest === undefined ? 0 : SERVICE_DIGEST_BYTES)
  );
}

/** Writes the TLVs at `at`, in the order of their types. */
export function putVersion2(view: DataView, at: number, fields: Version2): void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  let off = at;
  const open = (type: number, lengthBytes: number): number => {
    bytes[off] = type;
    bytes[off + 1] = lengthBytes;
    off += lengthBytes;
    return off - lengthBytes + 2;
  };
  if (fields.portAlgorithm !== undefined) view.setUint32(open(TLV_ALGORITHM, ALGORITHM_BYTES), fields.portAlgorithm);
  if (fields.linkDigest !== undefined) {
    const value = open(TLV_LINK_DIGEST, LINK_DIGEST_BYTES);
    view.setUint16(value, fields.linkNumber ?? 0);
    bytes.set(fields.linkDigest, value + 2);
  }
  if (fields.masks !== undefined) {
    const { mask, actorPartnerSync, discardWrong } = fields.masks;
    const value = open(TLV_MASK_1, MASK_1_BYTES);
    bytes[value] = (actorPartnerSync ? ACTPAR_SYNC : 0) | (discardWrong ? DISCARD_WRONG : 0);
    bytes.set(mask.subarray(0, MASK_PART_BYTES), value + 1);
    for (let part = 1; part < 4; part++) {
      const partAt = part * MASK_PART_BYTES;
      bytes.set(mask.subarray(partAt, partAt + MASK_PART_BYTES), open(TLV_MASK_1 + part, MASK_BYTES_OTHER));
    }
  }
  if (fields.serviceDigest !== undefined)
    bytes.set(fields.serviceDigest, open(TLV_SERVICE_DIGEST, SERVICE_DIGEST_BYTES));
}

/**
 * The TLVs from `at` to the terminator or the frame's end; unknown ones are skipped. Masks count when all four are
 * there.
 */
export function readVersion2(frame: Uint8Array, at: number): Version2 | "bad-tlv" {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const fields: { -readonly [K in keyof Version2]: Version2[K] } = {};
  const mask = new Uint8Array(MASK_BYTES);
  let maskState = 0;
  let maskParts = 0;
  for (let off = at; off < frame.length && frame[off] !== TLV_TERMINATOR; ) {
    const type = frame[off] as number;
    const lengthBytes = frame[off + 1] ?? 0;
    const end = off + lengthBytes;
    const wanted = knownBytes(type);
    if (lengthBytes < 2 || end > frame.length || (wanted !== undefined && wanted !== lengthBytes)) return "bad-tlv";
    const value = off + 2;
    if (type === TLV_ALGORITHM) fields.portAlgorithm = view.getUint32(value);
    else if (type === TLV_LINK_DIGEST) {
      fields.linkNumber = view.getUint16(value);
      fields.linkDigest = frame.slice(value + 2, end);
    } else if (type === TLV_SERVICE_DIGEST) fields.serviceDigest = frame.slice(value, end);
    else if (type >= TLV_MASK_1 && type <= TLV_MASK_4) {
      const part = type - TLV_MASK_1;
      if (part === 0) maskState = frame[value] as number;
      mask.set(frame.subarray(end - MASK_PART_BYTES, end), part * MASK_PART_BYTES);
      maskParts |= 1 << part;
    }
    off = end;
  }
  if (maskParts === 0b1111) {
    const actorPartnerSync = (maskState & ACTPAR_SYNC) !== 0;
    fields.masks = { actorPartnerSync, discardWrong: (maskState & DISCARD_WRONG) !== 0, mask };
  }
  return fields;
}

function knownBytes(type: number): number | undefined {
  if (type === TLV_ALGORITHM) return ALGORITHM_BYTES;
  if (type === TLV_LINK_DIGEST) return LINK_DIGEST_BYTES;
  if (type === TLV_MASK_1) return MASK_1_BYTES;
  if (type > TLV_MASK_1 && type <= TLV_MASK_4) return MASK_BYTES_OTHER;
  return type === TLV_SERVICE_DIGEST ? SERVICE_DIGEST_BYTES : undefined;
}
