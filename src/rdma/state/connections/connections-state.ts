/**
 * The section of a connection manager: it stands on a device, whose section comes before it. On the source there is a manager; on the target
 * there are the options that one would be made with there, of the same address, and after its function has run a manager that goes on.
 */
import { ConfigError } from "../../../errors.js";
import type { StatePart, StateRefusal } from "../../../migrate/state/part.js";
import { demand, isRefusal, refuse, refusing } from "../../../migrate/state/refusal.js";
import { CmEndpoint } from "../../cm/index.js";
import { ConnectionManager } from "../../connect/connection-manager.js";
import { type ConnectionManagerOptions, canonicalIp, endpointOptionsOf, pathsOf } from "../../connect/options.js";
import type { DeviceState } from "../device/device-state.js";
import { checkConnections } from "./check.js";
import { decodeConnections, encodeConnections } from "./codec.js";
import type { ConnectionsImage } from "./image.js";
import { putConnections } from "./put.js";
import { takeConnections } from "./take.js";

export class ConnectionsState implements StatePart {
  readonly name = "connections";
  readonly version = 1;
  readonly #device: DeviceState;
  readonly #options: ConnectionManagerOptions | undefined;
  #manager: ConnectionManager | undefined;
  #prepared: ConnectionsImage | undefined;

  /** A manager, or on the target the options of one of the same device. Throws ConfigError for options that none can be made with. */
  constructor(device: DeviceState, manager: ConnectionManager | ConnectionManagerOptions) {
    this.#device = device;
    if (manager instanceof ConnectionManager) {
      this.#manager = manager;
      return;
    }
    if (manager.device !== device.device)
      throw new ConfigError("device", "another one", "that of the device's section");
    canonicalIp("local", manager.local);
    pathsOf(manager);
    new CmEndpoint(endpointOptionsOf(manager));
    this.#options = manager;
  }

  /** On the target undefined until the function of prepare has run. */
  get manager(): ConnectionManager | undefined {
    return this.#manager;
  }

  /** What the last prepare has found sound; undefined when it refused. */
  get prepared(): ConnectionsImage | undefined {
    return this.#prepared;
  }

  /** Nobody calls the manager from then on. Throws without one. */
  extract(nowMs: number): Uint8Array {
    if (!this.#manager) throw new Error("there is no connection manager yet");
    return encodeConnections(takeConnections(this.#manager, nowMs));
  }

  /** The device's section was prepared before. */
  prepare(bytes: Uint8Array, nowMs: number): (() => void) | StateRefusal {
    this.#prepared = undefined;
    const options = this.#options;
    const prepared = refusing(this.name, () => {
      demand(this.#manager === undefined, "manager", "there", "not there yet");
      const device = this.#device.prepared ?? refuse("device", undefined, "prepared before");
      const image = decodeConnections(bytes);
      if (!options) return refuse("options", undefined, "given");
      checkConnections(image, device, options);
      return { image, options };
    });
    if (isRefusal(prepared)) return prepared;
    this.#prepared = prepared.image;
    return () => {
      this.#manager = putConnections(prepared.image, prepared.options, nowMs);
    };
  }
}
