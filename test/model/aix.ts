/** AIX's hash modes from IBM's description ("Standard or 802.3ad algorithm"): the last byte of a numerical value. */
import { seen } from "./inner.js";
import { portsOf, toFollow } from "./ip.js";

export type AixMode = "aix-default" | "aix-src-dst-port" | "aix-src-port" | "aix-dst-port";

export function aix(frame: Uint8Array, mode: AixMode, headers: "outer" | "inner" = "outer"): number {
  const found = seen(frame, headers);
  if (!found) return 0;
  const ip = toFollow(found.type, found.payload);
  const ports = ip && portsOf(ip);
  if (ports && mode !== "aix-default") {
    const [a = 0, b = 0, c = 0, d = 0] = ports;
    const [source, destination] = [a * 256 + b, c * 256 + d];
    const value = { "aix-src-port": source, "aix-dst-port": destination }[mode as string];
    return (value ?? Math.floor((source + destination) / 2)) % 256;
  }
  return (ip?.dst ?? found.dst).at(-1) as number;
}
