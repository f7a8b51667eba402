/** Which hosts are set apart from which. Several partitions may hold at a time; any of them parts. */
export class Partitions {
  /** Of each, the side that a host is on. */
  readonly #active = new Set<ReadonlyMap<string, number>>();

  /** Sets the hosts of each side apart from those of the others; returns what brings them together again. */
  add(sides: readonly (readonly string[])[]): () => void {
    const sideOf = new Map(sides.flatMap((hosts, side) => hosts.map((host) => [host, side] as const)));
    this.#active.add(sideOf);
    return () => this.#active.delete(sideOf);
  }

  isParted(a: string, b: string): boolean {
    for (const sideOf of this.#active) {
      const [sideA, sideB] = [sideOf.get(a), sideOf.get(b)];
      if (sideA !== undefined && sideB !== undefined && sideA !== sideB) return true;
    }
    return false;
  }
}
