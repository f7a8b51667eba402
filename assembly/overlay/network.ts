// What a host knows of a network, and of a partition's port into it.
import {
  NETWORK_BYTES,
  NETWORK_FLAGS,
  NETWORK_FLOOD_COUNT,
  NETWORK_FLOOD_ROUTES,
  NETWORK_INDEX,
  NETWORK_POLICY,
  NETWORK_VNI,
  NETWORK_WAYPOINTS,
  VNIC_BYTES,
  VNIC_ENDPOINT,
  VNIC_FLAGS,
  VNIC_NETWORK,
  VNIC_PARTITION,
  VNIC_PORT,
} from "../layout";

@unmanaged
export class Network {
  vni: u32;
  flags: u32;
  /** Its number on this host, in keys of flows. */
  index: u32;
  /** The compiled policy (policy.ts). */
  policy: u32;
  /** Routes to the hosts that take copies of broadcasts (u32). */
  floodRoutes: u32;
  floodCount: u32;
  waypoints: u32;
  unused0: u32;
  unused1: u64;
  unused2: u64;
  unused3: v128;
}

if (offsetof<Network>() != NETWORK_BYTES) ERROR("Network: size");
if (offsetof<Network>("vni") != NETWORK_VNI) ERROR("Network: vni");
if (offsetof<Network>("flags") != NETWORK_FLAGS) ERROR("Network: flags");
if (offsetof<Network>("index") != NETWORK_INDEX) ERROR("Network: index");
if (offsetof<Network>("policy") != NETWORK_POLICY) ERROR("Network: policy");
if (offsetof<Network>("floodRoutes") != NETWORK_FLOOD_ROUTES) ERROR("Network: floodRoutes");
if (offsetof<Network>("floodCount") != NETWORK_FLOOD_COUNT) ERROR("Network: floodCount");
if (offsetof<Network>("waypoints") != NETWORK_WAYPOINTS) ERROR("Network: waypoints");

/** The network of a frame is that of the vnic it came by: nothing in the frame says so. */
@unmanaged
export class Vnic {
  port: u32;
  network: u32;
  /** The partition's own endpoint. */
  endpoint: u32;
  /** Its partition in the LAG group, or 0. */
  partition: u32;
  /** VNIC_F_ bits. */
  flags: u32;
  unused0: u32;
  unused1: u64;
}

if (offsetof<Vnic>() != VNIC_BYTES) ERROR("Vnic: size");
if (offsetof<Vnic>("port") != VNIC_PORT) ERROR("Vnic: port");
if (offsetof<Vnic>("network") != VNIC_NETWORK) ERROR("Vnic: network");
if (offsetof<Vnic>("endpoint") != VNIC_ENDPOINT) ERROR("Vnic: endpoint");
if (offsetof<Vnic>("partition") != VNIC_PARTITION) ERROR("Vnic: partition");
if (offsetof<Vnic>("flags") != VNIC_FLAGS) ERROR("Vnic: flags");
