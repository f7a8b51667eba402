/** What the options of encap say, for commander. */
import { InvalidArgumentError } from "commander";
import type { GeneveOption } from "../../overlay/geneve-options.js";
import { number } from "../arguments.js";

/** --dscp: "uniform" or a number. */
export function dscp(text: string): "uniform" | number {
  return text === "uniform" ? text : number(text);
}

/** --option CLASS:TYPE:HEX, once more, without HEX for an option without data; numbers as 258 or 0x102. A type's highest bit makes the option critical (RFC 8926 section 3.5). */
export function geneveOption(text: string, before: readonly GeneveOption[] = []): readonly GeneveOption[] {
  const [space = "", type = "", hex = "", ...rest] = text.split(":");
  const typeField = number(type);
  const isHex = /^([0-9a-f]{2})*$/i.test(hex);
  if (rest.length > 0 || !isHex || typeField < 0 || typeField > 255) {
    throw new InvalidArgumentError("not class:type:hex, such as 0x0102:1:deadbeef, with a type from 0 to 255");
  }
  const data = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  return [...before, { class: number(space), type: typeField & 0x7f, critical: typeField > 0x7f, data }];
}
