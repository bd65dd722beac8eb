import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../src/json";
import { dump, load } from "../src/slots";
import { fieldTitle, freeForm, groupsOf, taskField, withoutNulls, withoutRoutes, withRoutes } from "../src/task-form";
import type { Field, Task } from "../src/types";

const SETTINGS: Field[] = [{ kind: "number", name: "timeoutSeconds" }];
const TASK = parse(`{
  "type": "Http",
  "httpRequest": {
    "method": "PURGE", "url": "https://a.example/\${$.id}", "query": {"n": 1.0, "text": "{}"}, "body": {"a": [1, null]}
  },
  "timeoutSeconds": 12345678901234567890, "ownField": {"kept": true}, "description": "d",
  "inputParameters": {"id": "\${$.input.id}", "none": null}
}`) as Task;

test("a task without a description is loaded and written as it was, in its author's order", () => {
  assert.equal(JSON.stringify(dump(load(taskField(freeForm(["GET"]), SETTINGS), TASK))), JSON.stringify(TASK));
});

test("an endpoint's form keeps settings that it has no field for", () => {
  const form = { target: "", url: {}, method: "GET", inputParameters: { kind: "map" } as Field, groups: [], open: ["headers"] };
  const httpRequest = { url: "https://a.example", method: "GET", headers: { A: "1" }, query: { q: "2" } };
  const task: Task = { type: "Http", endpoint: "x", httpRequest };
  assert.deepEqual(dump(load(taskField(form, SETTINGS), task)), task);
  assert.deepEqual(groupsOf(form).map(({ name }) => name), ["headers"]);
});

test("a form never changes the routes of a task", () => {
  const source: Task = { type: "Http", nextTask: "B", httpRequest: { url: "u" }, end: true, onError: [{ errors: ["*"], nextTask: "C" }] };
  const edited = { ...withoutRoutes(source), httpRequest: { url: "v" }, nextTask: "elsewhere", onError: [] };
  const expected = '{"type":"Http","nextTask":"B","httpRequest":{"url":"v"},"end":true,"onError":[{"errors":["*"],"nextTask":"C"}]}';
  assert.equal(JSON.stringify(withRoutes(edited, source)), expected);
});

test("null means absent, but in a body and in input parameters it is a value", () => {
  const task: Task = {
    description: null, retry: { limit: null, on: [1] }, inputParameters: { a: null },
    httpRequest: { url: "u", cookies: null, query: { q: null, r: 1 }, headers: { H: null }, body: { a: null } },
  };
  assert.deepEqual(withoutNulls(task), {
    retry: { on: [1] }, inputParameters: { a: null }, httpRequest: { url: "u", query: { r: 1 }, headers: {}, body: { a: null } },
  });
  assert.equal(task.description, null, "the argument is not changed");
});

test("a pointer is shown as the titles on the form, and names of others as they are", () => {
  assert.equal(fieldTitle("/httpRequest/query/a~1b/0"), "Query › a/b › 0");
  assert.equal(fieldTitle("/httpRequest/body/query/url"), "Body › query › url");
  assert.equal(fieldTitle("/inputParameters/method"), "Input parameters › method");
  assert.equal(fieldTitle("/httpRequest/toString"), "toString");
});
