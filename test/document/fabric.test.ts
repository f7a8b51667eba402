/** Fabrics in files: what is filled in, and what refers to what. */
import { expect, it } from "vitest";
import { parseFabric } from "../../src/document/fabric.js";
import { DocumentError } from "../../src/document/parse.js";
import { placeOf } from "../helpers/places.js";

const GOOD = `networks:
  blue:
    vni: 42
    rules: [{ from: any, to: any, action: via, via: fw }]
  red: { vni: 43 }
endpoints:
  web: { network: blue, mac: "02:00:00:00:00:01", ips: [10.0.0.1, "fd00::1"], host: alpha }
  fw1: { network: blue, mac: "02:00:00:00:00:02", ips: [10.0.0.2], host: beta, partition: fw, forwards: true }
  red: { network: red, mac: "02:00:00:00:00:01", ips: [10.0.0.1], labels: { a: b }, host: alpha }
hosts:
  alpha: { address: 192.0.2.1 }
  beta: { address: 192.0.2.2, mtuBytes: 9000, encapsulations: [geneve, vxlan], lid: 7 }
`;

it("a fabric has its policy, endpoints and hosts, and tenants may have the same addresses", () => {
  const { policy, endpoints, hosts } = parseFabric("f.yaml", GOOD);
  expect(policy.network("blue").rules[0]?.line).toBe(4);
  expect(endpoints.get("web")).toEqual({
    ...{ name: "web", network: "blue", mac: "02:00:00:00:00:01", ips: ["10.0.0.1", "fd00::1"], partition: "web" },
    ...{ labels: {}, host: "alpha", forwards: false },
  });
  expect(endpoints.get("fw1")).toMatchObject({ partition: "fw", forwards: true });
  expect([...hosts]).toEqual([
    ["alpha", { address: "192.0.2.1", mtuBytes: 1500, encapsulations: ["vxlan"] }],
    ["beta", { address: "192.0.2.2", mtuBytes: 9000, encapsulations: ["geneve", "vxlan"], lid: 7 }],
  ]);
});

it.each([
  ["network: red", "network: green", "network: green", "endpoints.red.network", "one of blue, red"],
  ["host: beta", "host: gamma", "host: gamma", "endpoints.fw1.host", "one of alpha, beta"],
  [
    "00:02",
    "00:01",
    'mac: "02:00:00:00:00:01", ips: [10.0.0.2]',
    "endpoints.fw1.mac",
    "another address than that of web",
  ],
  ["00:02", "0002", 'mac: "02:00:00:00:0002"', "endpoints.fw1.mac", "a unicast MAC address"],
  ['"02:00:00:00:00:02"', '"03:00:00:00:00:02"', 'mac: "03', "endpoints.fw1.mac", "a unicast MAC address"],
  ["[10.0.0.2]", '["fd00:0::1"]', '"fd00:0', "endpoints.fw1.ips.0", "another address than that of web"],
  ["[10.0.0.2]", "[10.0.0]", "10.0.0]", "endpoints.fw1.ips.0", "an IPv4 or IPv6 address"],
  ["partition: fw, ", "", "via: fw", "networks.blue.rules.0.via", "a partition with an endpoint in blue (web, fw1)"],
  ["192.0.2.2", "192.0.2.1", "address: 192.0.2.1, ", "hosts.beta.address", "another address than that of alpha"],
  ["192.0.2.2", "fd00::2", "hosts:", "hosts", "addresses that are all IPv4 or all IPv6"],
  ["9000", "255", "mtuBytes", "hosts.beta.mtuBytes", ">=256, received 255"],
  ["[geneve, vxlan]", "[]", "encapsulations", "hosts.beta.encapsulations", ">=1, received 0"],
  ["lid: 7", "lid: 49152", "lid", "hosts.beta.lid", "<=49151"],
])("refuses %j as %j with its place", (before, after, at, key, expected) => {
  const text = GOOD.replace(before, after);
  let error: unknown;
  try {
    parseFabric("f.yaml", text);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(DocumentError);
  const refused = error as DocumentError;
  expect([refused.line, refused.column, refused.key]).toEqual([...placeOf(text, at), key]);
  expect(refused.expected).toContain(expected);
});
