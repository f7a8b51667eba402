/** `ringlane decap`: the inner frames of a capture out of whatever encapsulation each is in. */
import type { Burst, DecapsulateOptions } from "../../burst.js";
import { createEngine } from "../../index.js";
import { convert } from "./convert.js";
import { rdmaDecapsulation } from "./decap-rdma.js";

/** Faults of frames that are in one of the encapsulations; what is left out for another cause is somebody else's traffic. */
const FAULTS = new Set([
  "outer-fragment",
  "outer-ipv4-checksum",
  "outer-udp-checksum",
  "headers-split",
  "reserved-bits",
  "vxlan-truncated",
  "vxlan-no-vni-flag",
  "gpe-version",
  "geneve-truncated",
  "geneve-version",
  "geneve-options",
  "geneve-critical-option",
  "nvgre-truncated",
  "ib-truncated",
  "ib-icrc",
  "ib-vcrc",
]);

export interface DecapOptions extends DecapsulateOptions {
  readonly json?: boolean;
}

/** Exit code 0; 1 when a frame's tunnel headers are faulty or the input is damaged. Other frames are left out. */
export async function decapFile(from: string, to: string, { json, ...options }: DecapOptions): Promise<number> {
  const engine = await createEngine({ ports: 0, tunnels: 0 });
  const rdma = await rdmaDecapsulation(options.vni);
  const isFault = (cause: string) => FAULTS.has(cause);
  const work = (burst: Burst) => burst.decapsulate(options);
  return convert(engine, { from, to, json, work, isFault, ...rdma }).finally(() => rdma.close());
}
