/** `ringlane encap --rocev2` and `--infiniband`: every frame of a capture between two global queue pairs. */
import { type Command, Option } from "commander";
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
import { needWith, number } from "../arguments.js";
import { type Converted, convert } from "../tunnel-files.js";

/** What commander has read, of all of the command's options. */
export interface GqpEncapOptions {
  readonly rocev2?: boolean;
  readonly infiniband?: boolean;
  readonly vni?: number;
  readonly qpn?: number;
  readonly sourceQpn?: number;
  readonly psn: number;
  readonly src?: string;
  readonly dst?: string;
  readonly srcMac?: string;
  readonly dstMac?: string;
  readonly vlan?: number;
  readonly ttl?: number;
  readonly udpChecksum?: "zero" | "full";
  readonly slid?: number;
  readonly dlid?: number;
  readonly sl?: number;
  readonly vl?: number;
  readonly json?: boolean;
}

/** Adds the options that these two forms have. */
export function addGqpOptions(command: Command): Command {
  return command
    .addOption(new Option("--rocev2", "RoCEv2 (IBTA annex A17), between global queue pairs"))
    .addOption(new Option("--infiniband", "native InfiniBand, written as ERF").conflicts("rocev2"))
    .option("--qpn <number>", "destination queue pair", number)
    .option("--source-qpn <number>", "source queue pair", number)
    .option("--psn <number>", "first packet sequence number", number, 0)
    .option("--slid <number>", "InfiniBand: source local identifier", number)
    .option("--dlid <number>", "InfiniBand: destination local identifier", number)
    .option("--sl <number>", "InfiniBand: service level", number)
    .option("--vl <number>", "InfiniBand: virtual lane", number);
}

/** The exit code to be, as of encapFile; undefined when neither form was asked for. Throws ConfigError. */
export function gqpEncap(from: string, to: string, options: GqpEncapOptions): Promise<number> | undefined {
  if (options.rocev2) {
    needWith("rocev2", options, "vni", "qpn", "source-qpn", "src", "dst");
    return encapBetweenQueuePairs(from, to, options, roceTunnel(options), LINKTYPE_ETHERNET);
  }
  if (options.infiniband) {
    needWith("infiniband", options, "vni", "qpn", "source-qpn", "slid", "dlid");
    return encapBetweenQueuePairs(from, to, options, infinibandTunnel(options), LINKTYPE_ERF);
  }
  return undefined;
}

function roceTunnel(options: GqpEncapOptions): EncodedTunnel {
  const { vni = 0, src = "", dst = "", srcMac, dstMac, vlan, ttl, udpChecksum } = options;
  const macs = { sourceMac: srcMac, nextHopMac: dstMac };
  return encodeRoceTunnel({ vni, local: src, remote: dst, ...macs, vlan, ttl, udpChecksum });
}

function infinibandTunnel({ vni = 0, slid = 0, dlid = 0, sl, vl }: GqpEncapOptions): EncodedTunnel {
  return encodeInfinibandTunnel({ vni, slid, dlid, sl, vl });
}

async function encapBetweenQueuePairs(
  from: string,
  to: string,
  options: GqpEncapOptions,
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
  constructor(codec: GqpCodec, tunnel: EncodedTunnel, { qpn = 0, sourceQpn = 0, psn }: GqpEncapOptions) {
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
