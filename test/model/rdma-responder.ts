/**
 * A responder of a reliable connection, plain and slow: IBTA volume 1, 9.7. One packet in, what it answers out. Memory is one region of
 * the peer's, and receives are lengths in a list.
 */

export interface Request {
  readonly op: number;
  readonly psn: number;
  readonly ackRequest: boolean;
  readonly va: bigint;
  readonly key: number;
  readonly length: number;
  readonly operands: readonly [swapAdd: bigint, compare: bigint];
  readonly payload: Uint8Array;
}

export interface Response {
  readonly op: number;
  readonly psn: number;
  readonly syndrome: number | undefined;
  readonly msn: number | undefined;
  readonly original: bigint | undefined;
  readonly payload: readonly number[];
}

interface Setting {
  readonly mtu: number;
  readonly va: bigint;
  readonly key: number;
  readonly psn: number;
  readonly rnrTimer: number;
}

const STARTS = new Set([0, 4, 5, 6, 10, 11]);
const ENDS = new Set([2, 3, 4, 5, 8, 9, 10, 11]);
const IMMS = new Set([3, 5, 9, 11]);

class Refusal {
  readonly syndrome: number;
  constructor(syndrome: number) {
    this.syndrome = syndrome;
  }
}

export class Responder {
  readonly memory: Uint8Array;
  readonly #setting: Setting;
  /** Lengths of the posted receives, and what arrived in those that completed. */
  readonly receives: number[] = [];
  readonly received: { bytes: number[] | undefined; length: number }[] = [];
  isError = false;
  #expected: number;
  #msn = 0;
  #nakSent = false;
  #message: { kind: "send" | "write"; bytes: number[]; va: bigint; key: number; left: number } | undefined;
  readonly #atomics: { psn: number; original: bigint }[] = [];

  constructor(memory: Uint8Array, setting: Setting) {
    this.memory = memory;
    this.#setting = setting;
    this.#expected = setting.psn;
  }

  take(request: Request): Response[] {
    if (this.isError) return [];
    const ahead = ((((request.psn - this.#expected) & 0xffffff) << 8) >> 8) as number;
    if (ahead < 0) return this.#repeat(request);
    if (ahead > 0) {
      if (this.#nakSent) return [];
      this.#nakSent = true;
      return [this.#acknowledge(0x60)];
    }
    this.#nakSent = false;
    try {
      return this.#execute(request);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      if (refusal.syndrome < 0x60) this.#nakSent = true;
      else this.isError = true;
      return [this.#acknowledge(refusal.syndrome)];
    }
  }

  #execute(request: Request): Response[] {
    const { op, payload, length, va, key } = request;
    if (op > 20 || (op > 12 && op < 19)) throw new Refusal(0x61);
    if (op === 12) {
      this.#require(!this.#message && length <= 2 ** 31, 0x61);
      if (length > 0) this.#find(va, key, length);
      const psn = this.#expected;
      this.#move(this.#packets(length));
      return this.#read(psn, va, length);
    }
    if (op >= 19) {
      this.#require(!this.#message && va % 8n === 0n, 0x61);
      const original = this.#atomic(request);
      const psn = this.#expected;
      this.#atomics.push({ psn, original });
      this.#move(1);
      return [{ op: 18, psn, syndrome: 0x1f, msn: this.#msn, original, payload: [] }];
    }
    const kind = op < 6 ? "send" : "write";
    const starts = STARTS.has(op);
    const ends = ENDS.has(op);
    this.#require(starts ? !this.#message : this.#message?.kind === kind, 0x61);
    const { mtu } = this.#setting;
    this.#require(ends ? payload.length <= mtu && (payload.length > 0 || starts) : payload.length === mtu, 0x61);
    const message = starts ? { kind, bytes: [], va, key, left: length } : this.#message;
    if (!message) throw new Error("no message");
    if (kind === "write") this.#write(message, payload, ends, IMMS.has(op));
    else this.#send(message.bytes.length, payload.length);
    const bytes = [...message.bytes, ...payload];
    this.#message = {
      ...message,
      kind,
      bytes,
      va: message.va + BigInt(payload.length),
      left: message.left - payload.length,
    };
    this.#expected = (this.#expected + 1) & 0xffffff;
    if (ends) {
      this.#message = undefined;
      this.#msn++;
      if (kind === "send" || IMMS.has(op)) {
        this.receives.shift();
        this.received.push({ bytes: kind === "send" ? bytes : undefined, length: bytes.length });
      }
    }
    return request.ackRequest ? [this.#acknowledge(0x1f)] : [];
  }

  #write(
    message: { va: bigint; key: number; left: number },
    payload: Uint8Array,
    ends: boolean,
    hasImm: boolean,
  ): void {
    this.#require(ends ? message.left === payload.length : message.left > payload.length, 0x61);
    const at = message.left > 0 ? this.#find(message.va, message.key, message.left) : 0;
    if (hasImm && this.receives.length === 0) throw new Refusal(0x20 | this.#setting.rnrTimer);
    this.memory.set(payload, at);
  }

  #send(before: number, length: number): void {
    const [room] = this.receives;
    if (room === undefined) throw new Refusal(0x20 | this.#setting.rnrTimer);
    this.#require(before + length <= room, 0x61);
  }

  #repeat({ op, psn, va, key, length }: Request): Response[] {
    if (op < 12) return [this.#acknowledge(0x1f)];
    if (op >= 19 && op <= 20) {
      const known = this.#atomics.slice(-16).find((atomic) => atomic.psn === psn);
      if (!known) return [];
      return [{ op: 18, psn, syndrome: 0x1f, msn: this.#msn, original: known.original, payload: [] }];
    }
    if (op !== 12) return [];
    const behind = (this.#expected - psn) & 0xffffff;
    if (this.#packets(length) > behind) return [];
    try {
      if (length > 0) this.#find(va, key, length);
    } catch {
      return [];
    }
    return this.#read(psn, va, length);
  }

  #read(psn: number, va: bigint, length: number): Response[] {
    const packets = this.#packets(length);
    const { mtu } = this.#setting;
    const from = Number(va - this.#setting.va);
    return Array.from({ length: packets }, (_, i) => {
      const isLast = i === packets - 1;
      const op = packets === 1 ? 16 : i === 0 ? 13 : isLast ? 15 : 14;
      const payload =
        length === 0 ? [] : [...this.memory.subarray(from + i * mtu, from + Math.min(length, (i + 1) * mtu))];
      const aeth = op === 14 ? undefined : this.#msn;
      const syndrome = op === 14 ? undefined : 0x1f;
      return { op, psn: (psn + i) & 0xffffff, syndrome, msn: aeth, original: undefined, payload };
    });
  }

  #atomic({ op, va, key, operands: [swapAdd, compare] }: Request): bigint {
    const at = this.#find(va, key, 8);
    const view = new DataView(this.memory.buffer, this.memory.byteOffset);
    const original = view.getBigUint64(at, true);
    if (op === 20) view.setBigUint64(at, BigInt.asUintN(64, original + swapAdd), true);
    else if (original === compare) view.setBigUint64(at, swapAdd, true);
    return original;
  }

  #find(va: bigint, key: number, length: number): number {
    const at = va - this.#setting.va;
    const isInside = at >= 0n && at + BigInt(length) <= BigInt(this.memory.length);
    this.#require(key === this.#setting.key && isInside, 0x62);
    return Number(at);
  }

  #packets(length: number): number {
    return Math.max(1, Math.ceil(length / this.#setting.mtu));
  }

  #move(packets: number): void {
    this.#expected = (this.#expected + packets) & 0xffffff;
    this.#msn++;
  }

  #acknowledge(syndrome: number): Response {
    const psn = syndrome === 0x1f ? (this.#expected - 1) & 0xffffff : this.#expected;
    return { op: 17, psn, syndrome, msn: this.#msn, original: undefined, payload: [] };
  }

  #require(holds: boolean, syndrome: number): void {
    if (!holds) throw new Refusal(syndrome);
  }
}
