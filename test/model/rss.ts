/** Receive-side scaling over a frame, from what Microsoft's "RSS hashing types" says of tuples, bit by bit. */
import { concat } from "../helpers/bytes.js";
import { seen } from "./inner.js";
import { portsOf, toFollow } from "./ip.js";
import { toeplitz } from "./toeplitz.js";

export function rss(
  frame: Uint8Array,
  key: Uint8Array,
  withPorts = true,
  headers: "outer" | "inner" = "outer",
): number {
  const found = seen(frame, headers);
  const ip = found && toFollow(found.type, found.payload);
  if (!ip) return 0;
  return toeplitz(key, concat(ip.src, ip.dst, (withPorts && portsOf(ip)) || []));
}
