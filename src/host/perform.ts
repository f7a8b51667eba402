/** Carries out a host's request on a directory's state (directory/store.ts), at once: what the simulator and tests do. */

import type { DirectoryChange } from "../directory/records.js";
import type { DirectoryStore } from "../directory/store.js";
import type { AnyAnswer, HostRequest } from "./requests.js";

/** The answer; changes that follow from it are handed to tell, for those who watch. */
export function perform(
  store: DirectoryStore,
  host: string,
  request: HostRequest,
  tell: (changes: readonly DirectoryChange[]) => void,
): AnyAnswer {
  switch (request.kind) {
    case "publishHost":
      tell(store.publishHost(request.host));
      return { value: undefined };
    case "lease":
      tell(store.lease(host, request.ttlMs));
      return { value: request.ttlMs };
    case "renew":
      return store.renew(host) ? { value: undefined } : { failure: "lease-expired" };
    case "leased":
      return { value: store.leased(host) };
    case "allocate": {
      const block = store.allocateBlock(host, request.size);
      return block ? { value: block } : { failure: "refused", reason: "no global queue-pair numbers are left" };
    }
    case "publish":
    case "withdraw": {
      const outcome =
        request.kind === "publish"
          ? store.publish(request.record)
          : store.withdraw(request.vni, request.mac, request.generation);
      if (!outcome.accepted) return { failure: "stale", generation: outcome.generation };
      tell(outcome.changes);
      return { value: outcome.sequence };
    }
    case "resolve":
      return { value: store.resolve(request.query) };
    case "host":
      return { value: store.host(request.name) };
    case "members":
      return { value: store.members(request.vni) };
    case "watch":
    case "unwatch":
      return { value: undefined };
  }
}
