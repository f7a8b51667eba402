/** Numbers of sockets and destinations have an end. */
import { expect, it } from "vitest";
import { segmentOf } from "../../src/cli/rdma-estimate/segment.js";
import { Sockets } from "../../src/cli/rdma-estimate/sockets.js";
import * as f from "../helpers/frames.js";

function socketOf(sockets: Sockets, last: number, sport: number) {
  const data = f.ethernet(f.ipv4(f.udp([1], { sport }), { dst: [10, 0, 0, last] }));
  const segment = segmentOf({ atNs: 0, data, lengthBytes: data.length });
  if (typeof segment === "string") throw new Error(segment);
  const socket = sockets.of(segment);
  return socket && [socket.destination, socket.stream];
}

it("numbers sockets and destinations as they come, and keeps them", () => {
  const sockets = new Sockets();
  const asked = [
    [1, 5],
    [2, 5],
    [1, 6],
    [1, 5],
  ] as const;
  expect(asked.map(([last, port]) => socketOf(sockets, last, port))).toEqual([
    [0, 0],
    [1, 1],
    [0, 2],
    [0, 0],
  ]);
  expect(sockets.destinationNames()).toEqual(["10.0.0.1 > 10.0.0.1", "10.0.0.1 > 10.0.0.2"]);
});

it("has no more than so many of either", () => {
  const few = new Sockets({ destinations: 2, sockets: 3 });
  const asked = [
    [1, 5],
    [2, 5],
    [3, 5],
    [1, 6],
    [1, 7],
    [2, 5],
  ] as const;
  const got = asked.map(([last, port]) => socketOf(few, last, port));
  expect(got).toEqual([[0, 0], [1, 1], undefined, [0, 2], undefined, [1, 1]]);
});
