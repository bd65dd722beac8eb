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

/** Whether the JavaScript engine reads *text* as JSON; blank text counts as JSON, too. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return !text.replace(/[ \t\n\r]/g, "");
  }
}

test("the reader accepts exactly the texts that JSON.parse accepts", () => {
  for (const text of [...GOOD, ...BAD]) assert.equal(readText(text).flaw === null, isJson(text), text);
  assert.ok(GOOD.every(isJson) && !BAD.some(isJson));
  // Every beginning of each text, and each text without one of its characters.
  for (const text of GOOD)
    for (let cut = 0; cut < text.length; cut++)
      for (const broken of [text.slice(0, cut), text.slice(0, cut) + text.slice(cut + 1)])
        assert.equal(readText(broken).flaw === null, isJson(broken), JSON.stringify(broken));
});

test("the span of every value is right", () => {
  for (const text of GOOD.filter((good) => good.trim() && !good.includes('"a":1,"a"'))) {
    const document = parse(text);
    for (const [pointer, { from, to }] of readText(text).spans) {
      const part = text.slice(from, to);
      // The span of a member has the name as well.
      const value = isJson(part) ? parse(part) : Object.values(parse(`{${part}}`) as object)[0];
      assert.equal(JSON.stringify(value), JSON.stringify(at(document, pointer) as Json), `${text} ${pointer}`);
    }
  }
});

test("a syntax error is described in words, with its position and the way to repair it", () => {
  const text = '{\n  "a": [1, 2],\n  "b": {"c": 1,}\n}';
  const { flaw, spans } = readText(text);
  assert.equal(flaw!.message, "A comma before } is not allowed in JSON.");
  assert.deepEqual([lineOf(text, flaw!.from), columnOf(text, flaw!.from)], [3, 15]);
  assert.deepEqual(text.slice(spans.get("/a")!.from, spans.get("/a")!.to), '"a": [1, 2]');
  assert.deepEqual(nearest(spans, "/a/1/none"), spans.get("/a/1"));
  assert.match(readText('{"a": "x').flaw!.message, /no closing quote/);
  assert.match(readText('{\n"a": 1').flaw!.message, /line 1 is not closed/);
  assert.match(readText("[1 2]").flaw!.message, /comma/);
  assert.match(readText("{a: 1}").flaw!.message, /name in double quotes/);
});

test("no text makes the reader slow, or makes it throw", () => {
  assert.match(readText("[".repeat(100_000)).flaw!.message, /too deep/);
  const texts = [
    '"'.repeat(50_001),
    "\\".repeat(50_000),
    `"${"\\".repeat(50_000)}`,
    " ".repeat(200_000) + "x",
    "a".repeat(200_000),
    `[${"1,".repeat(50_000)}`,
  ];
  for (const text of texts) assert.ok(readText(text).flaw, text.slice(0, 9));
});

test("the parts of a coloured line make up the line", () => {
  for (const line of ['  "a": "${$.x} b", 1.5e3, true, null, "open', '"a\\"b" : -1', "nonsense: true1", ""]) {
    assert.equal(coloured(line).map(([part]) => part).join(""), line);
  }
  assert.deepEqual(coloured('"a": "${$.x}"').filter(([, kind]) => kind), [['"a"', "key"], ['"${$.x}"', "wired"]]);
});

test("an expression is inserted at the cursor: into a string, or as a value", () => {
  /** Insert at the `|` in *marked*, or in place of the text between two of them. */
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
  const { spans } = readText('{"a": [1, {"b": 2}]}');
  assert.deepEqual([16, 1, 20].map((offset) => pointerAt(spans, offset)), ["/a/1/b", "/a", ""]);
});

test("comments and trailing commas are removed if that makes valid JSON, and nothing else is changed", () => {
  // The values were checked with VS Code's parser for JSON with comments (jsonc-parser 3.3.1), trailing commas allowed.
  const values: [string, Json, string][] = [
    ['{"a":1,}', { a: 1 }, "Take out 1 trailing comma"],
    ['[1, [2,\n] ,\n]', [1, [2]], "Take out 2 trailing commas"],
    ['// who\n{"a": "http://x, ]", /* why, } */ "b": [1], // how\n}', { a: "http://x, ]", b: [1] }, "Take out 1 trailing comma and 3 comments"],
    ['{"a": "\\"// no, }"} //', { a: '"// no, }' }, "Take out 1 comment"],
    ['[1/**/,2]', [1, 2], "Take out 1 comment"],
  ];
  for (const [text, value, title] of values) {
    const repaired = mended(text)!;
    assert.deepEqual([parse(repaired.text), repaired.title], [value, title], text);
  }
  const beyondRepair = ["{'a':1,}", "{a:1}", "[1,,]", "[,]", "{,}", "[1/**/2]", "// all of it", '["a", /* open ]', '{"a":1}', "", '["x\n, ]'];
  for (const text of beyondRepair) assert.equal(mended(text), null, text);
  // Long texts must not make typing slow: none of the patterns may backtrack.
  for (const part of [",/*", '"\\', ",  ", " ", "//", '\\"']) assert.equal(mended("[" + part.repeat(100_000)), null);
});
