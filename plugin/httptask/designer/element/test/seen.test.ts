import assert from "node:assert/strict";
import { test } from "node:test";
import { Fragment, h } from "../src/jsx";
import { seen } from "../src/seen";

const RAW = "a\u202eb\u200bc\u00add\u3164\u{e0041}\u0000\u2028e";
const SEEN = "a\\u202eb\\u200bc\\xadd\\u3164\\U000e0041\\x00\\u2028e";
const children = (node: { props: unknown }): unknown => (node.props as { children: unknown }).children;

test("invisible characters of a foreign text are escaped in element content and in labels", () => {
  const text = RAW;
  assert.equal(seen(text), SEEN);
  assert.deepEqual(children(h("p", null, "Remove ", text)), ["Remove ", SEEN]);
  assert.deepEqual(children(h("p", null, [text, [text]])), [SEEN, [SEEN]]);
  assert.deepEqual(children(h(Fragment, null, text)), SEEN);
  assert.equal((h("button", { "aria-label": text, title: text, id: text }).props as Record<string, unknown>)["aria-label"], SEEN);
});

test("joiners between letters and line breaks stay: emoji, Persian, a body with CRLF", () => {
  for (const text of ["👩‍👩‍👧 ✔️", "می‌خواهم", "a\r\nb\tc", "שלום", "é"]) assert.equal(seen(text), text);
});

test("the value of a control and the properties of a component are not changed", () => {
  const text = RAW;
  assert.equal((h("input", { value: text }).props as Record<string, unknown>)["value"], text);
  const Part = ({ name }: { name: string }) => h("b", null, name);
  assert.equal((h(Part, { name: text }).props as Record<string, unknown>)["name"], text);
});
