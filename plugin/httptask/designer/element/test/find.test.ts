import assert from "node:assert/strict";
import { test } from "node:test";
import { expressionOf, finder, hitsIn, isFilter, MOST_HITS } from "../src/find";
import { inside, nodeAt, startOf, wayTo } from "../src/scan";

test("text is found however JSON escapes its characters, and only inside names and scalars", () => {
  const text = '{"M\\u00fcller": ["a\\/b", "say \\"hi\\"", "tab\\there", "\\ud83d\\ude00", "\\u003cb\\u003e"], "n": 1.5}';
  const found = (wanted: string) => hitsIn(text, wanted).map((offset) => text.slice(offset, offset + 4));
  assert.deepEqual(found("müll"), ['"M\\u']);
  assert.deepEqual(found("MÜLL"), ['"M\\u']);
  assert.deepEqual(found("a/b"), ['"a\\/']);
  assert.deepEqual(found('"hi"'), ['"say']);
  assert.deepEqual(found("tab\there"), ['"tab']);
  assert.deepEqual(found("😀"), ['"\\ud']);
  assert.deepEqual(found("<b>"), ['"\\u0']);
  assert.deepEqual(found("1.5"), ["1.5}"]);
  assert.deepEqual([": [", "{", "],", "1x5"].flatMap(found), []);
  assert.equal(finder("A(B").test("a(b"), true);
});

test("the number of hits is limited", () => {
  assert.equal(hitsIn(JSON.stringify(Array(MOST_HITS + 5).fill("x")), "x").length, MOST_HITS);
});

test("the way to an offset is found through members and items at any depth", () => {
  const value = { a: [1, { b: ["x", "y,]"] }], "c}": { d: "needle" }, e: [] };
  for (const text of [JSON.stringify(value), JSON.stringify(value, null, 3)]) {
    const root = nodeAt(text, 0);
    assert.deepEqual(wayTo(text, root, text.indexOf("y,]")), [0, 1, 0, 1]);
    assert.deepEqual(wayTo(text, root, text.indexOf('"d"')), [1, 0]);
    assert.deepEqual(wayTo(text, root, text.indexOf('"e"')), [2]);
    assert.equal(text.slice(startOf(text, root, 1)).startsWith('"c}"'), true);
    assert.deepEqual(inside(text, root, startOf(text, root, 2), 5).nodes.map(({ key }) => key), ["e"]);
  }
});

test("in the expression made of a filter, every $ outside of quotes becomes the path of the response body", () => {
  const steps = ["tasks", "Get it", "output", "body"];
  assert.equal(
    expressionOf("$.items[?@.a == $.b && @.c == '$']", steps, false),
    "$.tasks['Get it'].output.body.items[?@.a == $.tasks['Get it'].output.body.b && @.c == '$']",
  );
  assert.equal(expressionOf(" $ ", steps, false), "$.tasks['Get it'].output.body");
  assert.equal(expressionOf("jsonata: items[a > 1]", steps, false), "jsonata: tasks.`Get it`.output.body.(items[a > 1])");
  assert.equal(expressionOf("jsonata: $count($)", steps, true), "jsonata: [[tasks.`Get it`.output.body]].($count($))");
  assert.deepEqual(["$.a", "$[0]", "$", "jsonata: a", "$5", "a$.b", "price $.5"].map(isFilter), [true, true, true, true, false, false, false]);
});
