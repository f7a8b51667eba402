/** Windows to react: from the first pressure to the limit that suffices. */
import { expect, it } from "vitest";
import { allReactions, ReactionMeter } from "../../../src/limit/replay/reaction.js";

const PRESSED = { high: 90, refused: 0 };
const REFUSING = { high: 10, refused: 1 };
const CALM = { high: 10, refused: 0 };
const MARK = 80;

it("counts windows and time from the first pressure to the last raise before calm", () => {
  const meter = new ReactionMeter();
  meter.window(CALM, MARK, 0);
  meter.window(PRESSED, MARK, 10);
  meter.window(REFUSING, MARK, 11);
  meter.raise(11);
  meter.window(PRESSED, MARK, 13);
  meter.window(PRESSED, MARK, 17);
  meter.raise(17);
  meter.window(PRESSED, MARK, 18);
  const first = { count: 1, mostWindows: 4, meanWindows: 4, mostMs: 7, unanswered: 0 };
  expect(meter.reactions).toEqual(first);
  meter.window(CALM, MARK, 20);
  expect(meter.reactions).toEqual(first);
  meter.window(PRESSED, MARK, 30);
  meter.raise(30);
  meter.window(CALM, MARK, 31);
  expect(meter.reactions).toEqual({ count: 2, mostWindows: 4, meanWindows: 2.5, mostMs: 7, unanswered: 0 });
});

it("a limit does not suffice when frames are refused after it was set", () => {
  const meter = new ReactionMeter();
  meter.window(REFUSING, MARK, 1);
  meter.raise(1);
  meter.window(REFUSING, MARK, 2);
  expect(meter.reactions).toMatchObject({ count: 0, unanswered: 1 });
  meter.window(CALM, MARK, 3);
  meter.window(REFUSING, MARK, 4);
  meter.window(CALM, MARK, 5);
  expect(meter.reactions).toEqual({ count: 0, mostWindows: 0, meanWindows: 0, mostMs: 0, unanswered: 2 });
});

it("pressure that goes away without a raise was no lack, and a raise without pressure is no answer", () => {
  const meter = new ReactionMeter();
  meter.window(PRESSED, MARK, 1);
  meter.window(CALM, MARK, 2);
  meter.raise(3);
  meter.window(CALM, MARK, 4);
  expect(meter.reactions).toEqual({ count: 0, mostWindows: 0, meanWindows: 0, mostMs: 0, unanswered: 0 });
});

it("adds several owners up", () => {
  const one = { count: 1, mostWindows: 6, meanWindows: 6, mostMs: 5, unanswered: 0 };
  const other = { count: 3, mostWindows: 2, meanWindows: 2, mostMs: 9, unanswered: 1 };
  expect(allReactions([one, other])).toEqual({ count: 4, mostWindows: 6, meanWindows: 3, mostMs: 9, unanswered: 1 });
  expect(allReactions([])).toEqual({ count: 0, mostWindows: 0, meanWindows: 0, mostMs: 0, unanswered: 0 });
});
