/** A driver moves frames between a port and the outside. It does the I/O; the engine never does. */
export interface Driver {
  /**
   * Moves what can be moved now, both ways, and returns how many frames; 0 when all is quiet. A frame that the other side
   * does not take yet stays in the driver's hands, where the census counts it.
   */
  pump(): number | Promise<number>;
  /** True when nothing more will come from outside by itself: the end of a replayed file, a closed socket. */
  readonly isDone: boolean;
  /** Ends the driver; what it has written is complete afterwards. */
  close(): Promise<void>;
}
