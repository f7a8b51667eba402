/** What guests get: a file with an interface for each, in virtual time. */
import { type CaptureWriter, LINKTYPE_ETHERNET } from "../index.js";
import type { Delivery, Guest } from "./guest.js";

export class DeliveredFile {
  readonly #writer: CaptureWriter;
  readonly #interfaces: ReadonlyMap<Guest, number>;
  /** What was written last is with the sink when this is. */
  written: Promise<void> | undefined;

  constructor(writer: CaptureWriter, guests: readonly Guest[]) {
    this.#writer = writer;
    this.#interfaces = new Map(
      guests.map((guest) => [guest, writer.addInterface({ linkType: LINKTYPE_ETHERNET, name: guest.name })] as const),
    );
  }

  write({ guest, host, frame: { data, originalLength } }: Delivery, timestampNs: bigint): void {
    const comments = [`on ${host}`];
    const interfaceId = this.#interfaces.get(guest);
    this.written = this.#writer.write({ timestampNs, data, originalLength, comments, interfaceId });
  }
}
