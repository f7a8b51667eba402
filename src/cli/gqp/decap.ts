/** `ringlane decap` on RDMA packets: RoCEv2, and native InfiniBand in a capture of link type ERF. */
import {
  type BurstFrame,
  type CapturePacket,
  createGqpCodec,
  decodeErf,
  ERF_TYPE_INFINIBAND,
  LINKTYPE_ERF,
  type OpenedDatagram,
} from "../../index.js";
import type { Converted } from "../tunnel-files.js";

/** Causes that only a faulty packet has. Others are of RDMA traffic that carries no frames of ours. */
export const RDMA_FAULTS: ReadonlySet<string> = new Set(["ib-truncated", "ib-icrc", "ib-vcrc"]);

/** Causes of frames that are in none of the encapsulations which the engine's burst knows. */
const UNKNOWN = new Set(["not-vxlan", "not-encapsulated"]);
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
    const asItIs = { cause: frame.cause, data: frame.spans, originalLength: frame.originalLength };
    if (frame.cause === undefined || !UNKNOWN.has(frame.cause)) return asItIs;
    const opened = codec.open(packet, "rocev2", vni);
    return opened.cause === NOT_RDMA ? asItIs : innerOf(opened);
  };
  const convertOther = ({ linkType, data }: CapturePacket): Converted | undefined => {
    const record = linkType === LINKTYPE_ERF ? decodeErf(data) : undefined;
    return record?.type === ERF_TYPE_INFINIBAND ? innerOf(codec.open(record, "infiniband", vni)) : undefined;
  };
  return { convertOne, convertOther, close: () => codec.close() };
}

function innerOf({ cause, data, originalLength, isControl }: OpenedDatagram): Converted {
  return { cause: isControl ? NO_FRAME : cause, data, originalLength };
}
