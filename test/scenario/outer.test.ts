/** What the outer headers of every encapsulation say, by the twins that write them. */
import { describe, expect, test } from "vitest";
import { movedPacket } from "../../src/index.js";
import { readOuter } from "../../src/scenario/outer.js";
import * as f from "../helpers/frames.js";
import { NUMBERS, ROCE_V4, ROCE_V6 } from "../helpers/gqp.js";
import { FORMS, OUTER_V4, OUTER_V6 } from "../helpers/tunnels.js";
import { encapsulate } from "../model/encapsulation.js";
import { encapsulate as encapsulateByQueuePair } from "../model/gqp.js";

const ofBytes = (count: number) => f.ethernet(f.ipv4(f.udp(new Uint8Array(count))));
const inner = ofBytes(3);

describe("readOuter", () => {
  test.each(FORMS.flatMap((form) => [OUTER_V4, OUTER_V6].map((outer) => [form, outer] as const)))(
    "%s",
    (encapsulation, outer) => {
      const isUdp = encapsulation !== "nvgre";
      const without = isUdp ? {} : { udpChecksum: undefined, sourcePorts: undefined };
      const { bytes } = encapsulate(inner, { ...outer, ...without, encapsulation } as typeof outer);
      const headerBytes = bytes.length - inner.length;
      const expected = {
        encapsulation,
        to: Uint8Array.from(outer.remote),
        vni: outer.vni,
        gqpn: undefined,
        psn: undefined,
      };
      expect(readOuter(bytes)).toEqual({ ...expected, headerBytes, trailerBytes: 0 });
    },
  );

  test.each([ROCE_V4, ROCE_V6])("queue pairs", (outer) => {
    for (const frame of [inner, ofBytes(4), ofBytes(5), ofBytes(6)]) {
      const { bytes } = encapsulateByQueuePair(frame, outer, NUMBERS);
      const headerBytes = outer.local.length === 4 ? 66 : 86;
      const expected = {
        encapsulation: "rocev2",
        to: Uint8Array.from(outer.remote),
        gqpn: NUMBERS.destQpn,
        psn: NUMBERS.psn,
      };
      const trailerBytes = bytes.length - headerBytes - frame.length;
      expect(readOuter(bytes)).toEqual({ ...expected, vni: undefined, headerBytes, trailerBytes });
    }
  });

  test("what hosts say to each other, and what is neither", () => {
    const moved = { vni: 42, mac: "02:00:00:00:00:01", gqpn: 7, generation: 2, sourceQpn: 9 };
    const ends = { local: "192.0.2.1", remote: "192.0.2.2", psn: 1 };
    expect(readOuter(movedPacket({ ...moved, hint: undefined, rejected: undefined }, ends))).toBe("control");
    const others = [inner, f.ethernet(f.arp()), f.ethernet(f.ipv4(f.tcp(new Uint8Array(64)))), new Uint8Array(20)];
    expect(others.map(readOuter)).toEqual(others.map(() => undefined));
  });
});
