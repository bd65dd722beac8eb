import assert from "node:assert/strict";
import { test } from "node:test";
import { type Json, parse, takeSecretNames } from "../src/json";
import { switchView } from "../src/json-view";
import { secretPointers } from "../src/secrets";
import { dump, load, type Slot } from "../src/slots";
import type { Store } from "../src/store";
import type { Field } from "../src/types";

takeSecretNames("token|password");

const BODY: Field = {
  kind: "object",
  fields: [
    { kind: "string", name: "name" },
    { kind: "number", name: "count" },
    { kind: "string", name: "pin", secret: true },
    { kind: "array", name: "tags", items: { kind: "string" } },
    { kind: "object", name: "inner", fields: [{ kind: "boolean", name: "flag" }], extra: { kind: "any" } },
  ],
};
/** The part of a store that `switchView` needs. */
const store = () => ({
  workflow: { id: "w" },
  task: { name: "a", restoreViews: null as ((root: Slot) => void) | null, redraw: () => {} },
  focusWanted: null,
}) as unknown as Store;

test("a value that is switched to JSON and back stays the same, with expressions, all digits, and undocumented names", () => {
  for (const text of [
    '{"name":"${$.a} b","count":12345678901234567890,"own":{"x":[1.50,null]},"inner":{"flag":true,"more":"$${x}"}}',
    '{"tags":["a","${$.b}"],"inner":"${$.all}","__proto__":{"z":1}}',
    '{"count":"many","tags":"none"}',
    "{}",
  ]) {
    const slot = load(BODY, parse(text));
    const before = JSON.stringify(dump(slot));
    switchView(store(), slot, "/httpRequest/body");
    assert.equal(typeof slot.raw, "string");
    assert.equal(JSON.stringify(dump(slot)), before);
    switchView(store(), slot, "/httpRequest/body");
    assert.equal(slot.raw, null);
    assert.equal(JSON.stringify(dump(slot)), before);
  }
});

test("an expression that is typed into the JSON is an expression in the form", () => {
  const slot = load(BODY, {});
  switchView(store(), slot, "");
  slot.raw = '{"name": "${$.x}", "count": 1}';
  switchView(store(), slot, "");
  assert.deepEqual([slot.kids[0]!.fx, slot.kids[0]!.expr, slot.kids[1]!.text], [true, "${$.x}", "1"]);
});

test("a text that the form cannot hold stays as it was typed, and the reason is given", () => {
  const slot = load(BODY, {});
  switchView(store(), slot, "");
  for (const [text, why] of [["[1]", /holds an object; this is a list/], ["7", /a number/], ['{"name": "${$.x}",}', /when this is JSON/]] as const) {
    slot.raw = text;
    switchView(store(), slot, "");
    assert.equal(slot.raw, text);
    assert.match(slot.stuck, why);
    // What happens after a reload, and after an undo.
    const again = load(BODY, parse(JSON.stringify(dump(slot))));
    assert.equal(again.fx, false);
    assert.equal(again.raw!.replace(/\s/g, ""), text.replace(/\s/g, ""));
  }
});

test("a sign stands for a secret in the JSON, and the secret is still known as one where the sign is moved to", () => {
  const slot = load(BODY, { pin: "s3cret", name: "n", inner: { password: "w0rd" } });
  switchView(store(), slot, "");
  assert.doesNotMatch(slot.raw!, /s3cret|w0rd/);
  assert.deepEqual(dump(slot), { pin: "s3cret", name: "n", inner: { password: "w0rd" } });
  assert.deepEqual(secretPointers(slot).sort(), ["/inner/password", "/pin"]);
  slot.raw = `{"inner": {"own": ${JSON.stringify([...slot.signs.keys()][0])}}, "pin": "typed"}`;
  assert.deepEqual(dump(slot), { inner: { own: "s3cret" }, pin: "typed" });
  assert.deepEqual(secretPointers(slot).sort(), ["/inner/own", "/pin"]);
  slot.raw = '{"password": "x';
  assert.deepEqual(secretPointers(slot), [""], "all of a text that does not parse may be a secret");
});

test("a secret in an object that is edited as JSON is a sign, too, in the JSON of the object around it", () => {
  const slot = load(BODY, { inner: { password: "w0rd", more: 1 } });
  switchView(store(), slot.kids[4]!, "/inner");
  switchView(store(), slot, "");
  assert(!slot.raw!.includes("w0rd"), slot.raw!);
  assert.deepEqual(dump(slot), { inner: { password: "w0rd", more: 1 } });
});

test("a field that is edited as JSON stays so when the form is drawn anew", () => {
  const page = store();
  const slot = load(BODY, { inner: {} });
  switchView(page, slot.kids[4]!, "/inner");
  const anew = load(BODY, { inner: { flag: false } } as Json);
  page.task.restoreViews!(anew);
  assert.deepEqual(parse(anew.kids[4]!.raw!), { flag: false });
  const elsewhere = load(BODY, { inner: { flag: false } } as Json);
  page.workflow.id = "another";
  page.task.restoreViews!(elsewhere);
  assert.equal(elsewhere.kids[4]!.raw, null, "a task of another workflow may have the same name");
  page.workflow.id = "w";
  switchView(page, slot.kids[4]!, "/inner");
  const form = load(BODY, { inner: {} });
  page.task.restoreViews!(form);
  assert.equal(form.kids[4]!.raw, null);
});
