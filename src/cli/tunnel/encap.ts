/** `ringlane encap`: every frame of a capture into a tunnel. */
import { createEngine, type HeaderName, type TunnelOptions } from "../../index.js";
import { convert } from "./convert.js";

export interface EncapOptions extends Omit<TunnelOptions, "vnic" | "uplink"> {
  readonly json?: boolean;
}

/** Room for the longest headers that any form can have. */
const HEADERS: readonly HeaderName[] = ["ethernet", "vlan", "ipv6", "udp", "geneve", "geneve-options"];

/** Exit code 0; 1 when a frame could not be encapsulated or the input is damaged. */
export async function encapFile(from: string, to: string, { json, ...options }: EncapOptions): Promise<number> {
  const engine = await createEngine({ ports: 0, tunnels: 1, headers: HEADERS });
  const tunnel = engine.addTunnel(options);
  const isFault = () => true;
  return convert(engine, { from, to, json, work: (burst) => burst.encapsulate(tunnel), isFault });
}
