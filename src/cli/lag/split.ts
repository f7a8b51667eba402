/** `--out`: the capture once more, with an interface for each member and, with each frame, why it went there. */
import { type CapturePacket, ConfigError, LINKTYPE_ETHERNET } from "../../index.js";
import { formatFor, type OutputFile, openOutput } from "../files.js";

export class Split {
  readonly #output: OutputFile;

  private constructor(output: OutputFile) {
    this.#output = output;
  }

  /** Opens the file. Throws ConfigError for a name that asks for pcap, which has room for one interface. */
  static async open(path: string, members: readonly string[]): Promise<Split> {
    if (formatFor(path) !== "pcapng")
      throw new ConfigError("--out", path, "a name that asks for pcapng: pcap has one interface");
    const output = await openOutput(path);
    for (const name of members) output.writer.addInterface({ linkType: LINKTYPE_ETHERNET, name });
    return new Split(output);
  }

  get name(): string {
    return this.#output.name;
  }

  /** An Ethernet frame went to a member; what the capture says of it is kept. */
  write(frame: CapturePacket, member: number, reason: string): Promise<void> | undefined {
    const { timestampNs, data, originalLength, comments = [], flags } = frame;
    return this.#output.writer.write({
      timestampNs,
      data,
      originalLength,
      flags,
      comments: [...comments, reason],
      interfaceId: member,
    });
  }

  close(): Promise<void> {
    return this.#output.close();
  }

  /** Takes the file back unless it was closed. */
  discard(): void {
    this.#output.discard();
  }
}
