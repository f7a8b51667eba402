/** What encapsulation leaves of an MTU: against sums done by hand, and its own inverse. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EncapsulationName } from "../../src/directory/records.js";
import { ConfigError } from "../../src/index.js";
import { type Carriage, overlayMtu, underlayMtuFor } from "../../src/overlay/mtu.js";
import { holds } from "../helpers/property.js";

type Row = [underlay: number, how: Carriage, header: number, trailer: number, frame: number, ip: number];

const v4 = (encapsulation: EncapsulationName, more: Partial<Carriage> = {}): Carriage => ({
  encapsulation,
  ipVersion: 4,
  ...more,
});
const v6 = (encapsulation: EncapsulationName, more: Partial<Carriage> = {}): Carriage => ({
  ...v4(encapsulation, more),
  ipVersion: 6,
});

const TABLE: Row[] = [
  // 14 + 20 + 8 + 8 = 50 in front; 1500 - 36 = 1464; less 14: 1450. Linux's vxlan devices have 1450, too, and 1430 over IPv6.
  [1500, v4("vxlan"), 50, 0, 1464, 1450],
  [1500, v6("vxlan"), 70, 0, 1444, 1430],
  [1500, v4("vxlan", { outerVlan: true }), 54, 0, 1464, 1450],
  [1500, v4("vxlan", { innerVlan: true }), 50, 0, 1460, 1446],
  // For 1500 inside, 1550 outside.
  [1550, v4("vxlan"), 50, 0, 1514, 1500],
  [1570, v6("vxlan"), 70, 0, 1514, 1500],
  [9000, v4("vxlan-gpe"), 50, 0, 8964, 8950],
  [1500, v6("vxlan-gpe"), 70, 0, 1444, 1430],
  [1500, v4("geneve"), 50, 0, 1464, 1450],
  // OVN: one option of 8 bytes; its guests have 1442.
  [1500, v4("geneve", { optionBytes: 8 }), 58, 0, 1456, 1442],
  // 14 + 40 + 16 + 124 = 194; 1500 - 180 = 1320; less 14: 1306.
  [1500, v6("geneve", { optionBytes: 124 }), 194, 0, 1320, 1306],
  // 14 + 20 + 8 = 42; 1500 - 28 = 1472; less 14: 1458.
  [1500, v4("nvgre"), 42, 0, 1472, 1458],
  [1500, v6("nvgre"), 62, 0, 1452, 1438],
  // 14 + 20 + 8 + 12 + 8 + 4 = 66; 1500 - 52 - 4 = 1444 = 4 * 361; less 14: 1430.
  [1500, v4("rocev2"), 66, 4, 1444, 1430],
  // One byte less outside costs a whole word inside.
  [1499, v4("rocev2"), 66, 4, 1440, 1426],
  [1497, v4("rocev2"), 66, 4, 1440, 1426],
  [1496, v4("rocev2"), 66, 4, 1440, 1426],
  [1495, v4("rocev2"), 66, 4, 1436, 1422],
  [1503, v4("rocev2"), 66, 4, 1444, 1430],
  [1500, v6("rocev2"), 86, 4, 1424, 1410],
  [1500, v4("rocev2", { innerVlan: true, outerVlan: true }), 70, 4, 1440, 1426],
  // 20 + 8 + 12 + 8 + 4096 + 4 = 4148: more than that, a payload cannot use.
  [4148, v4("rocev2"), 66, 4, 4092, 4078],
  [9000, v4("rocev2"), 66, 4, 4092, 4078],
  // 8 + 12 + 8 + 4 = 32; 2048 - 4 = 2044, which is IP over InfiniBand's MTU; less 14: 2030.
  [2048, v4("infiniband"), 32, 6, 2044, 2030],
  [4096, v4("infiniband"), 32, 6, 4092, 4078],
  [9000, v4("infiniband"), 32, 6, 4092, 4078],
  [256, v6("infiniband", { innerVlan: true }), 32, 6, 248, 234],
];

describe("overlayMtu", () => {
  test.each(TABLE)(
    "underlay %i, %j: header %i, trailer %i, frame %i, IP %i",
    (underlay, how, header, trailer, frame, ip) => {
      expect(overlayMtu(underlay, how)).toEqual({
        headerBytes: header,
        trailerBytes: trailer,
        frameBytesMax: frame,
        ipMtuBytes: ip,
      });
    },
  );

  test("underlayMtuFor is the least that is enough", () => {
    const arbitrary = fc.record({
      encapsulation: fc.constantFrom("vxlan", "geneve", "vxlan-gpe", "nvgre", "rocev2", "infiniband" as const),
      ipVersion: fc.constantFrom(4, 6 as const),
      innerVlan: fc.boolean(),
      outerVlan: fc.boolean(),
    });
    holds(
      fc.property(arbitrary, fc.integer({ min: 76, max: 4070 }), (how, ip) => {
        const underlay = underlayMtuFor(ip, how as Carriage);
        expect(overlayMtu(underlay, how as Carriage).ipMtuBytes).toBeGreaterThanOrEqual(ip);
        expect(overlayMtu(underlay - 1, how as Carriage).ipMtuBytes).toBeLessThan(ip);
      }),
      500,
    );
  });

  test.each<[() => unknown, string, unknown, string]>([
    [() => overlayMtu(117, v4("vxlan")), "mtuBytes", 117, "a whole number from 118 to 65535"],
    [() => overlayMtu(139, v4("rocev2")), "mtuBytes", 139, "a whole number from 140 to 65535"],
    [() => overlayMtu(87, v4("infiniband")), "mtuBytes", 87, "a whole number from 88 to 65535"],
    [() => overlayMtu(1500.5, v4("vxlan")), "mtuBytes", 1500.5, "a whole number from 118 to 65535"],
    [() => overlayMtu(1500, v4("geneve", { optionBytes: 6 })), "optionBytes", 6, "a multiple of 4"],
    [() => overlayMtu(1500, v4("geneve", { optionBytes: 128 })), "optionBytes", 128, "a whole number from 0 to 124"],
    [() => overlayMtu(1500, v4("vxlan", { optionBytes: 4 })), "optionBytes", 4, "a whole number from 0 to 0"],
    [
      () => overlayMtu(1500, v4("gre" as "vxlan")),
      "encapsulation",
      "gre",
      "one of vxlan, geneve, vxlan-gpe, nvgre, rocev2, infiniband",
    ],
    [() => overlayMtu(1500, { ...v4("vxlan"), ipVersion: 5 as 4 }), "ipVersion", 5, "4 or 6"],
    [() => underlayMtuFor(65500, v4("vxlan")), "ipMtuBytes", 65500, "a whole number from 68 to 65485"],
    [() => underlayMtuFor(4079, v4("rocev2")), "ipMtuBytes", 4079, "a whole number from 68 to 4078"],
    [() => underlayMtuFor(67, v4("vxlan")), "ipMtuBytes", 67, "a whole number from 68 to 65485"],
  ])("refuses by name: %s", (call, argument, value, bound) => {
    expect(call).toThrow(ConfigError);
    expect(call).toThrow(
      `${argument} is ${typeof value === "string" ? JSON.stringify(value) : value}; it must be ${bound}`,
    );
  });
});
