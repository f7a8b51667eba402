/** RDMA over UDP sockets of this machine. */
import { networkInterfaces } from "node:os";
import { afterEach, expect, test } from "vitest";
import { openUdpDriver, type UdpDriver } from "../../src/driver/udp/index.js";
import { ConnectionManager } from "../../src/rdma/connect/index.js";
import { censusAfterEach } from "../helpers/census.js";
import { eventually } from "../helpers/eventually.js";
import { ALL_ACCESS, type End, makeEnd } from "../helpers/rdma.js";

const ROCEV2_PORT = 4791;
const opened: UdpDriver[] = [];

censusAfterEach();
afterEach(async () => {
  await Promise.all(opened.splice(0).map((driver) => driver.close()));
});

async function open(end: End, options: Omit<Parameters<typeof openUdpDriver>[0], "port">): Promise<UdpDriver> {
  const driver = await openUdpDriver({ port: end.port, ...options });
  opened.push(driver);
  return driver;
}

function turn(ends: readonly End[]): void {
  for (const driver of opened) driver.pump();
  for (const { device } of ends) {
    device.tick(performance.now());
    device.poll();
  }
}

test("two devices connect and read each other's memory", async () => {
  const locals = ["127.0.4.1", "127.0.4.2"] as const;
  const ends = [await makeEnd(), await makeEnd()] as const;
  const [a, b] = ends;
  const managers = ends.map(({ device }, i) => {
    const local = locals[i] as string;
    return new ConnectionManager({ device, local, sourcePort: ROCEV2_PORT, random: () => Math.random() * 2 ** 32 });
  });
  const [active, passive] = managers as [ConnectionManager, ConnectionManager];
  for (const [i, end] of ends.entries()) await open(end, { local: locals[i] as string });
  passive.listen(1);
  active.connect({ remote: locals[1], port: 1, qp: a.qp }, performance.now());
  const events: string[] = [];
  await eventually(() => {
    turn(ends);
    for (const manager of managers) {
      for (const event of manager.poll(performance.now())) {
        events.push(event.type);
        if (event.type === "requested") passive.accept(event.id, { qp: b.qp }, performance.now());
      }
    }
    turn(ends);
    return events.filter((type) => type === "established").length === 2;
  });
  const [local, far] = [
    a.pd.register(60_000, { access: ["local-write"] }),
    b.pd.register(60_000, { access: ALL_ACCESS }),
  ];
  far.bytes.forEach((_, i) => {
    far.bytes[i] = i % 251;
  });
  a.qp.postSend({ opcode: "rdma-read", local: { region: local }, remote: { va: far.va, rkey: far.rkey } });
  const completed: string[] = [];
  await eventually(() => {
    turn(ends);
    completed.push(...a.cq.poll().map(({ status }) => status));
    return completed.length > 0;
  });
  expect(completed).toEqual(["success"]);
  expect(Buffer.compare(local.bytes, far.bytes)).toBe(0);
  for (const end of ends) expect(end.port.counters.drops).toEqual({});
  for (const { counters } of opened) expect(counters).toMatchObject({ sendErrors: 0, unsendable: 0, overflowed: 0 });
});

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));

test.skipIf(!hasIpv6)("IPv6: a device talks with itself", async () => {
  const end = await makeEnd({ type: "ud" });
  const address = end.device.createAddress({ local: "::1", remote: "::1", sourcePort: ROCEV2_PORT });
  end.qp.modify({ state: "init", qkey: 7 });
  end.qp.modify({ state: "rtr" });
  end.qp.modify({ state: "rts", sqPsn: 0 });
  await open(end, { local: "::1" });
  const region = end.pd.register(256, { access: ["local-write"] });
  region.bytes.set([1, 2, 3], 128);
  end.qp.postRecv({ wrId: 5, local: { region, length: 128 } });
  const local = { region, offset: 128, length: 3 };
  end.qp.postSend({ opcode: "send", signaled: false, local, to: { address, qpn: end.qp.qpn, qkey: 7 } });
  await eventually(() => {
    turn([end]);
    return end.qp.receivesOpen === 0;
  });
  expect(end.cq.poll()).toMatchObject([{ wrId: 5, status: "success", byteLen: 43 }]);
  expect(region.bytes.subarray(40, 43)).toEqual(Uint8Array.of(1, 2, 3));
});

test("what the socket refuses is told and counted, and what no socket can send is not tried", async () => {
  const end = await makeEnd({ type: "ud" });
  const local = "127.0.4.3";
  const errors: string[] = [];
  const driver = await open(end, {
    local,
    onError: (error) => errors.push((error as NodeJS.ErrnoException).code ?? ""),
  });
  end.qp.modify({ state: "init" });
  end.qp.modify({ state: "rtr" });
  end.qp.modify({ state: "rts", sqPsn: 0 });
  for (const path of [
    { local, remote: "255.255.255.255", sourcePort: ROCEV2_PORT },
    { local, remote: "127.0.4.4" },
    { local: "127.0.4.9", remote: "127.0.4.4", sourcePort: ROCEV2_PORT },
    { local: "::1", remote: "::2", sourcePort: ROCEV2_PORT },
  ]) {
    const address = end.device.createAddress(path);
    end.qp.postSend({ opcode: "send", to: { address, qpn: 9, qkey: 0 } });
  }
  await eventually(() => {
    turn([end]);
    return driver.counters.sendErrors === 1;
  });
  expect([errors, driver.counters.unsendable]).toEqual([["EACCES"], 3]);
});

test("an address that is not there, or taken, is the caller's error", async () => {
  const end = await makeEnd();
  await expect(openUdpDriver({ port: end.port, local: "192.0.2.1" })).rejects.toThrow(/EADDRNOTAVAIL/);
  await open(end, { local: "127.0.4.5" });
  await expect(openUdpDriver({ port: end.port, local: "127.0.4.5" })).rejects.toThrow(/EADDRINUSE/);
  await expect(openUdpDriver({ port: end.port, local: "localhost" })).rejects.toThrow(/local/);
});
