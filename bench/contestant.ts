/** The contestants that live in this process: plain functions and series of WebAssembly calls, timed by benny. */
import { add, configure, suite } from "benny";
import type { Contestant } from "./question.js";

/** An argument: the same number in each round of a series, or where it starts and how far it moves on. */
export type Arg = number | readonly [start: number, step: number];

export type Call = readonly [kernel: string, ...args: Arg[]];

/** Calls that are made so many times in turn: one time a burst. */
export interface Series {
  readonly times: number;
  readonly calls: readonly Call[];
}

/** The work of one run on so many items. What it returns depends on every item and is kept: nothing is optimized away. */
export function inProcess(name: string, items: number, run: () => number | Promise<number>): Contestant {
  return {
    name,
    time: async (seconds) => {
      const options = { minTime: seconds / 5, maxTime: seconds, minSamples: 3, delay: 0 };
      // A function that returns a function: benny takes the outer one for setup and times the inner one.
      const summary = await quietly(() =>
        suite(
          name,
          add(name, () => () => keep(run())),
          configure({ cases: options }),
        ),
      );
      const [result] = summary.results;
      if (!result || !(result.details.median > 0)) throw new Error(`benny has no time of ${name}`);
      return (result.details.median * 1e9) / items;
    },
  };
}

/** One run is a series of calls into a WebAssembly instance. */
export function wasmCalls(name: string, items: number, exports: object, series: Series): Contestant {
  return inProcess(name, items, compileCalls(exports, series));
}

/**
 * The series as a function, which returns the sum of what the calls return. It becomes code of its own, so that no call site
 * sees two kernels: that is how a program that uses one kernel calls it.
 */
export function compileCalls(exports: object, { times, calls }: Series): () => number {
  const kernels = [...new Set(calls.map(([kernel]) => kernel))];
  for (const kernel of kernels) if (!(kernel in exports)) throw new Error(`no kernel ${kernel}`);
  const argument = (arg: Arg) => (typeof arg === "number" ? arg : `${arg[0]} + i * ${arg[1]}`);
  const lines = calls.map(([kernel, ...args]) => `sum = (sum + ${kernel}(${args.map(argument).join(", ")})) | 0;`);
  const loop = `let sum = 0; for (let i = 0; i < ${times}; i++) { ${lines.join("\n")} } return sum;`;
  return new Function("exports", `const { ${kernels.join(", ")} } = exports; return () => { ${loop} };`)(exports);
}

/** benny announces every suite, and here each contestant is one in each round. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = () => undefined;
  try {
    return await work();
  } finally {
    console.log = log;
  }
}

/** Where every run's result goes. */
let kept = 0;

function keep(result: number | Promise<number>): void | Promise<void> {
  if (typeof result !== "number") return result.then((value) => keep(value));
  kept = (kept + result) | 0;
}
