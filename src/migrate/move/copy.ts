/** The state on its way to the target: a section goes again when it was written since it was sent. */
import type { Channel } from "./channel.js";
import type { CheckedMove } from "./options.js";
import { bytesOf, chunksOf, manifestOf, type Section, sectionKey } from "./section.js";

export interface CopyReport {
  /** Rounds that were sent while the VM ran, and their bytes. */
  readonly rounds: number;
  readonly preCopyBytes: number;
  /** Bytes that were sent while it stood. */
  readonly stopCopyBytes: number;
}

export class StateCopy<F> {
  readonly #options: Pick<CheckedMove, "chunkBytes" | "digest">;
  readonly #channel: Channel<F>;
  /** By section, the round in which what was sent had been written. */
  readonly #sent = new Map<string, number>();
  readonly #report = { rounds: 0, preCopyBytes: 0, stopCopyBytes: 0 };

  constructor(options: Pick<CheckedMove, "chunkBytes" | "digest">, channel: Channel<F>) {
    this.#options = options;
    this.#channel = channel;
  }

  get report(): CopyReport {
    return { ...this.#report };
  }

  /** What a round of these sections would carry. */
  dirtyBytes(sections: readonly Section[]): number {
    return bytesOf(this.#dirty(sections));
  }

  /** Sends what is dirty while the VM runs on. */
  sendRound(sections: readonly Section[]): void {
    this.#report.preCopyBytes += this.#send(sections);
    this.#report.rounds++;
  }

  /** Sends what is dirty of a VM that stands, and that it was all. */
  sendRest(sections: readonly Section[]): void {
    this.#report.stopCopyBytes = this.#send(sections);
    this.#channel.send({ type: "complete", manifest: manifestOf(sections, this.#options.digest) });
  }

  #send(sections: readonly Section[]): number {
    const { chunkBytes, digest } = this.#options;
    const dirty = this.#dirty(sections);
    for (const section of dirty) {
      this.#sent.set(sectionKey(section), section.dirty);
      for (const chunk of chunksOf(section, chunkBytes, digest)) this.#channel.send({ type: "chunk", chunk });
    }
    return bytesOf(dirty);
  }

  #dirty(sections: readonly Section[]): readonly Section[] {
    return sections.filter((section) => section.dirty > (this.#sent.get(sectionKey(section)) ?? -1));
  }
}
