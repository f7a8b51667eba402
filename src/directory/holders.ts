/**
 * A key that several endpoints may have: an address that two networks' guests gave themselves, a VM with two interfaces. Nearly always it
 * is one, so one needs no list. Who is meant by the key is the one that outranks the others (records.ts).
 */
import { type EndpointRecord, outranks } from "./records.js";

interface Holder {
  readonly endpoint: EndpointRecord;
}

/** One holder of a key, or several. */
export type Holders<T extends Holder> = T | T[];

export function add<T extends Holder>(map: Map<string, Holders<T>>, key: string, holder: T): void {
  const holders = map.get(key);
  if (holders === undefined) map.set(key, holder);
  else if (Array.isArray(holders)) holders.push(holder);
  else map.set(key, [holders, holder]);
}

export function remove<T extends Holder>(map: Map<string, Holders<T>>, key: string, holder: T): void {
  const holders = map.get(key);
  if (!Array.isArray(holders)) {
    if (holders === holder) map.delete(key);
    return;
  }
  const rest = holders.filter((other) => other !== holder);
  map.set(key, rest.length === 1 ? (rest[0] as T) : rest);
}

/** The one that is meant, or undefined. */
export function best<T extends Holder>(holders: Holders<T> | undefined): T | undefined {
  if (!Array.isArray(holders)) return holders;
  return holders.reduce((first, other) => (outranks(other.endpoint, first.endpoint) ? other : first));
}
