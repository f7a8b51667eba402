/**
 * Open vSwitch (userspace) at the other end of two links: a bond with LACP that negotiates with our system, loses a
 * link and takes it back.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { LacpPortReport } from "../../src/lag/lacp/index.js";
import { must, run } from "../helpers/command.js";
import { ROOT } from "../helpers/files.js";
import { canSwitch, OpenVSwitch } from "../helpers/open-vswitch.js";

const NAMESPACE = "rl-lacp";
const PORTS = [1, 2];
/** Far beyond what any step takes (7 s at most): what has not come by then does not come. */
const PATIENCE_MS = 60_000;
const OURS = {
  systemPriority: 1,
  systemMac: "02:00:00:00:0c:00",
  ports: PORTS.map((number) => ({ number, mac: `02:00:00:00:0c:0${number}`, key: 5 })),
  activity: "active",
  timeout: "fast",
};

let ovs: OpenVSwitch | undefined;
const children: ChildProcess[] = [];

function inside(...command: string[]): string[] {
  return ["netns", "exec", NAMESPACE, ...command];
}

/** A bridge whose bond of two ports is cabled to two interfaces that socat relays. */
function buildSwitch(): void {
  must("ip", "netns", "add", NAMESPACE);
  must("ip", "-n", NAMESPACE, "link", "set", "lo", "up");
  for (const port of PORTS) {
    const names = [`ovs${port}`, `ours${port}`];
    must("ip", "-n", NAMESPACE, "link", "add", `ovs${port}`, "type", "veth", "peer", "name", `ours${port}`);
    for (const name of names) must("ip", "-n", NAMESPACE, "link", "set", name, "up");
    const relay = [`UDP4-DATAGRAM:127.0.0.1:${9200 + port},bind=127.0.0.1:${9100 + port}`, `INTERFACE:ours${port}`];
    children.push(spawn("ip", inside("socat", ...relay), { stdio: "ignore" }));
  }
  ovs = new OpenVSwitch(NAMESPACE);
  ovs.start();
  ovs.configure("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev");
  const bond = ["add-bond", "br0", "bond0", "ovs1", "ovs2", "bond_mode=balance-tcp"];
  ovs.configure(...bond, "lacp=active", "other_config:lacp-time=fast", "other_config:lacp-system-priority=100");
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill();
  ovs?.stop();
  ovs = undefined;
  run("ip", ["netns", "del", NAMESPACE]);
});

/** Our system, as it last said it is. */
class Peer {
  #said: readonly LacpPortReport[] = [];
  readonly #process: ChildProcess;

  constructor(options: object) {
    const command = [
      process.execPath,
      "--import",
      "tsx",
      join(ROOT, "test/interop/lacp-peer.ts"),
      JSON.stringify(options),
    ];
    this.#process = spawn("ip", inside(...command), { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] });
    children.push(this.#process);
    createInterface({ input: this.#process.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      this.#said = JSON.parse(line);
    });
  }

  get distributing(): number[] {
    return this.#said.filter((port) => port.distributing).map((port) => port.number);
  }

  port(number: number): LacpPortReport {
    return this.#said.find((port) => port.number === number) as LacpPortReport;
  }

  tell(command: object): void {
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`);
  }
}

/** What `lacp/show` says of each member. */
interface Member {
  readonly status: string;
  readonly enabled: boolean;
  readonly fields: ReadonlyMap<string, string>;
}

function members(): Map<string, Member> {
  const text = (ovs as OpenVSwitch).ask("lacp/show");
  const found = new Map<string, Member>();
  for (const part of text.split(/^member: /m).slice(1)) {
    const [, name = "", status = ""] = /^(\w+): (.*)$/m.exec(part) ?? [];
    const fields = new Map(
      [...part.matchAll(/^ {2}([\w ]+): (.*)$/gm)].map(([, field = "", value = ""]) => [field, value]),
    );
    found.set(name, { status, enabled: fields.get("may_enable") === "true", fields });
  }
  return found;
}

function enabledMembers(): string[] {
  return [...members()].filter(([, { enabled }]) => enabled).map(([name]) => name);
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let waitedMs = 0; !isSo(); waitedMs += 50) {
    if (waitedMs > PATIENCE_MS)
      throw new Error(`not within ${PATIENCE_MS} ms: ${what}\n${JSON.stringify([...members()])}`);
    await sleep(50);
  }
}

const UP = "activity timeout aggregation synchronized collecting distributing";

describe.skipIf(!canSwitch(NAMESPACE, "socat"))("Open vSwitch", () => {
  it("aggregates both links with us, drops one whose PDUs stop, and takes it back", async () => {
    buildSwitch();
    const peer = new Peer(OURS);
    const bothUp = () => peer.distributing.length === 2 && enabledMembers().length === 2;
    await until("both links are up", bothUp);
    await until("the switch has heard that we distribute", () =>
      [...members().values()].every(({ fields }) => fields.get("partner state") === UP),
    );
    for (const [i, { status, fields }] of [...members().values()].entries()) {
      expect(status).toBe("current attached");
      expect(Object.fromEntries(fields)).toMatchObject({
        "actor state": UP,
        "partner sys_id": OURS.systemMac,
        "partner sys_priority": "1",
        "partner port_id": String(i + 1),
        "partner port_priority": "32768",
        "partner key": "5",
      });
      expect(peer.port(i + 1)).toMatchObject({ isIndividual: false, partnerVersion: 1 });
      // Whoever was heard of first gives the aggregator its number.
      expect(peer.port(i + 1).aggregator).toBe(peer.port(1).aggregator);
      expect(peer.port(i + 1).partner).toMatchObject({ systemPriority: 100, system: fields.get("actor sys_id") });
    }

    peer.tell({ mute: 1 });
    await until("both ends have taken the link out", () => {
      return peer.port(1).defaulted && peer.distributing.join() === "2" && enabledMembers().join() === "ovs2";
    });
    expect(members().get("ovs2")?.fields.get("partner state")).toBe(UP);
    expect(peer.port(2).distributing).toBe(true);

    peer.tell({ unmute: 1 });
    await until("both links are up again", bothUp);
    expect(peer.port(1).aggregator).toBe(peer.port(2).aggregator);
  });

  it("reads our version 2 as version 1, and gives no agreement on conversations", async () => {
    buildSwitch();
    const peer = new Peer({ ...OURS, conversations: [[5, [1, 2]]] });
    await until("both links are up", () => peer.distributing.length === 2 && enabledMembers().length === 2);
    expect(peer.port(1)).toMatchObject({ partnerVersion: 1, conversations: { agreed: false } });
  });
});
