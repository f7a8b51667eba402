/** Random tenants that share their addresses, and what their guests say: frames made once, sent many times. */

import type { ModelEndpoint } from "../model/overlay.js";
import type { ModelNetwork } from "../model/policy.js";
import { concat, counting, macFrom, patched, u16, u32 } from "./bytes.js";
import * as f from "./frames.js";
import { PARTITIONS, randomNetwork } from "./policy.js";
import type { Random } from "./property.js";

const LABELS = [{}, { role: "web" }, { role: "db" }, { role: "db", zone: "a" }, { zone: "a" }, { zone: "b" }] as const;
/** Some are the hosts' own on the underlay: a tenant's addresses mean nothing outside. */
const IPV4 = [
  "10.0.0.1",
  "10.0.0.255",
  "10.0.1.0",
  "10.255.255.255",
  "11.0.0.0",
  "192.0.2.1",
  "192.0.2.7",
  "172.16.0.9",
];
const IPV6 = [
  "2001:db8::1",
  "2001:db8:0:1::",
  "2001:db9::",
  "fd00::1",
  "fd00::a",
  "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
];
/** Nobody has these. */
const FOREIGN4 = ["8.8.8.8", "10.0.0.77", "255.255.255.255"];
const FOREIGN6 = ["2001:db8::77", "ff02::1", "fd00::77"];
const PORTS = [1, 22, 255, 256, 443, 511, 512, 5432, 8000, 8080, 40000, 65535];
const GROUPS = ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb", "33:33:00:00:00:01", "01:80:c2:00:00:0e"];
const NOBODY = ["02:00:00:00:00:99", "02:00:00:00:00:98"];

export type Tenant = ModelEndpoint & { readonly host: string };

/** So many networks by the same addresses; VNIs that every encapsulation has. */
export function randomNetworks(random: Random, count: number): Record<string, ModelNetwork> {
  const networks = Array.from({ length: count }, (_, i) => {
    const network = randomNetwork(random, random.between(0, 12), 0x1000 + random.below(0xf0000) * 8 + i);
    return [`n${i}`, { ...network, flood: random.below(2) === 0 }] as const;
  });
  return Object.fromEntries(networks);
}

/** Endpoints of all networks: the ith of each has the ith's MAC and IP addresses in the others. */
export function randomTenants(random: Random, networks: readonly string[], hosts: readonly string[]): Tenant[] {
  const size = random.between(2, 6);
  const [ipv4, ipv6] = [shuffled(random, IPV4), shuffled(random, IPV6)];
  const shared = Array.from({ length: size }, (_, i) => ({
    mac: `02:00:00:00:00:0${i + 1}`,
    ips: [
      ...(random.below(8) > 0 ? [ipv4.pop() as string] : []),
      ...(random.below(2) === 0 ? [ipv6.pop() as string] : []),
      ...(random.below(6) === 0 ? [ipv4.pop() as string] : []),
    ],
  }));
  return networks.flatMap((network) => {
    const partitions = shuffled(random, [...PARTITIONS, "other"]);
    return shared.map(({ mac, ips }) => ({
      ...{ name: `${network} ${mac}`, network, mac, ips, partition: partitions.pop() as string },
      ...{ labels: random.pick(LABELS), host: random.pick(hosts), forwards: random.below(4) === 0 },
    }));
  });
}

/** A frame that can be sent again and again. */
export interface Template {
  readonly sender: Tenant;
  readonly bytes: Uint8Array;
  /** Where a number may be written that tells one sending from another; undefined where every byte matters. */
  readonly numberAt: number | undefined;
  /** What of a host's memory it may touch: flows and fragments, by name. */
  readonly touches: readonly string[];
  /** Frames of the same line touch the same, and overtake each other nowhere. */
  readonly line: string;
  /** What its host answers, as answerOf reads it. */
  readonly answer?: string | undefined;
}

/** Frames of all of a network's guests, about so many. */
export function randomTemplates(random: Random, tenants: readonly Tenant[], count: number): Template[] {
  const templates: Template[] = [];
  while (templates.length < count) templates.push(...someFrames(random, tenants));
  return templates;
}

/** A conversation, or a frame that is none. */
function someFrames(random: Random, tenants: readonly Tenant[]): Template[] {
  const sender = random.pick(tenants);
  const peers = tenants.filter(({ network }) => network === sender.network);
  const kind = random.below(20);
  if (kind < 12) return conversation(random, sender, random.pick(peers), peers);
  if (kind < 14) return datagramInPieces(random, sender, random.pick(peers), peers);
  if (kind === 14) return [question(random, sender, peers)];
  if (kind === 15) return [unaddressed(random, sender)];
  if (kind === 16) return [broken(random, sender, random.pick(peers))];
  if (kind === 17) return [notIp(random, sender, random.pick(peers))];
  return [toMany(random, sender, random.pick(peers))];
}

interface Ends {
  readonly mac: string;
  readonly source: string;
  readonly destination: string;
}

/** Mostly honest and to the point; else somebody else's addresses, or nobody's. */
function endsOf(random: Random, sender: Tenant, receiver: Tenant, peers: readonly Tenant[]): Ends {
  const is6 = random.below(3) === 0;
  const isOf = (ip: string) => ip.includes(":") === is6;
  const foreign = is6 ? FOREIGN6 : FOREIGN4;
  const ipOf = ({ ips }: Tenant) => random.pick([...ips.filter(isOf), ...(ips.some(isOf) ? [] : foreign)]);
  const stranger = random.pick(peers);
  return {
    mac: random.below(25) === 0 ? random.pick(NOBODY) : receiver.mac,
    source: ipOf(random.below(sender.forwards ? 2 : 12) === 0 ? stranger : sender),
    destination: random.below(12) === 0 ? random.pick([...foreign, ipOf(stranger)]) : ipOf(receiver),
  };
}

/** There, and back. */
function conversation(random: Random, sender: Tenant, receiver: Tenant, peers: readonly Tenant[]): Template[] {
  const there = endsOf(random, sender, receiver, peers);
  const back = { mac: sender.mac, source: there.destination, destination: there.source };
  const [a, b] = [random.pick(PORTS), random.pick(PORTS)];
  const payload = counting(random.between(4, random.below(10) === 0 ? 400 : 40));
  const { protocol, inside, name } = transport(random, there.source.includes(":"));
  const touches = [flowName(sender, protocol, [there.source, name(a, b)], [there.destination, name(b, a)])];
  const one = (from: Tenant, ends: Ends, sport: number, dport: number, isAnswer: boolean) => ({
    ...{ sender: from, touches, line: `${from.name} ${Object.values(ends)}` },
    ...numbered(packet(from, ends, inside(payload, sport, dport, isAnswer))),
  });
  return [one(sender, there, a, b, false), one(receiver, back, b, a, true)];
}

type Inside = (payload: Uint8Array, sport: number, dport: number, isAnswer: boolean) => f.Layer4;

interface Transport {
  readonly protocol: number;
  readonly inside: Inside;
  /** What stands for the first of two ports in the name of a flow. */
  readonly name: (port: number, other: number) => number;
}

function transport(random: Random, is6: boolean): Transport {
  const own = (port: number) => port;
  switch (random.below(6)) {
    case 0:
    case 1:
      return { protocol: 6, inside: (payload, sport, dport) => f.tcp(payload, { sport, dport }), name: own };
    case 2:
    case 3:
      return { protocol: 17, inside: (payload, sport, dport) => f.udp(payload, { sport, dport }), name: own };
    case 4:
      return echo(is6);
    default: {
      const protocol = random.pick([47, 132, 255]);
      return { protocol, inside: (payload) => f.raw(protocol, payload), name: () => 0 };
    }
  }
}

/** An echo's identifier is the sum of the ports: the same both ways. */
function echo(is6: boolean): Transport {
  const protocol = is6 ? 58 : 1;
  const [asks, answers] = is6 ? [128, 129] : [8, 0];
  const name = (sport: number, dport: number) => (sport + dport) & 0xffff;
  const inside: Inside = (payload, sport, dport, isAnswer) =>
    f.raw(protocol, concat([isAnswer ? answers : asks, 0, 0, 0], u16(name(sport, dport)), [0, 1], payload));
  return { protocol, inside, name };
}

/** The same for both directions. */
function flowName({ network }: Tenant, protocol: number, ...ends: readonly (readonly [string, number])[]): string {
  return `${network} ${protocol} ${ends
    .map((end) => end.join(" "))
    .sort()
    .join(" ")}`;
}

/** All pieces of a datagram, or not the first. */
function datagramInPieces(random: Random, sender: Tenant, receiver: Tenant, peers: readonly Tenant[]): Template[] {
  const ends = endsOf(random, sender, receiver, peers);
  const is6 = ends.source.includes(":");
  const [sport, dport, id] = [random.pick(PORTS), random.pick(PORTS), random.below(4)];
  const whole = random.below(2) === 0 ? f.udp(counting(60), { sport, dport }) : f.tcp(counting(60), { sport, dport });
  const piece = (from: number, to?: number) => {
    const part = f.slice(whole, from, to);
    const more = to !== undefined;
    if (is6) return packet(sender, ends, f.fragment6(from / 8, more, part, id));
    return packet(sender, ends, part, { identification: id, fragment: (more ? 0x2000 : 0) | (from / 8) });
  };
  const touches = [
    flowName(sender, whole.protocol, [ends.source, sport], [ends.destination, dport]),
    // IPv4 keeps datagrams of different protocols apart, IPv6 does not: here neither.
    `${sender.network} ${ends.source} ${ends.destination} datagram ${id}`,
  ];
  const common = { sender, touches, line: `${sender.name} ${Object.values(ends)}` };
  const pieces = [piece(0, 24), piece(24, 48), piece(48)].map((bytes) => ({ ...common, ...numbered(bytes) }));
  return random.below(4) === 0 ? pieces.slice(1) : pieces;
}

/** ARP and neighbour discovery. */
function question(random: Random, sender: Tenant, peers: readonly Tenant[]): Template {
  const target = random.pick(peers.filter(({ mac }) => mac !== sender.mac));
  const is6 = random.below(2) === 0;
  const asked = target?.ips.find((ip) => ip.includes(":") === is6);
  const ip = asked ?? (is6 ? "2001:db8::77" : "10.0.0.77");
  const own = sender.ips.find((own) => own.includes(":") === is6);
  const src = macFrom(sender.mac);
  const common = { sender, numberAt: undefined, touches: [], line: "" };
  const answer = asked === undefined ? undefined : `${asked} is at ${target?.mac}`;
  if (!is6) {
    const body = concat(u16(1), u16(0x0800), [6, 4], u16(1), src, ipBytes(own ?? "0.0.0.0"), new Array(6).fill(0));
    const bytes = f.ethernet(f.layer3(0x0806, concat(body, ipBytes(ip))), { src, dst: macFrom("ff:ff:ff:ff:ff:ff") });
    return { ...common, bytes, answer };
  }
  const solicitation = concat([135, 0, 0, 0, 0, 0, 0, 0], ipBytes(ip), own === undefined ? [] : [1, 1], own ? src : []);
  const group = concat(ipBytes("ff02::1:ff00:0").subarray(0, 13), ipBytes(ip).subarray(13));
  const inside = f.ipv6(f.checksummed(58, solicitation, 2), { src: ipBytes(own ?? "::"), dst: group, hopLimit: 255 });
  return { ...common, bytes: f.ethernet(inside, { src, dst: concat([0x33, 0x33], group.subarray(12)) }), answer };
}

/** From the unspecified address: DHCP's, a router solicitation, or what may not be. */
function unaddressed(random: Random, sender: Tenant): Template {
  const payload = counting(40);
  const [src, to] = [macFrom(sender.mac), macFrom("ff:ff:ff:ff:ff:ff")];
  const v4 = (inside: f.Layer4) => f.ipv4(inside, { src: [0, 0, 0, 0], dst: [255, 255, 255, 255] });
  const v6 = (type: number) =>
    f.ipv6(f.raw(58, concat([type, 0, 0, 0], payload)), { src: ipBytes("::"), dst: ipBytes("ff02::2") });
  const inside = random.pick([
    v4(f.udp(payload, { sport: 68, dport: 67 })),
    v4(f.udp(payload, { sport: 67, dport: 68 })),
    v4(f.tcp(payload, { sport: 68, dport: 67 })),
    v6(133),
    v6(128),
  ]);
  return { sender, touches: [], line: "", ...numbered(f.ethernet(inside, { src, dst: to })) };
}

/** Cut short, or with a length that lies. */
function broken(random: Random, sender: Tenant, receiver: Tenant): Template {
  const ends = { mac: receiver.mac, source: sender.ips[0] ?? "10.0.0.1", destination: receiver.ips[0] ?? "10.0.0.2" };
  const sameKind = ends.source.includes(":") === ends.destination.includes(":") ? ends.destination : ends.source;
  const whole = packet(sender, { ...ends, destination: sameKind }, f.tcp(counting(20), { dport: 443 }));
  // TCP's data offset, four words.
  const offsetAt = ends.source.includes(":") ? 66 : 46;
  const bytes = random.below(3) > 0 ? whole.slice(0, random.between(14, 50)) : patched(whole, offsetAt, 0x40);
  return { sender, bytes, numberAt: undefined, touches: [], line: "" };
}

function notIp(random: Random, sender: Tenant, receiver: Tenant): Template {
  const dst = macFrom(random.below(10) === 0 ? random.pick(NOBODY) : receiver.mac);
  // Now and then from somebody else's MAC address.
  const src = macFrom(random.below(6) === 0 ? receiver.mac : sender.mac);
  const bytes = f.ethernet(f.layer3(random.pick([0x88b5, 0x0026, 0x8847]), counting(46)), { src, dst });
  return { sender, touches: [], line: "", ...numbered(bytes) };
}

function toMany(random: Random, sender: Tenant, receiver: Tenant): Template {
  const mac = random.pick(GROUPS);
  if (random.below(4) === 0) {
    const bytes = f.ethernet(f.layer3(0x88b5, counting(46)), { src: macFrom(sender.mac), dst: macFrom(mac) });
    return { sender, touches: [], line: "", ...numbered(bytes) };
  }
  const is6 = random.below(3) === 0;
  const isOf = (ip: string) => ip.includes(":") === is6;
  const source = sender.ips.find(isOf) ?? random.pick(is6 ? FOREIGN6 : FOREIGN4);
  const destination = random.pick([...(is6 ? FOREIGN6 : FOREIGN4), ...receiver.ips.filter(isOf)]);
  const { inside } = transport(random, is6);
  const segment = inside(counting(30), random.pick(PORTS), random.pick(PORTS), false);
  return { sender, touches: [], line: "", ...numbered(packet(sender, { mac, source, destination }, segment)) };
}

function packet(sender: Tenant, { mac, source, destination }: Ends, inside: f.Layer4, o: f.Ipv4Options = {}) {
  const [src, dst] = [ipBytes(source), ipBytes(destination)];
  const layer = src.length === 16 ? f.ipv6(inside, { src, dst }) : f.ipv4(inside, { src, dst, ...o });
  return f.ethernet(layer, { src: macFrom(sender.mac), dst: macFrom(mac) });
}

/** The number stands in the last four bytes, which are payload. */
function numbered(bytes: Uint8Array): { bytes: Uint8Array; numberAt: number } {
  return { bytes, numberAt: bytes.length - 4 };
}

/** "IP is at MAC", of an ARP reply or a neighbour advertisement; undefined for another frame. */
export function answerOf(bytes: Uint8Array): string | undefined {
  const type = ((bytes[12] as number) << 8) | (bytes[13] as number);
  const mac = (at: number) =>
    Array.from(bytes.subarray(at, at + 6), (byte) => byte.toString(16).padStart(2, "0")).join(":");
  if (type === 0x0806) return `${bytes.subarray(28, 32).join(".")} is at ${mac(22)}`;
  if (type !== 0x86dd || bytes[20] !== 58 || bytes[54] !== 136) return undefined;
  return `${ip6Text(bytes.subarray(62, 78))} is at ${mac(80)}`;
}

const IP6_TEXT = new Map(IPV6.map((text) => [ipBytes(text).join(), text]));

function ip6Text(bytes: Uint8Array): string {
  return IP6_TEXT.get(bytes.join()) ?? "nobody's";
}

function ipBytes(text: string): Uint8Array {
  if (!text.includes(":")) return Uint8Array.from(text.split("."), Number);
  const [left = "", right] = text.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  const [before, after] = [groups(left), groups(right ?? "")];
  const zeros = new Array(8 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap(u16));
}

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}

/** Writes a number where a template has room for one. */
export function writeNumber({ bytes, numberAt }: Template, number: number): void {
  if (numberAt !== undefined) bytes.set(u32(number), numberAt);
}
