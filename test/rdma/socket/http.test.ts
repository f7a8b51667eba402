/** node:http over sockets that it did not make: nothing of it is changed. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type { Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type AnyServer,
  type AnySocket,
  listening,
  SOCKET_WORLDS,
  type SocketWorld,
} from "../../helpers/socket-worlds.js";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** An agent whose connections are this world's. */
class WorldAgent extends http.Agent {
  readonly opened: AnySocket[] = [];
  readonly #connect: () => AnySocket;

  constructor(connect: () => AnySocket, options: http.AgentOptions) {
    super(options);
    this.#connect = connect;
  }

  override createConnection(): AnySocket {
    const socket = this.#connect();
    this.opened.push(socket);
    return socket;
  }
}

describe.each(SOCKET_WORLDS)("http ($name)", ({ open }) => {
  let world: SocketWorld;
  let web: http.Server;
  let server: AnyServer;
  let agent: WorldAgent;
  let answer: http.RequestListener;

  beforeEach(async () => {
    world = await open();
    web = http.createServer((request, response) => answer(request, response));
    server = world.createServer({ allowHalfOpen: true }, (socket) => web.emit("connection", socket as Socket));
    const port = await listening(server);
    agent = new WorldAgent(() => world.connect(port), { keepAlive: true, maxSockets: 1 });
  });

  afterEach(async () => {
    agent.destroy();
    web.closeAllConnections();
    await server[Symbol.asyncDispose]();
    await world.close();
  });

  async function request(options: http.RequestOptions, body?: Uint8Array | string): Promise<http.IncomingMessage> {
    const asked = http.request({ ...options, agent });
    asked.end(body);
    const [response] = (await once(asked, "response")) as [http.IncomingMessage];
    return response;
  }

  it("keeps one connection for several requests", async () => {
    answer = (asked, response) => response.end(`${asked.method} ${asked.url}`);
    for (const path of ["/one", "/two", "/three"]) {
      expect(await text(await request({ path }))).toBe(`GET ${path}`);
    }
    const many = ["/a", "/b", "/c", "/d"].map(async (path) => text(await request({ path, method: "PUT" }, path)));
    expect(await Promise.all(many)).toEqual(["PUT /a", "PUT /b", "PUT /c", "PUT /d"]);
    expect(agent.opened).toHaveLength(1);
    expect(agent.opened[0]?.listenerCount("error")).toBeLessThan(3);
  });

  it("carries bodies of megabytes both ways, chunked and with a length", async () => {
    answer = async (asked, response) => {
      if (asked.headers["content-length"]) response.setHeader("content-length", asked.headers["content-length"]);
      await pipeline(asked, response);
    };
    for (const bytes of [1, 16_384, 5_000_000]) {
      const body = randomBytes(bytes);
      const withLength = await request({ method: "POST", headers: { "content-length": bytes } }, body);
      expect(withLength.headers["content-length"]).toBe(String(bytes));
      expect(sha256(await buffer(withLength))).toBe(sha256(body));

      const asked = http.request({ method: "POST", agent });
      asked.flushHeaders();
      for (let at = 0; at < bytes; at += 100_000) asked.write(body.subarray(at, at + 100_000));
      asked.end();
      const [chunked] = (await once(asked, "response")) as [http.IncomingMessage];
      expect(chunked.headers["transfer-encoding"]).toBe("chunked");
      expect(sha256(await buffer(chunked))).toBe(sha256(body));
    }
    expect(agent.opened).toHaveLength(1);
  });

  it("answers pipelined requests with large bodies in their order", async () => {
    const bodies = [3_000_000, 10, 2_000_000].map((bytes) => randomBytes(bytes));
    answer = async (asked, response) => {
      const body = await buffer(asked);
      response.end(`${asked.url} ${sha256(body)}\n`);
    };
    const socket = agent.createConnection();
    for (const [at, body] of bodies.entries()) {
      const last = at === bodies.length - 1 ? "Connection: close\r\n" : "";
      socket.write(`POST /${at} HTTP/1.1\r\nHost: x\r\n${last}Content-Length: ${body.length}\r\n\r\n`);
      socket.write(body);
    }
    const heard = String(await buffer(socket));
    expect(heard.match(/^\/\d [0-9a-f]{64}$/gm)).toEqual(bodies.map((body, at) => `/${at} ${sha256(body)}`));
  });

  it("asks before it sends (Expect: 100-continue)", async () => {
    answer = async (asked, response) => void response.end(await text(asked));
    const asked = http.request({ method: "PUT", headers: { expect: "100-continue" }, agent });
    asked.flushHeaders();
    await once(asked, "continue");
    asked.end("the body");
    const [response] = (await once(asked, "response")) as [http.IncomingMessage];
    expect(await text(response)).toBe("the body");
  });

  it("hands a connection over by Upgrade, with the bytes that came behind", async () => {
    web.on("upgrade", (_asked, socket, head) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello, ");
      socket.write(head);
      socket.pipe(socket);
    });
    const asked = http.request({ headers: { connection: "Upgrade", upgrade: "echo" }, agent });
    asked.end();
    const [response, socket, head] = await once(asked, "upgrade");
    expect(response.statusCode).toBe(101);
    expect(socket).toBe(agent.opened[0]);
    socket.end("world");
    expect(head.toString() + (await text(socket))).toBe("hello, world");
  });

  it("ends with Connection: close, and the next request has a connection of its own", async () => {
    answer = (_asked, response) => response.setHeader("connection", "close").end("x".repeat(1_000_000));
    for (const path of ["/one", "/two"]) expect((await text(await request({ path }))).length).toBe(1_000_000);
    expect(agent.opened).toHaveLength(2);
  });

  it("tells a client whose server went away, and a server whose client did", async () => {
    answer = (asked) => asked.socket.resetAndDestroy();
    await expect(request({})).rejects.toMatchObject({ code: "ECONNRESET" });

    const aborted = new Promise<Error>((resolve) => {
      answer = (asked) => void asked.on("error", resolve).resume();
    });
    const asked = http.request({ method: "POST", agent });
    asked.on("error", () => {});
    asked.write("a part");
    await once(web, "request");
    asked.destroy();
    expect(await aborted).toMatchObject({ code: "ECONNRESET", message: "aborted" });
  });

  it("gives up a request that is not answered in time", async () => {
    answer = () => {};
    const asked = http.request({ agent, timeout: 50 });
    asked.end();
    await once(asked, "timeout");
    asked.on("error", () => {}).destroy();
  });
});
