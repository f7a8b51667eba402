import { describe, expect, it, test } from "vitest";
import { ConfigError } from "../../../src/errors.js";
import { type LacpOptions, type LacpPortOptions, LacpSystem } from "../../../src/lag/lacp/index.js";
import { MAC, options } from "./cable.js";

const PORT: LacpPortOptions = { number: 1, mac: MAC(1, 1), key: 1 };
const table = (...ports: number[]) => new Map([[7, ports]]);

function refusal(make: () => unknown): [string, unknown, string] {
  try {
    make();
  } catch (error) {
    if (error instanceof ConfigError) return [error.argument, error.value, error.bound];
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("a LACP system refuses", () => {
  const second = (changes: Partial<LacpPortOptions>) => ({ ports: [PORT, { ...PORT, number: 2, ...changes }] });
  test.each<[string, unknown, string, Partial<LacpOptions>]>([
    ["systemPriority", 65_536, "from 0 to 65535", { systemPriority: 65_536 }],
    ["systemPriority", -1, "from 0 to 65535", { systemPriority: -1 }],
    ["systemMac", "03:00:00:00:00:01", "unicast", { systemMac: "03:00:00:00:00:01" }],
    ["systemMac", "00:00:00:00:00:00", "not null", { systemMac: "00:00:00:00:00:00" }],
    ["systemMac", "2:0:0:0:0:1", "six hexadecimal bytes", { systemMac: "2:0:0:0:0:1" }],
    ["ports", [], "at least one port", { ports: [] }],
    ["ports[1].number", 1, "of one port only", second({ number: 1, linkNumber: 2 })],
    ["ports[1].number", 0, "from 1 to 65535", second({ number: 0 })],
    ["ports[1].number", 65_536, "from 1 to 65535", second({ number: 65_536 })],
    ["ports[1].linkNumber", 1, "of one port only", second({ linkNumber: 1 })],
    ["ports[1].linkNumber", 0, "from 1 to 65535", second({ linkNumber: 0 })],
    ["ports[1].key", 0, "from 1 to 65535", second({ key: 0 })],
    ["ports[1].key", 1.5, "from 1 to 65535", second({ key: 1.5 })],
    ["ports[1].priority", 65_536, "from 0 to 65535", second({ priority: 65_536 })],
    ["ports[1].mac", "01:80:c2:00:00:02", "unicast", second({ mac: "01:80:c2:00:00:02" })],
    ["activity", "on", "active, passive", { activity: "on" as "active" }],
    ["timeout", "1s", "fast, slow", { timeout: "1s" as "fast" }],
    ["version", 3, "1 or 2", { version: 3 as 2 }],
    ["version", 1, "2 when there are conversations", { version: 1, conversations: table(1) }],
    ["maxLinks", 0, "from 1 to 65535", { maxLinks: 0 }],
    ["conversation", 4096, "from 0 to 4095", { conversations: new Map([[4096, [1]]]) }],
    ["conversations[7]", [3], "ports of 1, 2", { conversations: table(3) }],
    ["conversations[7]", [1, 2, 1], "without repetition", { conversations: table(1, 2, 1) }],
    ["algorithm", "vid", "c-vid", { conversations: table(1), algorithm: "vid" as "c-vid" }],
    ["algorithm", 2 ** 32, "from 0 to 4294967295", { conversations: table(1), algorithm: 2 ** 32 }],
  ])("%s %j: %s", (argument, value, bound, changes) => {
    const refused = refusal(() => new LacpSystem(options(1, 2, changes)));
    expect(refused).toEqual([argument, value, expect.stringContaining(bound)]);
  });

  it("a port that it has not, a time that is none, and a transaction id or key out of range", () => {
    const system = new LacpSystem(options(1, 2));
    const none = ["port", 3, "one of 1, 2"];
    expect(refusal(() => system.link(3, true, 0))).toEqual(none);
    expect(refusal(() => system.receive(3, new Uint8Array(), 0))).toEqual(none);
    expect(refusal(() => system.port(3))).toEqual(none);
    expect(refusal(() => system.tick(Number.NaN))[0]).toBe("nowMs");
    expect(refusal(() => system.link(1, true, Number.POSITIVE_INFINITY))[0]).toBe("nowMs");
    expect(refusal(() => system.sendMarker(1, 2 ** 32, 0))[0]).toBe("transactionId");
    expect(refusal(() => system.setKey(1, 0, 0))[0]).toBe("key");
    expect(refusal(() => system.setConversations(table(1), 0))[0]).toBe("conversations");
  });
});

it("accepts the bounds, in any order of ports", () => {
  const ports = [
    { number: 65_535, mac: MAC(1, 1), key: 65_535, priority: 0, linkNumber: 1 },
    { number: 1, mac: MAC(1, 2).toUpperCase(), key: 1, priority: 65_535, linkNumber: 65_535 },
  ];
  const system = new LacpSystem({ ...options(1, 1), systemPriority: 0, ports, maxLinks: 65_535 });
  expect(system.portNumbers).toEqual([1, 65_535]);
  expect(system.port(1).actor).toMatchObject({ key: 1, portPriority: 65_535, system: MAC(1, 0) });
  expect(system.port(65_535)).toMatchObject({ selected: "UNSELECTED", aggregator: undefined, collecting: false });
});
