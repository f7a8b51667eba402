/** Every frame that a guest is given is told by what it is. */
import { describe, expect, test } from "vitest";
import { arpReply, neighbourAdvertisement, readArp, readNeighbour } from "../../src/overlay/answers/index.js";
import { Guest } from "../../src/scenario/guest.js";
import { Deliveries } from "../../src/scenario/judge/deliveries.js";
import { Ledger } from "../../src/scenario/judge/ledger.js";
import { parseScenario } from "../../src/scenario/parse.js";
import { type Expectation, Stream } from "../../src/scenario/traffic/stream.js";
import { concat } from "../helpers/bytes.js";
import * as f from "../helpers/frames.js";

/** Two tenants with the same addresses, and blue has a waypoint. */
const TEXT = `
title: judged
networks: { blue: { vni: 1 }, red: { vni: 2 } }
hosts: { alpha: { address: 192.0.2.1 } }
endpoints:
  web: { network: blue, host: alpha, mac: "02:00:00:00:0a:01", ips: [10.0.0.1, "fd00:0:0:a::1"] }
  db: { network: blue, host: alpha, mac: "02:00:00:00:0b:02", ips: [10.0.0.2, "fd00:0:0:b::2"] }
  fw: { network: blue, host: alpha, mac: "02:00:00:00:0c:03", ips: [10.0.0.3], forwards: true }
  cache: { network: red, host: alpha, mac: "02:00:00:00:0a:01", ips: [10.0.0.1] }
  store: { network: red, host: alpha, mac: "02:00:00:00:0b:02", ips: [10.0.0.2] }
flows: [{ from: web, to: db, port: 1, count: 1 }]
`;
const MACS = { fw: [2, 0, 0, 0, 0x0c, 3], web: [2, 0, 0, 0, 0x0a, 1], db: [2, 0, 0, 0, 0x0b, 2] };

const whole = (data: Uint8Array) => ({ data, originalLength: data.length });
const frame = (...bytes: number[]) => {
  return whole(f.ethernet(f.ipv4(f.udp(Uint8Array.from(bytes)), { src: [10, 0, 0, 1], dst: [10, 0, 0, 2] })));
};

function bed(floods: string[] = []) {
  const scenario = parseScenario("s.yaml", TEXT);
  const made = Object.keys(scenario.endpoints).map((name) => [name, new Guest(name, scenario, new Map())] as const);
  const guests = Object.fromEntries(made) as Record<"web" | "db" | "fw" | "cache" | "store", Guest>;
  const deliveries = new Deliveries(Object.values(guests), new Set(floods), new Map());
  const stream = (from: Guest, to: Guest, expect: Expectation = "delivered") => new Stream("s", from, to, expect);
  const give = (guest: Guest, given: { data: Uint8Array; originalLength: number }) =>
    deliveries.take({ guest, host: "alpha", frame: given });
  return { ...guests, deliveries, stream, give };
}

describe("Deliveries", () => {
  test("identical, altered, missing, twice", () => {
    const { web, db, deliveries, stream, give } = bed();
    const there = stream(web, db);
    for (const i of [1, 2, 3, 4]) deliveries.sent(there, frame(i));
    give(db, frame(2));
    give(db, frame(1));
    give(db, frame(1));
    give(db, frame(9));
    expect(there.counts).toMatchObject({ sent: 4, identical: 2, altered: 1, missing: 1, duplicated: 1 });
    expect(deliveries).toMatchObject({ crossed: 0, strays: 0 });
  });

  test("a frame of the other tenant, with the same addresses", () => {
    const { web, db, cache, store, deliveries, stream, give } = bed();
    deliveries.sent(stream(web, db), frame(1));
    const red = stream(cache, store);
    deliveries.sent(red, frame(2));
    give(db, frame(2));
    expect(deliveries).toMatchObject({ crossed: 1, strays: 0 });
    expect(red.missing).toBe(1);
  });

  test("what policy was to stop, and what nobody sent there", () => {
    const { web, db, fw, deliveries, stream, give } = bed();
    const denied = stream(web, db, "denied");
    deliveries.sent(denied, frame(1));
    expect(denied.missing).toBe(0);
    give(db, frame(1));
    deliveries.sent(stream(web, db), frame(2));
    give(fw, frame(2));
    give(fw, frame(3));
    expect(denied.leaked).toBe(1);
    expect(deliveries.strays).toBe(2);
  });

  test("through a waypoint, which sends on from its own address", () => {
    const { web, db, fw, deliveries, stream, give } = bed();
    const via = stream(web, db, { via: fw });
    const sent = frame(1);
    deliveries.sent(via, sent);
    const at = whole(concat(MACS.fw, sent.data.subarray(6)));
    const on = whole(concat(MACS.db, MACS.fw, sent.data.subarray(12)));
    expect(give(fw, at)).toEqual({ guest: fw, frame: on, stream: undefined });
    expect(via).toMatchObject({ identical: 0, missing: 1 });
    give(db, on);
    expect(via).toMatchObject({ identical: 1, missing: 0 });
    expect(deliveries.forwarded.get(fw)).toBe(1);
  });

  test("one that went past its waypoint is none of its stream's", () => {
    const { web, db, fw, deliveries, stream, give } = bed();
    const via = stream(web, db, { via: fw });
    deliveries.sent(via, frame(1));
    give(db, frame(1));
    expect(via.missing).toBe(1);
    expect(deliveries.strays).toBe(1);
  });

  test("talk about addresses is the hosts', and their answers must be right", () => {
    const { web, db, deliveries, stream, give } = bed();
    const there = stream(web, db);
    const asked = f.ethernet(f.arp());
    deliveries.sent(there, whole(asked));
    expect(there).toMatchObject({ sent: 1, neighbours: 1, missing: 0 });
    const question = readArp(asked);
    if (typeof question === "string") throw new Error(question);
    const answers = [MACS.db, MACS.fw].map((mac) => arpReply(question, Uint8Array.from(mac)) as Uint8Array);
    for (const answer of answers) give(web, whole(answer));
    expect(deliveries).toMatchObject({ answers: 2, wrongAnswers: 1 });
  });

  test("neighbour discovery, too", () => {
    const { web, deliveries, give } = bed();
    const target = f.IPV6_B;
    const option = [1, 1, ...MACS.web];
    const solicitation = f.checksummed(58, concat([135, 0, 0, 0, 0, 0, 0, 0], target, option), 2);
    const question = readNeighbour(f.ethernet(f.ipv6(solicitation, { hopLimit: 255, dst: target })));
    if (typeof question === "string") throw new Error(question);
    for (const mac of [MACS.db, MACS.fw]) {
      give(web, whole(neighbourAdvertisement(question, Uint8Array.from(mac)) as Uint8Array));
    }
    expect(deliveries).toMatchObject({ answers: 2, wrongAnswers: 1, strays: 0 });
  });

  test("to many: copies where the network floods, and nothing is missing where it does not", () => {
    const broadcast = whole(concat(Array(6).fill(0xff), MACS.web, [0x88, 0xb5], new Uint8Array(50)));
    const quiet = bed();
    const there = quiet.stream(quiet.web, quiet.db);
    quiet.deliveries.sent(there, broadcast);
    expect(there).toMatchObject({ unflooded: 1, missing: 0 });
    const loud = bed(["blue"]);
    const flooded = loud.stream(loud.web, loud.db);
    loud.deliveries.sent(flooded, broadcast);
    loud.give(loud.db, broadcast);
    loud.give(loud.fw, broadcast);
    expect(flooded).toMatchObject({ unflooded: 0, identical: 1, missing: 0 });
    expect(loud.deliveries).toMatchObject({ copies: 1, strays: 0 });
  });
});

describe("Ledger", () => {
  test("sees a changed length on the wire, and holds the same frame as often as it was sent", () => {
    const { web, db, stream } = bed();
    const ledger = new Ledger();
    const expected = {
      frame: { ...frame(1), originalLength: 100 },
      stream: stream(web, db),
      isOnItsWay: false,
      number: 1,
    };
    ledger.expect(expected);
    ledger.expect(expected);
    expect(ledger.take(frame(1))).toBeUndefined();
    expect([1, 2, 3].map(() => ledger.take(expected.frame))).toEqual([expected, expected, undefined]);
  });

  test("forgets the oldest when there are too many", () => {
    const { web, db, stream } = bed();
    const ledger = new Ledger();
    const there = stream(web, db);
    const numbered = (i: number) => whole(Uint8Array.of(i >> 16, i >> 8, i));
    for (let i = 0; i <= 65_536; i++)
      ledger.expect({ frame: numbered(i), stream: there, isOnItsWay: false, number: 1 });
    expect([0, 1, 65_536].map((i) => ledger.take(numbered(i)) !== undefined)).toEqual([false, true, true]);
  });
});
