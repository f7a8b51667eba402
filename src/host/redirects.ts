/**
 * Another host says that somebody to whom this one sends is not there (gqp/moved.ts): the directory knows where he is, his frames wait until
 * it has said so, and what was rejected goes again first.
 */
import { decodeMoved, MOVED_BYTES, type Moved } from "../gqp/moved.js";
import { parseIp } from "../overlay/address.js";
import type { ControlFrame } from "../overlay/plane/control.js";
import type { HostContext } from "./context.js";
import type { Knowledge } from "./knowledge.js";
import type { HostNetwork } from "./network.js";
import type { Networks } from "./networks.js";
import { senderOf } from "./stale.js";

export class Redirects {
  readonly #context: HostContext;
  readonly #networks: Networks;
  readonly #knowledge: Knowledge;

  constructor(context: HostContext, networks: Networks, knowledge: Knowledge) {
    this.#context = context;
    this.#networks = networks;
    this.#knowledge = knowledge;
  }

  /** Takes a frame that came for the control queue pair. */
  take(frame: ControlFrame): void {
    const message = decodeMoved(frame.bytes.subarray(frame.payload, frame.payload + MOVED_BYTES));
    const sender = senderOf(frame);
    frame.dispose();
    if (typeof message === "string") return;
    const network = this.#networks.get(message.vni);
    const ptr = network ? this.#knowledge.find(network, message.mac) : 0;
    if (!network || ptr === 0) return;
    const { plane, now, settings } = this.#context;
    // Said before, or by somebody to whom this host does not send: where he is, is known better.
    const isNews = plane.endpoints.state(ptr) !== "local" && plane.endpoints.hostIs(ptr, parseIp("sender", sender));
    if (!isNews) {
      this.#sendAgain(ptr, message);
      return;
    }
    this.#knowledge.doubt(ptr);
    this.#redirect(network, message, now() + settings.times.missMs);
  }

  /** Asks where somebody has gone, again while nobody answers, and sends there what was rejected. */
  #redirect(network: HostNetwork, message: Moved, untilMs: number): void {
    const { vni, mac, gqpn } = message;
    const { plane, requests, name, tell } = this.#context;
    requests.ask("resolve", { query: gqpn === 0 ? { vni, mac } : { gqpn } }, (answer) => {
      const at = this.#knowledge.find(network, mac);
      if (at === 0) return;
      const resolution = "value" in answer ? answer.value : undefined;
      const isOld = resolution !== undefined && resolution.endpoint.generation < plane.endpoints.generation(at);
      // It may be here by now, or a change that is newer than the answer may have come before it.
      if (isOld || plane.endpoints.state(at) === "local") {
        this.#sendAgain(at, message);
        plane.release(at);
      } else if (!("value" in answer) || this.#knowledge.isComing(at, resolution)) {
        this.#later(() => this.#redirect(network, message, untilMs), untilMs);
      } else if (!resolution || resolution.host.name === name) this.#knowledge.writeAbsent(network, at);
      else {
        const sendOn = plane.endpoints.sendOn(at);
        plane.endpoints.write(at, { ...network.remoteFields(resolution), sendOn });
        const resent = this.#sendAgain(at, message);
        this.#knowledge.write(network, at, resolution);
        tell({ type: "redirected", vni, mac, to: resolution.host.name, resent });
      }
    });
  }

  #sendAgain(ptr: number, { rejected }: Moved): number {
    return rejected ? this.#context.plane.resend(ptr, rejected.first, rejected.bitmap) : 0;
  }

  #later(run: () => void, untilMs: number): void {
    const { timers, now, settings } = this.#context;
    const atMs = now() + settings.times.refreshMs;
    if (atMs < untilMs) timers.at(atMs, run);
  }
}
