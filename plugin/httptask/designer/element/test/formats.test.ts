import assert from "node:assert/strict";
import { test } from "node:test";
import { csvRows, indentedXml, listIn, listRows, sorted } from "../src/formats";
import { nodeAt } from "../src/scan";

test("CSV is read as RFC 4180 defines it, and as spreadsheets write it", () => {
  const read = (text: string) => {
    const { columns, rows } = csvRows(text);
    return [columns, ...rows];
  };
  assert.deepEqual(read('a,b\r\n1,"x, ""y""\r\nz"\r\n,\r\n'), [["a", "b"], ["1", 'x, "y"\r\nz'], ["", ""]]);
  assert.deepEqual(read("\ufeffä;b\n1,5;2\n"), [["ä", "b"], ["1,5", "2"]]);
  assert.deepEqual(read("a\tb\n1\t\n"), [["a", "b"], ["1", ""]]);
  assert.deepEqual(read('a,b\n"never closed, 1'), [["a", "b"], ["never closed, 1"]]);
  assert.deepEqual(read(""), [[]]);
});

test("a list of objects becomes a table, also as a member of the body; other lists do not", () => {
  const text = '{"total": 3, "ids": [1], "rows": [{"id": 10, "n": "\\u00fc"}, {"id": 9, "more": {"a": 1}}, 7]}';
  assert.deepEqual(listRows(text, listIn(text)!), {
    columns: ["id", "n", "more"],
    rows: [["10", "ü", ""], ["9", "", '{"a": 1}'], ["", "", ""]],
    count: 3,
  });
  for (const none of ["[1, 2]", "[]", "7", '{"a": [[{}]]}', '{"a": {"b": [{}]}}']) assert.equal(listIn(none, nodeAt(none, 0)), null);
});

test("rows are sorted as numbers where all cells are numbers, else as text; empty cells come last", () => {
  const column = (cells: string[], descending: boolean) => sorted(cells.map((cell) => [cell]), 0, descending).map(([cell]) => cell);
  assert.deepEqual(column(["10", "", "9", "-1"], false), ["-1", "9", "10", ""]);
  assert.deepEqual(column(["10", "", "9", "-1"], true), ["10", "9", "-1", ""]);
  assert.deepEqual(column(["10", "9", "b", "a"], false), ["10", "9", "a", "b"]);
});

test("XML gets a line for each element, and entities are not expanded", () => {
  const lines = [
    '<?xml version="1.0"?>',
    '<!DOCTYPE a [<!ENTITY b "<c>"><!ENTITY d "&b;&b;">]>',
    '<a x="1">',
    "  <!-- <b> -->",
    "  <b>1 &lt; 2</b>",
    "  <c/>",
    "  <d>",
    "    <![CDATA[<e>]]>",
    "  </d>",
    "  &d;",
    "</a>",
  ];
  assert.equal(indentedXml(lines.map((line) => line.trim()).join("")), lines.join("\n"));
  const deep = "<a>".repeat(2000) + "</a>".repeat(2000);
  assert.equal(indentedXml(deep).split("\n").length, 3999);
  assert.equal(indentedXml("</a></b><c"), "</a>\n</b>\n<c");
});
