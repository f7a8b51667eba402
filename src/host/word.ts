import type { DirectoryChange, EndpointRecord, Resolution } from "../directory/records.js";
import { ConfigError } from "../errors.js";
import type { Attachment } from "./attachment.js";
import type { Claims } from "./claims.js";
import type { HostContext } from "./context.js";
import type { Knowledge } from "./knowledge.js";
import type { Moves } from "./moves/moves.js";
import type { Neighbours } from "./neighbours.js";
import type { Networks } from "./networks.js";
import type { Residents } from "./residents.js";

/** What the directory's word changes. */
export interface WordParts {
  readonly context: HostContext;
  readonly networks: Networks;
  readonly residents: Residents;
  readonly knowledge: Knowledge;
  readonly neighbours: Neighbours;
  readonly claims: Claims;
  readonly moves: Moves;
}

/** What the directory says, by answers or by itself: whoever is newer by generation is in the right, here or elsewhere. */
export class DirectoryWord {
  readonly #parts: WordParts;

  constructor(parts: WordParts) {
    this.#parts = parts;
  }

  /** Throws ConfigError if a table is full. */
  changed(change: DirectoryChange): void {
    if (change.type === "host") this.#parts.networks.hostChanged(change.host, change.alive);
    else if (change.type === "withdrawn") this.#withdrawn(change.vni, change.mac, change.generation);
    else if (change.host) this.resolved({ ...change, host: change.host });
  }

  /** Somebody is where the directory says, if it is news. Throws ConfigError if a table is full. */
  resolved(resolution: Resolution): void {
    const { context, networks, residents, knowledge, neighbours, claims, moves } = this.#parts;
    const { endpoint, host } = resolution;
    const network = networks.get(endpoint.vni);
    if (!network) return;
    neighbours.forget(endpoint.vni, endpoint.ips);
    networks.askMembersSoon(network);
    if (network.isNewMember(host.name)) networks.askMembers(network);
    if (host.name === context.name) return;
    const own = residents.find(endpoint.vni, endpoint.mac);
    if (!own) knowledge.install(network, resolution);
    else if (moves.of(own)) residents.follow(own, resolution);
    else if (own.generation !== undefined && endpoint.generation > own.generation) {
      claims.drop(own);
      residents.lose(own, resolution);
    }
  }

  /** The directory agrees: the partition's frames flow, if there is room for what is to be known of it. */
  admitted(attachment: Attachment, record: EndpointRecord): void {
    try {
      this.#parts.residents.goLive(attachment, record);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.refused(attachment, error.message);
      this.#parts.claims.withdraw(record);
    }
  }

  refused(attachment: Attachment, reason: string): void {
    const { context, residents, claims } = this.#parts;
    claims.drop(attachment);
    residents.erase(attachment, "refused");
    context.tell({ type: "refused", partition: attachment.partition, reason });
  }

  #withdrawn(vni: number, mac: string, generation: number): void {
    const { networks, residents, knowledge, moves } = this.#parts;
    const network = networks.get(vni);
    if (!network) return;
    const own = residents.find(vni, mac);
    // Whose it is, its move finds out.
    if (own && moves.of(own)) return;
    if (own?.generation !== undefined && generation >= own.generation) {
      this.refused(own, `it was withdrawn by generation ${generation}`);
    } else if (!own) knowledge.forget(network, mac, generation);
    networks.askMembersSoon(network);
  }
}
