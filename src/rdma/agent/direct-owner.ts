/** The connection of a stream that has one to itself. */
import { type ConnectionEnd, type ConnectionOwner, errorOf } from "./connection-owner.js";
import type { DirectStream } from "./direct.js";

export class DirectOwner implements ConnectionOwner {
  readonly direct: DirectStream;
  readonly isOpener: boolean;
  #isEnded = false;

  constructor(direct: DirectStream, isOpener: boolean) {
    this.direct = direct;
    this.isOpener = isOpener;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  established(): void {
    if (!this.isOpener) return;
    this.direct.stream.carry(this.direct);
    this.direct.stream.opened();
  }

  ended(connection: number, end: ConnectionEnd): void {
    this.#isEnded = true;
    this.direct.close(connection, errorOf(end));
  }
}
