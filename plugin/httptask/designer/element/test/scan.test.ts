import assert from "node:assert/strict";
import { test } from "node:test";
import { inside, nodeAt } from "../src/scan";

/** The names and the texts of the values in *text*, one level deep. */
function members(text: string): [string | null, string][] {
  return inside(text, nodeAt(text, 0), null, 1000).nodes.map(({ key, start, end }) => [key, text.slice(start, end)]);
}

test("two members with the same name are both shown", () => {
  assert.deepEqual(members('{"a": 1, "b": 2, "a": 3}'), [["a", "1"], ["b", "2"], ["a", "3"]]);
});

test("numbers are shown with every digit", () => {
  assert.deepEqual(members("[12345678901234567890, 0.1000, 1e400, -0]"), [
    [null, "12345678901234567890"], [null, "0.1000"], [null, "1e400"], [null, "-0"],
  ]);
});

test("a response nested 100,000 deep is shown, level by level", () => {
  const depth = 100_000;
  const text = "[".repeat(depth) + "7" + "]".repeat(depth);
  const node = nodeAt(text, 0);
  assert.deepEqual([node.kind, node.count, node.end], ["[", 1, text.length]);
  const [inner] = inside(text, node, null, 10).nodes;
  assert.deepEqual([inner!.start, inner!.end, inner!.count], [1, text.length - 1, 1]);
});

test("brackets, commas and escaped quotes inside a string do not end it", () => {
  const values = ['a "quoted" ] , }', "back\\slash\\", "\\", '\\"', "", "é\u2028"];
  const text = JSON.stringify(values);
  assert.equal(nodeAt(text, 0).count, values.length);
  assert.deepEqual(members(text).map(([, value]) => JSON.parse(value)), values);
  const name = 'a "b\\" ]';
  assert.deepEqual(members(JSON.stringify({ [name]: [1, 2] })), [[name, "[1,2]"]]);
});

test("members are counted without being read; an empty object or list has none", () => {
  const count = (text: string) => nodeAt(text, 0).count;
  assert.deepEqual([" [ ] ", "{}", "[[1, 2], {}, 3]", '{"a": [1, 2, 3]}', "7"].map(count), [0, 0, 3, 1, 0]);
});

test("a long list is read in pieces, each item once", () => {
  const values = Array.from({ length: 25 }, (_, index) => index);
  const text = JSON.stringify(values, null, 2);
  const node = nodeAt(text, 0);
  const items: number[] = [];
  for (let next: number | null = null, first = true; first || next !== null; first = false) {
    const piece = inside(text, node, next, 10);
    items.push(...piece.nodes.map(({ start, end }) => Number(text.slice(start, end))));
    next = piece.next;
  }
  assert.deepEqual(items, values);
});

test("a text that ends too early throws SyntaxError", () => {
  for (const text of ["", "[1", '{"a": 1', '"open', '"a\\"']) assert.throws(() => nodeAt(text, 0), SyntaxError);
});
