/** Mbuf limits of endpoints, and the wall around them; endpoints that nobody reads. */
import { checkLimitPolicy } from "../../document/limit-policy.js";
import type { Path, Refuse } from "../../document/parse.js";
import type { LimitPolicy } from "../../index.js";
import { everOn } from "../cast.js";
import type { EndpointText, ScenarioText } from "../schema.js";

export function checkLimits(scenario: ScenarioText, refuse: Refuse): void {
  const { endpoints, hosts, engine } = scenario;
  const floors = new Map(
    Object.entries(endpoints).map(([name, endpoint]) => {
      checkUnread(scenario, ["endpoints", name, "unread"], endpoint, refuse);
      return [name, floorOf(["endpoints", name, "mbufs"], endpoint, refuse)] as const;
    }),
  );
  const { mbufs, wall = mbufs } = engine;
  if (wall > mbufs) refuse(["engine", "wall"], `at most the engine's mbufs, ${mbufs}, received ${wall}`);
  for (const host of Object.keys(hosts)) {
    const sum = sumOfFloors(scenario, host, floors);
    if (sum > wall) refuse(["engine", "wall"], `at least ${sum}, the floors of all that are ever on ${host}`);
  }
}

/** The floor of its partition's limit; 0 without one. */
function floorOf(path: Path, { mbufs }: EndpointText, refuse: Refuse): number {
  if (!mbufs) return 0;
  const { peers, ...own } = mbufs;
  const { floor, ceiling } = checkLimitPolicy(path, own as LimitPolicy, refuse);
  if (peers) {
    const least = checkLimitPolicy([...path, "peers"], peers as LimitPolicy, refuse).floor;
    const left = ceiling - floor;
    if (least > left) {
      refuse([...path, "peers", "floor"], `at most ${left}, what the partition's own floor leaves, received ${least}`);
    }
  }
  return floor;
}

/** Vnics of one partition have one limit: what the first says. */
function sumOfFloors(scenario: ScenarioText, host: string, floors: ReadonlyMap<string, number>): number {
  const byPartition = new Map<string, number>();
  for (const name of everOn(scenario, host)) {
    const { partition = name } = scenario.endpoints[name] as EndpointText;
    if (!byPartition.get(partition)) byPartition.set(partition, floors.get(name) as number);
  }
  return [...byPartition.values()].reduce((sum, floor) => sum + floor, 0);
}

function checkUnread({ endpoints }: ScenarioText, path: Path, { network, unread }: EndpointText, refuse: Refuse): void {
  const others = Object.keys(endpoints).filter((name) => endpoints[name]?.network === network);
  for (const [i, name] of unread.entries()) {
    if (!others.includes(name)) refuse([...path, i], `an endpoint of ${network} (${others.join(", ")})`);
  }
}
