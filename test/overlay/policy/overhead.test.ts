/** What encapsulations cost, against figures that others give. */
import { expect, it } from "vitest";
import type { EncapsulationName } from "../../../src/directory/records.js";
import { overheadOf } from "../../../src/overlay/policy/overhead.js";

it.each<[EncapsulationName, 4 | 6, number, boolean, number, number, number]>([
  // 1450 and 1430 are what Linux gives a vxlan interface over a link of 1500 bytes (VXLAN_HEADROOM 50, VXLAN6_HEADROOM 70).
  ["vxlan", 4, 1500, false, 50, 0, 1450],
  ["vxlan", 6, 1500, false, 70, 0, 1430],
  ["vxlan", 4, 1500, true, 50, 0, 1446],
  ["geneve", 4, 1500, false, 50, 0, 1450],
  ["vxlan-gpe", 6, 9000, false, 70, 0, 8930],
  // RFC 7637 figure 1: Ethernet 14, IPv4 20, GRE 8.
  ["nvgre", 4, 1500, false, 42, 0, 1458],
  // 1500 - 20 - 8 - 12 - 8 - 4 - 4 = 1444, whole words, less Ethernet.
  ["rocev2", 4, 1500, false, 66, 4, 1430],
  ["rocev2", 4, 1503, false, 66, 4, 1430],
  ["rocev2", 6, 1500, false, 86, 4, 1410],
  ["infiniband", 4, 9000, false, 32, 6, 4096 - 4 - 14],
  ["infiniband", 4, 2048, false, 32, 6, 2048 - 4 - 14],
  ["vxlan", 4, 40, false, 50, 0, 0],
])(
  "%s over IPv%i, MTU %i, inner VLAN %s: %i in front, %i behind, packets of %i",
  (name, version, mtuBytes, innerVlan, ...figures) => {
    const { headerBytes, trailerBytes, packetBytesMax } = overheadOf(name, { version, mtuBytes, innerVlan });
    expect([headerBytes, trailerBytes, packetBytesMax]).toEqual(figures);
  },
);
