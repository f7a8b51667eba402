import { describe, expect, test } from "vitest";
import { type HeaderName, headerBytes, headroomFor } from "../../src/buffer/headroom.js";
import { ConfigError } from "../../src/errors.js";
import { censusAfterEach } from "../helpers/census.js";
import { testEngine } from "../helpers/engines.js";
import { OUTER_V4, OUTER_V6, optionsOf } from "../helpers/tunnels.js";

censusAfterEach();

describe("the headroom budget", () => {
  test("is the sum of the headers, on the next 16 bytes", () => {
    const stacks: readonly [headers: HeaderName[], bytes: number, headroom: number][] = [
      [[], 0, 0],
      [["ethernet"], 14, 16],
      [["udp", "vxlan"], 16, 16],
      [["ethernet", "ipv4", "udp", "vxlan"], 50, 64],
      [["ethernet", "vlan", "ipv6", "udp", "vxlan"], 74, 80],
      [["ethernet", "qinq", "ipv4", "tcp"], 62, 64],
      [["ethernet", "arp", "icmp"], 50, 64],
      [["ethernet", "ipv4", "ipv4-options", "tcp", "tcp-options"], 134, 144],
    ];
    for (const [headers, bytes, headroom] of stacks) {
      expect([headerBytes(headers), headroomFor(headers)], headers.join()).toEqual([bytes, headroom]);
    }
  });

  test("refuses a tunnel that needs more when it is configured, and names the headroom", async () => {
    const engine = await testEngine({ headers: ["ethernet", "ipv4", "udp"] });
    expect(engine.headroomBytes).toBe(48);
    try {
      engine.addTunnel(optionsOf(OUTER_V4));
      expect.unreachable("50 bytes of headers fit in 48");
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({
        argument: "tunnel",
        value: "50 bytes of headers",
        bound: expect.stringContaining("48 bytes"),
      });
    }
    expect(engine.tunnels).toHaveLength(0);
  });

  test("takes a tunnel that just fits", async () => {
    const engine = await testEngine({ headers: ["ethernet", "ipv6", "udp", "vxlan"] }); // 70, in 80
    expect(engine.addTunnel(optionsOf(OUTER_V6)).headerBytes).toBe(70);
    expect(engine.addTunnel(optionsOf({ ...OUTER_V6, vlan: 3 })).headerBytes).toBe(74);
    expect(engine.addTunnel(optionsOf({ ...OUTER_V4, vlan: 3 })).headerBytes).toBe(54);
  });
});
