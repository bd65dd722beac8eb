import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonPath, plainName, type Step } from "../src/expression-text";
import { contextAt, inserted, pathIn } from "../src/typed-path";
import { functionLines } from "../src/value-list";

/** The context at the end of *text*. */
const query = (text: string) => {
  const { language, inside, query: { from, steps, partial } } = contextAt(text, text.length);
  return [language, inside, from, steps, partial];
};

test("a path is written with quotes only where its language needs them", () => {
  const steps: Step[] = ["tasks", "Find it's \"1\"", "output", "body", 0, "größe", "a-b", "and"];
  assert.equal(jsonPath(steps), `$.tasks['Find it\\'s "1"'].output.body[0].größe['a-b'].and`);
  assert.equal(pathIn("jsonata", steps), "tasks.`Find it's \"1\"`.output.body[0].`größe`.`a-b`.`and`");
  assert.equal(pathIn("jsonata", ["a", "b`c", "d"]), '$lookup(a, "b`c").d');
});

test("the text before the caret is a path, or a word to search for", () => {
  assert.deepEqual(query("$"), ["jsonpath", true, 0, [], ""]);
  assert.deepEqual(query("$.na"), ["jsonpath", true, 0, [], "na"]);
  assert.deepEqual(query("$.tasks['Find \\'it\\''].output.bo"), ["jsonpath", true, 0, ["tasks", "Find 'it'", "output"], "bo"]);
  assert.deepEqual(query("$.tasks['Fi"), ["jsonpath", true, 0, ["tasks"], "Fi"]);
  assert.deepEqual(query("$.list[0]"), ["jsonpath", true, 0, ["list", 0], ""]);
  assert.deepEqual(query("$.list[0]."), ["jsonpath", true, 0, ["list", 0], ""]);
  assert.deepEqual(query("RFI ${$.id} and ${$.x.y"), ["jsonpath", true, 18, ["x"], "y"]);
  assert.deepEqual(query("jsonata: $sum(input.items.pr"), ["jsonata", true, 14, ["input", "items"], "pr"]);
  assert.deepEqual(query("jsonata: tasks.`Find it`."), ["jsonata", true, 9, ["tasks", "Find it"], ""]);
  assert.deepEqual(query("jsonata: inp"), ["jsonata", true, 9, null, "inp"]);
  assert.deepEqual(query("subj"), ["jsonpath", false, 0, null, "subj"]);
  assert.deepEqual(query("RFI ${$.id} now"), ["jsonpath", false, 12, null, "now"]);
});

test("a name behind a dollar sign is that of a function, in JSONata only", () => {
  const calls = (text: string) => !!contextAt(text, text.length).query.calls;
  assert.deepEqual(["jsonata: $", "jsonata: 1 + $su", "RFI ${jsonata: $su"].map(calls), [true, true, true]);
  assert.deepEqual(["$", "$.su", "jsonata: $.su", "jsonata: input.su", "jsonata: su"].map(calls), [false, false, false, false, false]);
  const functions = ["substring", "sum", "keys", "consume"].map((name) => ({ name, signature: "(any) any" }));
  assert.deepEqual(functionLines(functions, "su").map(({ steps }) => steps[0]), ["sum", "substring", "consume"]);
});

test("an inserted path gets the braces and the prefix that the text around it requires", () => {
  const put = (text: string, from: number, to: number, steps: Step[] = ["id"]) =>
    inserted(text, from, to, contextAt(text, to), steps).text;
  assert.equal(put("", 0, 0), "$.id");
  assert.equal(put("$.na", 0, 4), "$.id");
  assert.equal(put("subj", 0, 4), "$.id");
  assert.equal(put("RFI ${$.na} done", 6, 10), "RFI ${$.id} done");
  assert.equal(put("RFI  done", 4, 4), "RFI ${$.id} done");
  assert.equal(put("jsonata: $sum(it)", 14, 16), "jsonata: $sum(id)");
  assert.equal(put("jsonata: old", 0, 12, ["a b"]), "jsonata: `a b`");
});

test("any name is turned into one that needs no quotes", () => {
  const names = ["topic_id", "X-Company", "ID", "subject", "7 days", "größe", "-", "projectId"];
  assert.deepEqual(names.map(plainName), ["topicId", "xCompany", "id", "subject", "value7Days", "größe", "value", "projectId"]);
});
