import assert from "node:assert/strict";
import { test } from "node:test";
import { blankRow, conditionOf, editedRow, isIncomplete } from "../src/condition-rows";
import type { ConditionRow } from "../src/types";

test("a condition that the server split into rows is written as it was", () => {
  const rows: [string, ConditionRow][] = [
    ["$.value >= 20", { left: "$.value", operator: ">=", right: "20" }],
    ["$.type !== 'Private'", { left: "$.type", operator: "!==", right: "'Private'", text: "Private" }],
    ["$.a === '20'", { left: "$.a", operator: "===", right: "'20'", text: "20" }],
    ["$.a === ''", { left: "$.a", operator: "===", right: "''", text: "" }],
    ["$.a === 'true'", { left: "$.a", operator: "===", right: "'true'", text: "true" }],
    ["$.a === '$.b'", { left: "$.a", operator: "===", right: "'$.b'", text: "$.b" }],
    ["$.a == null", { left: "$.a", operator: "==", right: "null" }],
    ["$.a < $['b c']", { left: "$.a", operator: "<", right: "$['b c']" }],
    ["$.a === undefined", { left: "$.a", operator: "===", right: "undefined" }],
    ["$.a !== undefined", { left: "$.a", operator: "!==", right: "undefined" }],
    ["$.a === 'undefined'", { left: "$.a", operator: "===", right: "'undefined'", text: "undefined" }],
    ["$.a > undefined", { left: "$.a", operator: ">", right: "undefined" }],
    ["$.a", { left: "$.a", operator: "" }],
    ["!$.a", { left: "$.a", operator: "!" }],
  ];
  for (const [text, row] of rows) assert.equal(conditionOf([editedRow(row)]), text);
  assert.equal(conditionOf(rows.map(([, row]) => editedRow(row))), rows.map(([text]) => text).join(" && "));
});

test("a blank row adds nothing to the condition, and a row without one of its values is incomplete", () => {
  const row = blankRow();
  assert.equal(conditionOf([row]), "");
  assert.equal(isIncomplete(row), false);
  row.left.expr = "$.a";
  assert.equal(isIncomplete(row), true);
  row.right.expr = "it's \"${x}\" \\";
  assert.equal(conditionOf([row]), "$.a === 'it\\'s \"$\\{x}\" \\\\'");
  assert.equal(isIncomplete(row), false);
});
