/** What waits to be sent: in order, apart as long as they are few, and in blocks when they are many. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { SendQueue } from "../../../src/rdma/aggregator/send-queue.js";
import { concat } from "../../helpers/bytes.js";
import { holds } from "../../helpers/property.js";

test("gives back what was put in, however it was put and is taken", () => {
  const step = fc.oneof(
    fc.record({ put: fc.uint8Array({ minLength: 1, maxLength: 300 }), isUrgent: fc.boolean() }),
    fc.record({ put: fc.uint8Array({ minLength: 1, maxLength: 9 }), isUrgent: fc.constant(false) }),
    fc.record({ take: fc.integer({ min: 1, max: 5000 }) }),
  );
  holds(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new SendQueue(() => {});
      let waiting: Uint8Array = new Uint8Array();
      for (const [at, each] of steps.entries()) {
        if ("put" in each) {
          queue.add(each.put, at, each.isUrgent);
          waiting = concat(waiting, each.put);
        } else {
          expect(queue.take(each.take)).toEqual(waiting.subarray(0, each.take));
          waiting = waiting.slice(each.take);
        }
        expect(queue.bytes).toBe(waiting.length);
        expect(queue.frontBytes > 0).toBe(waiting.length > 0);
      }
    }),
    300,
  );
});

test("the first messages stay apart; a thousand more of a byte are one", () => {
  const sent: number[] = [];
  const queue = new SendQueue((writes) => void sent.push(writes));
  for (let i = 0; i < 1032; i++) queue.add(Uint8Array.of(i & 255), i, false);
  for (let i = 0; i < 32; i++) expect(queue.take(queue.frontBytes)).toEqual(Uint8Array.of(i));
  expect(queue.frontBytes).toBe(1000);
  expect(queue.take(5000)).toEqual(Uint8Array.from({ length: 1000 }, (_, i) => (i + 32) & 255));
  expect(sent).toEqual([...Array(32).fill(1), 1000]);
});

test("what is urgent shares no block", () => {
  const queue = new SendQueue(() => {});
  for (let i = 0; i < 40; i++) queue.add(Uint8Array.of(1), 0, false);
  queue.add(Uint8Array.of(2), 0, true);
  queue.add(Uint8Array.of(3), 0, false);
  queue.take(40);
  expect([queue.isUrgent, queue.frontBytes]).toEqual([true, 1]);
  queue.take(1);
  expect([queue.isUrgent, queue.take(9)]).toEqual([false, Uint8Array.of(3)]);
});
