/** What a benchmark file exports: a question, and the cases that answer it, all measured in one run. */

export interface Case {
  readonly name: string;
  /** The case of the same question that this one's ratio is to. */
  readonly baseline: string;
  /** Frames that one run works on: enough that the harness's own cost per run is nothing. */
  readonly framesPerRun: number;
  /** Bytes of one frame, where throughput in bytes is what is asked. */
  readonly bytesPerFrame?: number;
  /** The work. What it returns depends on every frame and is kept, so that nothing can be optimized away. */
  readonly run: () => number | Promise<number>;
}

export interface Question {
  readonly name: string;
  /** One sentence on what is inside the timed loop and what is not. */
  readonly measured: string;
  /** Builds what the cases work on. */
  cases(): Promise<readonly Case[]>;
}
