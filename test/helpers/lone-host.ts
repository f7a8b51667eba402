/** One host with a directory of its own, in which tests say who is on hosts that are not there: its requests, its records, what it sends. */
import type { EndpointRecord, HostRecord } from "../../src/directory/records.js";
import { DirectoryStore } from "../../src/directory/store.js";
import type { HostCore } from "../../src/host/core.js";
import { perform } from "../../src/host/perform.js";
import type { HostEngine } from "../../src/host/plane.js";
import type { HostRequest } from "../../src/host/requests.js";
import { parseMac } from "../../src/overlay/address.js";
import * as f from "./frames.js";

export const VNI = 7;
/** The partition that is here; others are numbered from 1 on. */
export const OWN = { mac: "02:00:00:00:01:00", ip: "10.0.1.0" };

export function macOf(i: number): string {
  return `02:00:00:00:00:0${i}`;
}

export function endpointOf(i: number, host: "there" | "yonder", generation: number): EndpointRecord {
  const names = { vni: VNI, mac: macOf(i), ips: [`10.0.0.${i}`], partition: `p${i}`, labels: {} };
  return { ...names, host, gqpn: 1000 + i, generation };
}

/** A UDP datagram of the host's own partition to another one. */
export function datagramTo(i: number, src: readonly number[] = [10, 0, 1, 0]): Uint8Array {
  const inside = f.ipv4(f.udp(Uint8Array.of(1)), { src: [...src], dst: [10, 0, 0, i] });
  return f.ethernet(inside, ends(i));
}

/** The Ethernet addresses of what it sends there. */
export function ends(i: number) {
  return { src: [...parseMac("mac", OWN.mac)], dst: [...parseMac("mac", macOf(i))] };
}

function hostOf(name: string, i: number): HostRecord {
  return { name, address: `192.0.2.${i}`, mtuBytes: 1500, encapsulations: ["vxlan"] };
}

/** A host with a directory of its own that answers at once; asked is what it was asked, in order. */
export class LoneHost<E extends HostEngine> {
  readonly core: HostCore<E>;
  readonly store = new DirectoryStore();
  asked: Omit<HostRequest, "id">[] = [];

  constructor(core: HostCore<E>) {
    this.core = core;
    for (const [i, name] of ["there", "yonder"].entries()) this.store.publishHost(hostOf(name, i + 2));
  }

  step(nowMs: number): void {
    this.core.step(nowMs);
    for (let requests = this.core.takeRequests(); requests.length > 0; requests = this.core.takeRequests()) {
      for (const request of requests) {
        const { id, ...rest } = request;
        this.asked.push(rest);
        const tell = (changes: ReturnType<DirectoryStore["tick"]>) => {
          for (const change of changes) this.core.change(change, nowMs);
        };
        this.core.answer(id, perform(this.store, "here", request, tell), nowMs);
      }
      this.core.step(nowMs);
    }
  }

  publish(record: EndpointRecord, nowMs: number): void {
    const outcome = this.store.publish(record);
    if (outcome.accepted) for (const change of outcome.changes) this.core.change(change, nowMs);
  }

  withdraw(i: number, nowMs: number): void {
    const known = this.store.resolve({ vni: VNI, mac: macOf(i) })?.endpoint.generation ?? 0;
    const outcome = this.store.withdraw(VNI, macOf(i), known);
    if (outcome.accepted) for (const change of outcome.changes) this.core.change(change, nowMs);
  }
}
