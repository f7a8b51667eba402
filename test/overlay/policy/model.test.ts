/** The overlay's twin itself, case by case, as the rules say: what is held to it elsewhere must not share its mistakes. */
import { describe, expect, it } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { concat, counting, macFrom, u16 } from "../../helpers/bytes.js";
import * as f from "../../helpers/frames.js";
import { type ModelEndpoint, type ModelFabric, OverlayModel } from "../../model/overlay.js";
import type { ModelNetwork } from "../../model/policy.js";

const BROADCAST = new Array(6).fill(0xff);
const mac = (last: number) => `02:00:00:00:00:${last.toString(16).padStart(2, "0")}`;

function endpoint(name: string, last: number, more: Partial<ModelEndpoint> = {}): ModelEndpoint {
  return { name, network: "blue", mac: mac(last), ips: [`10.0.0.${last}`], partition: name, ...more };
}

const WEB = endpoint("web", 1, { labels: { role: "web" } });
const DB = endpoint("db", 2);
const FW = endpoint("fw", 3, { forwards: true });
const OTHER = endpoint("other", 4, { ips: ["10.0.0.4", "fd00::4"] });
const RED = [endpoint("red-web", 1, { network: "red" }), endpoint("red-db", 2, { network: "red" })];
const GROUPS: ModelNetwork["groups"] = {
  web: { labels: { role: "web" } },
  db: { partitions: ["db"] },
  other: { prefixes: ["10.0.0.4/32"] },
};
const RULES: ModelNetwork["rules"] = [
  { from: "web", to: "db", action: "allow", protocol: "tcp", ports: 5432 },
  { from: "web", to: "db", action: "allow", protocol: "udp", ports: 53, stateful: false },
  { from: "web", to: "db", action: "allow", protocol: "icmp" },
  { from: "web", to: "other", action: "via", via: "fw" },
];

function model(more: Partial<ModelFabric> = {}, blue: Partial<ModelNetwork> = {}): OverlayModel {
  return new OverlayModel({
    networks: {
      blue: { vni: 1, groups: GROUPS, rules: RULES, ...blue },
      red: { vni: 2, groups: {}, rules: [], default: "allow" },
    },
    endpoints: [WEB, DB, FW, OTHER, ...RED],
    ...{ flowTicks: 10, fragmentTicks: 5 },
    ...more,
  });
}

const bytesOf = (ip: string) => ip.split(".").map(Number);

/** From one endpoint's addresses to another's. */
function frame(from: ModelEndpoint, to: ModelEndpoint, inside: f.Layer4, more: f.Ipv4Options = {}): Uint8Array {
  const [src, dst] = [bytesOf(from.ips[0] as string), bytesOf(to.ips[0] as string)];
  return f.ethernet(f.ipv4(inside, { src, dst, ...more }), { src: macFrom(from.mac), dst: macFrom(to.mac) });
}

/** The same, forwarded: from the MAC address of a waypoint. */
const forwarded = (by: ModelEndpoint, from: ModelEndpoint, to: ModelEndpoint, inside: f.Layer4) =>
  frame({ ...by, ips: from.ips }, to, inside);

const SQL = f.tcp([1, 2], { sport: 40000, dport: 5432 });
const ANSWER = f.tcp([3], { sport: 5432, dport: 40000 });
const to = (name: string, bytes: Uint8Array) => ({ deliveries: [{ to: name, bytes }], cause: layout.OK });
const dropped = (cause: number) => ({ deliveries: [], cause });

describe("the overlay's twin", () => {
  it("delivers what a rule allows, within the network, and drops the rest", () => {
    const twin = model();
    const sql = frame(WEB, DB, SQL);
    expect(twin.send("web", sql, 0)).toEqual(to("db", sql));
    // The other tenant's web has the same addresses, and rules of its own.
    expect(twin.send("red-web", sql, 0)).toEqual(to("red-db", sql));
    expect(twin.send("web", frame(WEB, DB, f.tcp([], { dport: 22 })), 0)).toEqual(dropped(layout.DROP_POLICY));
    expect(twin.send("db", frame(DB, WEB, SQL), 0)).toEqual(dropped(layout.DROP_POLICY));
    const nobody = endpoint("nobody", 9);
    expect(twin.send("web", frame(WEB, nobody, SQL), 0)).toEqual(dropped(layout.DROP_NO_ENDPOINT));
    expect(twin.send("web", sql.subarray(0, 30), 0)).toEqual(dropped(layout.DROP_IPV4_TRUNCATED));
  });

  it("takes a frame from its sender's own addresses only", () => {
    const twin = model();
    expect(twin.send("other", frame(WEB, DB, SQL), 0)).toEqual(dropped(layout.DROP_SPOOFED_MAC));
    expect(twin.send("other", forwarded(OTHER, WEB, DB, SQL), 0)).toEqual(dropped(layout.DROP_SPOOFED_IP));
    const sql = forwarded(FW, WEB, DB, SQL);
    expect(twin.send("fw", sql, 0)).toEqual(to("db", sql));
    const open = model({}, { default: "allow" });
    const addressless = { ...OTHER, ips: ["0.0.0.0"] };
    const dhcp = frame(addressless, DB, f.udp([1], { sport: 68, dport: 67 }));
    expect(open.send("other", dhcp, 0)).toEqual(to("db", dhcp));
    const reversed = frame(addressless, DB, f.udp([1], { sport: 67, dport: 68 }));
    expect(open.send("other", reversed, 0)).toEqual(dropped(layout.DROP_SPOOFED_IP));
    const solicitation = (type: number) =>
      f.ethernet(f.ipv6(f.raw(58, Uint8Array.of(type, 0, 0, 0, ...counting(20))), { src: new Array(16).fill(0) }), {
        src: macFrom(OTHER.mac),
        dst: macFrom(DB.mac),
      });
    expect(open.send("other", solicitation(135), 0)).toEqual(to("db", solicitation(135)));
    expect(open.send("other", solicitation(128), 0)).toEqual(dropped(layout.DROP_SPOOFED_IP));
    const answering = model({ answersNeighbours: true }, { default: "allow" });
    expect(answering.send("other", solicitation(135), 0)).toEqual(dropped(layout.OK));
  });

  it("lets in what returns of a stateful rule's flow, as long as it is seen", () => {
    const twin = model();
    const answer = frame(DB, WEB, ANSWER);
    expect(twin.send("db", answer, 0)).toEqual(dropped(layout.DROP_POLICY));
    twin.send("web", frame(WEB, DB, SQL), 1);
    expect(twin.send("db", answer, 11)).toEqual(to("web", answer));
    // Seen at 11, by returning.
    expect(twin.send("db", answer, 21)).toEqual(to("web", answer));
    expect(twin.send("db", frame(DB, WEB, f.tcp([], { sport: 5432, dport: 40001 })), 21).cause).toBe(
      layout.DROP_POLICY,
    );
    expect(twin.send("db", answer, 32)).toEqual(dropped(layout.DROP_POLICY));
    twin.send("web", frame(WEB, DB, f.udp([1], { sport: 7, dport: 53 })), 40);
    expect(twin.send("db", frame(DB, WEB, f.udp([1], { sport: 53, dport: 7 })), 40)).toEqual(
      dropped(layout.DROP_POLICY),
    );
  });

  it("knows an echo by its identifier, and no other message as a flow", () => {
    const twin = model();
    const message = (type: number, identifier: number) =>
      f.raw(1, Uint8Array.of(type, 0, 0, 0, ...u16(identifier), 0, 1, 9));
    twin.send("web", frame(WEB, DB, message(8, 77)), 0);
    const reply = frame(DB, WEB, message(0, 77));
    expect(twin.send("db", reply, 1)).toEqual(to("web", reply));
    expect(twin.send("db", frame(DB, WEB, message(0, 78)), 1)).toEqual(dropped(layout.DROP_POLICY));
    twin.send("web", frame(WEB, DB, message(13, 79)), 1);
    expect(twin.send("db", frame(DB, WEB, message(14, 79)), 1)).toEqual(dropped(layout.DROP_POLICY));
  });

  it.each([
    ["one host", undefined],
    ["a host each", ["a", "b", "c"]],
  ])("sends through a waypoint, both ways, on %s", (_, hosts) => {
    const [a, b, c] = hosts ?? [];
    const place = (who: ModelEndpoint, host: string | undefined) => (host === undefined ? who : { ...who, host });
    const twin = model({ endpoints: [place(WEB, a), place(FW, b), place(OTHER, c), DB] });
    const redirected = (bytes: Uint8Array) => concat(macFrom(FW.mac), bytes.subarray(6));
    const out = frame(WEB, OTHER, f.tcp([1], { sport: 1000, dport: 80 }));
    expect(twin.send("web", out, 0)).toEqual(to("fw", redirected(out)));
    const on = forwarded(FW, WEB, OTHER, f.tcp([1], { sport: 1000, dport: 80 }));
    expect(twin.send("fw", on, 1)).toEqual(to("other", on));
    const back = frame(OTHER, WEB, f.tcp([1], { sport: 80, dport: 1000 }));
    expect(twin.send("other", back, 2)).toEqual(to("fw", redirected(back)));
    const home = forwarded(FW, OTHER, WEB, f.tcp([1], { sport: 80, dport: 1000 }));
    expect(twin.send("fw", home, 3)).toEqual(to("web", home));
    // What never was sent does not return.
    const never = frame(OTHER, WEB, f.tcp([1], { sport: 80, dport: 1001 }));
    expect(twin.send("other", never, 3)).toEqual(dropped(layout.DROP_POLICY));
  });

  it("refuses where the receiver's host does not know the flow", () => {
    const twin = model({
      endpoints: [
        { ...WEB, host: "a" },
        { ...DB, host: "b" },
        { ...FW, host: "c" },
      ],
    });
    // Sent by the waypoint in the name of web, whose own host has never seen it.
    const on = forwarded(FW, WEB, DB, SQL);
    expect(twin.send("fw", on, 0)).toEqual(to("db", on));
    expect(twin.send("db", frame(DB, WEB, ANSWER), 1)).toEqual(dropped(layout.DROP_POLICY));
    twin.move("web", "c");
    expect(twin.send("db", frame(DB, WEB, ANSWER), 1)).toEqual(to("web", frame(DB, WEB, ANSWER)));
  });

  it("has later fragments follow the first", () => {
    const twin = model();
    const part = (from: number, id: number, dport = 5432) => {
      const whole = f.tcp(counting(40), { sport: 40000, dport });
      const inside = from === 0 ? f.slice(whole, 0, 24) : f.slice(whole, from);
      return frame(WEB, DB, inside, { fragment: (from === 0 ? 0x2000 : 0) | (from >> 3), identification: id });
    };
    expect(twin.send("web", part(24, 1), 0)).toEqual(dropped(layout.DROP_FRAGMENT_ORPHAN));
    expect(twin.send("web", part(0, 1), 0)).toEqual(to("db", part(0, 1)));
    expect(twin.send("web", part(24, 1), 5)).toEqual(to("db", part(24, 1)));
    expect(twin.send("web", part(24, 2), 5)).toEqual(dropped(layout.DROP_FRAGMENT_ORPHAN));
    expect(twin.send("web", part(24, 1), 11)).toEqual(dropped(layout.DROP_FRAGMENT_ORPHAN));
    twin.send("web", part(0, 1), 12);
    expect(twin.send("web", part(0, 1, 22), 12)).toEqual(dropped(layout.DROP_POLICY));
    expect(twin.send("web", part(24, 1), 12)).toEqual(dropped(layout.DROP_FRAGMENT_ORPHAN));
    // A first fragment without its ports is of port 0.
    const tiny = frame(WEB, DB, f.slice(f.tcp([1], { dport: 5432 }), 0, 8), { fragment: 0x2000, identification: 3 });
    expect(twin.send("web", tiny, 12)).toEqual(dropped(layout.DROP_POLICY));
    const zero = model({}, { rules: [{ from: "web", to: "db", action: "allow", protocol: "tcp", ports: 0 }] });
    expect(zero.send("web", tiny, 12)).toEqual(to("db", tiny));
  });

  it("follows IPv6 fragments by addresses and identification, and protocols behind extension headers", () => {
    const rules: ModelNetwork["rules"] = [{ from: "any", to: "any", action: "allow", protocol: "udp", ports: 53 }];
    const six = endpoint("six", 6, { ips: ["fd00:0:0:b::2"] });
    const twin = model({ endpoints: [OTHER, six] }, { rules });
    const whole = f.udp(counting(40), { dport: 53 });
    const src = [0xfd, ...new Array(14).fill(0), 4];
    const packet = (inside: f.Layer4) =>
      f.ethernet(f.ipv6(inside, { src }), { src: macFrom(OTHER.mac), dst: macFrom(six.mac) });
    const options = (inside: f.Layer4) => f.extension(60, [1, 4, 0, 0, 0, 0], inside);
    const first = packet(f.fragment6(0, true, options(f.slice(whole, 0, 24)), 5));
    // Its first header says what follows is UDP, the later one's that it is options: the datagram is the same.
    const later = packet(f.fragment6(4, false, f.slice(whole, 24), 5));
    expect(twin.send("other", later, 0)).toEqual(dropped(layout.DROP_FRAGMENT_ORPHAN));
    expect(twin.send("other", first, 0)).toEqual(to("six", first));
    expect(twin.send("other", later, 0)).toEqual(to("six", later));
    expect(twin.send("other", packet(options(f.udp([], { dport: 54 }))), 0)).toEqual(dropped(layout.DROP_POLICY));
  });

  it("floods where the network asks for it, by policy but for ARP", () => {
    const hello = f.ethernet(f.ipv4(f.udp([1], { dport: 137 }), { src: [10, 0, 0, 1], dst: [255, 255, 255, 255] }), {
      src: macFrom(WEB.mac),
      dst: BROADCAST,
    });
    const who = f.ethernet(f.arp(), { src: macFrom(WEB.mac), dst: BROADCAST });
    expect(model().send("web", hello, 0)).toEqual(dropped(layout.DROP_NO_FLOOD));
    const rules: ModelNetwork["rules"] = [
      { from: "web", to: "db", action: "allow", protocol: "udp" },
      { from: "web", to: "any", action: "via", via: "fw" },
    ];
    const twin = model({}, { flood: true, rules });
    expect(twin.send("web", hello, 0)).toEqual(to("db", hello));
    expect(twin.send("web", who, 0).deliveries.map((copy) => copy.to)).toEqual(["db", "fw", "other"]);
    const nobody = model({}, { flood: true, rules: [] });
    expect(nobody.send("web", hello, 0)).toEqual(dropped(layout.DROP_POLICY));
    expect(model({ answersNeighbours: true }, { flood: true }).send("web", who, 0)).toEqual(dropped(layout.OK));
  });

  it("decides what is not IP by the endpoints, and addresses of nobody by prefixes", () => {
    const raw = f.ethernet(f.layer3(0x88b5, counting(50)), { src: macFrom(WEB.mac), dst: macFrom(OTHER.mac) });
    // other is in its group by address alone.
    expect(model().send("web", raw, 0)).toEqual(dropped(layout.DROP_POLICY));
    const byPartition = { ...GROUPS, other: { partitions: ["other"] } };
    expect(model({}, { groups: byPartition }).send("web", raw, 0).deliveries[0]?.to).toBe("fw");
    const far = { ...FW, ips: ["192.0.2.7"] };
    const rules: ModelNetwork["rules"] = [{ from: "web", to: "far", action: "allow", protocol: 47 }];
    const twin = model({}, { groups: { ...GROUPS, far: { prefixes: ["192.0.2.0/24"] } }, rules });
    const gre = frame(WEB, far, f.raw(47, counting(8)));
    expect(twin.send("web", gre, 0)).toEqual(to("fw", gre));
    // Protocols without ports return, too.
    const back = frame({ ...FW, ips: ["192.0.2.7"] }, WEB, f.raw(47, counting(8)));
    expect(twin.send("fw", back, 1)).toEqual(to("web", back));
    expect(twin.send("fw", frame({ ...FW, ips: ["192.0.3.7"] }, WEB, f.raw(47, counting(8))), 1)).toEqual(
      dropped(layout.DROP_POLICY),
    );
  });
});
