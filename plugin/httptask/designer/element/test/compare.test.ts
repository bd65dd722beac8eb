import assert from "node:assert/strict";
import { test } from "node:test";
import { changesFrom, MOST_CHANGES } from "../src/compare";
import { parse, segments } from "../src/json";
import { nodeAt, offsetOf } from "../src/scan";

const changes = (before: unknown, now: unknown) =>
  changesFrom(before as never, now as never).map(({ pointer, kind, text }) => [pointer, kind, text]);

test("responses are compared value by value", () => {
  assert.deepEqual(changes({ a: 1, b: { c: "x" }, gone: [1] }, { b: { c: "y", d: null }, a: 1, "e/f": 2 }), [
    ["/b/c", "changed", 'was "x"'],
    ["/b/d", "added", "new"],
    ["/e~1f", "added", "new"],
    ["", "removed", "without gone: [1]"],
  ]);
  assert.deepEqual(changes([1, 2], [1, "2", 3]), [["/1", "changed", "was 2"], ["/2", "added", "new"]]);
  assert.deepEqual(changes({ a: 1 }, [1]), [["", "changed", 'was {"a":1}']]);
  assert.deepEqual(changes(parse("[12345678901234567890]"), parse("[12345678901234567891]")).length, 1);
  assert.deepEqual(changes({ a: 1, b: 2 }, { b: 2, a: 1 }), []);
});

test("items with unique ids are matched by id, whatever their order", () => {
  const [a, b] = [{ id: 1, n: "a" }, { id: 2, n: "b" }];
  assert.deepEqual(changes([a, b], [{ id: 3 }, b, { ...a, n: "c" }]), [["/0", "added", "new"], ["/2/n", "changed", 'was "a"']]);
  assert.deepEqual(changes([a, b], [b]), [["", "removed", 'without 1: {"id":1,"n":"a"}']]);
  assert.equal(changes([a, a], [b, a]).length, 2, "an id that occurs twice identifies nothing");
});

test("the number of differences is limited", () => {
  const many = (value: number) => Array.from({ length: 50_000 }, () => [value]);
  assert.equal(changes(many(1), many(2)).length, MOST_CHANGES);
});

test("the offset of a pointer is where its value begins; without a value, where the value around it begins", () => {
  const text = '{"a~/b": [0, {"\\u00fc": 5}], "c": 1}';
  const root = nodeAt(text, 0);
  const firstCharacter = (pointer: string) => text[offsetOf(text, root, segments(pointer))];
  assert.deepEqual([firstCharacter("/a~0~1b/1/ü"), firstCharacter("/c"), firstCharacter("")], ["5", "1", "{"]);
  assert.equal(firstCharacter("/a~0~1b/7"), "[");
});
