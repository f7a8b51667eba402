/** System 3: global queue pairs, numbers that belong to VMs and stay with them when they move. */
export {
  createGqpCodec,
  type DatagramNumbers,
  type Encapsulated,
  GqpCodec,
  type GqpCodecOptions,
  type GqpPacket,
  type OpenedDatagram,
} from "./codec.js";
export { type ControlPacketOptions, controlPacket, movedPacket } from "./control-packet.js";
export { HostNumbers, type HostNumbersOptions } from "./host-numbers.js";
export {
  addRejected,
  decodeMoved,
  encodeMoved,
  type Moved,
  type MovedFault,
  type RejectedPsns,
  rejectedPsns,
} from "./moved.js";
export { GQPN_FIRST, GQPN_LAST, GQPN_MAX, type GqpnBlock } from "./numbers.js";
export {
  type EncodedTunnel,
  encodeInfinibandTunnel,
  encodeRoceTunnel,
  type InfinibandTunnelOptions,
  type RoceTunnelOptions,
} from "./tunnel.js";
