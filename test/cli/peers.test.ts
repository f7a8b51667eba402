/** Who sent a frame, by its source address. */
import { expect, it } from "vitest";
import { addressSetOf } from "../../src/cli/limit/address-set.js";
import { Peers } from "../../src/cli/limit/peers.js";
import * as f from "../helpers/frames.js";

const from4 = (...src: number[]) => f.ethernet(f.ipv4(f.udp([1]), { src }));
const V6 = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];

it("numbers peers as they come, behind tags too", () => {
  const peers = new Peers();
  const tagged = f.ethernet(f.ipv4(f.udp([1]), { src: [10, 0, 0, 1] }), { tags: [{ tci: 5 }] });
  const frames = [from4(10, 0, 0, 1), f.ethernet(f.ipv6(f.udp([1]), { src: V6 })), tagged, f.ethernet(f.arp())];
  expect(frames.map((frame) => peers.numberOf(frame))).toEqual([0, 1, 0, 2]);
  expect(peers.all.map(({ name }) => name)).toEqual(["10.0.0.1", "fd00::9", "other"]);
});

it.each([
  ["nothing", new Uint8Array()],
  ["half an Ethernet header", new Uint8Array(13)],
  ["an IPv4 header that is cut", from4(10, 0, 0, 1).subarray(0, 33)],
  ["an IPv6 header that is cut", f.ethernet(f.ipv6(f.udp([1]), { src: V6 })).subarray(0, 53)],
  ["version 6 in IPv4", f.ethernet(f.ipv4(f.udp([1]), { src: [10, 0, 0, 1], version: 6 }))],
])("%s is nobody's in particular", (_, frame) => {
  const peers = new Peers();
  expect(peers.all[peers.numberOf(frame)]?.name).toBe("other");
});

it("puts those who come too late into one, and counts them", () => {
  const peers = new Peers(2);
  const numbers = [1, 2, 3, 4, 1, 3].map((last) => peers.numberOf(from4(10, 0, 0, last)));
  expect(numbers).toEqual([0, 1, 2, 2, 0, 2]);
  expect(peers.all.map(({ name }) => name)).toEqual(["10.0.0.1", "10.0.0.2", "other"]);
  expect(peers.framesBeyond).toBe(3);
});

it.each([
  ["10.0.0.1", 32, [10, 0, 0, 1], [10, 0, 0, 2]],
  ["10.0.0.0/8", 8, [10, 255, 255, 255], [11, 0, 0, 0]],
  ["0.0.0.0/0", 0, [255, 255, 255, 255], V6],
  ["fd00::9", 128, V6, [10, 0, 0, 1]],
  ["fd00::/16", 16, V6, [0xfe, ...V6.slice(1)]],
  ["other", 0, [], [10, 0, 0, 1]],
])("%s has %d bits", (text, bits, inside, outside) => {
  const set = addressSetOf(text);
  expect(set?.prefixBits).toBe(bits);
  expect([set?.has(Uint8Array.from(inside)), set?.has(Uint8Array.from(outside))]).toEqual([true, false]);
});

it.each(["", "10.0.0", "10.0.0.1/8", "10.0.0.0/33", "fe80::1%eth0", "all"])("%j is no set of peers", (text) => {
  expect(addressSetOf(text)).toBeUndefined();
});
