/** A connection's machine in a section: what its state must have, and messages that say what they are. */
import { demand, refuse } from "../../../migrate/state/refusal.js";
import { type CmMad, type CmMessageType, decodeCmMad, encodeCmMad, mtuBytes } from "../../cm/index.js";
import type { CmState } from "../../cm/record.js";
import { type MachineImage, STATES } from "./image.js";

interface Needs {
  /** Undefined: either. */
  readonly isActive?: boolean;
  readonly hasDeadline: boolean;
  readonly hasRep?: boolean;
  readonly hasOutstanding: boolean;
  readonly hasAnswer?: boolean;
  readonly hasQpn?: boolean;
}

const NEEDS: Partial<Record<CmState, Needs>> = {
  REQ_SENT: { isActive: true, hasDeadline: true, hasRep: false, hasOutstanding: true, hasQpn: true },
  REQ_RCVD: { isActive: false, hasDeadline: true, hasRep: false, hasOutstanding: false, hasQpn: false },
  REP_SENT: { isActive: false, hasDeadline: true, hasRep: true, hasOutstanding: true, hasAnswer: true, hasQpn: true },
  ESTABLISHED: { hasDeadline: false, hasRep: true, hasOutstanding: false, hasQpn: true },
  DREQ_SENT: { hasDeadline: true, hasRep: true, hasOutstanding: true, hasAnswer: false, hasQpn: true },
  TIMEWAIT: { hasDeadline: true, hasOutstanding: false },
};

/** What waits for an answer. */
const OUTSTANDING: Partial<Record<CmState, CmMessageType>> = { REQ_SENT: "REQ", REP_SENT: "REP", DREQ_SENT: "DREQ" };

/** Refuses (refusal.ts). Returns how a duplicate of a passive connection's REQ is known, beside its peer. */
export function checkMachine(machine: MachineImage, path: string, maxMtu: number): string | undefined {
  const state = STATES[machine.state] as CmState;
  const has = { ...machine, hasQpn: machine.localQpn !== 0 };
  for (const [name, needed] of Object.entries(NEEDS[state] as Needs)) {
    const value = has[name as keyof Needs];
    demand(value === needed, `${path}.${name}`, value, `${needed} in state ${state}`);
  }
  demand(
    machine.hasDeadline || machine.deadlineInMs === 0,
    `${path}.deadlineInMs`,
    machine.deadlineInMs,
    "0 without one",
  );
  if (!machine.hasOutstanding) {
    const left = machine.retriesLeft + machine.extensionsLeft;
    demand(left === 0, `${path}.retriesLeft`, left, "0, as extensionsLeft, when nothing waits for an answer");
  }
  const mads = [...machine.mads];
  const req = canonical(mads.shift(), "REQ", `${path}.req`);
  const mtu = mtuBytes(req.pathPacketPayloadMtu) ?? 0;
  demand(
    mtu > 0 && mtu <= maxMtu,
    `${path}.req.pathPacketPayloadMtu`,
    req.pathPacketPayloadMtu,
    `of at most ${maxMtu}`,
  );
  const { isActive } = machine;
  const named = isActive ? machine.communicationId : machine.remoteCommunicationId;
  demand(req.localCommunicationId === named, `${path}.req.localCommunicationId`, req.localCommunicationId, `${named}`);
  const ours = [isActive ? req.localQpn : undefined];
  if (machine.hasRep) {
    const rep = canonical(mads.shift(), "REP", `${path}.rep`);
    if (!isActive) ours.push(rep.localQpn);
  }
  for (const qpn of ours) {
    demand(
      qpn === undefined || qpn === machine.localQpn,
      `${path}.localQpn`,
      machine.localQpn,
      `that of its message, ${qpn}`,
    );
  }
  if (machine.hasOutstanding) {
    const type = decode(mads.shift(), `${path}.outstanding`).message.type;
    demand(type === OUTSTANDING[state], `${path}.outstanding`, type, `${OUTSTANDING[state]} in state ${state}`);
  }
  if (machine.hasAnswer) decode(mads.shift(), `${path}.answer`);
  return isActive ? undefined : `${req.localCaGuid} ${req.localCommunicationId}`;
}

/** A message of that type, written as this end writes it, with transaction id 0. */
function canonical<T extends "REQ" | "REP">(mad: Uint8Array | undefined, type: T, path: string) {
  const { transactionId, message } = decode(mad, path);
  demand(message.type === type, path, message.type, type);
  const again = encodeCmMad({ transactionId: 0n, message });
  const isSame = again.every((byte, i) => byte === mad?.[i]);
  demand(transactionId === 0n && isSame, path, "with bits that mean nothing here", "as it is written");
  return message as Extract<CmMad["message"], { readonly type: T }>;
}

function decode(mad: Uint8Array | undefined, path: string): CmMad {
  const decoded = decodeCmMad(mad ?? new Uint8Array());
  return typeof decoded === "string" ? refuse(path, decoded, "a communication management MAD") : decoded;
}
