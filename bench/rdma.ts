import { MESSAGE_BYTES } from "../assembly/layout.js";
import type { Outgoing } from "../src/buffer/outgoing.js";
import { createHandover } from "../src/driver/handover/channel.js";
import { createEngine } from "../src/engine.js";
import { type Icrc, type Mtu, TransferReceiver, TransferSender } from "../src/index.js";
import { WASM } from "./bed.js";
import { inProcess } from "./contestant.js";
import { PlainConnection } from "./plain-rdma.js";
import { type Case, type Contestant, PLAIN, type Question } from "./question.js";
import { randomBytes } from "./workload.js";

const MESSAGE_LEN = 64;
const SUB_FRAME_BYTES = 70;
/** Messages lie where their sockets left them, not one behind the other. */
const MESSAGE_STRIDE = 192;
const PSN = 0xfffff0;
const SLOTS = 64;
const ADDRESSES = ["10.9.0.1", "10.9.0.2"] as const;

interface Shape {
  readonly mtu: Mtu;
  readonly messages: number;
  /** Transfers, of one packet each, in a burst. */
  readonly transfers: number;
  readonly icrc: Icrc;
}

/** What does a message cost from records on one side to records on the other, over a reliable connection? */
export function rdma(): Question {
  return {
    name: "rdma",
    measured:
      "64 B messages, from records in one engine to records in another: packed, sent, carried (by a handover, which copies), received, unpacked, " +
      "acknowledged once a burst, slots freed; both ends in one thread, ICRC made and checked but where it says otherwise. JavaScript does " +
      "the same with typed arrays and makes the same bytes, with @foxglove/crc's tables, both ends in one buffer, and without what loss would need.",
    cases: async () => {
      const most = { mtu: 4096, messages: 58, transfers: 15, icrc: "full" } as const;
      const usual = { mtu: 2048, messages: 16, transfers: 32, icrc: "full" } as const;
      const single = { mtu: 256, messages: 1, transfers: 64, icrc: "full" } as const;
      const one = await ourWay("one message a transfer", single);
      return [
        await caseOf("58 a packet, MTU 4096", most, await ourWay("ringlane", most), [one], 125),
        await caseOf("16 a packet, MTU 2048", usual, await ourWay("ringlane", usual), [one], 125),
        await caseOf("1 a packet", single, one, []),
        await bare("58 a packet, ICRC off (does not conform)", most),
        await bare("16 a packet, ICRC off (does not conform)", usual),
      ];
    },
  };
}

async function bare(name: string, shape: Shape): Promise<Case> {
  const without = { ...shape, icrc: "none" } as const;
  return caseOf(name, without, await ourWay("ringlane", without), [], 50);
}

async function caseOf(
  name: string,
  shape: Shape,
  ours: Contestant,
  peers: readonly Contestant[],
  most?: number,
): Promise<Case> {
  return {
    name,
    unit: "ns a message",
    ours,
    peers: [await plainWay(shape), ...peers],
    ...(most !== undefined && { bounds: [{ most }] }),
  };
}

async function ourWay(name: string, shape: Shape): Promise<Contestant> {
  const bed = await rdmaBed(shape);
  return inProcess(name, shape.messages * shape.transfers, bed.step);
}

/** The twin, once it has made the same frames, and found the same messages, as the endpoint. */
async function plainWay(shape: Shape): Promise<Contestant> {
  const bed = await rdmaBed(shape);
  const { there, back } = bed.inspect();
  const headers = [there[0] as Uint8Array, back[0] as Uint8Array] as const;
  const destQpns = [bed.b.qp.qpn, bed.a.qp.qpn] as const;
  const plain = new PlainConnection(
    { ...shape, icrc: shape.icrc === "full", headers, destQpns, psn: PSN },
    MESSAGE_STRIDE,
    bed.data,
  );
  plain.send();
  for (const [i, frame] of there.entries()) same(frame, plain.frame(i, frame.length));
  const messages = shape.messages * shape.transfers;
  if (plain.step() !== messages) throw new Error("JavaScript does not find every message");
  same(back[0] as Uint8Array, plain.frame(0, back[0]?.length ?? 0));
  same(bed.arrived(), plainArrived(plain, messages));
  return inProcess(PLAIN, messages, () => plain.step());
}

function same(ours: Uint8Array, plain: Uint8Array): void {
  if (Buffer.compare(ours, plain) !== 0) throw new Error("JavaScript and the endpoint differ");
}

function plainArrived({ view, u8, out }: PlainConnection, messages: number): Uint8Array {
  return arrivedAt(u8, view, out, messages);
}

/** Streams and bytes of the messages that records name. */
function arrivedAt(u8: Uint8Array, view: DataView, records: number, messages: number): Uint8Array {
  const parts = Array.from({ length: messages }, (_, i) => {
    const record = records + i * MESSAGE_BYTES;
    const at = view.getUint32(record, true);
    return [u8.slice(record + 8, record + 16), u8.slice(at, at + view.getUint32(record + 4, true))];
  });
  return Buffer.concat(parts.flat());
}

async function makeEnd(icrc: Icrc) {
  const rdma = { memoryBytes: 2 ** 22 };
  const engine = await createEngine({ wasm: WASM, mbufs: 256, payloadBytes: 4608, queueSize: 256, ports: 1, rdma });
  const port = engine.addPort("roce");
  const device = engine.addRdma({ port, icrc });
  const pd = device.allocPd();
  return {
    engine,
    port,
    device,
    pd,
    qp: device.createQp({ pd, type: "rc", sendCq: device.createCq(), recvCq: device.createCq() }),
  };
}

async function rdmaBed({ mtu, messages, transfers, icrc }: Shape) {
  const [a, b] = [await makeEnd(icrc), await makeEnd(icrc)];
  for (const [end, peer, local, remote] of [
    [a, b, ...ADDRESSES],
    [b, a, ADDRESSES[1], ADDRESSES[0]],
  ] as const) {
    end.qp.modify({ state: "init" });
    end.qp.modify({ state: "rtr", address: { local, remote }, destQpn: peer.qp.qpn, rqPsn: PSN, mtu });
    end.qp.modify({ state: "rts", sqPsn: PSN });
  }
  const n = messages * transfers;
  const sender = new TransferSender({ ...a, slots: SLOTS, slotBytes: mtu });
  const receiver = new TransferReceiver({ ...b, slots: SLOTS, slotBytes: mtu, messagesMax: n });
  const data = randomBytes(n * MESSAGE_STRIDE, 7);
  const region = a.pd.register(data.length + n * MESSAGE_BYTES);
  region.bytes.set(data);
  const records = region.address + data.length;
  const view = new DataView(region.bytes.buffer);
  for (let i = 0; i < n; i++) {
    const record = records + i * MESSAGE_BYTES;
    view.setUint32(record, region.address + i * MESSAGE_STRIDE, true);
    view.setUint32(record + 4, MESSAGE_LEN, true);
    view.setUint16(record + 8, (i * 77) & 0xffff, true);
  }
  const [there, back] = [createHandover({ bytes: 2 ** 17 }), createHandover({ bytes: 2 ** 17 })];
  const drivers = [
    a.engine.sendingEnd(there, a.port),
    b.engine.receivingEnd(there, b.port),
    b.engine.sendingEnd(back, b.port),
    a.engine.receivingEnd(back, a.port),
  ] as const;
  const room = messages * SUB_FRAME_BYTES;

  const send = () => {
    if (sender.sendMessages(records, n, room) !== n) throw new Error("not all were sent");
    a.device.poll();
  };
  const take = () => {
    b.device.poll();
    const taken = receiver.nextBurst();
    receiver.release();
    return taken;
  };
  const step = () => {
    send();
    let arrived = 0;
    for (let rounds = 0; arrived < n && rounds < 8; rounds++) {
      drivers[0].pump();
      drivers[1].pump();
      arrived += take();
    }
    drivers[2].pump();
    drivers[3].pump();
    a.device.poll();
    if (arrived !== n || sender.completed() !== transfers) throw new Error("not all have arrived");
    return arrived;
  };
  /** One burst whose frames are looked at on their way: the same as step. */
  const inspect = () => {
    const pass = (from: typeof a, to: typeof a) => {
      const frames = from.port.takeBurst();
      const copies = frames.map(bytesOf);
      for (const bytes of copies) to.port.receive(bytes);
      from.port.complete(frames);
      return copies;
    };
    send();
    const sent = pass(a, b);
    if (take() !== n) throw new Error("not all have arrived");
    const acks = pass(b, a);
    a.device.poll();
    if (acks.length !== 1 || sender.completed() !== transfers) throw new Error("not all were acknowledged");
    return { there: sent, back: acks };
  };
  const arrived = () => {
    const { u8 } = b.device.endpoint.owner.arena;
    return arrivedAt(u8, new DataView(u8.buffer), receiver.records, n);
  };
  return { a, b, data, step, inspect, arrived };
}

function bytesOf({ spans }: Outgoing): Uint8Array {
  return Buffer.concat(spans);
}
