/** Which ways lead from state to state: those of VFIO migration v2. */
import { describe, expect, it } from "vitest";
import { IllegalTransition } from "../../../src/migrate/move/index.js";
import { wayTo } from "../../../src/migrate/move/states.js";

describe("wayTo", () => {
  it("goes by way of STOP where VFIO does", () => {
    expect(wayTo("RUNNING", "PRE_COPY")).toEqual(["PRE_COPY"]);
    expect(wayTo("PRE_COPY", "RUNNING")).toEqual(["RUNNING"]);
    expect(wayTo("STOP_COPY", "RUNNING")).toEqual(["STOP", "RUNNING"]);
    expect(wayTo("RESUMING", "RUNNING")).toEqual(["STOP", "RUNNING"]);
    expect(wayTo("PRE_COPY", "STOP")).toEqual(["RUNNING", "STOP"]);
  });

  it("leaves ERROR by a reset, and never passes through it", () => {
    expect(wayTo("ERROR", "RUNNING")).toEqual(["STOP", "RUNNING"]);
    expect(wayTo("RESUMING", "PRE_COPY")).toEqual(["STOP", "RUNNING", "PRE_COPY"]);
  });

  it("throws by name where none leads", () => {
    expect(() => wayTo("RUNNING", "GONE" as never)).toThrow(IllegalTransition);
  });
});
