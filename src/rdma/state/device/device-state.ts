/**
 * The section of an RDMA device: protection domains, regions with their bytes and keys, completions, queue pairs in the middle of what they
 * do. The device that takes it in must be unused, and becomes that of the section in its limits, too. Handles are new there: the device finds
 * them by the numbers that they had (RdmaDevice.queuePair, region and so on).
 *
 *   source.device.stop(); const bytes = new DeviceState(source.device).extract(nowMs);
 *   const apply = new DeviceState(target.device).prepare(bytes, nowMs); if (typeof apply === "function") apply();
 */
import type { StatePart, StateRefusal } from "../../../migrate/state/part.js";
import { isRefusal, refusing } from "../../../migrate/state/refusal.js";
import type { RdmaDevice } from "../../verbs/device.js";
import { checkDevice } from "./check.js";
import { decodeDevice } from "./decode.js";
import { encodeDevice } from "./encode.js";
import type { DeviceImage } from "./image.js";
import { putDevice } from "./put.js";
import { takeDevice } from "./take.js";

export class DeviceState implements StatePart {
  readonly name = "device";
  readonly version = 1;
  readonly device: RdmaDevice;
  #prepared: DeviceImage | undefined;

  constructor(device: RdmaDevice) {
    this.device = device;
  }

  /** What the last prepare has found sound, for the parts that stand on the device; undefined when it refused. */
  get prepared(): DeviceImage | undefined {
    return this.#prepared;
  }

  /** The device is to be stopped (RdmaDevice.stop) from then on: what it does afterwards is not in the section. */
  extract(nowMs: number): Uint8Array {
    this.device.endpoint.owner.checkOpen();
    return encodeDevice(takeDevice(this.device, nowMs));
  }

  prepare(bytes: Uint8Array, nowMs: number): (() => void) | StateRefusal {
    this.#prepared = undefined;
    this.device.endpoint.owner.checkOpen();
    const image = refusing(this.name, () => {
      const read = decodeDevice(bytes, this.device.limits);
      checkDevice(read, this.device);
      return read;
    });
    if (isRefusal(image)) return image;
    this.#prepared = image;
    return () => putDevice(this.device, image, nowMs);
  }
}
