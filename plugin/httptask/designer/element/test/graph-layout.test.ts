// The places of the tasks in the picture.
import assert from "node:assert/strict";
import { test } from "node:test";
import { boxes, detour, LARGE, leftWords, SMALL } from "../src/graph-layout";
import type { Box } from "../src/graph-layout";
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

test("a way past the boxes of other rows does not run behind them", () => {
  for (const sizes of [SMALL, LARGE]) {
    const { boxes: all } = boxes(line(3), sizes);
    const [first, second, third] = ["T0", "T1", "T2"].map((name) => all.get(name)!) as [Box, Box, Box];
    assert.equal(detour(first, second, all.values(), sizes), null, "no row is between");
    const x = detour(first, third, all.values(), sizes)!;
    assert(x < second.x || x > second.x + second.width);
    assert.equal(detour(first, third, [{ ...second, x: second.x + 2 * second.width }], sizes), null, "it is in sight");
  }
});
