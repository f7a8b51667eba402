/**
 * Conversation-sensitive distribution (IEEE 802.1AX-2014 6.6, 2020 6.6): a table says for each conversation (a VLAN, a
 * partition: 0-4095) which links may carry it, the best first. Both ends that have the same table, the same algorithm
 * to tell a frame's conversation, and the same links in use come to the same link for each conversation, so each may
 * discard what arrives elsewhere.
 *
 * The table's digest is MD5 over 4096 elements in order: the link numbers of the list, best first, then the
 * conversation's number; each two bytes, most significant first. (802.1AX-2020 6.6.3.1 with maintenance request 384,
 * which makes the byte order explicit. That link numbers have two bytes there is taken from their width in the PDU.)
 */
import { md5 } from "@noble/hashes/legacy";
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
import { MASK_BYTES } from "./version2.js";

const CONVERSATIONS = 4096;

/** For each conversation the ports that may carry it, best first. A conversation that is not there has no port. */
export type Conversations = ReadonlyMap<number, readonly number[]>;

/** The table in link numbers, with its digest. */
export interface LinkTable {
  /** 4096 lists. */
  readonly lists: readonly (readonly number[])[];
  /** 16 bytes. */
  readonly digest: Uint8Array;
}

/** Checks the table and turns ports into links; `linkOf` has every port. ConfigError names the conversation. */
export function linkTable(conversations: Conversations, linkOf: ReadonlyMap<number, number>): LinkTable {
  const lists: (readonly number[])[] = Array.from({ length: CONVERSATIONS }, () => []);
  for (const [conversation, ports] of conversations) {
    checkInteger("conversation", conversation, 0, CONVERSATIONS - 1);
    const argument = `conversations[${conversation}]`;
    if (new Set(ports).size !== ports.length) throw new ConfigError(argument, ports, "a list without repetition");
    lists[conversation] = ports.map((port) => {
      const link = linkOf.get(port);
      if (link === undefined) throw new ConfigError(argument, ports, `ports of ${[...linkOf.keys()].join(", ")}`);
      return link;
    });
  }
  return { lists, digest: md5(digestInput(lists)) };
}

function digestInput(lists: readonly (readonly number[])[]): Uint8Array {
  const numbers = lists.flatMap((links, conversation) => [...links, conversation]);
  const view = new DataView(new ArrayBuffer(numbers.length * 2));
  for (const [i, number] of numbers.entries()) view.setUint16(i * 2, number);
  return new Uint8Array(view.buffer);
}

/** Port_Oper_Conversation_Mask of a link: a bit for each conversation whose best link among `active` it is. */
export function conversationMask(table: LinkTable, link: number, active: readonly number[]): Uint8Array {
  const mask = new Uint8Array(MASK_BYTES);
  for (const [conversation, links] of table.lists.entries()) {
    if (links.find((candidate) => active.includes(candidate)) !== link) continue;
    mask[conversation >>> 3] = (mask[conversation >>> 3] as number) | (0x80 >>> (conversation & 7));
  }
  return mask;
}

/** True when the mask has the conversation. */
export function hasConversation(mask: Uint8Array, conversation: number): boolean {
  return ((mask[conversation >>> 3] ?? 0) & (0x80 >>> (conversation & 7))) !== 0;
}

export function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && a.every((byte, i) => byte === b[i]));
}
