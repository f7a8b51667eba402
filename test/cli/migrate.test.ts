/** `ringlane migrate check` as people and programs use it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { ringlane } from "../helpers/command.js";
import { ROOT, testFolder } from "../helpers/files.js";

const EXAMPLE = join(ROOT, "examples/inventory.yaml");
const GOLDEN = join(ROOT, "test/cli/golden");

function check(file: string, ...args: string[]) {
  const { code, stdout, stderr } = ringlane(["migrate", "check", file, ...args]);
  return { code, text: stdout.toString(), stderr };
}

describe("the report", () => {
  it.each([
    ["of a pool that has a place", EXAMPLE, "web1", 0, "compatible"],
    ["of a pool where everything misses", join(GOLDEN, "incompatible.yaml"), "web1", 1, "incompatible"],
    ["of a VM with two adapters", EXAMPLE, "db1", 1, "several"],
    ["of more candidates than fit side by side", join(GOLDEN, "wide.yaml"), "web1", 0, "wide"],
  ])("%s is as it was reviewed", async (_, file, vm, exit, golden) => {
    const { code, text, stderr } = check(file, "--vm", vm);
    expect([code, stderr]).toEqual([exit, ""]);
    const widths = text.split("\n").map(({ length }) => length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(100);
    await expect(text).toMatchFileSnapshot(join(GOLDEN, `${golden}.txt`));
  });

  it("of one host is about its adapters alone", () => {
    const { code, text } = check(EXAMPLE, "--vm", "web1", "--to", "delta");
    expect(code).toBe(1);
    const lines = text.split("\n");
    expect(lines[0]).toBe("answer  only with a conversion, to delta/ice0");
    expect(lines.filter((line) => line.startsWith("│     "))).toHaveLength(1);
    expect(lines.some((line) => /beta|gamma/.test(line))).toBe(false);
  });

  it("stands in the documentation as it is", () => {
    const page = readFileSync(join(ROOT, "docs/migration-check.md"), "utf8");
    expect(page).toContain(check(EXAMPLE, "--vm", "web1", "--to", "delta").text);
    const { text } = check(EXAMPLE, "--vm", "web1");
    expect(page).toContain(text.slice(text.indexOf("\nbeta/cx0 ")));
  });

  it("says so when nobody else is there", () => {
    const file = join(testFolder(), "lonely.yaml");
    writeFileSync(
      file,
      `hosts: { a: { adapters: { n: { device: 1af4:1041, subsystem: 1af4:1100, revision: 1, firmware: "1", state: { v: { writes: 1 } },
  queuePairs: { total: 1, free: 0 }, mbufs: { total: 1, free: 0 }, functions: { total: 1, free: 0 }, mtuBytes: 1500, uplinks: 1 } } } }
vms: { w: { host: a, vnics: { e: { adapter: n, state: { format: v, version: 1 }, needs: { queuePairs: 1, mbufs: 1, mtuBytes: 1500 } } } } }
`,
    );
    const { code, text } = check(file, "--vm", "w");
    expect([code, text.split("\n")[0]]).toEqual([1, "answer  no: there is no other host"]);
    expect(JSON.parse(check(file, "--vm", "w", "--json").text)).toMatchObject({ verdict: "refused", candidates: [] });
  });
});

const Verdict = v.picklist(["native", "convertible", "refused"]);
const Value = v.union([v.string(), v.number(), v.array(v.string()), v.null()]);
const Route = v.strictObject({
  kind: v.picklist(["native", "other-version", "conversion"]),
  format: v.string(),
  version: v.number(),
  loses: v.array(v.string()),
});
const Field = v.strictObject({
  field: v.string(),
  rule: v.picklist(["any", "same", "not-older", "one-of", "in-range", "at-least", "all-of"]),
  needs: Value,
  has: Value,
  outcome: v.picklist(["fits", "converted", "misses"]),
  shortfall: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
});
const Report = v.strictObject({
  file: v.string(),
  vm: v.string(),
  host: v.string(),
  verdict: Verdict,
  vnics: v.array(v.strictObject({ vnic: v.string(), adapter: v.string(), format: v.string(), version: v.number() })),
  candidates: v.array(
    v.strictObject({
      host: v.string(),
      verdict: Verdict,
      reasons: v.pipe(v.array(v.string()), v.minLength(1)),
      loses: v.array(v.string()),
      misses: v.number(),
      roomLeft: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
      placements: v.array(
        v.strictObject({
          vnic: v.string(),
          adapter: v.string(),
          verdict: Verdict,
          route: Route,
          fields: v.pipe(v.array(Field), v.length(15)),
        }),
      ),
    }),
  ),
});

describe("--json", () => {
  it.each([
    [EXAMPLE, "web1", 0],
    [EXAMPLE, "db1", 1],
    [join(GOLDEN, "incompatible.yaml"), "web1", 1],
    [join(GOLDEN, "wide.yaml"), "web1", 0],
  ])("of %s for %s has the documented shape", (file, vm, exit) => {
    const { code, text, stderr } = check(file, "--vm", vm, "--json");
    expect([code, stderr]).toEqual([exit, ""]);
    const { verdict, candidates, vnics } = v.parse(Report, JSON.parse(text));
    expect(candidates[0]?.verdict).toBe(verdict);
    for (const { placements } of candidates) {
      expect(placements.map(({ vnic }) => vnic)).toEqual(vnics.map(({ vnic }) => vnic));
    }
  });

  it("says what people are told", () => {
    const { candidates } = JSON.parse(check(EXAMPLE, "--vm", "db1", "--json").text);
    expect(candidates[1]).toMatchObject({
      host: "beta",
      verdict: "refused",
      reasons: ["storage: 12,288 mbufs left by front, 16,384 needed"],
      misses: 1,
    });
    const [, storage] = candidates[1].placements;
    expect(storage.fields[8]).toEqual({
      ...{ field: "mbufs", rule: "at-least", needs: 16384, has: 12288, outcome: "misses", shortfall: 0.25 },
    });
  });
});

describe("bad input", () => {
  it.each([
    [["--vm", "web9"], '--vm is "web9"; it must be one of web1, db1'],
    [["--vm", "web1", "--to", "omega"], '--to is "omega"; it must be one of beta, gamma, delta'],
    [["--vm", "web1", "--to", "alpha"], "it must be one of beta, gamma, delta: web1 is on alpha already"],
    [[], "required option '--vm <name>' not specified"],
  ])("%j exits with 2", (args, message) => {
    const { code, text, stderr } = check(EXAMPLE, ...args);
    expect([code, text]).toEqual([2, ""]);
    expect(stderr).toContain(message);
  });

  it("in the file exits with 2, and names the place", () => {
    const file = join(testFolder(), "bad.yaml");
    writeFileSync(file, "hosts:\n  alpha:\n    adapters: { nic0: { device: 1017 } }\n");
    const { code, stderr } = check(file, "--vm", "web1");
    expect([code, stderr]).toEqual([
      2,
      `ringlane: ${file}:3:25: hosts.alpha.adapters.nic0.device: expected two PCI ids in hexadecimal, as lspci -nn prints them: 15b3:101e, received 1017\n`,
    ]);
  });

  it("that is no file exits with 2, since 1 is an answer", () => {
    const { code, stderr } = check(join(testFolder(), "none.yaml"), "--vm", "web1");
    expect([code, stderr.includes("it must be a file that can be read (ENOENT")]).toEqual([2, true]);
  });
});
