/** `ringlane encap` in RoCEv2 and in native InfiniBand: every frame of a capture between two global queue pairs. */
import {
  type CapturePacket,
  createEngine,
  createGqpCodec,
  type DatagramNumbers,
  type Encapsulated,
  type EncodedTunnel,
  ERF_TYPE_INFINIBAND,
  encodeErf,
  encodeInfinibandTunnel,
  encodeRoceTunnel,
  type GqpCodec,
  LINKTYPE_ERF,
  LINKTYPE_ETHERNET,
} from "../../index.js";
import { type Converted, convert } from "./convert.js";
import { type EncapOptions, endsOf } from "./options.js";

/** Exit code 0; 1 when a frame could not be encapsulated or the input is damaged. */
export async function encapRoce(from: string, to: string, options: EncapOptions): Promise<number> {
  const { vlan, ttl, dscp, ecn, udpChecksum, innerVlan, mtu } = options;
  const tunnel = encodeRoceTunnel({
    ...{ ...endsOf(options), vlan, ttl, dscp, ecn, udpChecksum, innerVlan, mtuBytes: mtu },
  });
  return encapBetweenQueuePairs(from, to, options, tunnel, LINKTYPE_ETHERNET);
}

/** Exit codes as encapRoce's. */
export async function encapInfiniband(from: string, to: string, options: EncapOptions): Promise<number> {
  const { vni, slid = 0, dlid = 0, sl, vl, innerVlan, mtu } = options;
  const tunnel = encodeInfinibandTunnel({ vni, slid, dlid, sl, vl, innerVlan, mtuBytes: mtu });
  return encapBetweenQueuePairs(from, to, options, tunnel, LINKTYPE_ERF);
}

async function encapBetweenQueuePairs(
  from: string,
  to: string,
  options: EncapOptions,
  tunnel: EncodedTunnel,
  linkType: number,
): Promise<number> {
  const engine = await createEngine({ ports: 0, tunnels: 0 });
  const codec = await createGqpCodec();
  const sequence = new Sequence(codec, tunnel, options);
  const convertOne = (_: unknown, packet: CapturePacket): Converted => {
    const made = sequence.encapsulate(packet);
    if (linkType !== LINKTYPE_ERF || made.cause !== undefined) return made;
    const { data, originalLength } = made;
    return {
      cause: undefined,
      ...encodeErf({ type: ERF_TYPE_INFINIBAND, timestampNs: packet.timestampNs, data, originalLength }),
    };
  };
  const conversion = { from, to, json: options.json, work: () => {}, isFault: () => true, convertOne, linkType };
  return convert(engine, conversion).finally(() => codec.close());
}

/** Frames between one pair of queue pairs, with consecutive PSNs. */
class Sequence {
  readonly #codec: GqpCodec;
  readonly #tunnel: EncodedTunnel;
  #numbers: DatagramNumbers;

  /** Throws ConfigError for a number out of its bound. */
  constructor(codec: GqpCodec, tunnel: EncodedTunnel, { qpn = 0, sourceQpn = 0, psn }: EncapOptions) {
    this.#codec = codec;
    this.#tunnel = tunnel;
    this.#numbers = { destQpn: qpn, sourceQpn, psn };
    // Once on nothing: a bad number is refused before a file is opened.
    codec.encapsulate({ data: new Uint8Array() }, tunnel, this.#numbers);
  }

  encapsulate(packet: CapturePacket): Encapsulated {
    const made = this.#codec.encapsulate(packet, this.#tunnel, this.#numbers);
    if (made.cause === undefined) this.#numbers = { ...this.#numbers, psn: (this.#numbers.psn + 1) & 0xffffff };
    return made;
  }
}
