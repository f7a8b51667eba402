/**
 * Another host says that somebody to whom this one sends is not there (gqp/moved.ts): the directory knows where he is, his frames wait until
 * it has said so, and what was rejected goes again first.
 */
import { decodeMoved, MOVED_BYTES } from "../gqp/moved.js";
import { parseIp } from "../overlay/address.js";
import type { ControlFrame } from "../overlay/plane/control.js";
import type { HostContext } from "./context.js";
import type { Knowledge } from "./knowledge.js";
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
    const { vni, mac, gqpn, rejected } = message;
    const network = this.#networks.get(vni);
    const ptr = network ? this.#knowledge.find(network, mac) : 0;
    const { plane, requests, name, tell } = this.#context;
    if (!network || ptr === 0 || plane.endpoints.state(ptr) === "local") return;
    const again = (at: number) => (rejected ? plane.resend(at, rejected.first, rejected.bitmap) : 0);
    // Said before, or by somebody to whom this host does not send: where he is, is known better.
    if (!plane.endpoints.hostIs(ptr, parseIp("sender", sender))) {
      again(ptr);
      return;
    }
    this.#knowledge.doubt(ptr);
    requests.ask("resolve", { query: gqpn === 0 ? { vni, mac } : { gqpn } }, (answer) => {
      const at = this.#knowledge.find(network, mac);
      if (at === 0 || !("value" in answer)) return;
      const resolution = answer.value;
      if (!resolution || resolution.host.name === name) {
        if (plane.endpoints.state(at) !== "local") this.#knowledge.writeAbsent(network, at);
        return;
      }
      plane.endpoints.write(at, network.remoteFields(resolution));
      const resent = again(at);
      this.#knowledge.write(network, at, resolution);
      tell({ type: "redirected", vni, mac, to: resolution.host.name, resent });
    });
  }
}
