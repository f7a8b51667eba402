/** A VM's adapter: frames that wait for the guest, and bytes that change while it runs. Its state is sections like anybody's. */
import type { Section } from "../../../src/migrate/move/index.js";

/** A copy of a frame on its way; the same frame sent again, or doubled by a link, is another. */
export interface TestFrame {
  readonly flow: number;
  readonly seq: number;
  readonly copy: number;
}

export class Adapter {
  readonly name: string;
  readonly queue: TestFrame[] = [];
  readonly bulk: Uint8Array;
  #queueDirty = 0;
  #bulkDirty = 0;
  #round = 0;

  constructor(name: string, bulkBytes: number) {
    this.name = name;
    this.bulk = new Uint8Array(bulkBytes);
  }

  put(frame: TestFrame): void {
    this.queue.push(frame);
    this.#queueDirty = this.#round;
  }

  take(): TestFrame | undefined {
    const frame = this.queue.shift();
    if (frame === undefined) return undefined;
    this.#queueDirty = this.#round;
    if (this.bulk.length > 0) {
      this.bulk[frame.seq % this.bulk.length] = frame.seq;
      this.#bulkDirty = this.#round;
    }
    return frame;
  }

  /** All sections as they are; what is written from now on is of the next round. */
  read(): Section[] {
    const queue = new Uint8Array(
      Uint32Array.from(this.queue.flatMap(({ flow, seq, copy }) => [flow, seq, copy])).buffer,
    );
    const sections = [
      { adapter: this.name, name: "queue", bytes: queue, dirty: this.#queueDirty },
      { adapter: this.name, name: "bulk", bytes: this.bulk.slice(), dirty: this.#bulkDirty },
    ];
    this.#round++;
    return sections;
  }

  write(sections: readonly Section[]): void {
    const [queue, bulk] = ["queue", "bulk"].map((name) => sections.find((section) => section.name === name)?.bytes);
    const words = new Uint32Array((queue as Uint8Array).slice().buffer);
    this.reset();
    for (let i = 0; i < words.length; i += 3) {
      this.queue.push({ flow: words[i] as number, seq: words[i + 1] as number, copy: words[i + 2] as number });
    }
    this.bulk.set(bulk as Uint8Array);
  }

  /** All frames, which are not here any more. */
  empty(): TestFrame[] {
    this.#queueDirty = this.#round;
    return this.queue.splice(0);
  }

  reset(): void {
    this.queue.length = 0;
    this.bulk.fill(0);
  }
}

/** Each flow has a sender of its own. */
export function senderOf({ flow }: TestFrame): string {
  return `s${flow}`;
}
