/** A set of peers as somebody writes it: an address, a prefix, or "other" for what is not IP. */
import { parseAddress, parsePrefix } from "../../overlay/policy/prefix.js";
import { OTHER } from "./peers.js";

export interface AddressSet {
  /** Of two sets with the same peer, the one with the greater number is the narrower. */
  readonly prefixBits: number;
  /** An address in network order; an empty one is "other". */
  has(address: Uint8Array): boolean;
}

/** Undefined for anything else. */
export function addressSetOf(text: string): AddressSet | undefined {
  if (text === OTHER) return { prefixBits: 0, has: (address) => address.length === 0 };
  const address = parseAddress(text);
  const prefix = address ? { version: address.version, first: address.value, last: address.value } : parsePrefix(text);
  if (!prefix) return undefined;
  const { version, first, last } = prefix;
  const bytes = version === 4 ? 4 : 16;
  return {
    prefixBits: bytes * 8 - (first === last ? 0 : (last - first).toString(2).length),
    has: (other) => {
      if (other.length !== bytes) return false;
      const value = other.reduce((all, byte) => (all << 8n) | BigInt(byte), 0n);
      return first <= value && value <= last;
    },
  };
}
