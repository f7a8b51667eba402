/** QEMU's announcement schedule, and the frames byte by byte. */
import { describe, expect, it } from "vitest";
import { type AnnounceOptions, Announcer } from "../../../src/migrate/move/index.js";
import { hex } from "../../helpers/bytes.js";

const ENDPOINT = { mac: "02:00:00:00:0b:02", ips: ["10.0.0.2", "fd00::2"] };

/** When rounds go, if it is asked exactly when it wants to be. */
function timesOf(options: AnnounceOptions): number[] {
  const announcer = new Announcer(ENDPOINT, 1000, options);
  const times: number[] = [];
  for (let at = announcer.nextMs; at !== undefined; at = announcer.nextMs) {
    expect(announcer.tick(at - 1)).toEqual([]);
    expect(announcer.tick(at).length).toBe(3);
    times.push(at - 1000);
  }
  return times;
}

describe("Announcer", () => {
  it("announces five times, at once and after 50, 150, 250 and 350 ms more", () => {
    expect(timesOf({})).toEqual([0, 50, 200, 450, 800]);
  });

  it("waits no longer than the cap", () => {
    expect(timesOf({ rounds: 9 }).slice(-3)).toEqual([1800, 2350, 2900]);
    expect(timesOf({ initialMs: 700, rounds: 2 })).toEqual([0, 550]);
  });

  it("does not catch up on a round that was late", () => {
    const announcer = new Announcer(ENDPOINT, 0);
    announcer.tick(0);
    announcer.tick(90);
    expect([announcer.round, announcer.nextMs]).toEqual([2, 240]);
  });

  it("says reverse ARP, gratuitous ARP and an unsolicited neighbour advertisement", () => {
    const [rarp, arp, na] = new Announcer(ENDPOINT, 0).tick(0) as [Uint8Array, Uint8Array, Uint8Array];
    const mac = "02 00 00 00 0b 02";
    const head = `ff ff ff ff ff ff ${mac}`;
    const message = (operation: number, ip: string, target: string) =>
      `00 01 08 00 06 04 00 0${operation} ${mac} ${ip} ${target} ${ip}`;
    const padding = " 00".repeat(18);
    expect(rarp).toEqual(hex(`${head} 80 35 ${message(3, "00 00 00 00", mac)}${padding}`));
    expect(arp).toEqual(hex(`${head} 08 06 ${message(1, "0a 00 00 02", "00 00 00 00 00 00")}`));
    expect(na.subarray(0, 14)).toEqual(hex(`33 33 00 00 00 01 ${mac} 86 dd`));
    // Advertisement, code 0; behind the checksum the override flag, the address, and the target link-layer address option.
    const ip = `fd 00${" 00".repeat(13)} 02`;
    expect(na.subarray(54, 56)).toEqual(hex("88 00"));
    expect(na.subarray(58)).toEqual(hex(`20 00 00 00 ${ip} 02 01 ${mac}`));
  });

  it("refuses what is no schedule and no address", () => {
    expect(() => new Announcer(ENDPOINT, 0, { rounds: 0 })).toThrow("rounds");
    expect(() => new Announcer(ENDPOINT, 0, { maxMs: 100_001 })).toThrow("maxMs");
    expect(() => new Announcer({ ...ENDPOINT, ips: ["10.0.0"] }, 0)).toThrow("ips");
  });
});
