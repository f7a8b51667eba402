/**
 * A VM changes host again and again while it sends: to a guest where it has never been, to guests where it was, and where it comes to.
 * What it had sent is under way when the receivers' hosts hear that it is elsewhere; and all along another host sends in its name.
 */
import { describe, expect, test } from "vitest";
import type { Attachment } from "../../src/host/attachment.js";
import { postBytes } from "../../src/host/residents.js";
import { definePolicy } from "../../src/overlay/policy/policy.js";
import { censusAfterEach } from "../helpers/census.js";
import * as f from "../helpers/frames.js";
import { type Guest, makeOverlayWorld, type OverlayWorld } from "../helpers/moving-world.js";
import { drain } from "../helpers/ports.js";
import { Random } from "../helpers/property.js";
import { streamFrame } from "../helpers/stream.js";

censusAfterEach();

const POLICY = definePolicy({ networks: { blue: { vni: 5000, default: "allow" } } });
const guest = (n: number): Guest => ({
  ...{ partition: `p${n}`, network: "blue", mac: `02:00:00:00:00:0${n}`, ips: [`10.0.0.${n}`] },
});
const VM = guest(9);
/** Where the receivers are; the VM goes from 1 to 2, to 3 and so on, and never comes to 0. */
const HOMES = [0, 1, 2];
const STOPS = [1, 2, 3];
const LIAR = 4;
/** 100 frames a millisecond. */
const STEP_MS = 0.01;
const FRAMES = 15_000;
/** 7 ms, as long as an answer of the directory takes that is 3 ms late both ways: what waits for it is lost when the VM has gone. */
const STAY = 700;
/** Numbers of a liar's frames begin here. */
const LIES = 1_000_000;

interface Play {
  readonly world: OverlayWorld;
  /** The VM stops when it is to move, not when its host is told that it has. */
  readonly stops?: boolean;
}

/** Numbers that each receiver got, in their order, and how many lies were told. */
function play({ world, stops = false }: Play): { readonly got: number[][]; readonly lies: number } {
  const receivers = HOMES.map((home, i) => ({ guest: guest(i + 1), attachment: world.place(guest(i + 1), home) }));
  const got: number[][] = receivers.map(() => []);
  let here: Attachment = world.place(VM, 1);
  let next: Attachment | undefined;
  let moves = 0;
  let arrived = 0;
  let lies = 0;
  const rest = (forMs: number) => {
    world.fabric.run({ forMs });
    for (const [i, { attachment }] of receivers.entries()) {
      for (const { bytes } of drain(attachment.vnic)) got[i]?.push(numberOf(bytes));
    }
  };
  const send = (number: number) => {
    for (const [i, receiver] of receivers.entries()) {
      if (!here.vnic.receive(streamFrame(VM, receiver.guest, i, number))) throw new Error("the VM's ring is full");
    }
  };
  const lie = (number: number) => {
    for (const [i, { guest: to }] of receivers.entries()) {
      const outside = f.ipv4(f.vxlan(5000, streamFrame(VM, to, i, number)), {
        ...{ src: [192, 0, 2, LIAR + 1], dst: [192, 0, 2, (HOMES[i] as number) + 1] },
      });
      postBytes(world.host(LIAR).uplink, f.ethernet(outside));
      lies++;
    }
  };
  for (let number = 0; number < FRAMES; ) {
    if (next?.state === "live") {
      world.release(STOPS[moves % 3] as number, here.vnic);
      moves++;
      here = next;
      next = undefined;
      arrived = number;
    }
    if (next === undefined && number >= arrived + STAY) next = world.attach(VM, STOPS[(moves + 1) % 3] as number);
    if (here.state === "live" && (next === undefined || !stops)) send(number++);
    if (number % 10 === 0) lie(LIES + number);
    rest(STEP_MS);
  }
  rest(500);
  expect(moves).toBeGreaterThan(8);
  world.expectCensus();
  return { got, lies };
}

function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(43);
}

async function worldOf(jitterMs: number): Promise<OverlayWorld> {
  const seed = new Random(jitterMs).below(2 ** 32);
  return makeOverlayWorld({
    ...{ hosts: 5, policy: POLICY, seed, directory: { jitterMs } },
    engine: { overlay: { heldFrames: 4096, controlFrames: 1024 }, mbufs: 16_384, queueSize: 4096 },
  });
}

const dropsOf = (world: OverlayWorld, cause: string) =>
  world.hosts.reduce((sum, { uplink }) => sum + (uplink.counters.drops[cause] ?? 0), 0);
const wanted = Array.from({ length: FRAMES }, (_, i) => i);
/** Frames that one of the same flow with a higher number has overtaken. */
function overtaken(numbers: readonly number[]): number {
  const last = new Map<number, number>();
  let count = 0;
  for (const number of numbers) {
    const flow = number % 7;
    if (number < (last.get(flow) ?? -1)) count++;
    else last.set(flow, number);
  }
  return count;
}

describe("a VM that sends 100 frames a millisecond moves", () => {
  test.each([0, 1, 3])("nothing that it has sent is lost, directory %i ms early or late", async (jitterMs) => {
    const world = await worldOf(jitterMs);
    const { got, lies } = play({ world });
    for (const numbers of got) expect(numbers.toSorted((a, b) => a - b)).toEqual(wanted);
    // Every lie was refused, and nothing else.
    expect(lies).toBeGreaterThanOrEqual((HOMES.length * FRAMES) / 10);
    expect(dropsOf(world, "spoofed-host")).toBe(lies);
    // Where it never is, nothing overtakes; where it comes to, it is nearer by then than what it has sent.
    expect(overtaken(got[0] as number[])).toBe(0);
    world.close();
  });

  test.each([0, 3])("and while it stops to move, order is kept, directory %i ms early or late", async (jitterMs) => {
    const world = await worldOf(jitterMs);
    const { got, lies } = play({ world, stops: true });
    expect(dropsOf(world, "spoofed-host")).toBe(lies);
    expect(got).toEqual(HOMES.map(() => wanted));
    expect(got.map(overtaken)).toEqual(HOMES.map(() => 0));
    world.close();
  });
});
