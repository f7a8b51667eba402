/**
 * From which hosts an endpoint's frames are taken, the slow way: from where the directory says it is, and for a while from where it was.
 * Of its former hosts so many are remembered; one that ends first gives way. Hosts are named by their underlay addresses.
 */
export class OriginModel {
  /** The host where it is, as far as frames of the underlay go: undefined for an endpoint that is nowhere, or here. */
  host: string | undefined;
  /** Of one that is here: where it was, and the tick from which on that does not count. */
  #last: { readonly host: string; readonly until: number } | undefined;
  readonly #formers = new Map<string, number>();
  readonly #sendOnTicks: number;
  readonly #most: number;

  constructor(sendOnTicks: number, most: number) {
    this.#sendOnTicks = sendOnTicks;
    this.#most = most;
  }

  /** It is on another host from now on. */
  move(host: string, tick: number): void {
    if (this.#last) this.#remember(this.#last.host, this.#last.until, tick);
    else if (this.host !== undefined && this.host !== host) this.#remember(this.host, tick + this.#sendOnTicks, tick);
    this.#last = undefined;
    this.host = host;
    this.#formers.delete(host);
  }

  /** It comes here. */
  come(tick: number): void {
    if (this.host === undefined) return;
    this.#last = { host: this.host, until: tick + this.#sendOnTicks };
    this.#formers.delete(this.host);
    this.host = undefined;
  }

  /** It is no more: whoever has its address next is another. */
  withdraw(): void {
    this.host = undefined;
    this.#last = undefined;
    this.#formers.clear();
  }

  accepts(host: string, tick: number): boolean {
    if (host === this.host) return true;
    const until = host === this.#last?.host ? this.#last.until : this.#formers.get(host);
    return until !== undefined && tick < until;
  }

  #remember(host: string, until: number, tick: number): void {
    for (const [former, end] of this.#formers) if (tick >= end) this.#formers.delete(former);
    if (tick >= until) return;
    this.#formers.delete(host);
    const [oldest] = [...this.#formers].toSorted(([, a], [, b]) => a - b);
    if (oldest && this.#formers.size === this.#most) this.#formers.delete(oldest[0]);
    this.#formers.set(host, until);
  }
}
