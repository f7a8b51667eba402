/**
 * What a VTEP knows of one MAC address: EVPN MAC/IP Advertisement routes with their MAC Mobility sequence numbers (RFC 7432 section 7.7).
 * The highest number wins; of equal ones the VTEP with the lowest address (section 15). A route without the extended community has number 0.
 */
export interface MacRoute {
  /** IPv4 address of the VTEP, as a number. */
  readonly vtep: number;
  readonly sequence: number;
}

export class MacRoutes {
  #best: MacRoute | undefined;

  get best(): MacRoute | undefined {
    return this.#best;
  }

  /** Takes a route that was advertised; returns whether it is the best one now. */
  learn(route: MacRoute): boolean {
    if (this.#best && !isBetter(route, this.#best)) return false;
    this.#best = route;
    return true;
  }

  /** The route to advertise by a VTEP that has learned the address itself: above what another has advertised, 0 where nobody has. */
  local(vtep: number): MacRoute {
    const best = this.#best;
    if (!best) return { vtep, sequence: 0 };
    return best.vtep === vtep ? best : { vtep, sequence: best.sequence + 1 };
  }
}

function isBetter(a: MacRoute, b: MacRoute): boolean {
  return a.sequence === b.sequence ? a.vtep < b.vtep : a.sequence > b.sequence;
}
