/** A capture of what an end sends and gets, for tshark and its like. */
import { LINKTYPE_ETHERNET } from "../../index.js";
import { type OutputFile, openOutput } from "../files.js";

export class FrameLog {
  readonly #output: OutputFile;

  private constructor(output: OutputFile) {
    this.#output = output;
    output.writer.addInterface({ linkType: LINKTYPE_ETHERNET });
  }

  static async open(path: string): Promise<FrameLog> {
    return new FrameLog(await openOutput(path));
  }

  /** The frame's bytes are copied. A disk that is slower than the traffic has its backlog in memory. */
  add(frame: Uint8Array): void {
    const timestampNs = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
    this.#output.writer.write({ timestampNs, data: frame });
  }

  close(): Promise<void> {
    return this.#output.close();
  }

  discard(): void {
    this.#output.discard();
  }
}
