import { expect, test } from "vitest";
import { agreedEncapsulation } from "../../../src/overlay/policy/agree.js";
import { definePolicy } from "../../../src/overlay/policy/policy.js";

const policy = definePolicy({
  networks: {
    free: { vni: 5000 },
    low: { vni: 4095 },
    tagged: { vni: 5001, innerVlan: true },
    geneve: { vni: 5002, encapsulation: "geneve" },
  },
});

test.each([
  ["free", ["geneve", "vxlan"], ["vxlan", "geneve"], "geneve"],
  ["free", ["rocev2", "vxlan"], ["vxlan"], "vxlan"],
  ["free", ["rocev2"], ["vxlan"], undefined],
  ["free", ["nvgre", "vxlan"], ["nvgre", "vxlan"], "nvgre"],
  // RFC 7637: numbers from 4096 on, and no tags inside.
  ["low", ["nvgre", "vxlan"], ["nvgre", "vxlan"], "vxlan"],
  ["tagged", ["nvgre", "vxlan"], ["nvgre", "vxlan"], "vxlan"],
  ["geneve", ["vxlan", "geneve"], ["vxlan", "geneve"], "geneve"],
  ["geneve", ["vxlan"], ["vxlan", "geneve"], undefined],
] as const)("in %s, from %j to %j: %s", (network, sender, receiver, agreed) => {
  expect(agreedEncapsulation(policy.network(network), sender, receiver)).toBe(agreed);
});
