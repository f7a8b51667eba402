/** The sockets of a scenario: an agent in each endpoint that has some, and what they say to each other, in the fabric's time. */
import { earliest } from "../../earliest.js";
import { Random, type WasmSource } from "../../index.js";
import { ipText } from "../../overlay/address.js";
import { versionBetween } from "../check/traffic.js";
import type { Delivery, Guest } from "../guest.js";
import type { Reaction } from "../judge/deliveries.js";
import type { Scenario } from "../parse.js";
import type { SocketsText } from "../sockets-schema.js";
import { Stream } from "../traffic/stream.js";
import { Conversation } from "./conversation.js";
import { type AgentPeer, GuestAgent } from "./guest-agent.js";

const SEED_MAX = 0xffff_ffff;

export interface SocketsOptions {
  readonly scenario: Scenario;
  readonly guests: ReadonlyMap<string, Guest>;
  readonly seed: number;
  /** The fabric's ms; the scenario begins now. */
  readonly clock: () => number;
  readonly wasm: WasmSource | undefined;
}

export class Sockets {
  readonly conversations: readonly Conversation[];
  /** Frames of agents to each other. */
  readonly streams: readonly Stream[];
  readonly #agents: readonly GuestAgent[];

  private constructor(
    conversations: readonly Conversation[],
    streams: readonly Stream[],
    agents: readonly GuestAgent[],
  ) {
    this.conversations = conversations;
    this.streams = streams;
    this.#agents = agents;
  }

  /** Rejects with ConfigError. */
  static async start({ scenario, guests, seed, clock, wasm }: SocketsOptions): Promise<Sockets> {
    const plans = new Map<string, Plan>();
    const streams: Stream[] = [];
    const pairs = scenario.sockets.map((text) => {
      const [from, to] = [guests.get(text.from) as Guest, guests.get(text.to) as Guest];
      const [fromIp, toIp] = addressesOf(from, to);
      const [there, back] = [new Stream(socketsName(text), from, to, "delivered"), answersTo(text, from, to)];
      streams.push(there, back);
      const [opener, taker] = [planOf(plans, from, fromIp), planOf(plans, to, toIp)];
      opener.peers.set(toIp, { guest: to, stream: there });
      taker.peers.set(fromIp, { guest: from, stream: back });
      opener.mtu ??= text.mtu;
      return { text, opener, taker };
    });
    const agents = new Map<Plan, GuestAgent>();
    for (const plan of plans.values()) {
      const { guest, address, peers, mtu = MTU } = plan;
      const agent = await GuestAgent.start({ guest, address, peers, mtu, seed, clock, wasm });
      agents.set(plan, agent);
      guest.agents.push(agent);
    }
    const random = new Random(seed, "sockets");
    const conversations = pairs.map(({ text, opener, taker }) => {
      const [from, to] = [agents.get(opener) as GuestAgent, agents.get(taker) as GuestAgent];
      return new Conversation(text, from, to, random.between(0, SEED_MAX), clock());
    });
    listen(conversations);
    return new Sockets(conversations, streams, [...agents.values()]);
  }

  /** Makes ready what those need that move. */
  async load(moving: ReadonlySet<Guest>): Promise<void> {
    for (const agent of this.#agents) if (moving.has(agent.guest)) await agent.prepare();
  }

  /** All streams are closed at both ends. */
  get isDone(): boolean {
    return this.conversations.every(({ isDone }) => isDone);
  }

  /** When to call work though nothing was given to anybody, in the fabric's ms; undefined: never. */
  get nextMs(): number | undefined {
    if (this.isDone) return undefined;
    return earliest([...this.conversations, ...this.#agents].map(({ nextMs }) => nextMs));
  }

  /** A guest was given a frame. */
  take({ guest, frame }: Delivery): void {
    if (guest.ignores(frame)) return;
    for (const agent of this.#agents) if (agent.guest === guest) agent.take(frame);
  }

  /** It is nowMs: has messages written and agents work. Returns the frames that guests are to send. */
  work(nowMs: number): Reaction[] {
    // Sessions without streams would say goodbye to each other, perhaps when the run ends.
    if (this.isDone) return [];
    for (const conversation of this.conversations) conversation.act(nowMs);
    const sent = this.#agents.flatMap((agent) => agent.work(nowMs));
    for (const conversation of this.conversations) conversation.look(nowMs);
    return sent;
  }

  close(): void {
    for (const agent of this.#agents) agent.close();
  }
}

/** An agent that is to be. */
interface Plan {
  readonly guest: Guest;
  readonly address: string;
  readonly peers: Map<string, AgentPeer>;
  mtu: SocketsText["mtu"] | undefined;
}

/** Of an agent that opens no streams, whose peers say what theirs is. */
const MTU = 1024;

function planOf(plans: Map<string, Plan>, guest: Guest, address: string): Plan {
  const key = `${guest.name} ${address}`;
  const plan = plans.get(key) ?? { guest, address, peers: new Map(), mtu: undefined };
  plans.set(key, plan);
  return plan;
}

function answersTo(text: SocketsText, from: Guest, to: Guest): Stream {
  return new Stream(`${socketsName(text)}, answers`, to, from, "delivered");
}

export function socketsName({ name, port }: SocketsText): string {
  return name ?? `sockets ${port}`;
}

/** parseScenario has seen that both have an address of one version. */
function addressesOf(from: Guest, to: Guest): readonly [string, string] {
  const version = versionBetween(from.ips.map(ipText), to.ips.map(ipText));
  const own = ({ ips }: Guest) => ipText(ips.find(({ length }) => length === (version === 6 ? 16 : 4)) as Uint8Array);
  return [own(from), own(to)];
}

/** Between two agents there is one conversation at most: whose a stream is, its address says. */
function listen(conversations: readonly Conversation[]): void {
  const listening = new Map<GuestAgent, Set<number>>();
  for (const { to, text } of conversations) {
    const ports = listening.get(to) ?? new Set();
    listening.set(to, ports.add(text.port));
  }
  for (const [to, ports] of listening) {
    const byAddress = new Map(conversations.filter((c) => c.to === to).map((c) => [c.from.address, c] as const));
    for (const port of ports) {
      to.agent.listen(port, (stream, from) => (byAddress.get(from.address) as Conversation).accept(stream));
    }
  }
}
