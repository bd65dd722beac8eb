import assert from "node:assert/strict";
import { test } from "node:test";
import { at, child, clone, escapeText, exactNumber, isExpression, isObject, parse, same, segments, unescapeText, wrapped } from "../src/json";

const DIGITS = ["12345678901234567890", "0.1000", "1e400", "-0", "1.0", "3.141592653589793238462643", "-9007199254740993", "1E5"];

test("a number that a double cannot represent keeps its digits when it is parsed, cloned and written", () => {
  for (const number of DIGITS)
    for (const text of [number, `[${number}]`, `{"a":{"b":${number}}}`, `[1,${number},"2"]`]) {
      assert.equal(JSON.stringify(parse(text)), text);
      assert.equal(JSON.stringify(clone(parse(text))), text);
    }
});

test("digits in a string are not changed", () => {
  const text = '{"note":"costs 12345678901234567890 or 1.0","n":2}';
  assert.deepEqual(parse(text), { note: "costs 12345678901234567890 or 1.0", n: 2 });
});

test("two numbers are only the same if all their digits are", () => {
  assert(!same(parse("9007199254740993"), parse("9007199254740992")));
  assert(same(parse("9007199254740993"), parse("9007199254740993")));
});

test("a raw number is not an object", () => {
  assert(!isObject(exactNumber("12345678901234567890")));
  assert.equal(exactNumber("42"), 42);
});

test("text that is not JSON is refused", () => {
  for (const text of ["", "{", "01", "1.", "{'a': 1}", "[1,]", "NaN"]) assert.throws(() => parse(text), SyntaxError);
});

test("the segments of a pointer are the names that it was made of, whatever characters they have (RFC 6901)", () => {
  const names = ["", "a/b", "m~n", "~1", "é", " ", "0"];
  const pointer = names.reduce(child, "");
  assert.deepEqual(segments(pointer), names);
  // The examples of RFC 6901, section 5.
  const document = parse('{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "m~n": 8}');
  assert.deepEqual(["/foo/0", "/", "/a~1b", "/c%d", "/m~0n", ""].map((pointer) => at(document, pointer)), ["bar", 0, 1, 2, 8, document]);
});

test("a pointer does not reach inherited properties", () => {
  for (const pointer of ["/constructor", "/__proto__", "/a/length", "/missing/more"]) assert.equal(at({ a: "text" }, pointer), undefined);
});

test("plain text is sent as it was typed, even if it looks like an expression", () => {
  for (const text of ["${a}", "$${a}", "$$${a}", "cost: $5", "$", "jsonata", "{x}", ""]) {
    assert(!isExpression(escapeText(text)), text);
    assert.equal(unescapeText(escapeText(text)), text);
  }
});

test("a text that begins with jsonata: is written as an expression that yields the text", () => {
  assert.equal(escapeText('jsonata: "x"'), '${jsonata: "jsonata: \\"x\\""}');
});

test("an expression may be typed with or without ${}", () => {
  assert.equal(wrapped(" $.input.id "), "${$.input.id}");
  assert.equal(wrapped("${$.input.id}/x"), "${$.input.id}/x");
  assert.equal(wrapped("jsonata:1+1"), "jsonata:1+1");
});
