/** Where packets go, as prepared headers (assembly/rdma/path.ts). */
import {
  RDMA_PATH_BYTES,
  RDMA_PATH_HEADER_LEN,
  RDMA_PATH_IP_SUM,
  RDMA_PATH_IPV6,
  RDMA_PATH_L3,
  RDMA_PATH_TEMPLATE,
} from "../../../assembly/layout.js";
import { checkHeadroom } from "../../buffer/headroom.js";
import { checkInteger } from "../../check.js";
import { ROCEV2_PORT } from "../../gqp/numbers.js";
import { checkEnds, type EndOptions } from "../../overlay/outer.js";
import { buildTemplate } from "../../overlay/template.js";
import type { EndpointRecord } from "./endpoint-record.js";

/** What libibverbs calls an address handle's attributes. */
export interface AddressOptions extends EndOptions {
  /** UDP source port, which spreads connections over paths, 1 to 65535; 49152 by default. */
  readonly sourcePort?: number | undefined;
  /** DSCP, 0 to 63; 0 by default. */
  readonly dscp?: number | undefined;
}

/** Writes the record of a path. Throws ConfigError, and writes nothing, for a bad option or too little headroom. */
export function writePath(endpoint: EndpointRecord, ptr: number, options: AddressOptions): void {
  const { arena, pool } = endpoint.owner;
  const ends = checkEnds(options);
  const sourcePort = checkInteger("sourcePort", options.sourcePort ?? 49_152, 1, 65_535);
  const tos = checkInteger("dscp", options.dscp ?? 0, 0, 63) << 2;
  const { bytes, l3, l4, ipSum } = buildTemplate({ ...ends, tos, udpPort: ROCEV2_PORT, header: [] });
  checkHeadroom("address", bytes.length, pool.shape.headroomBytes);
  bytes[l4] = sourcePort >> 8;
  bytes[l4 + 1] = sourcePort & 0xff;
  const isIpv6 = ends.local.length === 16;
  arena.u8.fill(0, ptr, ptr + RDMA_PATH_BYTES);
  arena.u32[(ptr + RDMA_PATH_HEADER_LEN) >> 2] = bytes.length;
  arena.u32[(ptr + RDMA_PATH_L3) >> 2] = l3;
  arena.u32[(ptr + RDMA_PATH_IPV6) >> 2] = isIpv6 ? 1 : 0;
  // The template's sum is without type of service, which stands in the second byte of a word.
  arena.u32[(ptr + RDMA_PATH_IP_SUM) >> 2] = isIpv6 ? 0 : ipSum + (tos << 8);
  arena.u8.set(bytes, ptr + RDMA_PATH_TEMPLATE);
}
