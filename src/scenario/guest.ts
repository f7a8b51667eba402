/** An endpoint's VM, wherever it is: sends by the port of the host that it is on, and hears the ports of all hosts where it has been. */
import type { Attachment, Outgoing, Port } from "../index.js";
import { ipText, parseIp, parseMac } from "../overlay/address.js";
import type { ScenarioHost } from "./hosts.js";
import { isFrom } from "./judge/inner.js";
import type { Scenario } from "./parse.js";
import { placeOn } from "./places.js";
import type { EndpointText } from "./schema.js";
import type { GuestAgent } from "./sockets/guest-agent.js";

/** A frame that a guest was given. */
export interface Delivery {
  readonly guest: Guest;
  readonly host: string;
  readonly frame: Delivered;
}

export interface Delivered {
  readonly data: Uint8Array;
  readonly originalLength: number;
}

export class Guest {
  readonly name: string;
  readonly network: string;
  readonly vni: number;
  readonly partition: string;
  readonly mac: Uint8Array;
  readonly ips: readonly Uint8Array[];
  readonly forwards: boolean;
  /** Whose frames it never gives back. */
  readonly #unread: readonly Uint8Array[];
  readonly #text: EndpointText;
  readonly #scenario: Scenario;
  readonly #hosts: ReadonlyMap<string, ScenarioHost>;
  /** The latest for each host; one that is claimed is the last. */
  readonly #attachments: { readonly host: string; readonly attachment: Attachment }[] = [];
  /** RDMA adapters that it has beside its network interface. */
  readonly agents: GuestAgent[] = [];
  /** Frames that it was given, by host. */
  readonly given = new Map<string, number>();
  #at = 0;
  /** Where it is on its way to. */
  #coming: string | undefined;
  /** Its last move's name. */
  #move: string | undefined;

  constructor(name: string, scenario: Scenario, hosts: ReadonlyMap<string, ScenarioHost>) {
    const text = scenario.endpoints[name] as EndpointText;
    this.name = name;
    this.network = text.network;
    this.vni = scenario.networks[text.network]?.vni as number;
    this.partition = text.partition ?? name;
    this.mac = parseMac("mac", text.mac);
    this.ips = text.ips.map((ip) => parseIp("ips", ip));
    this.forwards = text.forwards;
    this.#unread = text.unread.map((other) => parseMac("mac", scenario.endpoints[other]?.mac as string));
    this.#text = text;
    this.#scenario = scenario;
    this.#hosts = hosts;
  }

  /** The host that it sends from. */
  get host(): string {
    return this.#attachments[this.#at]?.host ?? this.#text.host;
  }

  get attachment(): Attachment | undefined {
    return this.#attachments[this.#at]?.attachment;
  }

  /** All that it has had. */
  get attachments(): readonly { readonly host: string; readonly attachment: Attachment }[] {
    return this.#attachments;
  }

  /** Its last move is not over: it cannot go on yet. */
  get isOnTheMove(): boolean {
    const { core } = this.#hosts.get(this.host) as ScenarioHost;
    return this.#coming !== undefined || (this.attachment !== undefined && core.isOnTheMove(this.attachment));
  }

  /** It stands, on the move from one host to another. */
  get isStopped(): boolean {
    return this.attachment?.state === "moving";
  }

  get ports(): readonly Port[] {
    return [...this.#hosts.values()].flatMap(({ vnics }) => vnics.get(this.name) ?? []);
  }

  hasIp(ip: Uint8Array): boolean {
    return this.ips.some((own) => ipText(own) === ipText(ip));
  }

  /** Asks for a place on a host; it sends from there as soon as the attachment is live. */
  attach(host: string, nowMs: number): Attachment {
    const place = this.#hosts.get(host) as ScenarioHost;
    const attachment = place.core.attach(placeOn(this.#scenario, this.name, place), nowMs);
    this.#attachments.push({ host, attachment });
    return attachment;
  }

  /** Goes to a host with its adapter's state; the move's name. */
  move(host: string, nowMs: number): string {
    const from = this.#hosts.get(this.host) as ScenarioHost;
    this.#coming = host;
    const devices = this.agents.map((agent) => agent.leaving());
    this.#move = from.core.move({ attachments: [this.attachment as Attachment], devices, to: host }, nowMs);
    return this.#move;
  }

  /** True from when it is live on the host that it asked for last; it sends from there then. */
  settle(): boolean {
    this.#come();
    const last = this.#attachments.length - 1;
    if (this.#attachments[last]?.attachment.state === "live") this.#at = last;
    return this.#at === last && this.#coming === undefined;
  }

  /** The host that it goes to runs it. */
  #come(): void {
    if (this.#coming === undefined) return;
    const source = this.#hosts.get(this.host)?.core.moves.find(({ name }) => name === this.#move);
    if (source?.outcome !== undefined && source.outcome !== "moved") {
      this.#coming = undefined;
      return;
    }
    const { core, vnics } = this.#hosts.get(this.#coming) as ScenarioHost;
    const port = vnics.get(this.name);
    const attachment = core.attachments.find(({ vnic, state }) => vnic === port && state === "live");
    if (!attachment) return;
    this.#attachments.push({ host: this.#coming, attachment });
    this.#coming = undefined;
  }

  /** Nobody reads what it gets from there. */
  ignores({ data }: Delivered): boolean {
    return this.#unread.some((mac) => isFrom(data, mac));
  }

  /** False when its port does not take the frame now. */
  send(data: Uint8Array, originalLength: number, timestampNs: bigint): boolean {
    const port = this.#hosts.get(this.host)?.vnics.get(this.name);
    return port?.receiveBurst([{ data, originalLength, timestampNs }]) === 1;
  }

  /** What it was given since the last time, on all hosts. */
  take(): Delivery[] {
    const deliveries: Delivery[] = [];
    for (const [host, { vnics }] of this.#hosts) {
      const port = vnics.get(this.name);
      for (let frames = port?.takeBurst() ?? []; frames.length > 0; frames = port?.takeBurst() ?? []) {
        const copies = frames.map(copyOf);
        for (const frame of copies) deliveries.push({ guest: this, host, frame });
        port?.complete(frames.filter((_, i) => !this.ignores(copies[i] as Delivered)));
        this.given.set(host, (this.given.get(host) ?? 0) + frames.length);
      }
    }
    return deliveries;
  }
}

/** A frame's bytes, for whoever gives its buffer back. */
export function copyOf({ spans, length, originalLength }: Outgoing): Delivered {
  const data = new Uint8Array(length);
  let at = 0;
  for (const span of spans) {
    data.set(span, at);
    at += span.length;
  }
  return { data, originalLength };
}
