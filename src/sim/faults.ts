/** Faults as they happen: what each does to a fabric when it begins, and undoes when it ends. */

import { checkBoolean, checkOneOf } from "../check.js";
import { defined } from "../defined.js";
import { ConfigError } from "../errors.js";
import { toNs } from "./clock.js";
import type { DirectoryLink } from "./directory-link.js";
import { checkImpairment } from "./impairment.js";
import { DIRECTIONS, type Link } from "./link.js";
import { FAULT_KINDS, type Fault } from "./schedule.js";

/** What faults act on. */
export interface FaultHome {
  readonly hostNames: readonly string[];
  readonly directories: readonly DirectoryLink[];
  readonly linkNames: readonly string[];
  link(name: string): Link;
  /** Sets hosts apart; returns what brings them together again. */
  part(sides: readonly (readonly string[])[]): () => void;
}

/** Throws ConfigError, with the place in the list, for a fault that cannot be. */
export function checkFaults(home: FaultHome, faults: readonly Fault[]): void {
  for (const [i, fault] of faults.entries()) {
    const at = `faults[${i}].`;
    checkOneOf(`${at}kind`, fault.kind, FAULT_KINDS);
    toNs(`${at}atMs`, fault.atMs);
    if (fault.forMs !== undefined) toNs(`${at}forMs`, fault.forMs);
    if (fault.kind === "cut" || fault.kind === "impair") checkLink(home, fault, at);
    if (fault.kind === "cut" && fault.silent !== undefined) checkBoolean(`${at}silent`, fault.silent);
    if (fault.kind === "impair" || fault.kind === "directory-impair") checkImpairment(fault, at);
    if (fault.kind === "partition") checkHosts(home, fault.sides.flat(), `${at}sides`);
    if ("hosts" in fault && fault.hosts) checkHosts(home, fault.hosts, `${at}hosts`);
  }
}

/** Begins a fault; returns what ends it. */
export function begin(home: FaultHome, fault: Fault): () => void {
  switch (fault.kind) {
    case "cut": {
      const { link, direction, silent } = fault;
      return home.link(link).cut({ ...(direction && { direction }), ...(silent && { silent }) });
    }
    case "impair": {
      const { link, direction, loss, duplicate, reorder, corrupt, delayMs, jitterMs, reorderMs } = fault;
      const layer = { loss, duplicate, reorder, corrupt, delayMs, jitterMs, reorderMs };
      return home.link(link).impair(defined(layer), direction);
    }
    case "partition":
      return home.part(fault.sides);
    case "directory-cut":
      return all(home, fault.hosts, (directory, host) => directory.cut(host));
    case "directory-impair": {
      const { loss, delayMs, jitterMs } = fault;
      const layer = defined({ loss, delayMs, jitterMs });
      return all(home, fault.hosts, (directory, host) => directory.impair(host, layer));
    }
  }
}

function all(
  { directories, hostNames }: FaultHome,
  hosts: readonly string[] = hostNames,
  act: (directory: DirectoryLink, host: string) => () => void,
): () => void {
  const undo = directories.flatMap((directory) => hosts.map((host) => act(directory, host)));
  return () => {
    for (const end of undo) end();
  };
}

function checkLink(home: FaultHome, { link, direction }: { link: string; direction?: string | undefined }, at: string) {
  checkOneOf(`${at}link`, link, home.linkNames);
  if (direction !== undefined) checkOneOf(`${at}direction`, direction, DIRECTIONS);
}

function checkHosts({ hostNames }: FaultHome, hosts: readonly string[], argument: string): void {
  const stranger = hosts.find((host) => !hostNames.includes(host));
  if (stranger !== undefined) throw new ConfigError(argument, stranger, `among ${hostNames.join(", ")}`);
  if (new Set(hosts).size < hosts.length) throw new ConfigError(argument, hosts, "hosts that are named once");
}
