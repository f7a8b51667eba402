/**
 * An adapter of a VM that is no port of the host's, such as an RDMA engine with its agent: it goes along with the VM's ports, or nothing goes. Whoever
 * keeps it says what it holds. MovingBlock (state/moving-block.ts) reads and inserts what is made of state parts.
 */
import type { Section } from "./move/section.js";

export interface MovingDevice {
  /** Unique in its VM, and not of the form of an endpoint's identity, "VNI/MAC". */
  readonly name: string;
  /** Nothing of it changes any more, until start or clear. */
  stop(): void;
  /** It goes on, with what it has. */
  start(): void;
  /** All sections, of this name as adapter, with the round in which each was last seen to change. Throws ConfigError. */
  read(round: number, nowMs: number): Section[];
  /** Takes sections in; it holds nothing. Why it takes none of them, or undefined. */
  insert(sections: readonly Section[], nowMs: number): string | undefined;
  /** Sections that read back otherwise than they were inserted. */
  readonly differing: readonly string[];
  /** It is as after a reset, and another's to use. */
  clear(): void;
}
