/** Which port a server gets. */
import { ConfigError } from "../../../errors.js";
import type { StreamAgent } from "../../agent/stream.js";

/** RFC 6335 section 6: dynamic ports, which a server that does not mind is given. */
const DYNAMIC_FIRST = 49_152;
const DYNAMIC_LAST = 65_535;

/** Listens on a port, or for 0 on the first dynamic one that is free; returns which, or the agent's ConfigError when it is taken. */
export function listenOn(
  agent: StreamAgent,
  port: number,
  accept: Parameters<StreamAgent["listen"]>[1],
): number | ConfigError {
  const [first, last] = port === 0 ? [DYNAMIC_FIRST, DYNAMIC_LAST] : [port, port];
  for (let candidate = first; ; candidate++) {
    try {
      agent.listen(candidate, accept);
      return candidate;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (candidate === last) return error;
    }
  }
}
