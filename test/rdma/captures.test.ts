/**
 * Our endpoint in the place of one of two Linux hosts: it gets what that host got, and must send what that host sent. Frame by frame, so
 * that each is a burst of its own, as each was to the kernel.
 */
import { describe, expect, test } from "vitest";
import { ipText } from "../../src/overlay/address.js";
import type { MemoryRegion } from "../../src/rdma/verbs/index.js";
import { censusAfterEach } from "../helpers/census.js";
import { ALL_ACCESS, type End, makeEnd, takeFrames } from "../helpers/rdma.js";
import { expectSame, RESPONSES, type RealPacket } from "../helpers/rdma-replay.js";
import { roceFrames } from "../helpers/roce.js";
import { decode, type RdmaPacket } from "../model/rdma-packet.js";

censusAfterEach();

interface Real extends RealPacket {
  readonly isLost: boolean;
}

const STARTS = [0, 4, 5, 6, 10, 11, 12, 19, 20];
const ENDS = [2, 3, 4, 5, 8, 9, 10, 11, 12, 19, 20];
const BUFFER_BYTES = 8192;

/** rocev2-rc-loss: every 20th frame was recorded and then dropped. */
async function reals(name: string): Promise<Real[]> {
  const frames = await roceFrames(name);
  return frames.map((frame, i) => ({ frame, packet: decode(frame), isLost: name.endsWith("loss") && i % 20 === 19 }));
}

/** A message that the host sent: its packets are joined. */
interface Message {
  readonly first: RdmaPacket;
  readonly last: RdmaPacket;
  readonly payload: Uint8Array;
}

class Stand {
  readonly #end: End;
  readonly #frames: readonly Real[];
  readonly #ours: RdmaPacket;
  readonly #send: MemoryRegion;
  #nowMs = 0;
  #requests: Uint8Array[] = [];
  #responses: Uint8Array[] = [];
  #posted = -1;

  private constructor(end: End, frames: readonly Real[], ours: RdmaPacket) {
    this.#end = end;
    this.#frames = frames;
    this.#ours = ours;
    this.#send = end.pd.register(BUFFER_BYTES, { access: ["local-write"] });
  }

  /** Stands in for the host that sent (0), or got (1), the capture's first frame. */
  static async in(name: string, host: 0 | 1, type: "rc" | "ud" = "rc"): Promise<Stand> {
    const frames = await reals(name);
    const first = (frames[0] as Real).packet;
    const isOurs = ({ packet }: Real) => (packet.sourceMac === first.sourceMac) === (host === 0);
    const ours = (frames.find(isOurs) as Real).packet;
    const theirs = (frames.find((real) => !isOurs(real)) as Real).packet;
    const end = await makeEnd({ type, qpn: theirs.destQpn, rdma: { queuePairs: 32, regions: 16 } });
    const psnOf = (mine: boolean) => {
      const request = frames.find((real) => isOurs(real) === mine && !RESPONSES.includes(real.packet.op));
      return request?.packet.psn ?? 0;
    };
    const mtu = Math.max(...frames.map(({ packet }) => packet.payload.length)) > 512 ? 1024 : 512;
    const address = {
      local: ipText(ours.source),
      remote: ipText(ours.dest),
      sourceMac: ours.sourceMac,
      nextHopMac: ours.destMac,
      sourcePort: ours.sourcePort,
    };
    end.qp.modify({ state: "init", access: ALL_ACCESS, qkey: theirs.deth?.qkey ?? 0 });
    end.qp.modify({ state: "rtr", address, destQpn: ours.destQpn, rqPsn: psnOf(false), mtu });
    end.qp.modify({ state: "rts", sqPsn: psnOf(true), timeoutUs: 10_000 });
    const stand = new Stand(end, frames, ours);
    stand.#open(frames.filter((real) => !isOurs(real)).map(({ packet }) => packet));
    const to = type === "ud" && end.device.createAddress(address);
    for (const real of frames) stand.#see(real, isOurs(real), to);
    return stand;
  }

  /** Requests and acknowledgements, by PSN, that ours sent and the recording does not have. */
  get rest(): { requests: number[]; responses: number[] } {
    const psns = (frames: readonly Uint8Array[]) => frames.map((frame) => decode(frame).psn);
    return { requests: psns(this.#requests), responses: psns(this.#responses) };
  }

  get end(): End {
    return this.#end;
  }

  /** Regions that the peer names, with what was in them at first, and receives. */
  #open(theirs: readonly RdmaPacket[]): void {
    const named = theirs.map(({ reth, atomic }) => reth ?? atomic).find((eth) => eth);
    if (named) {
      const region = this.#end.pd.register(65536, { access: ALL_ACCESS, va: named.va, key: named.key });
      const original = this.#frames.find(({ packet }) => packet.original !== undefined)?.packet.original;
      new DataView(region.bytes.buffer, region.bytes.byteOffset).setBigUint64(0, original ?? 0n, true);
    }
    const region = this.#end.pd.register(BUFFER_BYTES, { access: ["local-write"] });
    for (let i = 0; i < 64; i++) this.#end.qp.postRecv({ local: { region } });
  }

  #see(real: Real, isOurs: boolean, address: ReturnType<End["device"]["createAddress"]> | false): void {
    expect(real.packet.icrcHolds).toBe(true);
    if (!isOurs) {
      if (!real.isLost) this.#end.port.receive(real.frame);
      this.#work();
      return;
    }
    const isResponse = RESPONSES.includes(real.packet.op);
    if (!isResponse && this.#requests.length === 0) this.#cause(real.packet, address);
    const sent = (isResponse ? this.#responses : this.#requests).shift();
    if (!sent) throw new Error(`nothing sent where the host sent operation ${real.packet.op}, PSN ${real.packet.psn}`);
    expectSame(sent, real);
  }

  /** Makes our endpoint send a request: the first time its message is posted, again the clock runs out. */
  #cause(packet: RdmaPacket, address: ReturnType<End["device"]["createAddress"]> | false): void {
    if (packet.psn <= this.#posted) {
      this.#nowMs += 10_000;
      this.#end.device.tick(this.#nowMs);
    } else {
      const message = this.#messageAt(packet.psn);
      this.#posted = message.last.psn;
      this.#post(message, address);
    }
    this.#work();
  }

  #post({ first, last, payload }: Message, address: ReturnType<End["device"]["createAddress"]> | false): void {
    const eth = first.reth ?? first.atomic;
    this.#send.bytes.set(payload);
    const opcode = first.atomic ? "fetch-add" : first.reth ? "rdma-write" : "send";
    this.#end.qp.postSend({
      opcode,
      local: { region: this.#send, length: first.atomic ? 8 : payload.length },
      ...(eth && { remote: { va: eth.va, rkey: eth.key } }),
      ...(first.atomic && { compareAdd: first.atomic.swapAdd }),
      ...(address && { to: { address, qpn: first.destQpn, qkey: first.deth?.qkey ?? 0 } }),
      solicited: last.solicited,
    });
  }

  /** The message that begins with a PSN. */
  #messageAt(psn: number): Message {
    const ours = this.#frames.map(({ packet }) => packet).filter(({ sourceMac }) => sourceMac === this.#ours.sourceMac);
    const first = ours.find((packet) => packet.psn === psn && !RESPONSES.includes(packet.op)) as RdmaPacket;
    if (!STARTS.includes(first.op) && !first.deth) throw new Error(`PSN ${psn} begins no message`);
    const parts = [first];
    while (!first.deth && !ENDS.includes((parts.at(-1) as RdmaPacket).op)) {
      const next = ours.find((packet) => packet.psn === psn + parts.length && !RESPONSES.includes(packet.op));
      parts.push(next as RdmaPacket);
    }
    return { first, last: parts.at(-1) as RdmaPacket, payload: new Uint8Array(parts.flatMap((p) => [...p.payload])) };
  }

  #work(): void {
    do {
      for (const frame of takeFrames(this.#end.port)) {
        (RESPONSES.includes(decode(frame).op) ? this.#responses : this.#requests).push(frame);
      }
    } while (this.#end.device.poll() > 0);
    for (const frame of takeFrames(this.#end.port)) {
      (RESPONSES.includes(decode(frame).op) ? this.#responses : this.#requests).push(frame);
    }
    this.#end.cq.poll();
  }
}

describe.each([
  ["sent the first frame", 0],
  ["got the first frame", 1],
] as const)("in the place of the host that %s", (_, host) => {
  test.each([
    ["rocev2-rc-pingpong", "rc"],
    ["rocev2-rc-ipv6", "rc"],
    ["rocev2-ud-pingpong", "ud"],
    ["rocev2-write", "rc"],
    ["rocev2-atomic", "rc"],
  ] as const)("%s", async (name, type) => {
    const stand = await Stand.in(name, host, type);
    expect(stand.rest).toEqual({ requests: [], responses: [] });
    expect(stand.end.port.counters.drops).toEqual({});
  });

  test("rocev2-rc-loss", async () => {
    const stand = await Stand.in("rocev2-rc-loss", host);
    // The recording ends while four packets are sent again: two of them, and the answer to the second, are not in it.
    const rest =
      host === 0 ? { requests: [14946732, 14946733], responses: [] } : { requests: [], responses: [14946733] };
    expect(stand.rest).toEqual(rest);
    const { sequenceNaksSent, sequenceNaksReceived, timeouts } = stand.end.device.counters;
    expect([sequenceNaksSent, sequenceNaksReceived, timeouts]).toEqual([3n, 3n, 2n]);
  });
});
