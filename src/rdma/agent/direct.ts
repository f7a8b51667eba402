/**
 * A stream with a connection to itself, to a peer that knows no aggregates: each SEND is its next bytes, one without bytes its end, and
 * the connection's end the end of both directions. The peer's receives are its window: without one it is not ready, and this end waits.
 */
import { regionOf } from "../transfer/options.js";
import type { MemoryRegion } from "../verbs/index.js";
import type { AgentStream, Carrier } from "./agent-stream.js";
import type { Link, Links } from "./link.js";
import { DIRECT_SLOT_BYTES, DIRECT_SLOTS } from "./options.js";
import type { DirectImage } from "./state/image.js";
import type { StreamErrorCode } from "./stream.js";

export class DirectStream implements Carrier {
  readonly stream: AgentStream;
  readonly link: Link;
  readonly #links: Links;
  /** Slots to send from, then slots that receives are posted over. */
  readonly #region: MemoryRegion;
  readonly #free: number[];
  /** Slots of messages that its user has not used up, oldest first, with what is left of each. */
  readonly #unused: { readonly slot: number; left: number }[];
  #wantsRoom = false;
  #end: "none" | "wanted" | "sent" = "none";
  #isRemoteEnded = false;
  #isBroken = false;
  #isClosed = false;

  /** With an image it goes on over what a moved device has. Throws ConfigError when there is no room for it. */
  constructor(stream: AgentStream, links: Links, image?: DirectImage) {
    this.stream = stream;
    this.#links = links;
    this.#free = [...(image?.free ?? Array.from({ length: DIRECT_SLOTS }, (_, i) => i))];
    this.#unused = (image?.unused ?? []).map((each) => ({ ...each }));
    if (image) {
      this.link = links.goOn(image.qpn);
      this.#region = regionOf(links.device, image.lkey);
      this.#wantsRoom = image.wantsRoom;
      this.#end = image.end;
      this.#isRemoteEnded = image.isRemoteEnded;
      this.#isBroken = image.isBroken;
      return;
    }
    this.link = links.open();
    try {
      this.#region = links.pd.register(2 * DIRECT_SLOTS * DIRECT_SLOT_BYTES, { access: ["local-write"] });
    } catch (error) {
      links.close(this.link, undefined);
      throw error;
    }
    for (let slot = 0; slot < DIRECT_SLOTS; slot++) this.#postReceive(slot);
  }

  get image(): Omit<DirectImage, "connection" | "isOpener"> {
    return {
      stream: this.stream.image,
      qpn: this.link.qp.qpn,
      lkey: this.#region.lkey,
      free: this.#free,
      unused: this.#unused,
      wantsRoom: this.#wantsRoom,
      end: this.#end,
      isRemoteEnded: this.#isRemoteEnded,
      isBroken: this.#isBroken,
    };
  }

  /** The user is through with it, or this end or the peer broke it off: its connection is to end. */
  get isOver(): boolean {
    return this.#isBroken || (this.#end === "sent" && this.#free.length === DIRECT_SLOTS && this.#isRemoteEnded);
  }

  write(bytes: Uint8Array): number {
    let taken = 0;
    while (taken < bytes.length && this.#end === "none" && !this.#isBroken) {
      const slot = this.#isSending ? this.#free.pop() : undefined;
      if (slot === undefined) break;
      const part = bytes.subarray(taken, taken + DIRECT_SLOT_BYTES);
      this.#region.bytes.set(part, slot * DIRECT_SLOT_BYTES);
      this.#post(slot, part.length);
      taken += part.length;
    }
    this.#wantsRoom = taken < bytes.length && !this.#isBroken;
    return taken;
  }

  end(): void {
    if (this.#end === "none") this.#end = "wanted";
  }

  reset(): void {
    this.#isBroken = true;
    this.#wantsRoom = false;
  }

  consumed(bytes: number): void {
    let left = bytes;
    for (let first = this.#unused[0]; first && left > 0; first = this.#unused[0]) {
      const used = Math.min(left, first.left);
      first.left -= used;
      left -= used;
      if (first.left > 0) return;
      this.#unused.shift();
      this.#postReceive(first.slot);
    }
  }

  /** Takes what has come, and sends the end once there is room for it. */
  poll(): void {
    if (this.#isClosed) return;
    for (const { wrId, status } of this.link.sendCq.poll()) if (status === "success") this.#free.push(wrId);
    for (const { wrId, status, byteLen } of this.link.recvCq.poll())
      if (status === "success") this.#arrived(wrId, byteLen);
    if (this.#end === "wanted" && this.#isSending) {
      const slot = this.#free.pop();
      if (slot !== undefined) {
        this.#post(slot, 0);
        this.#end = "sent";
      }
    }
    if (!this.#wantsRoom || this.#free.length === 0 || !this.#isSending) return;
    this.#wantsRoom = false;
    this.stream.handler?.onWritable();
  }

  /** Its connection is over, or never came about. */
  close(connection: number | undefined, error: StreamErrorCode | undefined): void {
    if (this.#isClosed) return;
    this.poll();
    this.#isClosed = true;
    const isInOrder = this.#isBroken || this.stream.isReset || (this.#end === "sent" && this.#isRemoteEnded);
    this.#region.deregister();
    this.#links.close(this.link, connection);
    this.stream.close(isInOrder ? undefined : error);
  }

  get #isSending(): boolean {
    return this.link.qp.state === "rts";
  }

  #arrived(slot: number, length: number): void {
    const at = (DIRECT_SLOTS + slot) * DIRECT_SLOT_BYTES;
    if (length > 0 && !this.#isRemoteEnded) {
      this.#unused.push({ slot, left: length });
      this.stream.handler?.onData(this.#region.bytes.slice(at, at + length));
      return;
    }
    this.#postReceive(slot);
    if (this.#isRemoteEnded) return;
    this.#isRemoteEnded = true;
    this.stream.handler?.onEnd();
  }

  #post(slot: number, length: number): void {
    this.link.qp.postSend({
      wrId: slot,
      opcode: "send",
      local: { region: this.#region, offset: slot * DIRECT_SLOT_BYTES, length },
    });
  }

  #postReceive(slot: number): void {
    const offset = (DIRECT_SLOTS + slot) * DIRECT_SLOT_BYTES;
    const local = { region: this.#region, offset, length: DIRECT_SLOT_BYTES };
    if (!this.#isClosed && this.link.qp.state !== "error") this.link.qp.postRecv({ wrId: slot, local });
  }
}
