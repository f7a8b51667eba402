/**
 * Overlay hosts in a fabric: their requests take their time to the directory's store and back, and may be lost; changes are pushed to those who
 * watch the network.
 */
import type { Port } from "../buffer/port.js";
import type { DirectoryChange } from "../directory/records.js";
import { DirectoryStore, type StoreOptions } from "../directory/store.js";
import type { Engine } from "../engine.js";
import type { HostCore } from "../host/core.js";
import { perform } from "../host/perform.js";
import type { HostRequest } from "../host/requests.js";
import type { DirectoryLink, DirectoryLinkOptions, Subscription } from "./directory-link.js";
import type { Fabric } from "./fabric.js";
import type { FabricHost } from "./host.js";

interface Watch {
  readonly core: HostCore;
  readonly vni: number;
  readonly stream: Subscription<DirectoryChange>;
}

/** A directory of a fabric, and the hosts that use it. */
export class SimDirectory {
  readonly store: DirectoryStore;
  readonly link: DirectoryLink;
  readonly #fabric: Fabric;
  /** Who watches which network. */
  readonly #watches = new Map<string, Watch>();

  constructor(fabric: Fabric, options: DirectoryLinkOptions & StoreOptions = {}) {
    const { quarantineMs, withdrawnMs, ...link } = options;
    this.#fabric = fabric;
    this.store = new DirectoryStore({
      ...(quarantineMs !== undefined && { quarantineMs }),
      ...(withdrawnMs !== undefined && { withdrawnMs }),
    });
    this.link = fabric.addDirectory(link);
  }

  /** Makes a host part of the fabric. */
  join(core: HostCore): void {
    this.#fabric.addHost(new OverlayHost(core, this));
  }

  /** @internal Brings a host's request to the store, and the answer back. */
  send(core: HostCore, request: HostRequest): void {
    const at = () => this.#fabric.nowMs;
    this.link.ask(
      core.name,
      () => {
        this.#tell(this.store.tick(at()));
        if (request.kind === "watch") this.#watch(core, request.vni);
        if (request.kind === "unwatch") this.#unwatch(core.name, request.vni);
        return perform(this.store, core.name, request, (changes) => this.#tell(changes));
      },
      (answer) => core.answer(request.id, answer === "unavailable" ? { failure: "unavailable" } : answer, at()),
    );
  }

  #watch(core: HostCore, vni: number): void {
    const key = `${core.name} ${vni}`;
    const known = this.#watches.get(key);
    if (known?.core === core) return;
    // A host that has lost its memory watches anew.
    known?.stream.close();
    const readAll = () => {
      for (const change of this.store.snapshot({ vni })) stream.push(change);
    };
    const stream = this.link.watch<DirectoryChange>(core.name, {
      take: (change) => core.change(change, this.#fabric.nowMs),
      resync: readAll,
    });
    this.#watches.set(key, { core, vni, stream });
    readAll();
  }

  #unwatch(host: string, vni: number): void {
    this.#watches.get(`${host} ${vni}`)?.stream.close();
    this.#watches.delete(`${host} ${vni}`);
  }

  #tell(changes: readonly DirectoryChange[]): void {
    for (const change of changes) {
      for (const { vni, stream } of this.#watches.values()) {
        if (this.#concerns(vni, change)) stream.push(change);
      }
    }
  }

  #concerns(vni: number, change: DirectoryChange): boolean {
    if (change.type === "host") return this.store.isMember(vni, change.host.name);
    return vni === (change.type === "endpoint" ? change.endpoint.vni : change.vni);
  }
}

class OverlayHost implements FabricHost {
  readonly name: string;
  readonly address: string;
  readonly uplinks: readonly Port[];
  readonly engine: Engine;
  readonly #core: HostCore;
  readonly #directory: SimDirectory;

  constructor(core: HostCore, directory: SimDirectory) {
    this.name = core.name;
    this.address = core.address;
    this.uplinks = core.uplinks;
    this.engine = core.engine;
    this.#core = core;
    this.#directory = directory;
  }

  step(nowMs: number): number | undefined {
    this.#core.step(nowMs);
    for (const request of this.#core.takeRequests()) this.#directory.send(this.#core, request);
    return this.#core.nextMs;
  }

  link(uplink: Port, isUp: boolean, nowMs: number): void {
    if (this.#core.group) this.#core.group.link(uplink, isUp, nowMs);
    else this.#core.link(this.uplinks.indexOf(uplink), isUp);
  }
}
