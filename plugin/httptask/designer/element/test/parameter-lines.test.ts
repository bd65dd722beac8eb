import assert from "node:assert/strict";
import { test } from "node:test";
import { type Json, parse, takeSecretNames } from "../src/json";
import { isOpen, offRows, putOff, withOff } from "../src/off-rows";
import { linesOf, takeLines } from "../src/parameter-lines";
import { dump, load, type Slot } from "../src/slots";
import type { Field } from "../src/types";

takeSecretNames("token|password");

const TEXTS: Field = { kind: "any", textual: true };
const QUERY: Field = {
  kind: "object", name: "query", group: true, extra: TEXTS,
  fields: [
    { kind: "number", name: "limit", integer: true },
    { kind: "string", name: "q" },
    { kind: "boolean", name: "all" },
    { kind: "enum", name: "size", values: ["small", 2] },
    { kind: "array", name: "ids", items: { kind: "number" } },
    { kind: "string", name: "need", required: true },
  ],
};
/** Write *slot* as text, and read the text into a new slot. */
const roundTrip = (slot: Slot): { text: string; read: Slot } => {
  const { text } = linesOf(slot);
  const read = load(slot.field);
  takeLines(read, text, new Map());
  return { text, read };
};

test("parameters written as text and read back are the same", () => {
  for (const json of [
    '{"limit":5,"q":"a: b","all":true,"size":2,"ids":[1,2],"need":"x"}',
    '{"limit":"many","q":"","size":"2","need":"${$.a} b","own":"5","other":5,"yes":true,"text":"true"}',
    '{"q":"  padded ","need":"[1]","a:b":"c","#not":"off","\\"quoted\\"":1," x ":"y","own":"{\\"a\\": 1}","list":["a",1],"object":{"a":null}}',
    '{"need":"two\\nlines","q":"$${literal}","own":"jsonata: 1 + 1","big":12345678901234567890,"exact":1.50}',
    '{"need":"https://a.example:80/#x","q":"\\"","own":"\\\\"}',
  ]) {
    const slot = load(QUERY, parse(json));
    const { text, read } = roundTrip(slot);
    assert.equal(JSON.stringify(dump(read)), JSON.stringify(dump(slot)), text);
    assert.equal(linesOf(read).text, text);
    assert.equal(text.split("\n").length, Object.keys(parse(json) as object).length);
  }
});

test("a parameter with # before its line is off: it is kept but not sent, until the # is removed", () => {
  const slot = load(QUERY, { need: "x" });
  takeLines(slot, "need: y\n# limit: 7\n#own : a b\nX: 1\n\nq:\n#need: z", new Map());
  assert.deepEqual(dump(slot), { need: "y", X: 1 });
  const { text } = linesOf(slot);
  assert.deepEqual(text.split("\n").sort(), ["# limit: 7", "# need: z", "# own: a b", "X: 1", "need: y", "q:"]);
  takeLines(slot, text.replace("# limit", "limit").replace("# own", "own"), new Map());
  assert.deepEqual(dump(slot), { limit: 7, need: "y", own: "a b", X: 1 });
});

test("one sign stands for a whole object that holds a secret", () => {
  const field: Field = { ...QUERY, fields: [{ kind: "object", name: "login", fields: [{ kind: "string", name: "password" }] }] };
  const group = load(field, { login: { password: "w0rd" } });
  const { text, slots } = linesOf(group);
  assert.doesNotMatch(text, /w0rd/);
  takeLines(group, `${text}\nq: x`, slots);
  assert.deepEqual(dump(group), { login: { password: "w0rd" }, q: "x" });
});

test("an unchanged line keeps its sample, and a sign stands for a secret", () => {
  const slot = load(QUERY, { need: "${$.x}", token: "s3cret" });
  slot.kids[5]!.sample = "7";
  const { text, slots } = linesOf(slot);
  assert.doesNotMatch(text, /s3cret/);
  takeLines(slot, `${text}\nmore: 1`, slots);
  assert.equal(slot.kids[5]!.sample, "7");
  assert.deepEqual(dump(slot), { need: "${$.x}", token: "s3cret", more: 1 });
  takeLines(slot, text.replace("token", "password"), slots);
  assert.deepEqual(dump(slot), { need: "${$.x}", password: "s3cret" });
});

test("switched-off parameters are put back on the form, unless the definition sets them by now", () => {
  const request: Field = { kind: "object", name: "httpRequest", required: true, fields: [QUERY] };
  const field: Field = { kind: "object", required: true, fields: [request] };
  const task = (query: Json) => load(field, { httpRequest: { query } });
  const root = task({ need: "x" });
  takeLines(root.kids[0]!.kids[0]!, "need: x\n# limit: 7\n# own: a", new Map());
  const rows = offRows(root);
  assert.deepEqual(withOff(root), { httpRequest: { query: { limit: 7, need: "x", own: "a" } } });
  assert.deepEqual(dump(root), { httpRequest: { query: { need: "x" } } });
  const fresh = task({ need: "x" });
  putOff(fresh, rows);
  assert.deepEqual(offRows(fresh), rows);
  assert.equal(JSON.stringify(dump(fresh)), JSON.stringify(dump(root)));
  const withBoth = task({ need: "x", own: "b", limit: 1 });
  putOff(withBoth, rows);
  assert.deepEqual(offRows(withBoth), [], "a parameter that the definition sets is on");
  assert.deepEqual(rows.map((row) => isOpen(row, rows, ["/httpRequest/query/own"])), [true, false]);
  assert.equal(isOpen({ group: "query", name: "token", value: "x", at: 0 }, [], []), false);
});
