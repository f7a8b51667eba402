/** What a move's machine asks about its VM, in the directory's own words: the record of the VM's first endpoint stands for all of it. */
import type { EndpointRecord } from "../../directory/records.js";
import {
  type DirectoryAnswer,
  type DirectoryRequest,
  type Ownership,
  STARTS,
  type Start,
} from "../../migrate/move/ownership.js";
import type { HostContext } from "../context.js";
import type { RequestAnswer, RequestKind, RequestKinds, Requests } from "../requests.js";

/** Whose record it is. */
export interface Owned {
  readonly host: string;
  readonly records: readonly EndpointRecord[];
}

/** What an owner's adapters began with, among the labels of the record; without it: what they had. */
const START_LABEL = "ringlane/start";

/** The directory is asked again after so long. */
export const AGAIN_MS = 20;

/** Asks the directory until it answers. */
export function insist<K extends RequestKind>(
  context: HostContext,
  kind: K,
  question: RequestKinds[K]["ask"],
  done: (answer: RequestAnswer<K>) => void,
): void {
  const { requests, timers, now } = context;
  requests.ask(kind, question, (answer) => {
    const isAnswered = "value" in answer || answer.failure !== "unavailable";
    if (isAnswered) done(answer);
    else timers.at(now() + AGAIN_MS, () => insist(context, kind, question, done));
  });
}

/**
 * Publishes the records of a VM's endpoints behind the first, whose claim was the commit. Where another has one by a generation that is no lower, this
 * host says it by a higher one, as long as it has the VM. Done is called once, with what was published.
 */
export function publishOthers(
  context: HostContext,
  records: readonly EndpointRecord[],
  hasIt: () => boolean,
  done: (published: readonly EndpointRecord[]) => void,
): void {
  const published: EndpointRecord[] = [];
  let left = records.length;
  const end = () => {
    if (--left <= 0) done(published);
  };
  const publish = (record: EndpointRecord) => {
    insist(context, "publish", { record }, (answer) => {
      if ("failure" in answer && answer.failure === "stale" && hasIt()) {
        publish({ ...record, generation: answer.generation + 1 });
        return;
      }
      if ("value" in answer) published.push(record);
      end();
    });
  };
  if (records.length === 0) end();
  for (const record of records) publish(record);
}

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
