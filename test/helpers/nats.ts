/**
 * Real NATS servers on loopback, alone or as a cluster: started with free ports and a folder of their own, killed, stopped as if they
 * were cut off (SIGSTOP), and all gone when the test file ends, however it ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./eventually.js";

export const NATS_SERVER = "nats-server";

interface Server {
  readonly port: number;
  readonly webSocketPort: number;
  readonly monitorPort: number;
  readonly config: string;
  child: ChildProcess | undefined;
}

export class NatsServers {
  readonly #folder = mkdtempSync(join(tmpdir(), "ringlane-nats-"));
  readonly #servers: Server[] = [];
  readonly #onExit = () => this.#end();

  /** Starts as many, and waits until they keep data; authorization is put into their configuration. */
  static async start(count: number, authorization = ""): Promise<NatsServers> {
    const servers = new NatsServers();
    process.once("exit", servers.#onExit);
    try {
      await servers.#configure(count, authorization);
      for (let i = 0; i < count; i++) servers.restart(i);
      await servers.ready();
      return servers;
    } catch (error) {
      servers.stop();
      throw error;
    }
  }

  get urls(): string[] {
    return this.#servers.map(({ port }) => `nats://127.0.0.1:${port}`);
  }

  get webSocketUrl(): string {
    return `ws://127.0.0.1:${this.#server(0).webSocketPort}`;
  }

  /** Gone at once, its data kept. */
  kill(index: number): void {
    this.#server(index).child?.kill("SIGKILL");
    this.#server(index).child = undefined;
  }

  restart(index: number): void {
    const server = this.#server(index);
    server.child = spawn(NATS_SERVER, ["-c", server.config], { stdio: "ignore" });
  }

  /** Cut off: its connections stay, and nothing comes out of them. */
  freeze(index: number): void {
    this.#server(index).child?.kill("SIGSTOP");
  }

  thaw(index: number): void {
    this.#server(index).child?.kill("SIGCONT");
  }

  /** Waits until every server says that it is there, and in the cluster; it may still have to catch up. */
  async ready(): Promise<void> {
    for (const { monitorPort } of this.#servers) {
      const url = `http://127.0.0.1:${monitorPort}/healthz?js-server-only=true`;
      await eventually(async () => (await fetch(url, { signal: AbortSignal.timeout(1000) })).ok);
    }
  }

  stop(): void {
    process.removeListener("exit", this.#onExit);
    this.#end();
  }

  #end(): void {
    for (const { child } of this.#servers) child?.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }

  #server(index: number): Server {
    const server = this.#servers[index];
    if (server === undefined) throw new Error(`no server ${index}`);
    return server;
  }

  async #configure(count: number, authorization: string): Promise<void> {
    const ports = await freePorts(count * 4);
    const routes = ports.slice(0, count).map((port) => `nats://127.0.0.1:${port}`);
    for (let i = 0; i < count; i++) {
      const [port = 0, webSocketPort = 0, monitorPort = 0] = ports.slice(count + i * 3);
      const config = join(this.#folder, `${i}.conf`);
      const cluster = `cluster { name: ringlane, listen: "127.0.0.1:${ports[i]}", routes: ${JSON.stringify(routes)} }`;
      writeFileSync(
        config,
        `server_name: n${i}
listen: "127.0.0.1:${port}"
http: "127.0.0.1:${monitorPort}"
websocket { listen: "127.0.0.1:${webSocketPort}", no_tls: true }
jetstream { store_dir: "${join(this.#folder, String(i))}", max_mem: 64MB, max_file: 512MB }
${count > 1 ? cluster : ""}
${authorization}
`,
      );
      this.#servers.push({ port, webSocketPort, monitorPort, config, child: undefined });
    }
  }
}

/** Ports of loopback that nobody listened on a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const listeners = await Promise.all(
    Array.from({ length: count }, () => {
      const listener = createServer();
      return new Promise<typeof listener>((resolve) => listener.listen(0, "127.0.0.1", () => resolve(listener)));
    }),
  );
  const ports = listeners.map((listener) => (listener.address() as { port: number }).port);
  await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
  return ports;
}
