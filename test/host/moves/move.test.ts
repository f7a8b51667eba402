/** A VM goes from host to host with its adapters' state while others send to it: each frame comes once, and each sender's in order. */
import { expect, test } from "vitest";
import type { EncapsulationName } from "../../../src/directory/records.js";
import type { Attachment } from "../../../src/host/attachment.js";
import { definePolicy } from "../../../src/overlay/policy/policy.js";
import { censusAfterEach } from "../../helpers/census.js";
import { type Guest, makeOverlayWorld, type OverlayWorld } from "../../helpers/moving-world.js";
import { Streams } from "../../helpers/stream.js";

censusAfterEach();

const POLICY = definePolicy({ networks: { blue: { vni: 5000, default: "allow" } } });
const VM = guest(9);
/** Senders by the host where they are: two on one, one alone, one where the VM is first, one where it goes next. */
const HOMES = [0, 0, 1, 2, 3];
const FIRST = 2;

function guest(n: number): Guest {
  return { partition: `p${n}`, network: "blue", mac: `02:00:00:00:00:0${n}`, ips: [`10.0.0.${n}`] };
}

/** Begins the move and has the senders send until it is over. */
function move(world: OverlayWorld, streams: Streams, attachment: Attachment, from: number, to: number): Attachment {
  const [source, target] = [world.host(from).core, world.host(to).core];
  const name = source.move({ attachments: [attachment], to: target.name }, world.fabric.nowMs);
  const here = () => target.attachments.find(({ partition }) => partition === VM.partition);
  const watched = new Set<Attachment>();
  for (let i = 0; i < 400; i++) {
    const attached = here();
    if (attached && !watched.has(attached)) {
      watched.add(attached);
      streams.watch(attached.vnic);
    }
    streams.run(1, 0.05);
    const ended = source.moves.find((one) => one.name === name)?.outcome;
    if (ended && i > 100) break;
  }
  const ended = source.moves.find((one) => one.name === name);
  expect(ended?.outcome, ended?.reason).toBe("moved");
  streams.rest(300);
  expect(attachment.state).toBe("moved");
  const attached = here() as Attachment;
  expect(attached.state).toBe("live");
  expect(attached.gqpn).toBe(attachment.gqpn);
  expect(attached.generation).toBe((attachment.generation as number) + 1);
  streams.leave(attachment.vnic);
  world.release(from, attachment.vnic);
  return attached;
}

test.each<EncapsulationName>(["vxlan", "rocev2"])(
  "loses, doubles and overtakes no frame by %s",
  async (encapsulation) => {
    const world = await makeOverlayWorld({ hosts: 5, policy: POLICY, encapsulations: () => [encapsulation], seed: 7 });
    const senders = HOMES.map((home, i) => ({ guest: guest(i + 1), attachment: world.place(guest(i + 1), home) }));
    let attachment = world.place(VM, FIRST);
    const streams = new Streams(world, VM, senders);
    streams.watch(attachment.vnic);
    streams.run(20);
    let at = FIRST;
    for (const to of [3, 4, 2, 0]) {
      attachment = move(world, streams, attachment, at, to);
      at = to;
    }
    streams.run(20);
    streams.rest(50);
    for (const sender of HOMES.keys()) {
      expect(streams.lost(sender), `lost of sender ${sender}`).toEqual([]);
      expect(streams.got[sender], `order of sender ${sender}`).toEqual(
        Array.from({ length: streams.sent }, (_, i) => i),
      );
    }
    world.expectCensus();
    world.close();
  },
);
