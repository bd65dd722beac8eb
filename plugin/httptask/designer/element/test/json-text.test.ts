import assert from "node:assert/strict";
import { test } from "node:test";
import { at, type Json, parse } from "../src/json";
import { coloured, columnOf, lineOf, mended, nearest, pointerAt, readText, withExpression } from "../src/json-text";

const GOOD = [
  "", "  \n", "1", "-0.5e+10", "true", "null", '""', '"a\\u00e9\\n\\""', "[]", "{}", "[[],{}]", ' { "a" : [ 1 , {"b~/c": null} ] }\n',
  '{"a":{"b":{"c":[1,2,{"d":"}"}]}}}', '{"":1}', '{"a":1,"a":2}', "[12345678901234567890]", '"\u2028"', '{\r\n"a"\r\n:\t1}',
];
const BAD = [
  "{", "[", "[1", '{"a"', '{"a":', '{"a":1', "[1,]", '{"a":1,}', "[,1]", "{,}", '{"a" 1}', "[1 2]", "{a:1}", "{'a':1}", "['a']", "01", "1.", ".5", "+1",
  "NaN", "tru", "True", "[1]]", "{} {}", '"a', '"a\nb"', '"\\x"', '"\\u12g4"', "[1}", '{"a":1]', "]", ":", ",", '{"a":1 "b":2}', '{1:2}', "[1,,2]", '"\t"', "// no", "{}//", "\u00a01", "[\u00a0]",
];

/** A reader of JSON that we did not write. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return !text.replace(/[ \t\n\r]/g, "");
  }
}

test("what is JSON is what the browser takes for JSON", () => {
  for (const text of [...GOOD, ...BAD]) assert.equal(readText(text).flaw === null, isJson(text), text);
  assert.ok(GOOD.every(isJson) && !BAD.some(isJson));
  // Every beginning of a text, and every text that lacks one sign.
  for (const text of GOOD)
    for (let cut = 0; cut < text.length; cut++)
      for (const broken of [text.slice(0, cut), text.slice(0, cut) + text.slice(cut + 1)]) assert.equal(readText(broken).flaw === null, isJson(broken), JSON.stringify(broken));
});

test("every value stands where the text has it", () => {
  for (const text of GOOD.filter((each) => each.trim())) {
    const whole = parse(text);
    for (const [pointer, { from, to }] of readText(text).places) {
      const part = text.slice(from, to);
      const value = at(whole, pointer) as Json;
      const written = JSON.stringify(value);
      const read = isJson(part) ? JSON.stringify(parse(part)) : JSON.stringify(Object.values(parse(`{${part}}`) as object)[0]);
      if (!text.includes('"a":1,"a"')) assert.equal(read, written, `${text} ${pointer}`);
    }
  }
});

test("what is wrong is said in words, with its place and what mends it", () => {
  const text = '{\n  "a": [1, 2],\n  "b": {"c": 1,}\n}';
  const { flaw, places } = readText(text);
  assert.equal(flaw!.message, "A comma before } is not allowed in JSON.");
  assert.deepEqual([lineOf(text, flaw!.from), columnOf(text, flaw!.from)], [3, 15]);
  assert.deepEqual(text.slice(places.get("/a")!.from, places.get("/a")!.to), '"a": [1, 2]');
  assert.deepEqual(nearest(places, "/a/1/none"), places.get("/a/1"));
  assert.match(readText('{"a": "x').flaw!.message, /no closing quote/);
  assert.match(readText('{\n"a": 1').flaw!.message, /line 1 is not closed/);
  assert.match(readText("[1 2]").flaw!.message, /comma/);
  assert.match(readText("{a: 1}").flaw!.message, /name in double quotes/);
});

test("nothing that is typed makes the reader slow or fail", () => {
  assert.match(readText("[".repeat(100_000)).flaw!.message, /too deep/);
  for (const text of ['"'.repeat(50_001), "\\".repeat(50_000), `"${"\\".repeat(50_000)}`, " ".repeat(200_000) + "x", "a".repeat(200_000), `[${"1,".repeat(50_000)}`])
    assert.ok(readText(text).flaw, text.slice(0, 9));
});

test("a coloured line is the line", () => {
  for (const line of ['  "a": "${$.x} b", 1.5e3, true, null, "open', '"a\\"b" : -1', "nonsense: true1", ""]) {
    assert.equal(coloured(line).map(([part]) => part).join(""), line);
  }
  assert.deepEqual(coloured('"a": "${$.x}"').filter(([, kind]) => kind), [['"a"', "key"], ['"${$.x}"', "wired"]]);
});

test("an expression is put into JSON where the cursor is: into a string, or as a value", () => {
  const put = (marked: string): string => {
    const from = marked.indexOf("|");
    const plain = marked.replaceAll("|", "");
    const to = marked.includes("|", from + 1) ? marked.lastIndexOf("|") - 1 : from;
    const { from: first, to: last, text } = withExpression(plain, { from, to }, "${$['a\"b']}");
    return plain.slice(0, first) + text + plain.slice(last);
  };
  const E = "${$['a\\\"b']}";
  const cases: [string, string][] = [
    ['{"a": |}', `{"a": "${E}"}`],
    ['{"a": "|"}', `{"a": "${E}"}`],
    ['{"a": "say \\"|x|\\""}', `{"a": "say \\"${E}\\""}`],
    ['{"a": nu|ll, "b": 1}', `{"a": "${E}", "b": 1}`],
    ['[1, |2.5|]', `[1, "${E}"]`],
    ['{"a": |"x"|}', `{"a": "${E}"}`],
    ["|", `"${E}"`],
  ];
  for (const [before, after] of cases) assert.equal(put(before), after);
  const { places } = readText('{"a": [1, {"b": 2}]}');
  assert.deepEqual([16, 1, 20].map((offset) => pointerAt(places, offset)), ["/a/1/b", "/a", ""]);
});

test("comments and trailing commas are taken out where that makes JSON, and nothing else is touched", () => {
  // Each was read by the reader of JSON with comments of VS Code (jsonc-parser 3.3.1) with trailing commas allowed.
  const values: [string, Json, string][] = [
    ['{"a":1,}', { a: 1 }, "Take out 1 trailing comma"],
    ['[1, [2,\n] ,\n]', [1, [2]], "Take out 2 trailing commas"],
    ['// who\n{"a": "http://x, ]", /* why, } */ "b": [1], // how\n}', { a: "http://x, ]", b: [1] }, "Take out 1 trailing comma and 3 comments"],
    ['{"a": "\\"// no, }"} //', { a: '"// no, }' }, "Take out 1 comment"],
    ['[1/**/,2]', [1, 2], "Take out 1 comment"],
  ];
  for (const [text, value, title] of values) {
    const { text: changed, title: said } = mended(text)!;
    assert.deepEqual([parse(changed), said], [value, title], text);
  }
  for (const text of ["{'a':1,}", "{a:1}", "[1,,]", "[,]", "{,}", "[1/**/2]", "// all of it", '["a", /* open ]', '{"a":1}', "", '["x\n, ]']) assert.equal(mended(text), null, text);
  // Nothing that is long keeps a key waiting.
  for (const part of [",/*", '"\\', ",  ", " ", "//", '\\"']) assert.equal(mended("[" + part.repeat(100_000)), null);
});
