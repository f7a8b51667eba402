/** Who is on a host: endpoints that are there at the beginning, and those that come. */
import type { ScenarioText } from "./schema.js";

type Cast = Pick<ScenarioText, "endpoints" | "moves">;

export function everOn({ endpoints, moves }: Cast, host: string): string[] {
  const comes = (name: string) => moves.some(({ endpoint, to }) => endpoint === name && to === host);
  return Object.keys(endpoints).filter((name) => endpoints[name]?.host === host || comes(name));
}

/** Some of them may hold so many mbufs. */
export function isLimited(cast: Cast, host: string): boolean {
  return everOn(cast, host).some((name) => cast.endpoints[name]?.mbufs);
}
