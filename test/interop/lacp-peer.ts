/**
 * Our end of two links whose other end is Open vSwitch: a LACP system, the clock, and two raw interfaces relayed by
 * socat as UDP datagrams. Run by ovs-lacp.test.ts in a network namespace, by `node --import tsx`. Argument: the
 * system's options as JSON, with `conversations` as a list of entries. Takes commands as lines of JSON on stdin:
 * {"mute": port} and {"unmute": port}, which stop and start the port's frames both ways. Prints a line of JSON, the
 * ports, whenever something happened.
 */
import { createSocket } from "node:dgram";
import { createInterface } from "node:readline";
import { type LacpAction, LacpSystem } from "../../src/lag/lacp/index.js";

/** Where the relay of a port listens, and where it sends. */
const relayPort = (port: number) => 9100 + port;
const ourPort = (port: number) => 9200 + port;

const { conversations, ...rest } = JSON.parse(process.argv[2] as string);
const system = new LacpSystem({ ...rest, conversations: conversations && new Map(conversations) });
const muted = new Set<number>();
let timer: NodeJS.Timeout | undefined;

const sockets = new Map(
  system.portNumbers.map((port) => {
    const socket = createSocket("udp4").bind(ourPort(port), "127.0.0.1");
    socket.on("message", (frame) => {
      if (!muted.has(port)) act(system.receive(port, frame, performance.now()));
    });
    return [port, socket];
  }),
);

function act(actions: readonly LacpAction[]): void {
  for (const action of actions) {
    if (action.type !== "send" || muted.has(action.port)) continue;
    sockets.get(action.port)?.send(action.frame, relayPort(action.port), "127.0.0.1");
  }
  console.log(JSON.stringify(system.portNumbers.map((port) => system.port(port))));
  clearTimeout(timer);
  const { nextMs } = system;
  // A timer may fire a little early; a tick that is early does nothing but this again.
  if (nextMs !== undefined) timer = setTimeout(() => act(system.tick(performance.now())), nextMs - performance.now());
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { mute, unmute } = JSON.parse(line);
    if (mute !== undefined) muted.add(mute);
    if (unmute !== undefined) muted.delete(unmute);
  })
  .on("close", () => process.exit());

for (const port of system.portNumbers) act(system.link(port, true, performance.now()));
