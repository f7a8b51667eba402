/** The examples run as their first lines say. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { run } from "./helpers/command.js";
import { ROOT } from "./helpers/files.js";

it("examples/single-dma.mjs sends one span where others send two", () => {
  const { code, stdout, stderr } = run(process.execPath, [join(ROOT, "examples/single-dma.mjs")]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.toString().trim().split("\n")).toEqual([
    "55 bytes in 1 descriptor(s)",
    "55 bytes in 2 descriptor(s)",
    "the same bytes on the wire: true",
    "4096 of 4096 buffers free, the census holds",
  ]);
});
