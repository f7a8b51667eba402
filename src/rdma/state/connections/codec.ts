/** A connection manager's section from what it says, and back with every field in its own bounds. */
import { demand } from "../../../migrate/state/refusal.js";
import type { CmState } from "../../cm/record.js";
import { WAITING_MAX } from "../../connect/management.js";
import { pathOptions } from "../device/path.js";
import { PATH } from "../device/tables.js";
import { RecordReader, RecordWriter } from "../records.js";
import { type ConnectionsImage, type LinkImage, type MachineImage, type MachineWords, STATES } from "./image.js";
import * as tables from "./tables.js";

/** As the communication manager's (src/rdma/cm/endpoint.ts). */
const CONNECTIONS_MAX = 2 ** 20;
const LISTENERS_MAX = 65_536;
/** More than connections can have had between two polls. */
const EVENTS_MAX = 2 ** 22;

export function encodeConnections(image: ConnectionsImage): Uint8Array {
  const writer = new RecordWriter();
  writer.record(tables.HEAD, image.head);
  writer.records(tables.LISTENER, image.listeners);
  writer.records(tables.MACHINE, image.machines);
  for (const { mads, link } of image.machines) {
    for (const mad of mads) writer.record(tables.MAD, { mad });
    if (!link) continue;
    writer.record(tables.LINK, link);
    writer.record(PATH, link.path);
  }
  writer.records(tables.EVENT, image.events);
  for (const { privateData } of image.events) writer.run(privateData);
  writer.align(8);
  writer.records(tables.WAITING, image.waiting);
  writer.records(
    tables.UNUSED,
    image.unused.map((address) => ({ address })),
  );
  writer.records(tables.HANDLE, image.used);
  return writer.done();
}

/** Refuses (refusal.ts). */
export function decodeConnections(section: Uint8Array): ConnectionsImage {
  const reader = new RecordReader(section);
  const head = reader.record(tables.HEAD, "");
  const listeners = reader.records(tables.LISTENER, "listeners", LISTENERS_MAX);
  const words = reader.records(tables.MACHINE, "connections", CONNECTIONS_MAX);
  const machines = words.map((machine, i) => readMachine(reader, machine, `connections[${i}]`));
  const eventWords = reader.records(tables.EVENT, "events", EVENTS_MAX);
  const events = eventWords.map((event, i) => ({
    ...event,
    privateData: reader.run(event.privateBytes, `events[${i}].privateData`),
  }));
  reader.align(8);
  const waiting = reader.records(tables.WAITING, "waiting", WAITING_MAX);
  const unused = reader.records(tables.UNUSED, "unused", 65_536).map(({ address }) => address);
  const used = reader.records(tables.HANDLE, "used", 65_536);
  reader.end();
  const links = new Map<number, LinkImage>();
  for (const [i, { link }] of machines.entries()) {
    if (!link) continue;
    demand(!links.has(link.id), `connections[${i}].link.id`, link.id, "one that no other has");
    links.set(link.id, link);
  }
  return { head, listeners, machines, links, events, waiting, unused, used };
}

function readMachine(reader: RecordReader, words: MachineWords, path: string): MachineImage {
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
