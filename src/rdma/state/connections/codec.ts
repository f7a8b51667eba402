/** A connection manager's section from what it says, and back with every field in its own bounds. */
import type { CmState } from "../../cm/record.js";
import { WAITING_MAX } from "../../connect/management.js";
import { pathOptions } from "../device/path.js";
import { PATH } from "../device/tables.js";
import { demand } from "../refused.js";
import { SectionReader, SectionWriter } from "../section.js";
import { type ConnectionsImage, type LinkImage, type MachineImage, type MachineWords, STATES } from "./image.js";
import * as tables from "./tables.js";

/** As the communication manager's (src/rdma/cm/endpoint.ts). */
const CONNECTIONS_MAX = 2 ** 20;
const LISTENERS_MAX = 65_536;
/** More than connections can have had between two polls. */
const EVENTS_MAX = 2 ** 22;

export function encodeConnections(image: ConnectionsImage): Uint8Array {
  const writer = new SectionWriter();
  writer.record(tables.HEAD, image.head);
  writer.list(tables.LISTENER, image.listeners);
  writer.list(tables.MACHINE, image.machines);
  for (const { mads, link } of image.machines) {
    for (const mad of mads) writer.record(tables.MAD, { mad });
    if (!link) continue;
    writer.record(tables.LINK, link);
    writer.record(PATH, link.path);
  }
  writer.list(tables.EVENT, image.events);
  for (const { privateData } of image.events) writer.run(privateData);
  writer.align();
  writer.list(tables.WAITING, image.waiting);
  writer.list(
    tables.UNUSED,
    image.unused.map((address) => ({ address })),
  );
  writer.list(tables.HANDLE, image.used);
  return writer.finish();
}

/** Refuses (refused.ts). */
export function decodeConnections(section: Uint8Array): ConnectionsImage {
  const reader = new SectionReader(section);
  const head = reader.record(tables.HEAD, "");
  const listeners = reader.list(tables.LISTENER, "listeners", LISTENERS_MAX);
  const words = reader.list(tables.MACHINE, "connections", CONNECTIONS_MAX);
  const machines = words.map((machine, i) => readMachine(reader, machine, `connections[${i}]`));
  const eventWords = reader.list(tables.EVENT, "events", EVENTS_MAX);
  const events = eventWords.map((event, i) => ({
    ...event,
    privateData: reader.run(event.privateBytes, `events[${i}].privateData`),
  }));
  reader.align();
  const waiting = reader.list(tables.WAITING, "waiting", WAITING_MAX);
  const unused = reader.list(tables.UNUSED, "unused", 65_536).map(({ address }) => address);
  const used = reader.list(tables.HANDLE, "used", 65_536);
  reader.finish();
  const links = new Map<number, LinkImage>();
  for (const [i, { link }] of machines.entries()) {
    if (!link) continue;
    demand(!links.has(link.id), `connections[${i}].link.id`, link.id, "one that no other has");
    links.set(link.id, link);
  }
  return { head, listeners, machines, links, events, waiting, unused, used };
}

function readMachine(reader: SectionReader, words: MachineWords, path: string): MachineImage {
  const mad = () => reader.record(tables.MAD, path).mad;
  const { hasRep, hasOutstanding, hasAnswer, hasLink } = words;
  const count = 1 + [hasRep, hasOutstanding, hasAnswer].filter((has) => has).length;
  const mads = Array.from({ length: count }, mad);
  if (!hasLink) return { ...words, mads, link: undefined };
  const link = reader.record(tables.LINK, `${path}.link`);
  const route = reader.record(PATH, `${path}.link.path`);
  const { remote } = pathOptions(route);
  return { ...words, mads, link: { ...link, path: route, remote, state: STATES[words.state] as CmState } };
}
