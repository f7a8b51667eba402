/** `ringlane lag predict` and `ringlane lag flow-for`: where would this flow go, and which flow goes there. */
import { ConfigError, type Flow, type FlowPrediction } from "../../index.js";
import { facts, printJson } from "../report.js";
import { hex } from "./options.js";
import { type Question, type QuestionArguments, questionOf } from "./question.js";

/** What is said of a flow. */
export interface FlowArguments extends QuestionArguments {
  readonly src?: string;
  readonly dst?: string;
  readonly proto?: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly srcMac?: string;
  readonly dstMac?: string;
  readonly vlan?: number;
}

export interface TargetArguments extends FlowArguments {
  readonly member?: number;
  /** The same, by name. */
  readonly port?: string;
}

/** Exit code 0; 1 when nobody takes the flow. */
export async function lagPredict(asked: FlowArguments): Promise<number> {
  const question = await questionOf(asked);
  try {
    const prediction = question.predict(flowOf(asked));
    print(question, prediction, asked.json);
    return prediction.member === undefined ? 1 : 0;
  } finally {
    question.close();
  }
}

/** Exit code 0; 1 when no flow goes there. */
export async function lagFlowFor(asked: TargetArguments): Promise<number> {
  const question = await questionOf(asked);
  try {
    const member = targetOf(question, asked);
    const fixed = flowOf(asked);
    const found = question.find(member, fixed);
    if (found) {
      print(question, question.predict(found.flow), asked.json);
      return 0;
    }
    const { reason } = question.predict(fixed);
    if (asked.json) printJson({ ...contextOf(question), flow: null, member: null, reason });
    else console.log(`no flow goes to ${question.names[member]}; one with what is fixed: ${reason}`);
    return 1;
  } finally {
    question.close();
  }
}

function targetOf({ names, partition }: Question, { member, port }: TargetArguments): number {
  if (port !== undefined) {
    if (partition === undefined) throw new ConfigError("--port", port, "left out without --plan");
    if (member !== undefined) throw new ConfigError("--port", port, "left out with --member");
    if (!names.includes(port)) throw new ConfigError("--port", port, `one of ${names.join(", ")}`);
    return names.indexOf(port);
  }
  if (member !== undefined && member >= 0 && member < names.length) return member;
  throw new ConfigError("--member", member, `a whole number from 0 to ${names.length - 1}`);
}

function flowOf(asked: FlowArguments): Partial<Flow> {
  const { src, dst, proto, sport, dport, srcMac, dstMac, vlan } = asked;
  return {
    ...(src !== undefined && { source: src }),
    ...(dst !== undefined && { destination: dst }),
    ...(proto !== undefined && { protocol: protocolOf(proto) }),
    ...(sport !== undefined && { sourcePort: sport }),
    ...(dport !== undefined && { destinationPort: dport }),
    ...(srcMac !== undefined && { sourceMac: srcMac }),
    ...(dstMac !== undefined && { destinationMac: dstMac }),
    ...(vlan !== undefined && { vlan }),
  };
}

function protocolOf(text: string): Flow["protocol"] {
  if (text === "tcp" || text === "udp") return text;
  if (/^\d+$/.test(text)) return Number(text);
  throw new ConfigError("--proto", text, "tcp, udp or a number from 0 to 255");
}

/** What was asked about, as in an audit. */
function contextOf({ hash, selection, partition, names }: Question) {
  const { policy, generation = null, headers } = { generation: null, ...hash };
  return {
    hash: policy,
    generation,
    headers,
    selection: selection.kind,
    ...(partition === undefined ? { members: names.length } : { partition, ports: names }),
  };
}

function print(question: Question, prediction: FlowPrediction, asJson: boolean | undefined): void {
  const { flow, inputs, hash, bucket, buckets, member, reason } = prediction;
  const name = member === undefined ? undefined : question.names[member];
  const { partition } = question;
  if (asJson) {
    const port = partition === undefined ? {} : { port: name ?? null };
    const found = { flow, inputs, hashValue: hash, bucket, buckets, member: member ?? null, ...port, reason };
    printJson({ ...contextOf(question), ...found });
    return;
  }
  const hasPorts = flow.protocol === "tcp" || flow.protocol === "udp";
  const end = (address: string, port: number) => (hasPorts ? `${address} port ${port}` : address);
  console.log(
    facts([
      ["source", end(flow.source, flow.sourcePort)],
      ["destination", end(flow.destination, flow.destinationPort)],
      ["protocol", `${flow.protocol}`],
      ["source MAC", flow.sourceMac],
      ["destination MAC", flow.destinationMac],
      ["VLAN", flow.vlan === 0 ? undefined : `${flow.vlan}`],
      ["inputs", inputs],
      ["hash", hex(hash)],
      ["bucket", `${bucket} of ${buckets}`],
      partition === undefined ? ["member", `${member ?? "none"}`] : [`port of ${partition}`, name ?? "none"],
    ]),
  );
}
