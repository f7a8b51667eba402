/** The directory in memory. */
import { describe, expect, it } from "vitest";
import type { Directory } from "../../src/directory/directory.js";
import { EmbeddedDirectory } from "../../src/directory/embedded.js";
import { DirectoryClosed } from "../../src/directory/errors.js";
import type { DirectoryChange } from "../../src/directory/records.js";
import { directorySuite, endpoint, HOSTS, SUITE_LEASE_MS, SUITE_QUARANTINE_MS } from "./suite.js";

describe("the embedded directory", () => {
  directorySuite(async () => {
    let nowMs = 0;
    const directory = new EmbeddedDirectory({ quarantineMs: SUITE_QUARANTINE_MS });
    const pass = (ms: number) => {
      nowMs += ms;
      directory.tick(nowMs);
    };
    return {
      open: async () => viewOf(directory),
      pass: async () => pass(SUITE_LEASE_MS / 10),
      skip: pass,
      close: () => directory.close(),
    };
  });

  it("asks a clock that it was given", async () => {
    let nowMs = 1000;
    const directory = new EmbeddedDirectory({ now: () => nowMs });
    await directory.lease("alpha", 500);
    nowMs = 1499;
    await directory.renew("alpha");
    nowMs = 1999;
    await expect(directory.renew("alpha")).rejects.toMatchObject({ code: "LEASE_EXPIRED" });
  });

  it("tells a watcher nothing twice and nothing out of order when listeners publish and watch", async () => {
    const directory = new EmbeddedDirectory();
    for (const host of HOSTS) await directory.publishHost(host);
    await directory.publish(endpoint());
    const early: number[] = [];
    const late: number[] = [];
    const note = (list: number[]) => (change: DirectoryChange) => {
      if (change.type === "endpoint") list.push(change.endpoint.generation);
    };
    await directory.watch("all", (change) => {
      note(early)(change);
      if (change.type !== "endpoint" || change.endpoint.generation !== 2) return;
      directory.publish(endpoint({ generation: 3 }));
      directory.watch("all", note(late));
    });
    await directory.publish(endpoint({ generation: 2 }));
    await directory.publish(endpoint({ generation: 4 }));
    expect(early).toEqual([1, 2, 3, 4]);
    expect(late).toEqual([3, 4]);
  });
});

/** A host's view of a directory that all share: closing it leaves the others theirs. */
function viewOf(directory: EmbeddedDirectory): Directory {
  let isClosed = false;
  return new Proxy<Directory>(directory, {
    get(target, name) {
      if (name === "close") return async () => (isClosed = true);
      const method = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]) => {
        if (isClosed) throw new DirectoryClosed();
        return method.apply(target, args);
      };
    },
  });
}
