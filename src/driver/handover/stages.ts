/** The stages of an engine: one for each end of a channel, used again when the end is closed. */
import type { FrameOwner } from "../../buffer/frame.js";
import { checkInteger } from "../../check.js";
import { Stage } from "./stage.js";

export class Stages {
  readonly #owner: FrameOwner;
  readonly #most: number;
  /** Those that no end uses, of those that were made. */
  readonly #idle: Stage[] = [];
  #made = 0;

  constructor(owner: FrameOwner, most: number) {
    this.#owner = owner;
    this.#most = most;
  }

  /** Makes something that needs a stage; the stage is idle again when it says so, or when it could not be made. Throws ConfigError for one too many. */
  with<T>(make: (stage: Stage, release: (stage: Stage) => void) => T): T {
    this.#owner.checkOpen();
    checkInteger("handoverEnds", this.#made - this.#idle.length + 1, 1, this.#most);
    const stage = this.#idle.pop() ?? this.#make();
    const release = (idle: Stage) => this.#idle.push(idle);
    try {
      return make(stage, release);
    } catch (error) {
      release(stage);
      throw error;
    }
  }

  #make(): Stage {
    this.#made++;
    return new Stage(this.#owner);
  }
}
