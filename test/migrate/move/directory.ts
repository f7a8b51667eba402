/** The directory as both sides see it: the store that everybody uses, and how a claim is said in its words. */
import { DirectoryStore, type EndpointRecord } from "../../../src/directory/index.js";
import type { DirectoryAnswer, DirectoryRequest, Ownership, Start } from "../../../src/migrate/move/index.js";
import type { Clock } from "../../../src/sim/clock.js";

const VNI = 42;
const START_LABEL = "ringlane.start";

export type Listener = (flow: number, host: string, generation: number) => void;

/** The endpoints of one VM. The first one's record says whose the VM is; the others follow it. */
export class TestDirectory {
  readonly store = new DirectoryStore();
  listener: Listener = () => undefined;
  readonly #clock: Clock;

  constructor(clock: Clock, hosts: readonly string[], owner: string, adapters: number) {
    this.#clock = clock;
    for (const [i, name] of hosts.entries()) {
      this.store.publishHost({ name, address: `192.0.2.${i + 1}`, mtuBytes: 1500, encapsulations: ["geneve"] });
    }
    for (let adapter = 0; adapter < adapters; adapter++)
      this.publish(adapter, { host: owner, generation: 1, start: "kept" });
  }

  answer(question: DirectoryRequest): DirectoryAnswer {
    this.#tick();
    const { kind, request } = question;
    if (kind === "read") {
      const { alive } = this.store.resolve({ vni: VNI, mac: macOf(0) }) ?? { alive: false };
      return { kind, request, owner: { ...this.owner, isAlive: alive } };
    }
    const isAccepted = this.publish(0, question.claim);
    return isAccepted ? { kind: "accepted", request } : { kind: "refused", request, owner: this.owner };
  }

  /** True when it is accepted, or was before. */
  publish(adapter: number, { host, generation, start }: Ownership): boolean {
    this.#tick();
    const outcome = this.store.publish({ ...recordOf(adapter), host, generation, labels: { [START_LABEL]: start } });
    if (outcome.accepted && outcome.changes.length > 0) this.listener(adapter, host, generation);
    return outcome.accepted;
  }

  lease(host: string, ttlMs: number): void {
    this.#tick();
    this.store.lease(host, ttlMs);
  }

  /** False when the lease has ended. */
  renew(host: string): boolean {
    this.#tick();
    return this.store.renew(host);
  }

  get owner(): Ownership {
    return this.hostOf(0);
  }

  hostOf(adapter: number): Ownership {
    const { endpoint } = this.store.resolve({ vni: VNI, mac: macOf(adapter) }) as { endpoint: EndpointRecord };
    return { host: endpoint.host, generation: endpoint.generation, start: endpoint.labels[START_LABEL] as Start };
  }

  #tick(): void {
    this.store.tick(this.#clock.nowMs);
  }
}

function macOf(adapter: number): string {
  return `02:00:00:00:00:0${adapter + 1}`;
}

function recordOf(adapter: number): EndpointRecord {
  const partition = "web1";
  const ips = [`10.0.0.${adapter + 1}`];
  return { vni: VNI, mac: macOf(adapter), ips, partition, labels: {}, host: "", gqpn: 100 + adapter, generation: 0 };
}
