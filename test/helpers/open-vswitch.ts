/** Open vSwitch (userspace datapath) in a network namespace, with all its files in a folder of its own. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { has, must, run } from "./command.js";

const PROGRAMS = ["ip", "ovsdb-tool", "ovsdb-server", "ovs-vswitchd", "ovs-vsctl", "ovs-appctl", "ovs-ofctl"];

/** True when it, and the programs given, can run here, and a namespace of that name can be made; else tests are skipped by name. */
export function canSwitch(namespace: string, ...programs: string[]): boolean {
  if (![...PROGRAMS, ...programs].every(has)) return false;
  try {
    must("ip", "netns", "add", namespace);
    must("ip", "-n", namespace, "link", "add", "probe", "type", "veth", "peer", "name", "eborp");
    return true;
  } catch {
    return false;
  } finally {
    run("ip", ["netns", "del", namespace]);
  }
}

export class OpenVSwitch {
  readonly #namespace: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "ringlane-ovs-"));
  readonly #socket = `unix:${join(this.#folder, "db.sock")}`;
  readonly #daemons: string[] = [];

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Without a bridge. To be stopped even when it throws. */
  start(): void {
    const database = join(this.#folder, "conf.db");
    must("ovsdb-tool", "create", database, "/usr/share/openvswitch/vswitch.ovsschema");
    this.#daemon("ovsdb-server", database, `--remote=p${this.#socket}`);
    this.configure("--no-wait", "init");
    this.#daemon("ovs-vswitchd", this.#socket, "--disable-system");
  }

  configure(...args: string[]): void {
    must("ovs-vsctl", `--db=${this.#socket}`, "--timeout=30", ...args);
  }

  /** Asks the running switch; returns what it says. */
  ask(...args: string[]): string {
    return must("ovs-appctl", "-t", join(this.#folder, "ovs-vswitchd.ctl"), ...args);
  }

  openflow(bridge: string, command: string, ...args: string[]): void {
    const target = `unix:${join(this.#folder, `${bridge}.mgmt`)}`;
    must("env", `OVS_RUNDIR=${this.#folder}`, "ovs-ofctl", command, target, ...args);
  }

  stop(): void {
    for (const name of this.#daemons.splice(0).reverse()) {
      const file = join(this.#folder, `${name}.pid`);
      if (existsSync(file)) process.kill(Number(readFileSync(file, "utf8")));
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #daemon(name: string, ...args: string[]): void {
    const [pid, control, log] = ["pid", "ctl", "log"].map((kind) => join(this.#folder, `${name}.${kind}`));
    this.#daemons.push(name);
    const command = [name, ...args, `--pidfile=${pid}`, `--unixctl=${control}`, `--log-file=${log}`, "--detach"];
    must("ip", "netns", "exec", this.#namespace, "env", `OVS_RUNDIR=${this.#folder}`, ...command);
  }
}
