/** Holds an agent's section against the device and the connections that it stands on: what it names is there, as it says, and nobody else's. */
import {
  ACCESS_LOCAL_WRITE,
  MESSAGE_BYTES,
  QP_ERROR,
  QP_RC,
  QP_RESET,
  RECEIVER_BYTES,
  SENDER_BYTES,
  TRANSFER_BYTES,
  WC_F_WITH_IMM,
  WC_RECV,
  WC_SUCCESS,
} from "../../../../assembly/layout.js";
import { demand, refuse } from "../../../migrate/state/refusal.js";
import type { AggregatorLimits } from "../../aggregator/options.js";
import type { LinkImage } from "../../state/connections/image.js";
import type {
  CompletionImage,
  DeviceImage,
  QpImage,
  ReceiveImage,
  RegionImage,
  SendImage,
} from "../../state/device/image.js";
import { strideOf } from "../../transfer/options.js";
import { RegionMemory } from "../../verbs/memory.js";
import { DIRECT_SLOT_BYTES, DIRECT_SLOTS } from "../options.js";
import type { AgentImage, DirectImage, LaneImage } from "./image.js";

export function checkAgent(
  image: AgentImage,
  device: DeviceImage,
  links: ReadonlyMap<number, LinkImage>,
  limits: AggregatorLimits,
): void {
  const check = new DeviceCheck(image.links.pd, device, links);
  const { pd, spare, resting } = image.links;
  demand(pd >= 1 && pd <= device.protectionDomains, "pd", pd, `from 1 to ${device.protectionDomains}`);
  const lanes = [
    ...image.peers.map(({ remote, session }) => [remote, session?.lane] as const),
    ...image.taken.map(({ remote, session }) => [remote, session.lane] as const),
  ];
  const inUse = image.directs.length + lanes.filter(([, lane]) => lane).length;
  demand(inUse <= image.terms.connections, "connections", inUse, `at most ${image.terms.connections}`);
  for (const [remote, lane] of lanes) if (lane) check.lane(lane, remote, limits);
  for (const direct of image.directs) check.direct(direct);
  for (const pair of spare) for (const cq of pair) check.claimCq(cq);
  for (const [connection, qpn] of resting) check.claimQp(qpn, `resting of connection ${connection}`);
  const connections = new Set(resting.map(([connection]) => connection));
  demand(connections.size === resting.length, "resting", resting.length, "each connection once");
}

class DeviceCheck {
  readonly #pd: number;
  readonly #device: DeviceImage;
  readonly #links: ReadonlyMap<number, LinkImage>;
  /** What is free beside regions. */
  readonly #memory: RegionMemory;
  readonly #qps = new Set<number>();
  readonly #cqs = new Set<number>();
  readonly #regions = new Set<number>();

  constructor(pd: number, device: DeviceImage, links: ReadonlyMap<number, LinkImage>) {
    this.#pd = pd;
    this.#device = device;
    this.#links = links;
    const regions = [...device.regions.values()].map(({ offset, length }) => ({ offset, bytes: length }));
    this.#memory = new RegionMemory(
      0,
      device.limits.memoryBytes,
      regions.sort((a, b) => a.offset - b.offset),
    );
  }

  lane({ connection, qpn, sender, receiver }: LaneImage, remote: string, limits: AggregatorLimits): void {
    const qp = this.#connected(connection, qpn, remote);
    const { transfersMax: slots, transferBytes, messagesMax, aggregateBytes } = limits;
    const stride = strideOf(transferBytes);
    const messages = messagesMax * MESSAGE_BYTES;
    this.#takeRun(sender.record, SENDER_BYTES);
    this.#takeRun(sender.transfers, slots * TRANSFER_BYTES);
    this.#takeRun(sender.stagedRecords, messages);
    this.#takeRun(sender.stagedBytes, aggregateBytes);
    this.#takeRun(receiver.record, RECEIVER_BYTES);
    this.#takeRun(receiver.messages, messages);
    this.#claimRegion(sender.lkey, slots * stride);
    this.#claimRegion(receiver.lkey, slots * stride, ACCESS_LOCAL_WRITE);

    const isOver = qp.state === QP_ERROR || qp.state === QP_RESET;
    const acked = this.#successes(qp.sendCq, qpn);
    const inOrder = [...acked, ...qp.sends].every(({ wrId }, i) => wrId === (sender.acked + i) % 2 ** 32);
    const sends = acked.length + qp.sends.length;
    const due = sender.sent - sender.acked;
    demand(inOrder && sends <= due, "sender.acked", sender.acked, "the number of the oldest work request");
    demand(isOver || sends === due || sender.status !== WC_SUCCESS, "sender.sent", sends, `${due} work requests`);
    for (const [i, send] of qp.sends.entries()) {
      const length = sender.unacknowledged[acked.length + i]?.length ?? 0;
      this.#isAt(send, sender.lkey, ((sender.acked + acked.length + i) % slots) * stride, length, "sends");
    }

    const arrived = this.#successes(qp.recvCq, qpn);
    const slotOf = (i: number) => (receiver.taken + i) % slots;
    const inTurn = [...arrived, ...qp.receives].every(({ wrId }, i) => wrId % slots === slotOf(i));
    const posted = slots - ((receiver.taken - receiver.released) >>> 0);
    const receives = arrived.length + qp.receives.length;
    demand(inTurn && receives <= posted, "receiver.taken", receiver.taken, "the number of the oldest receive");
    demand(isOver || receives === posted, "receiver.released", receives, `${posted} receives`);
    for (const completion of arrived) checkArrived(completion, transferBytes);
    for (const [i, receive] of qp.receives.entries()) {
      this.#isAt(receive, receiver.lkey, slotOf(arrived.length + i) * stride, transferBytes, "receives");
    }
  }

  direct({ connection, qpn, lkey, free, unused }: DirectImage): void {
    const qp = this.#connected(connection, qpn);
    this.#claimRegion(lkey, 2 * DIRECT_SLOTS * DIRECT_SLOT_BYTES, ACCESS_LOCAL_WRITE);
    const sent = this.#successes(qp.sendCq, qpn);
    const arrived = this.#successes(qp.recvCq, qpn);
    eachOnce([...free, ...[...sent, ...qp.sends].map(({ wrId }) => wrId)], "free");
    eachOnce([...unused.map(({ slot }) => slot), ...[...arrived, ...qp.receives].map(({ wrId }) => wrId)], "unused");
    for (const completion of arrived) checkArrived(completion, DIRECT_SLOT_BYTES);
    for (const send of qp.sends) this.#isAt(send, lkey, send.wrId * DIRECT_SLOT_BYTES, send.length, "sends");
    for (const receive of qp.receives) {
      const offset = (DIRECT_SLOTS + receive.wrId) * DIRECT_SLOT_BYTES;
      this.#isAt(receive, lkey, offset, DIRECT_SLOT_BYTES, "receives");
    }
  }

  claimQp(qpn: number, what: string): QpImage {
    const qp = this.#device.queuePairs.get(qpn) ?? refuse("qpn", qpn, `a queue pair's of the device, ${what}`);
    demand(!this.#qps.has(qpn), "qpn", qpn, "one connection's only");
    demand(qp.type === QP_RC && qp.pd === this.#pd, "qpn", qpn, "a connected one's of the agent's protection domain");
    this.#qps.add(qpn);
    return qp;
  }

  claimCq(number: number): void {
    const count = this.#device.completionQueues.length;
    demand(number < count && !this.#cqs.has(number), "cq", number, `below ${count}, and one connection's only`);
    this.#cqs.add(number);
  }

  /** A queue pair with its completion queues, of a connection that the manager has. */
  #connected(connection: number, qpn: number, remote?: string): QpImage {
    const link = this.#links.get(connection) ?? refuse("connection", connection, "one that there is");
    demand(link.qpn === qpn, "qpn", qpn, `${link.qpn}, that of connection ${connection}`);
    demand(
      remote === undefined || link.remote === remote,
      "remote",
      remote,
      `${link.remote}, of connection ${connection}`,
    );
    const qp = this.claimQp(qpn, `of connection ${connection}`);
    this.claimCq(qp.sendCq);
    this.claimCq(qp.recvCq);
    return qp;
  }

  #claimRegion(lkey: number, length: number, access = 0): RegionImage {
    const region = this.#device.regions.get(lkey) ?? refuse("lkey", lkey, "a region's of the device");
    demand(!this.#regions.has(lkey), "lkey", lkey, "one connection's only");
    const isFit = region.pd === this.#pd && region.length === length && (region.access & access) === access;
    demand(isFit, "lkey", lkey, `of a region of ${length} bytes for it`);
    this.#regions.add(lkey);
    return region;
  }

  #takeRun(offset: number, bytes: number): void {
    demand(this.#memory.takeAt(offset, bytes), "offset", offset, `where ${bytes} bytes are free`);
  }

  /** Unread, of that queue pair. */
  #successes(cq: number, qpn: number): CompletionImage[] {
    const { completions } = this.#device.completionQueues[cq] ?? refuse("cq", cq, "one that there is");
    return completions.filter((completion) => completion.qpn === qpn && completion.status === WC_SUCCESS);
  }

  #isAt(request: SendImage | ReceiveImage, lkey: number, offset: number, length: number, what: string): void {
    const isThere = request.lkey === lkey && request.offset === offset && request.length === length;
    demand(isThere, `${what}.offset`, request.offset, `${offset}, ${length} bytes of region ${lkey}`);
  }
}

/** What has come fits into its slot; of a WRITE nothing is in it. */
function checkArrived({ length, opcode, flags }: CompletionImage, slotBytes: number): void {
  const isInSlot = opcode === WC_RECV || (flags & WC_F_WITH_IMM) === 0;
  demand(!isInSlot || length <= slotBytes, "completion.length", length, `at most ${slotBytes}`);
}

function eachOnce(slots: readonly number[], what: string): void {
  const isSound = slots.every((slot) => slot < DIRECT_SLOTS) && new Set(slots).size === slots.length;
  demand(isSound, what, slots.join(" "), `slots below ${DIRECT_SLOTS}, each once`);
}
