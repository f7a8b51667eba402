/** `ringlane encap` in VXLAN, Geneve, VXLAN-GPE and NVGRE: every frame of a capture through a tunnel of an engine. */
import { createEngine, type HeaderName } from "../../index.js";
import type { TunnelEncapsulation } from "../../overlay/encapsulations.js";
import { convert } from "./convert.js";
import { type EncapOptions, endsOf } from "./options.js";

/** Room for the longest headers that any form can have. */
const HEADERS: readonly HeaderName[] = ["ethernet", "vlan", "ipv6", "udp", "geneve", "geneve-options"];

/** Exit code 0; 1 when a frame could not be encapsulated or the input is damaged. */
export function encapInTunnel(encapsulation: TunnelEncapsulation) {
  return async (from: string, to: string, options: EncapOptions): Promise<number> => {
    const { vlan, ttl, dscp, ecn, udpChecksum, innerVlan, option, mtu, json } = options;
    const engine = await createEngine({ ports: 0, tunnels: 1, headers: HEADERS });
    const tunnel = engine.addTunnel({
      ...{ ...endsOf(options), encapsulation, vlan, ttl, dscp, ecn, udpChecksum, innerVlan },
      ...{ geneveOptions: option, mtuBytes: mtu },
    });
    const isFault = () => true;
    return convert(engine, { from, to, json, work: (burst) => burst.encapsulate(tunnel), isFault });
  };
}
