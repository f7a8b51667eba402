/**
 * An adapter's whole state: its parts in order, in one block. Taking one in is all or nothing: every part has to find its section sound
 * before any of them writes.
 */
import { ConfigError } from "../../errors.js";
import {
  aligned,
  type BlockFault,
  type BlockFormat,
  checkNames,
  decodeBlock,
  type PlacedSection,
  sectionsOffset,
  writeTable,
} from "./block.js";
import type { StateMemory } from "./memory.js";
import type { StatePart, StateRefusal } from "./part.js";

/** All sections of an engine's adapter, in the engine's own terms: another engine of this version takes it as it is. */
export const NATIVE_FORMAT: BlockFormat = { name: "ringlane-partition", version: 1 };
/** What any engine can take, see toPortable. */
export const PORTABLE_FORMAT: BlockFormat = { name: "ringlane-portable", version: 1 };

export class PartitionState {
  readonly format: BlockFormat;
  readonly parts: readonly StatePart[];
  readonly #memory: StateMemory;

  /** The parts' order is that of the sections. Throws ConfigError for two parts of one name, or a name that is none. */
  constructor(memory: StateMemory, format: BlockFormat, parts: readonly StatePart[]) {
    checkNames(format, parts);
    this.#memory = memory;
    this.format = format;
    this.parts = parts;
  }

  /**
   * The block, now: a view of the engine's memory, until the next extract or prepare. Throws ConfigError when the engine was made with too
   * few stateBytes for it.
   */
  extract(nowMs: number): Uint8Array {
    const { region, stateBytes, digest } = this.#memory;
    this.#memory.nextTurn();
    const sections: PlacedSection[] = [];
    let end = sectionsOffset(this.parts.length);
    for (const part of this.parts) {
      const lenBytes = end > stateBytes ? undefined : this.#extractPart(part, region + end, stateBytes - end, nowMs);
      if (lenBytes === undefined) {
        throw new ConfigError("migration.stateBytes", stateBytes, `more, for the section "${part.name}"`);
      }
      sections.push({ name: part.name, version: part.version, offsetBytes: end, lenBytes });
      end = aligned(end + lenBytes);
    }
    const block = this.#memory.bytes(end);
    writeTable(block, this.format, sections, digest);
    return block;
  }

  /**
   * What takes the block in, or why it is not taken. The function is to be called before anything else is done with the engine, or never: it
   * throws ConfigError, and changes nothing, when it was called before or another block has come into the region.
   * The block is copied into the engine's memory unless it lies there; else nothing changes here.
   */
  prepare(block: Uint8Array, nowMs: number): (() => void) | StateRefusal | BlockFault {
    const here = this.#memory.load(block);
    if (!here)
      return refusal("length", block.length, `at most ${this.#memory.stateBytes} bytes, as planned by createEngine`);
    const decoded = decodeBlock(here, this.#memory.digest);
    if (typeof decoded === "string") return decoded;
    const { format, sections } = decoded;
    if (format.name !== this.format.name) return refusal("format.name", format.name, this.format.name);
    if (format.version !== this.format.version)
      return refusal("format.version", format.version, `${this.format.version}`);
    const names = sections.map(({ name }) => name);
    const expected = this.parts.map(({ name }) => name);
    if (names.join() !== expected.join()) return refusal("sections", names.join(", "), expected.join(", "));
    const steps: (() => void)[] = [];
    for (const [i, part] of this.parts.entries()) {
      const { version, bytes } = sections[i] as (typeof sections)[number];
      if (version !== part.version) {
        return { section: part.name, field: "version", value: version, bound: `${part.version}` };
      }
      const step = part.prepare(bytes, nowMs);
      if (typeof step !== "function") return step;
      steps.push(step);
    }
    const { turn } = this.#memory;
    return () => {
      if (this.#memory.turn !== turn)
        throw new ConfigError("apply", "a block that was let go of", "called once, right after prepare");
      this.#memory.nextTurn();
      for (const step of steps) step();
    };
  }

  #extractPart(part: StatePart, at: number, roomBytes: number, nowMs: number): number | undefined {
    if (part.extractAt) return part.extractAt(at, roomBytes, nowMs);
    const bytes = part.extract(nowMs);
    if (bytes.length > roomBytes) return undefined;
    this.#memory.owner.arena.u8.set(bytes, at);
    return bytes.length;
  }
}

/** Of the block as a whole. */
function refusal(field: string, value: unknown, bound: string): StateRefusal {
  return { section: "", field, value, bound };
}
