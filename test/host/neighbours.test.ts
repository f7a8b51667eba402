/** ARP and neighbour discovery, answered from the directory, also after a move, and by nobody for nobody. */
import { describe, expect, test } from "vitest";
import { readArp, readNeighbour } from "../../src/overlay/answers/index.js";
import { concat, macText, u16 } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import * as f from "../helpers/frames.js";
import { type Guest, makeWorld, type WorldOptions } from "../helpers/overlay-world.js";

censusAfterEach();

const OPEN = { networks: { blue: { vni: 42, default: "allow" } } } as const satisfies WorldOptions;
const ALL = [255, 255, 255, 255, 255, 255];

function arpRequest(from: Guest, target: ArrayLike<number>, sender: ArrayLike<number> = from.ip): Uint8Array {
  const body = concat(u16(1), u16(0x0800), [6, 4], u16(1), from.mac, sender, [0, 0, 0, 0, 0, 0], target);
  return f.ethernet(f.layer3(0x0806, body), { src: from.mac, dst: ALL });
}

/** RFC 4861 section 4.3; without a source for duplicate address detection. */
function solicitation(from: Guest, target: Uint8Array, src: ArrayLike<number> = from.ip6): Uint8Array {
  const last = target.subarray(13);
  const group = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ...last];
  const isProbe = Array.from(src).every((byte) => byte === 0);
  const message = concat([135, 0, 0, 0, 0, 0, 0, 0], target, isProbe ? [] : concat([1, 1], from.mac));
  return f.ethernet(f.ipv6(f.checksummed(58, message, 2), { src, dst: group, hopLimit: 255 }), {
    ...{ src: from.mac, dst: [0x33, 0x33, 0xff, ...last] },
  });
}

/** Who has it, by the answers that the guest got: fields of ARP replies and advertisements by their places in RFC 826 and RFC 4861. */
function answers(guest: Guest): string[] {
  return guest.take().map((frame) => {
    if (frame[12] === 0x08) {
      expect([frame[20], frame[21]]).toEqual([0, 2]);
      expect(macText(frame.subarray(0, 6))).toBe(guest.attachment.mac);
      return macText(frame.subarray(22, 28));
    }
    expect(frame[54]).toBe(136);
    expect([...frame.subarray(78, 80)]).toEqual([2, 1]);
    return macText(frame.subarray(80, 86));
  });
}

async function pair(options: Partial<WorldOptions> = {}) {
  const world = await makeWorld({ ...OPEN, ...options });
  const [a, b] = [world.attach(0, 1), world.attach(1, 2)];
  world.run(50);
  return { world, a, b };
}

describe.each([
  ["ARP", (from: Guest, to: { ip: Uint8Array; ip6: Uint8Array }) => arpRequest(from, to.ip)],
  ["neighbour discovery", (from: Guest, to: { ip: Uint8Array; ip6: Uint8Array }) => solicitation(from, to.ip6)],
] as const)("%s", (_, ask) => {
  test("the directory's answer, once for all, without a frame to the underlay", async () => {
    const { world, a, b } = await pair();
    const [wired, asked] = [world.wire.length, world.directory.link.counters.asked];
    a.send(ask(a, b), ask(a, b));
    world.run(10);
    a.send(ask(a, b));
    world.run(10);
    expect(answers(a)).toEqual([b.attachment.mac, b.attachment.mac, b.attachment.mac]);
    expect(world.wire.length).toBe(wired);
    expect(world.directory.link.counters.asked - asked).toBe(1);
    expect(world.host(0).core.counters.answeredNeighbours).toBe(3);
    expect([a.dropped, b.take()]).toEqual([0, []]);
  });

  test("somebody on the same host, and who has moved there and away", async () => {
    const { world, a, b } = await pair({ hosts: 3 });
    let guest = b;
    for (const i of [0, 2, 1]) {
      guest = world.move(guest, i);
      a.send(ask(a, guest));
      world.run(10);
      expect(answers(a)).toEqual([b.attachment.mac]);
      a.send(a.udp(guest));
      world.run(20);
      expect(guest.take()).toHaveLength(1);
    }
  });

  test("nobody answers for nobody, until he comes", async () => {
    const { world, a } = await pair();
    const late = {
      ip: Uint8Array.of(10, 0, 0, 5),
      ip6: Uint8Array.of(0xfd, 0, 0, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5),
    };
    a.send(ask(a, late));
    world.run(20);
    expect(answers(a)).toEqual([]);
    const guest = world.attach(1, 5);
    world.run(20);
    a.send(ask(a, guest));
    world.run(20);
    expect(answers(a)).toEqual([guest.attachment.mac]);
  });

  test("of two that have had an address, the one who has it now", async () => {
    const { world, a, b } = await pair();
    a.send(ask(a, b));
    world.run(10);
    expect(answers(a)).toEqual([b.attachment.mac]);
    b.host.core.detach(b.attachment, world.fabric.nowMs);
    world.run(20);
    const heir = world.attach(1, 7, { ips: b.attachment.ips });
    world.run(20);
    a.send(ask(a, heir));
    world.run(20);
    expect(answers(a)).toEqual([heir.attachment.mac]);
  });

  test("in another network the same address is another's", async () => {
    const world = await makeWorld({ networks: { blue: { vni: 42 }, red: { vni: 43 } } });
    const [a, b] = [world.attach(0, 1), world.attach(1, 2)];
    const [redA, redB] = [
      world.attach(0, 1, { network: "red" }),
      world.attach(1, 8, { network: "red", ips: b.attachment.ips }),
    ];
    world.run(50);
    a.send(ask(a, b));
    redA.send(ask(redA, redB));
    world.run(20);
    expect([answers(a), answers(redA)]).toEqual([[b.attachment.mac], [redB.attachment.mac]]);
  });
});

test("a probe for an address that another has is answered, one for the own is not", async () => {
  const { world, a, b } = await pair();
  a.send(arpRequest(a, b.ip, [0, 0, 0, 0]), arpRequest(a, a.ip, [0, 0, 0, 0]));
  a.send(solicitation(a, b.ip6, new Uint8Array(16)), solicitation(a, a.ip6, new Uint8Array(16)));
  world.run(20);
  const got = a.take();
  expect(got).toHaveLength(2);
  expect(macText((got[0] as Uint8Array).subarray(22, 28))).toBe(b.attachment.mac);
  // To all nodes, since the asker has no address yet.
  expect([...(got[1] as Uint8Array).subarray(0, 6)]).toEqual([0x33, 0x33, 0, 0, 0, 1]);
  expect(macText((got[1] as Uint8Array).subarray(80, 86))).toBe(b.attachment.mac);
  expect([readArp(got[0] as Uint8Array), readNeighbour(got[1] as Uint8Array)]).toEqual([
    "not-a-request",
    expect.objectContaining({ kind: "announcement" }),
  ]);
});

test("a link-local address is its MAC address's, wherever that is", async () => {
  const { world, a, b } = await pair();
  const linkLocal = Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 0, 0, 2);
  a.send(solicitation(a, linkLocal));
  world.run(20);
  expect(answers(a)).toEqual([b.attachment.mac]);
});

test("while the directory is out of reach what is known is answered, and nothing else", async () => {
  const { world, a, b } = await pair({ directory: { timeoutMs: 100 } });
  const c = world.attach(1, 3);
  world.run(20);
  a.send(arpRequest(a, b.ip));
  world.run(20);
  expect(answers(a)).toEqual([b.attachment.mac]);
  const repair = world.cut();
  a.send(arpRequest(a, b.ip), arpRequest(a, c.ip));
  world.run(1000);
  expect(answers(a)).toEqual([b.attachment.mac]);
  repair();
  world.run(1000);
  a.send(arpRequest(a, c.ip));
  world.run(20);
  expect(answers(a)).toEqual([c.attachment.mac]);
});
