/** An adapter's whole state goes with it: what its host's rules let in, who it talks to, what waits. */
import { expect, test } from "vitest";
import { makeStateWorld, moveWithState } from "../../helpers/adapter-state.js";
import { censusAfterEach } from "../../helpers/census.js";
import { hexOf } from "../../helpers/overlay-world.js";

censusAfterEach();

const STATEFUL = {
  blue: {
    vni: 42,
    default: "deny" as const,
    groups: { web: { partitions: ["vm1"] } },
    rules: [{ from: "web", to: "any", action: "allow" as const, stateful: true }],
  },
};

test("a flow's return is let in where the adapter goes, and not without its state", async () => {
  for (const withState of [true, false]) {
    const world = await makeStateWorld({ networks: STATEFUL, hosts: 3 });
    const [a, b] = [world.attach(0, 1), world.attach(1, 2)];
    world.run(50);
    a.send(a.udp(b, { sport: 1000, dport: 53 }));
    world.run(50);
    expect(b.take()).toHaveLength(1);
    const moved = withState ? moveWithState(world, a, 2) : world.move(a, 2);
    const answer = b.udp(a, { sport: 53, dport: 1000 });
    b.send(answer);
    world.run(50);
    expect(hexOf(moved.take())).toEqual(withState ? hexOf([answer]) : []);
  }
});
