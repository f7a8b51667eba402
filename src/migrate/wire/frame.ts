/** A frame of a VM on the move, as it is between two hosts. */
export interface MovingFrame {
  /** The adapter that it is of, by its name in the move. */
  readonly adapter: string;
  /** From its Ethernet header on, without outer headers. */
  readonly data: Uint8Array;
  /** Length on the wire in bytes: data.length, or more where a capture's snaplen cut the frame. */
  readonly originalLength: number;
  /** Nanoseconds since the Unix epoch, 0 when not known. */
  readonly timestampNs: bigint;
  /** The VM has sent it; otherwise it is for the VM. */
  readonly isSent: boolean;
}
