/** How long a process lives by its sockets, and what its exit code says: as with net. */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { run } from "../../helpers/command.js";
import { ROOT } from "../../helpers/files.js";

const BUNDLE = join(tmpdir(), `ringlane-socket-${process.pid}.mjs`);
const PROGRAM = join(tmpdir(), `ringlane-socket-${process.pid}-program.mjs`);
const TCP = `import net from "node:net";
const server = net.createServer();
const connect = (port) => net.connect(port, "127.0.0.1");`;
const AGGREGATED = `import { AggregateServer, connectSocket, pipeAgents } from ${JSON.stringify(BUNDLE)};
const [near, far] = pipeAgents();
const server = new AggregateServer(far);
const connect = (port) => connectSocket(near, { address: far.address, port });`;

beforeAll(() => {
  buildSync({
    stdin: {
      contents: 'export * from "./src/rdma/socket/node/index.js"; export * from "./test/helpers/pipe-agents.js";',
      resolveDir: ROOT,
    },
    bundle: true,
    format: "esm",
    platform: "node",
    outfile: BUNDLE,
  });
});

describe.each([
  ["net", TCP],
  ["aggregated sockets", AGGREGATED],
])("a process with %s", (_name, sockets) => {
  function exitOf(program: string): { code: number | null; stdout: string } {
    writeFileSync(PROGRAM, `${sockets}\n${program}`);
    const { code, stdout } = run(process.execPath, [PROGRAM]);
    return { code, stdout: stdout.toString() };
  }

  it("ends when the server was closed and its sockets are", () => {
    const program = `server.on("connection", (peer) => peer.end("bye").resume());
server.listen(0, () => connect(server.address().port).on("data", (text) => console.log(String(text))).on("close", () => server.close()));`;
    expect(exitOf(program)).toEqual({ code: 0, stdout: "bye\n" });
  });

  it("does not stay for what is unref'd", () => {
    const program = `server.on("connection", (peer) => peer.unref()).unref();
server.listen(0, () => { const client = connect(server.address().port); client.on("connect", () => setTimeout(() => client.unref(), 20)); });`;
    expect(exitOf(program)).toEqual({ code: 0, stdout: "" });
  });

  it("stays for an open socket", () => {
    const program = `server.on("connection", (peer) => { peer.resume(); server.close(); });
server.listen(0, () => connect(server.address().port).resume());
setTimeout(() => { console.log("still here"); process.exit(3); }, 200).unref();`;
    expect(exitOf(program)).toEqual({ code: 3, stdout: "still here\n" });
  });

  it("fails by a socket's error that nobody listens for", () => {
    expect(exitOf("connect(1);").code).toBe(1);
  });
});
