/** What a move's machine asks about its VM, in the directory's own words: the record of the VM's first endpoint stands for all of it. */
import type { EndpointRecord } from "../../directory/records.js";
import {
  type DirectoryAnswer,
  type DirectoryRequest,
  type Ownership,
  STARTS,
  type Start,
} from "../../migrate/move/ownership.js";
import type { Requests } from "../requests.js";

/** Whose record it is. */
export interface Owned {
  readonly host: string;
  readonly records: readonly EndpointRecord[];
}

/** What an owner's adapters began with, among the labels of the record; without it: what they had. */
const START_LABEL = "ringlane/start";

/** Asks the directory; no answer is no event, since the machine asks again. */
export function ask(
  requests: Requests,
  { host, records }: Owned,
  question: DirectoryRequest,
  answered: (answer: DirectoryAnswer) => void,
): void {
  const first = records[0] as EndpointRecord;
  const { request } = question;
  if (question.kind === "read") {
    read(requests, first, (owner, isAlive) => answered({ kind: "read", request, owner: { ...owner, isAlive } }));
    return;
  }
  const { generation, start } = question.claim;
  requests.ask("publish", { record: recordFor(first, host, generation, start) }, (answer) => {
    if ("value" in answer) answered({ kind: "accepted", request });
    else if (answer.failure === "stale")
      read(requests, first, (owner) => answered({ kind: "refused", request, owner }));
  });
}

/** The record by which a host has it. */
export function recordFor(record: EndpointRecord, host: string, generation: number, start: Start): EndpointRecord {
  return { ...record, host, generation, labels: { ...record.labels, [START_LABEL]: start } };
}

function read(
  requests: Requests,
  { vni, mac }: EndpointRecord,
  done: (owner: Ownership, isAlive: boolean) => void,
): void {
  requests.ask("resolve", { query: { vni, mac } }, (answer) => {
    if (!("value" in answer) || !answer.value) return;
    const { endpoint, alive } = answer.value;
    const label = endpoint.labels[START_LABEL] ?? "";
    const start = STARTS.find((one) => one === label) ?? "kept";
    done({ host: endpoint.host, generation: endpoint.generation, start }, alive);
  });
}
