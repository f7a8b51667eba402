/** `ringlane decap` on RDMA packets: RoCEv2, and native InfiniBand in a capture of link type ERF. */
import {
  type BurstFrame,
  type CapturePacket,
  createGqpCodec,
  decodeErf,
  type EncapsulationName,
  ERF_TYPE_INFINIBAND,
  LINKTYPE_ERF,
  type OpenedDatagram,
} from "../../index.js";
import type { Converted } from "./convert.js";

/** The cause of frames that are in none of the encapsulations which the engine's burst knows. */
const UNKNOWN = "not-encapsulated";
const NOT_RDMA = "not-ib";
/** A control message: an overlay's packet, without a frame. */
const NO_FRAME = "inner-protocol";

export interface RdmaDecapsulation {
  readonly convertOne: (frame: BurstFrame, packet: CapturePacket) => Converted;
  readonly convertOther: (packet: CapturePacket) => Converted | undefined;
  readonly close: () => void;
}

/** What `decap` does with packets beside what the engine's burst does. vni: frames of this network only. */
export async function rdmaDecapsulation(vni: number | undefined): Promise<RdmaDecapsulation> {
  const codec = await createGqpCodec();
  const convertOne = (frame: BurstFrame, packet: CapturePacket): Converted => {
    const opened = frame.cause === UNKNOWN ? codec.open(packet, "rocev2", vni) : undefined;
    return opened && opened.cause !== NOT_RDMA ? innerOf(opened, "rocev2") : { ...frame, data: frame.spans };
  };
  const convertOther = ({ linkType, data }: CapturePacket): Converted | undefined => {
    const record = linkType === LINKTYPE_ERF ? decodeErf(data) : undefined;
    return record?.type === ERF_TYPE_INFINIBAND
      ? innerOf(codec.open(record, "infiniband", vni), "infiniband")
      : undefined;
  };
  return { convertOne, convertOther, close: () => codec.close() };
}

function innerOf(opened: OpenedDatagram, encapsulation: EncapsulationName): Converted {
  const { cause, data, originalLength, isControl } = opened;
  return { cause: isControl ? NO_FRAME : cause, data, originalLength, encapsulation };
}
