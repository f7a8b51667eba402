/**
 * How a partition becomes a host's: what the directory knows of it is asked for, a generation above that is claimed, with the number that the
 * partition has, or a fresh one. Whoever is first by the highest generation has it; the other is told, and tries again or stops.
 */
import type { EndpointRecord, Resolution } from "../directory/records.js";
import { HostNumbers } from "../gqp/host-numbers.js";
import type { Attachment } from "./attachment.js";
import { FORWARDS_LABEL } from "./knowledge.js";
import type { HostSettings } from "./options.js";
import type { Requests } from "./requests.js";
import type { Timers } from "./timers.js";

export interface ClaimHome {
  readonly requests: Requests;
  readonly timers: Timers;
  readonly now: () => number;
  readonly host: string;
  readonly settings: HostSettings;
  readonly live: (attachment: Attachment, record: EndpointRecord) => void;
  /** The directory's word about an endpoint. */
  readonly resolved: (resolution: Resolution) => void;
  readonly refused: (attachment: Attachment, reason: string) => void;
}

/** Times that a claim is raised above another's before it gives up. */
const TRIES = 8;
const RETRY_MS = 200;
/** A number rests so long before this host gives it to another partition. */
const NUMBER_REST_MS = 300_000;

export class Claims {
  readonly #home: ClaimHome;
  readonly #numbers: HostNumbers;
  /** Attachments whose claims go on. */
  readonly #claiming = new Set<Attachment>();
  readonly #waitingForNumbers: (() => void)[] = [];

  constructor(home: ClaimHome) {
    this.#home = home;
    this.#numbers = new HostNumbers({ quarantineMs: NUMBER_REST_MS, lowWater: 1 });
  }

  claim(attachment: Attachment): void {
    this.#claiming.add(attachment);
    this.#look(attachment, TRIES);
  }

  /** The attachment is no more: its claim ends. */
  drop(attachment: Attachment): void {
    this.#claiming.delete(attachment);
  }

  /** The directory has lost sight of this host: what it has is said again, and who has been overtaken stops. */
  restore(attachments: readonly Attachment[]): void {
    for (const attachment of attachments) if (attachment.record) this.#publish(attachment, attachment.record, 1);
  }

  withdraw(record: EndpointRecord): void {
    const { vni, mac, generation, gqpn } = record;
    this.#home.requests.ask("withdraw", { vni, mac, generation }, (answer) => {
      if ("failure" in answer && answer.failure === "unavailable") {
        this.#home.timers.at(this.#home.now() + RETRY_MS, () => this.withdraw(record));
      } else this.#numbers.put(gqpn, this.#home.now());
    });
  }

  /** The claim is to exceed a generation that was in its way; own is a number of this host's that it had in mind. */
  #look(attachment: Attachment, tries: number, exceeded = 0, own?: number): void {
    const { vni, mac } = attachment;
    this.#home.requests.ask("resolve", { query: { vni, mac } }, (answer) => {
      if (!this.#claiming.has(attachment)) return;
      if (!("value" in answer)) return this.#retry(() => this.#look(attachment, tries, exceeded, own));
      const known = answer.value?.endpoint;
      attachment.lastHost = answer.value?.host.address;
      this.#withNumber(attachment, known?.gqpn ?? own, (gqpn) => {
        const generation = Math.max(known?.generation ?? 0, exceeded) + 1;
        this.#publish(attachment, this.#recordOf(attachment, gqpn, generation), tries);
      });
    });
  }

  #publish(attachment: Attachment, record: EndpointRecord, tries: number): void {
    this.#home.requests.ask("publish", { record }, (answer) => {
      const { state } = attachment;
      if (state === "moved") return;
      if (state === "detached" || state === "refused") {
        // It went while it was published, which was done, or may have been.
        if ("value" in answer || answer.failure === "unavailable") this.withdraw(record);
      } else if ("value" in answer) {
        this.#claiming.delete(attachment);
        this.#home.live(attachment, record);
      } else if (answer.failure === "unavailable") this.#retry(() => this.#publish(attachment, record, tries));
      else if (state === "live") this.#askWhoHas(attachment);
      else if (answer.failure === "stale" && tries > 1) {
        // Whoever was first has given it its number.
        this.#look(attachment, tries - 1, answer.generation, record.gqpn);
      } else this.#home.refused(attachment, answer.failure === "refused" ? answer.reason : answer.failure);
    });
  }

  /** What this host has, by its own word, somebody else has, or nobody. */
  #askWhoHas(attachment: Attachment): void {
    const { vni, mac } = attachment;
    this.#home.requests.ask("resolve", { query: { vni, mac } }, (answer) => {
      if (attachment.state !== "live") return;
      if (!("value" in answer)) this.#retry(() => this.#askWhoHas(attachment));
      else if (answer.value) this.#home.resolved(answer.value);
      else this.#home.refused(attachment, "it was withdrawn meanwhile");
    });
  }

  #recordOf(attachment: Attachment, gqpn: number, generation: number): EndpointRecord {
    const { vni, mac, ips, options } = attachment;
    const labels = { ...options.labels, ...(options.forwards && { [FORWARDS_LABEL]: "true" }) };
    return { vni, mac, ips, partition: options.partition, labels, host: this.#home.host, gqpn, generation };
  }

  /** The number that the partition has, or one of this host's, of which more are asked for when they run out. */
  #withNumber(attachment: Attachment, known: number | undefined, use: (gqpn: number) => void): void {
    const gqpn = known ?? this.#numbers.take(this.#home.now());
    if (gqpn !== undefined) {
      use(gqpn);
      return;
    }
    this.#waitingForNumbers.push(() => {
      if (this.#claiming.has(attachment)) this.#withNumber(attachment, undefined, use);
    });
    if (this.#waitingForNumbers.length === 1) this.#allocate();
  }

  #allocate(): void {
    this.#home.requests.ask("allocate", { size: this.#home.settings.blockSize }, (answer) => {
      if ("failure" in answer && answer.failure === "unavailable") return this.#retry(() => this.#allocate());
      const waiting = this.#waitingForNumbers.splice(0);
      if ("value" in answer) {
        this.#numbers.add({ first: answer.value.first, count: answer.value.size });
        for (const go of waiting) go();
      } else {
        const reason = answer.failure === "refused" ? answer.reason : answer.failure;
        for (const attachment of [...this.#claiming]) this.#home.refused(attachment, reason);
      }
    });
  }

  #retry(run: () => void): void {
    this.#home.timers.at(this.#home.now() + RETRY_MS, run);
  }
}
