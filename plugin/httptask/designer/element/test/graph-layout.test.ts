// The places of the tasks in the picture.
import assert from "node:assert/strict";
import { test } from "node:test";
import { boxes, LARGE, leftWords, SMALL } from "../src/graph-layout";
import type { Definition, Task } from "../src/types";

/** A definition of *count* tasks, each with a way to the next one and one that skips it, so that the longest way has all of them. */
function line(count: number): Definition {
  const wait = (index: number): Task => ({
    type: "Decision", choices: [{ when: "${true}", nextTask: `T${index + 2}` }], defaultTask: `T${index + 1}`,
  });
  return { startTask: "T0", tasks: Object.fromEntries(Array.from({ length: count }, (_, index) => [`T${index}`, wait(index)])) };
}

test("a picture draws as many tasks as its size allows, and counts the others", () => {
  for (const [count, small, large] of [[60, 0, 0], [61, 1, 0], [700, 640, 100]] as const) {
    const definition = line(count);
    assert.deepEqual([boxes(definition, SMALL).left, boxes(definition, LARGE).left], [small, large]);
    assert.equal(boxes(definition, LARGE).boxes.size, count - large);
    if (small) assert.match(leftWords(small, count), large ? /the first 600/ : /and in the enlarged picture\.$/);
  }
});

test("the row of a task is the longest way to it, in a picture of all its tasks", () => {
  const { boxes: all } = boxes(line(600), LARGE);
  assert.equal(new Set([...all.values()].map(({ y }) => y)).size, 600);
});
