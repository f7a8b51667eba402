/**
 * An underlay network: a switch, or any number of them, that knows every host's address. A frame goes to the host that has its outer
 * destination IP address, else to the one that has its destination MAC address, else, when it is for a group, to every other host; link-local
 * ones (LACP, LLDP) end here, as at any bridge. Of several links of a host an outer flow keeps to one that is up.
 */
import { ConfigError } from "../errors.js";
import { macOf, parseIp } from "../overlay/address.js";
import type { UnderlayFrame } from "./frame.js";
import { Link, type LinkEnd, type LinkOptions } from "./link.js";
import { type IpKey, ipDestination, ipKey, isGroup, isLinkLocal, macKey, outerFlow } from "./route.js";
import type { Station } from "./station.js";
import type { World } from "./world.js";

export interface NetworkCounters {
  /** Copies sent on, one for each frame that is not for a group. */
  forwarded: number;
  /** Copies that floods made of their frames, less those frames: 2 for a frame that went to three hosts, -1 for one that went nowhere. */
  copies: number;
  /** For nobody that is known, or for the link it came from, or link-local. */
  unknown: number;
}

/** What a network needs of its fabric. */
export interface NetworkHome {
  readonly world: World;
  /** Makes an uplink's link known by its name, and refuses a second one. */
  join(station: Station, uplink: Station["host"]["uplinks"][number], make: (name: string) => Link): Link;
  station(host: string): Station;
}

interface Member {
  readonly links: Link[];
}

export class Network {
  readonly name: string;
  readonly #home: NetworkHome;
  readonly #options: LinkOptions;
  readonly #members = new Map<string, Member>();
  readonly #byIp = new Map<IpKey, Member>();
  readonly #byMac = new Map<number, Member>();
  readonly #counters: NetworkCounters = { forwarded: 0, copies: 0, unknown: 0 };

  /** @internal Made by Fabric.addNetwork. */
  constructor(home: NetworkHome, name: string, options: LinkOptions) {
    this.#home = home;
    this.name = name;
    this.#options = options;
  }

  get counters(): Readonly<NetworkCounters> {
    return { ...this.#counters };
  }

  /**
   * Links a host's uplinks, all of them by default, to the network; options override the network's. The host's MAC address is the one that
   * tunnels make of its IP address, and further ones where they are named. Throws ConfigError for an uplink that has a link.
   */
  attach(
    host: string,
    uplinks: readonly string[] = this.#home.station(host).host.uplinks.map(({ name }) => name),
    options: LinkOptions = {},
    macs: readonly Uint8Array[] = [],
  ): Link[] {
    const station = this.#home.station(host);
    const ports = uplinks.map((name, i) => {
      const port = station.host.uplinks.find((uplink) => uplink.name === name);
      if (!port) throw new ConfigError(`uplinks[${i}]`, name, `an uplink of ${host}`);
      return port;
    });
    const ip = parseIp("address", station.host.address);
    const member = this.#members.get(host) ?? { links: [] };
    const links = ports.map((port) =>
      this.#home.join(station, port, (name) => {
        const end = station.addEnd(port);
        const link: Link = new Link(this.#home.world, name, [end, this.#end(() => link)], {
          ...this.#options,
          ...options,
        });
        end.way = link.forth;
        return link;
      }),
    );
    member.links.push(...links);
    this.#members.set(host, member);
    this.#byIp.set(ipKey(ip, 0, ip.length), member);
    for (const mac of [macOf(ip), ...macs]) this.#byMac.set(macKey(mac, 0), member);
    return links;
  }

  #end(link: () => Link): LinkEnd {
    return { accepts: () => true, deliver: (frame) => this.#forward(frame, link()) };
  }

  #forward(frame: UnderlayFrame, from: Link): void {
    const ip = ipDestination(frame.data);
    const to = (ip === undefined ? undefined : this.#byIp.get(ip)) ?? this.#byMac.get(macKey(frame.data, 0));
    if (to) {
      const link = this.#choose(to, frame, from);
      if (!link) this.#counters.unknown++;
      else this.#send(frame, link);
    } else if (isGroup(frame.data) && !isLinkLocal(frame.data)) this.#flood(frame, from);
    else this.#counters.unknown++;
  }

  #flood(frame: UnderlayFrame, from: Link): void {
    this.#counters.copies--;
    for (const member of this.#members.values()) {
      const link = member.links.includes(from) ? undefined : this.#choose(member, frame, from);
      if (!link) continue;
      this.#counters.copies++;
      this.#send(frame, link);
    }
  }

  #send(frame: UnderlayFrame, link: Link): void {
    this.#counters.forwarded++;
    link.back.sendOrDrop(frame);
  }

  /** The link by which a frame goes to a host; where all are down, one on which it is lost. */
  #choose({ links }: Member, { data }: UnderlayFrame, from: Link): Link | undefined {
    const [only] = links;
    if (links.length === 1) return only === from ? undefined : only;
    const others = links.filter((link) => link !== from);
    const up = others.filter(({ isUp }) => isUp);
    const choice = up.length > 0 ? up : others;
    return choice[outerFlow(data) % choice.length];
  }
}
