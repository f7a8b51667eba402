/**
 * Our device and connection manager in the place of one of the two Linux hosts of an rping session, from REQ to DREP: they get what that
 * host got, and must send what it sent. The host's own choices (ids, PSN, keys) are handed in.
 */
import { describe, expect, test } from "vitest";
import { type CmMad, decodeCmMad } from "../../../src/rdma/cm/index.js";
import { type ConnectionEvent, ConnectionManager } from "../../../src/rdma/connect/index.js";
import type { MemoryRegion, SendOpcode } from "../../../src/rdma/verbs/index.js";
import { censusAfterEach } from "../../helpers/census.js";
import { ALL_ACCESS, type End, makeEnd, takeFrames } from "../../helpers/rdma.js";
import { expectSame, RESPONSES, type RealPacket } from "../../helpers/rdma-replay.js";
import { roceFrames } from "../../helpers/roce.js";
import { decode } from "../../model/rdma-packet.js";

censusAfterEach();

const QPN = 0x19;
/** rping was run with 64 bytes; its messages (address, key, size) have 16. */
const SLOT_BYTES = 64;
const SLOTS = 64;
const OPCODES: Readonly<Record<number, SendOpcode>> = { 4: "send", 10: "rdma-write", 12: "rdma-read" };
const READ_REQUEST = 12;
const READ_RESPONSE = 16;
const WRITE = 10;
/** One READ or atomic at a time, as rping asks for. */
const RESOURCES = { responderResources: 1, initiatorDepth: 1 };

/** GUID of each host's adapter, and 32 bits for each time that a manager draws some. */
const HOSTS = {
  client: { local: "10.9.0.1", remote: "10.9.0.2", caGuid: 0x505400fffe000001n, draws: [0x178645 << 8, 0xf96822af] },
  server: { local: "10.9.0.2", remote: "10.9.0.1", caGuid: 0x505400fffe000002n, draws: [0x299e82fc, 0xfe0726 << 8] },
} as const;

class Stand {
  readonly events: ConnectionEvent[] = [];
  readonly end: End;
  readonly #host: (typeof HOSTS)[keyof typeof HOSTS];
  readonly #cm: ConnectionManager;
  readonly #frames: readonly RealPacket[];
  readonly #local: MemoryRegion;
  readonly #named = new Map<number, MemoryRegion>();
  #sent: Uint8Array[] = [];
  #posted = 0;

  constructor(end: End, host: (typeof HOSTS)[keyof typeof HOSTS], frames: readonly RealPacket[]) {
    this.end = end;
    this.#host = host;
    this.#frames = frames;
    const draws = [...host.draws];
    const ours = (frames.find((real) => this.#isOurs(real)) as RealPacket).packet;
    this.#cm = new ConnectionManager({
      device: end.device,
      local: host.local,
      localMac: ours.sourceMac,
      remoteMac: ours.destMac,
      caGuid: host.caGuid,
      random: () => draws.shift() ?? Number.NaN,
    });
    if (host === HOSTS.server) this.#cm.listen(7174);
    this.#local = end.pd.register(SLOTS * SLOT_BYTES, { access: ["local-write"] });
    for (const real of frames) {
      const { reth } = real.packet;
      if (this.#isOurs(real) || !reth || this.#named.has(reth.key)) continue;
      this.#named.set(reth.key, end.pd.register(reth.length, { access: ALL_ACCESS, va: reth.va, key: reth.key }));
    }
    end.qp.modify({ state: "init", access: ALL_ACCESS });
    const inbox = end.pd.register(SLOT_BYTES, { access: ["local-write"] });
    for (let i = 0; i < SLOTS; i++) end.qp.postRecv({ local: { region: inbox } });
  }

  run(): void {
    for (const [i, real] of this.#frames.entries()) {
      expect(real.packet.icrcHolds).toBe(true);
      if (this.#isOurs(real)) this.#expectSent(real, i);
      else this.#take(real, i);
    }
  }

  /** What ours sent and the recording does not have. */
  get rest(): number {
    return this.#sent.length;
  }

  #isOurs({ packet }: RealPacket): boolean {
    return packet.source.join(".") === this.#host.local;
  }

  #take(real: RealPacket, nowMs: number): void {
    const { op, reth, payload, psn } = real.packet;
    const region = reth && (this.#named.get(reth.key) as MemoryRegion);
    if (op === READ_REQUEST) {
      const isAnswer = ({ packet }: RealPacket) => packet.op === READ_RESPONSE && packet.psn === psn;
      region?.bytes.set((this.#frames.find(isAnswer) as RealPacket).packet.payload);
    }
    this.end.port.receive(real.frame);
    this.#work(nowMs);
    if (op === WRITE) expect(region?.bytes).toEqual(payload);
    // What a READ of ours has brought.
    if (op === READ_RESPONSE) expect(this.#local.bytes.subarray(0, payload.length)).toEqual(payload);
  }

  #expectSent(real: RealPacket, nowMs: number): void {
    if (this.#sent.length === 0) this.#cause(real, nowMs);
    const sent = this.#sent.shift();
    if (!sent) throw new Error(`nothing sent where the host sent operation ${real.packet.op}, PSN ${real.packet.psn}`);
    if (real.packet.destQpn !== 1) expectSame(sent, real);
    else expectSameMad(sent, real, this.#host === HOSTS.client);
  }

  /** What the host sent by its own will: requests, and the beginning and the end of the connection. */
  #cause({ packet }: RealPacket, nowMs: number): void {
    const { qp } = this.end;
    if (packet.destQpn === 1) {
      const { message } = decodeCmMad(packet.payload) as CmMad;
      const own = { remote: this.#host.remote, port: 7174, localPort: 0xad9e, flowLabel: 0x52228 };
      if (message.type === "REQ") this.#cm.connect({ ...own, qp, ...RESOURCES }, nowMs);
      else if (message.type === "DREQ") this.#cm.disconnect(1, nowMs);
    } else if (!RESPONSES.includes(packet.op)) {
      const { reth, payload, op } = packet;
      const opcode = OPCODES[op] as SendOpcode;
      const isRead = opcode === "rdma-read";
      if (!isRead) this.#local.bytes.set(payload);
      const local = { region: this.#local, length: reth?.length ?? payload.length };
      this.#posted++;
      qp.postSend({ opcode, local, ...(reth && { remote: { va: reth.va, rkey: reth.key } }) });
    }
    this.#work(nowMs);
  }

  #work(nowMs: number): void {
    this.end.device.poll();
    for (const event of this.#cm.poll(nowMs)) {
      this.events.push(event);
      if (event.type === "requested") this.#cm.accept(event.id, { qp: this.end.qp, ...RESOURCES }, nowMs);
    }
    this.#cm.poll(nowMs);
    this.end.device.poll();
    this.#sent.push(...takeFrames(this.end.port));
    for (const { status } of this.end.cq.poll()) expect(["success", "flushed"]).toContain(status);
  }

  get posted(): number {
    return this.#posted;
  }
}

/** But for what the kernel chooses by itself: the UDP source port of MADs, and the transactions that it begins. */
function expectSameMad(sent: Uint8Array, real: RealPacket, isClient: boolean): void {
  const packet = decode(sent);
  expect(packet.icrcHolds).toBe(true);
  // Soft-RoCE asks for acknowledgements of these datagrams too, which there are not.
  const masked = { sourcePort: 0, transport: 0, payload: 0, ackRequest: false };
  expect({ ...packet, ...masked }).toEqual({ ...real.packet, ...masked });
  const [ours, theirs] = [decodeCmMad(packet.payload), decodeCmMad(real.packet.payload)] as [CmMad, CmMad];
  const isBegun = isClient && ["REQ", "DREQ"].includes(ours.message.type);
  expect(ours).toEqual(isBegun ? { ...theirs, transactionId: ours.transactionId } : theirs);
}

describe.each(["client", "server"] as const)("in the place of rping's %s", (name) => {
  test("a whole session", async () => {
    const frames = await roceFrames("rocev2-rping-cm");
    const end = await makeEnd({ qpn: QPN, rdma: { queuePairs: 32, regions: 32, receiveDepth: SLOTS } });
    const stand = new Stand(
      end,
      HOSTS[name],
      frames.map((frame) => ({ frame, packet: decode(frame) })),
    );
    stand.run();
    const isClient = name === "client";
    expect(stand.events).toMatchObject([
      ...(isClient ? [] : [{ type: "requested", port: 7174, remote: "10.9.0.1", remotePort: 0xad9e }]),
      { type: "established" },
      { type: "disconnected", by: isClient ? "local" : "peer", reason: "requested" },
    ]);
    expect([stand.rest, end.qp.state, end.port.counters.drops]).toEqual([0, "error", {}]);
    const { sentAgain, duplicates, outOfSequence } = end.device.counters;
    expect([sentAgain, duplicates, outOfSequence]).toEqual([0n, 0n, 0n]);
    // Five rounds: two SENDs of the client; two SENDs, a READ and a WRITE of the server.
    expect(stand.posted).toBe(isClient ? 10 : 20);
  });
});
