/**
 * Address handles for more remotes than there are handles: the one that was not used for longest is given another remote. Handles are
 * taken at once, so that no message fails later for want of one.
 */
import type { Address, AddressOptions, RdmaDevice } from "../verbs/index.js";

export class Remotes {
  readonly #device: RdmaDevice;
  readonly #pathTo: (remote: string) => AddressOptions;
  readonly #unused: Address[];
  /** In the order of their last use. */
  readonly #used: Map<string, Address>;

  /** used: remotes with their handles, the one that was not used for longest first. */
  constructor(
    device: RdmaDevice,
    pathTo: (remote: string) => AddressOptions,
    unused: readonly Address[],
    used: readonly (readonly [remote: string, address: Address])[] = [],
  ) {
    this.#device = device;
    this.#pathTo = pathTo;
    this.#unused = [...unused];
    this.#used = new Map(used);
  }

  /** Handles without a remote. */
  get unused(): readonly Address[] {
    return this.#unused;
  }

  /** Remotes with their handles, the one that was not used for longest first. */
  get used(): readonly (readonly [remote: string, address: Address])[] {
    return [...this.#used];
  }

  /** The remote's handle. Undefined when another's would have to be taken and something that is posted still needs it. */
  handle(remote: string, isIdle: boolean): Address | undefined {
    const known = this.#used.get(remote);
    const address = known ?? this.#spare(isIdle);
    if (!address) return undefined;
    if (!known) this.#device.modifyAddress(address, this.#pathTo(remote));
    this.#used.delete(remote);
    this.#used.set(remote, address);
    return address;
  }

  #spare(isIdle: boolean): Address | undefined {
    const unused = this.#unused.pop();
    if (unused || !isIdle) return unused;
    const [oldest] = this.#used;
    if (!oldest) return undefined;
    this.#used.delete(oldest[0]);
    return oldest[1];
  }
}
