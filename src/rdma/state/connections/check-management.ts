/** Queue pair 1 of a section: it has the shape that its owner gave it, and every place of its region is used once. */
import {
  ACCESS_LOCAL_WRITE,
  GRH_BYTES,
  QP_RTS,
  QP_UD,
  WC_RECV,
  WC_SUCCESS,
  WR_SEND,
} from "../../../../assembly/layout.js";
import { demand, refuse } from "../../../migrate/state/refusal.js";
import { MAD_BYTES, QKEY_GENERAL_SERVICES, QPN_GENERAL_SERVICES } from "../../cm/index.js";
import { managementSlots, RECEIVE_BYTES } from "../../connect/management.js";
import type { DeviceImage, QpImage } from "../device/image.js";
import type { ConnectionsImage } from "./image.js";
import { checkIp, ipOf } from "./ip.js";

/** Refuses (refusal.ts). */
export function checkManagement(image: ConnectionsImage, device: DeviceImage): void {
  const { head } = image;
  const { receives, sends } = managementSlots(device.limits);
  const qp = device.queuePairs.get(QPN_GENERAL_SERVICES);
  if (!qp) refuse("queue pair 1", undefined, "there");
  const region = device.regions.get(head.region);
  const bytes = receives * RECEIVE_BYTES + sends * MAD_BYTES;
  const isOwn = region?.length === bytes && region.pd === qp.pd && (region.access & ACCESS_LOCAL_WRITE) !== 0;
  demand(isOwn, "region", head.region, `the key of ${bytes} bytes of queue pair 1's, to be written to`);
  const isSound = qp.type === QP_UD && qp.state === QP_RTS && qp.mtu >= MAD_BYTES && qp.qkey === QKEY_GENERAL_SERVICES;
  demand(
    isSound,
    "queue pair 1",
    `type ${qp.type}, state ${qp.state}`,
    "datagrams' in RTS, with its queue key and MTU",
  );
  for (const { qpn, sendCq, recvCq } of device.queuePairs.values()) {
    const uses = sendCq === head.cq || recvCq === head.cq;
    const isOnly = qpn === QPN_GENERAL_SERVICES ? sendCq === recvCq && uses : !uses;
    demand(isOnly, "cq", head.cq, `of queue pair 1 alone, and not of ${qpn}`);
  }
  checkReceives(qp, device, image, receives);
  checkSends(qp, image, receives, sends);
  checkHandles(image, device);
}

/** Each receive is posted, or has completed. */
function checkReceives(qp: QpImage, device: DeviceImage, { head }: ConnectionsImage, receives: number): void {
  const slots = new Set<number>();
  for (const [i, { wrId, lkey, offset, length }] of qp.receives.entries()) {
    const isSound = lkey === head.region && offset === wrId * RECEIVE_BYTES && length === RECEIVE_BYTES;
    demand(isSound && wrId < receives, `queue pair 1.receives[${i}]`, wrId, "over its own place");
    slots.add(wrId);
  }
  const completions = device.completionQueues[head.cq]?.completions ?? [];
  for (const [i, { wrId, qpn, status, opcode, length }] of completions.entries()) {
    const isReceive = qpn === QPN_GENERAL_SERVICES && status === WC_SUCCESS && opcode === WC_RECV;
    const isSound = isReceive && wrId < receives && length >= GRH_BYTES && length <= RECEIVE_BYTES;
    demand(isSound, `completions[${i}] of queue pair 1`, wrId, "a datagram that has come into its place");
    slots.add(wrId);
  }
  const count = qp.receives.length + completions.length;
  demand(slots.size === receives && count === receives, "queue pair 1.receives", count, `${receives}, each once`);
}

/** MADs on their way stand in the places that follow from how many there were. */
function checkSends({ sends: open }: QpImage, { head }: ConnectionsImage, receives: number, sends: number): void {
  demand(
    open.length <= Math.min(sends, head.sent),
    "sent",
    head.sent,
    `at least ${open.length}, which are on their way`,
  );
  for (const [i, { lkey, offset, length, opcode, flags }] of open.entries()) {
    const slot = (head.sent - open.length + i) % sends;
    const at = receives * RECEIVE_BYTES + slot * MAD_BYTES;
    const isSound = lkey === head.region && offset === at && length === MAD_BYTES && opcode === WR_SEND && flags === 0;
    demand(isSound, `queue pair 1.sends[${i}].offset`, offset, `${at}, of a SEND without a completion`);
  }
}

/** Handles are the device's, each once; remotes are of this end's IP version, each once. */
function checkHandles({ head, unused, used, waiting }: ConnectionsImage, { addresses }: DeviceImage): void {
  const numbers = [...unused, ...used.map(({ address }) => address)];
  demand(numbers.length > 0, "unused", numbers.length, "one handle at least, with those that are used");
  demand(new Set(numbers).size === numbers.length, "used", numbers.length, "handles, each once");
  const largest = Math.max(...numbers);
  demand(largest < addresses.length, "used", largest, `below ${addresses.length}, the device's addresses`);
  for (const [name, list] of Object.entries({ used, waiting })) {
    for (const [i, { remote }] of list.entries()) checkIp(remote, `${name}[${i}].remote`, head.ipVersion);
  }
  const remotes = new Set(used.map(({ remote }) => ipOf(remote, head.ipVersion)));
  demand(remotes.size === used.length, "used", used.length, "remotes, each once");
}
