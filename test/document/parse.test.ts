/** Whatever is wrong in a document is said with its place: keys, items of lists, what aliases stand for. */
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { DocumentError, parseDocument } from "../../src/document/parse.js";
import { RinglaneError } from "../../src/index.js";

const Fruit = v.strictObject({
  baskets: v.record(
    v.string(),
    v.strictObject({ fruits: v.array(v.string()), weights: v.optional(v.array(v.number())) }),
  ),
});

function refusal(text: string, check?: Parameters<typeof parseDocument<typeof Fruit>>[3]): DocumentError {
  try {
    parseDocument("f.yaml", text, Fruit, check);
  } catch (error) {
    if (error instanceof DocumentError) return error;
    throw error;
  }
  throw new Error("the document was accepted");
}

describe("parseDocument", () => {
  it("gives what the text says", () => {
    expect(parseDocument("f.yaml", "baskets: { a: { fruits: [fig] } }", Fruit)).toEqual({
      baskets: { a: { fruits: ["fig"] } },
    });
  });

  it.each([
    ["baskets:\n  a:\n    fruits: [fig, 7]\n", "3:19", "baskets.a.fruits.1", "string, received 7"],
    ["baskets:\n  a:\n    fruits:\n      - fig\n      - [x]\n", "5:9", "baskets.a.fruits.1", "string, received Array"],
    ["baskets:\n  a: { fruits: [], size: 3 }\n", "2:20", "baskets.a.size", "no such key"],
    ["baskets:\n  a: { weights: [] }\n", "2:3", "baskets.a.fruits", '"fruits", but it is missing'],
    [
      "w: &w [1, x]\nbaskets:\n  a: { fruits: [], weights: *w }\n",
      "1:11",
      "baskets.a.weights.1",
      'number, received "x"',
    ],
    ["baskets:\n  a: { fruits: &f [1] }\n  b: { fruits: *f }\n", "2:20", "baskets.a.fruits.0", "string, received 1"],
    ["baskets: [fig]\n", "1:11", "baskets.0", 'Object, received "fig"'],
    ["baskets:\n  constructor: { fruits: [] }\n", "2:3", "constructor", "another key"],
    ["baskets: { a: { fruits: [], prototype: 1 } }\n", "1:29", "prototype", "another key"],
    ["baskets: *none\n", "1:1", "file", "valid YAML (Unresolved alias"],
    ["", "1:1", "file", "Object, received null"],
  ])("refuses %j at %s", (text, place, key, expected) => {
    const error = refusal(text);
    expect(error).toMatchObject({ code: "DOCUMENT", file: "f.yaml", key });
    expect(error.message).toContain(`f.yaml:${place}: ${key}: expected ${expected}`);
    expect(`${error.line}:${error.column}`).toBe(place);
    expect(error).toBeInstanceOf(RinglaneError);
  });

  it("follows an alias to what it stands for", () => {
    const text = "baskets:\n  a: { fruits: &f [fig, kiwi] }\n  b: { fruits: *f }\n";
    const error = refusal(text, (_, refuse) => refuse(["baskets", "b", "fruits", 1], "no kiwi"));
    expect(error.message).toBe("f.yaml:2:25: baskets.b.fruits.1: expected no kiwi");
  });

  it("lets the check refuse, at the innermost place that exists", () => {
    const text = "baskets:\n  a: { fruits: [fig] }\n";
    const error = refusal(text, ({ baskets }, refuse) => {
      if (baskets.a?.fruits.length === 1) refuse(["baskets", "a", "fruits", 1], "two fruits");
    });
    expect(error.message).toBe("f.yaml:2:8: baskets.a.fruits.1: expected two fruits");
  });
});
