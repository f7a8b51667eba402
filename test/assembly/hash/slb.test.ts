import { beforeAll, describe, expect, test } from "vitest";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { type HashBed, makeHashBed } from "../../helpers/hash-bed.js";
import { slbOf } from "../../model/slb.js";
import { SLB_VECTORS } from "../../vectors/slb.js";

const bytesOf = (mac: string) => Uint8Array.from(mac.split(":"), (byte) => Number.parseInt(byte, 16));

describe.each(BUILDS)("Open vSwitch's SLB hash (%s build)", (build) => {
  let bed: HashBed;
  beforeAll(async () => {
    bed = await makeHashBed(build);
  });

  test.each(SLB_VECTORS)("$mac, VLAN $vlan, basis $basis: bucket $bucket", ({ mac, vlan, basis, bucket }) => {
    const src = bytesOf(mac);
    for (const layer3 of [f.arp(), f.ipv4(f.tcp([])), f.layer3(0x88b5, new Uint8Array(46))]) {
      const frame = f.ethernet(layer3, { src, tags: vlan === 0 ? [] : [{ tci: vlan }] });
      const hash = bed.hash({ policy: "slb", basis }, frame);
      expect(hash & 0xff).toBe(bucket);
      expect(hash).toBe(slbOf(src, vlan, basis));
    }
  });

  test("a tag counts by its id alone, the first of two only, and 0 is none", () => {
    const hash = (...tags: { tpid?: number; tci: number }[]) =>
      bed.hash({ policy: "slb" }, f.ethernet(f.arp(), { tags }));
    expect(hash({ tci: 0xf007 })).toBe(hash({ tpid: 0x88a8, tci: 7 }));
    expect(hash({ tci: 7 }, { tci: 8 })).toBe(hash({ tci: 7 }));
    expect(hash({ tci: 0xe000 })).toBe(hash());
    // A tag type that Open vSwitch does not know.
    expect(hash({ tpid: 0x9100, tci: 7 })).toBe(hash());
    expect(hash({ tci: 7 })).not.toBe(hash());
  });
});
