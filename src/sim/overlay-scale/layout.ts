/** Who is where in a fabric of thousands of hosts, before anybody moves: by arithmetic, so that it needs no memory. */
import { checkInteger } from "../../check.js";
import { ipText, macText } from "../../overlay/address.js";

export interface ScaleSizes {
  /** At most 2^20. */
  readonly hosts: number;
  readonly endpoints: number;
  readonly networks: number;
  /** Endpoints of a network that are on one host. */
  readonly together: number;
}

/** One endpoint. */
export interface Place {
  readonly vni: number;
  readonly mac: string;
  readonly ip: string;
  /** The host where it begins. */
  readonly home: number;
}

/** Numbers that every encapsulation has begin here. */
const FIRST_VNI = 4096;

export class ScaleLayout {
  readonly sizes: ScaleSizes;

  /** Throws ConfigError. */
  constructor(sizes: ScaleSizes) {
    checkInteger("hosts", sizes.hosts, 2, 2 ** 20);
    checkInteger("networks", sizes.networks, 1, 2 ** 23);
    checkInteger("endpoints", sizes.endpoints, sizes.networks, 2 ** 24 - 4);
    checkInteger("together", sizes.together, 1, 2 ** 16);
    this.sizes = sizes;
  }

  vniOf(network: number): number {
    return FIRST_VNI + network;
  }

  hostAddress(host: number): string {
    return address(host);
  }

  /** The endpoints of a network: on hosts next to each other, as many as there are in a row for all networks together. */
  placesOf(network: number): Place[] {
    const { endpoints, networks, hosts, together } = this.sizes;
    const first = Math.floor((network * endpoints) / networks);
    const count = Math.floor(((network + 1) * endpoints) / networks) - first;
    const firstHost = Math.floor(first / together);
    return Array.from({ length: count }, (_, i) => ({
      vni: this.vniOf(network),
      mac: macText([2, 0, ...bytes(first + i)]),
      ip: address(i),
      home: (firstHost + Math.floor(i / together)) % hosts,
    }));
  }
}

/** In 10.0.0.0/8: every network uses the same addresses, and hosts have them in the underlay, too. */
function address(i: number): string {
  return ipText([10, ...bytes(i + 1).slice(1)]);
}

function bytes(number: number): [number, number, number, number] {
  return [number >>> 24, (number >> 16) & 0xff, (number >> 8) & 0xff, number & 0xff];
}
