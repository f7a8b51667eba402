/** What has become of each stream; of one that policy was to stop, where it ended and by which rule; of one that is limited, how many came. */
import { ipText } from "../../overlay/address.js";
import type { Guest } from "../guest.js";
import type { Stream } from "../traffic/stream.js";
import { dropsOf, refusedOf } from "./hosts.js";
import { type Run, sumOf } from "./run.js";

/** IANA's numbers, of IPv4 and of IPv6. */
const PROTOCOLS = { udp: [17, 17], tcp: [6, 6], icmp: [1, 58] } as const;

export function streamsOf(run: Run) {
  return run.streams.map((stream) => {
    const { label, from, to, expect, counts } = stream;
    return {
      ...{ name: label, network: from.network, from: from.name, to: to.name },
      expect: typeof expect === "object" ? `via ${expect.via.partition}` : expect,
      ...counts,
      denied: expect === "denied" ? denialOf(run, stream) : undefined,
      limited: expect === "limited" ? shareOf(run, stream) : undefined,
    };
  });
}

function denialOf(run: Run, stream: Stream) {
  const { from, sent, leaked } = stream;
  const stopped = sumOf(from.ports, ({ counters }) => counters.drops.policy ?? 0);
  // Counters are the sender's: what it lost to policy is all its denied streams' together.
  const others = run.streams.filter((other) => other !== stream && other.from === from && other.expect === "denied");
  const dropped = Math.max(0, Math.min(sent, stopped - sumOf(others, (other) => other.sent)));
  return { delivered: leaked, dropped, host: from.host, port: from.name, cause: "policy", rule: ruleOf(run, stream) };
}

function shareOf({ streams, hosts }: Run, stream: Stream) {
  const { identical, altered, undelivered } = stream;
  // Counters are hosts': what they refused is all limited streams' together.
  const others = streams.filter((other) => other !== stream && other.expect === "limited");
  const left = refusedOf(dropsOf(hosts)) - sumOf(others, (other) => other.undelivered);
  const refused = Math.max(0, Math.min(undelivered, left));
  return { delivered: identical + altered, refused, lost: undelivered - refused };
}

/** Frames that limits have refused to streams that are not limited. */
export function refusedOthersOf({ streams, hosts }: Run): number {
  const limited = streams.filter(({ expect }) => expect === "limited");
  // What is the hosts' to answer, or nobody's, is missed by nobody.
  const own = sumOf(limited, ({ undelivered, neighbours, unflooded }) => undelivered + neighbours + unflooded);
  return Math.max(0, refusedOf(dropsOf(hosts)) - own);
}

/** The rule that decides on a flow's frames, and how many frames it has decided on where they are sent; undefined of a capture's. */
function ruleOf({ scenario, hosts }: Run, { from, to, flow }: Stream) {
  if (!flow) return undefined;
  const policy = scenario.policy.network(from.network);
  const has = ({ ips }: Guest, bytes: number) => ips.some(({ length }) => length === bytes);
  const bytes = has(from, 4) && has(to, 4) ? 4 : 16;
  const classOf = ({ partition, name, ips }: Guest) => {
    const ip = ipText(ips.find(({ length }) => length === bytes) as Uint8Array);
    return policy.classOf({ partition, labels: scenario.endpoints[name]?.labels, ip });
  };
  const protocol = PROTOCOLS[flow.protocol][bytes === 4 ? 0 : 1];
  const { reason, rule } = policy.decide(classOf(from), classOf(to), protocol, flow.port ?? 0);
  const hits = hosts.find(({ name }) => name === from.host)?.core.ruleHits(from.network) ?? [];
  return { reason, hits: Number(hits[rule === undefined ? 0 : rule.index + 1] ?? 0n) };
}
