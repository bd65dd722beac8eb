// What the ways out of a task say in the picture.
import assert from "node:assert/strict";
import { test } from "node:test";
import { conditionWords, wayLabels, wayWords } from "../src/way-words";

test("a condition is read without the path to the answer", () => {
  const read = [
    ["$.statusCode === 201", "status is 201"],
    ["${$.tasks.Make.output.statusCode == 201}", "status is 201"],
    ["$.tasks['Make it'].output.body.state !== 'done'", "body.state is not 'done'"],
    ["$.input.amount >= 100", "amount >= 100"],
    ["${jsonata: $count(body) > 0}", "$count(body) > 0"],
    ["$.tasks.A.output.statusCode == $.tasks.B.output.statusCode", "$.tasks.A.output.statusCode == $.tasks.B.output.statusCode"],
    ["$.text == '$.x'", "$.text == '$.x'"],
    ["$.tasks['Get a thing'].output.body[?@.size == 'large']", "body[?@.size == 'large']"],
  ] as const;
  for (const [condition, words] of read) assert.equal(conditionWords(condition), words);
});

test("each way out of a Decision says when it is taken", () => {
  const decision = {
    type: "Decision", defaultTask: "B",
    choices: [{ condition: "$.statusCode === 201", nextTask: "A" }, { condition: "$.late", nextTask: "B" }],
  };
  const way = (to: string, onError = false) => wayWords(decision, { from: "D", to, onError });
  assert.deepEqual([way("A"), way("B"), way("A", true)], ["status is 201", "late or otherwise", "on error"]);
  assert.equal(wayWords({ type: "Wait", nextTask: "A" }, { from: "W", to: "A", onError: false }), "");
});

test("ways to one task share a label, and its tooltip has each whole condition", () => {
  const condition = "${$.tasks.Make.output.statusCode == 201}";
  const decision = { type: "Decision", defaultTask: "A", choices: [{ condition, nextTask: "B" }, { condition: "$.late", nextTask: "B" }] };
  const to = (from: string, name: string, onError = false) => {
    const route = { from, to: name, onError };
    return { ...route, way: wayWords(decision, route), whole: wayWords(decision, route, (text) => text) };
  };
  const labels = wayLabels([to("D", "B"), to("D", "B"), to("D", "B", true), to("E", "A"), { from: "W", to: "C", way: "", whole: "" }]);
  assert.deepEqual([...labels], [
    ["B", { words: "status is 201 or late / on error", title: `D: ${condition} or $.late\nD: on error` }],
    ["A", { words: "otherwise", title: "E: otherwise" }],
  ]);
});
