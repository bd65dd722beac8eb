import assert from "node:assert/strict";
import { test } from "node:test";
import { type Json, parse, takeSecretNames } from "../src/json";
import { restored, samples, secretPointers, secretsAt, withoutSecrets } from "../src/secrets";
import { asPlainText, choose, dump, empty, expand, load, type Slot, takeAs, walk } from "../src/slots";
import type { Field } from "../src/types";
import { visiblePlace } from "../src/validation";

takeSecretNames("token|password");

const ANY: Field = { kind: "any" };
const OBJECT: Field = {
  kind: "object",
  fields: [
    { kind: "string", name: "name" },
    { kind: "number", name: "count" },
    { kind: "boolean", name: "sent" },
    { kind: "enum", name: "size", values: ["small", 2, null] },
    { kind: "array", name: "tags", items: { kind: "string" } },
    { kind: "map", name: "labels", values: { kind: "string" } },
    { kind: "any", name: "data" },
  ],
};
const typed = (field: Field, text: string): Slot => Object.assign(load(field), { text });

test("settings that are opened and left alone are written as they were", () => {
  const texts = [
    '{"count":12345678901234567890,"name":"a","own":{"x":[1,null]},"sent":false,"size":null}',
    '{"name":7,"count":"many","sent":"yes","size":"huge","tags":"none","labels":[]}',
    '{"tags":["b","a",""],"labels":{"z":"1","a":"2"},"data":{"a":[{"b":1.0}]}}',
    '{"name":"${$.input.name}","count":"jsonata:1+1","data":"$${not} one"}',
    '{"__proto__":{"a":1},"constructor":"x"," ":0}',
    "{}",
    "[1]",
    '"text"',
  ];
  for (const text of texts) {
    assert.equal(JSON.stringify(dump(load(OBJECT, parse(text)))), text);
    assert.equal(JSON.stringify(dump(load(ANY, parse(text)))), text);
  }
});

test("a default and an example are shown, not sent", () => {
  const field: Field = {
    kind: "object", required: true,
    fields: [
      { kind: "string", name: "a", default: "x", required: true },
      { kind: "number", name: "b", default: 7, examples: [8] },
      { kind: "enum", name: "c", values: ["p", "q"], default: "p" },
      { kind: "boolean", name: "d", default: true },
    ],
  };
  assert.deepEqual(dump(load(field)), {});
});

test("a group of the request is not sent while nothing in it was set", () => {
  const body: Field = { kind: "object", required: true, fields: [{ kind: "object", name: "body", group: true, fields: [{ kind: "string", name: "q" }] }] };
  const slot = load(body);
  assert.deepEqual(dump(slot), {});
  Object.assign(slot.kids[0]!.kids[0]!, { on: true, text: "x" });
  assert.deepEqual(dump(slot), { body: { q: "x" } });
  empty(slot.kids[0]!.kids[0]!);
  assert.deepEqual(dump(slot), {});
});

test("a text that reads as an object or a list becomes JSON, with every digit", () => {
  for (const text of ['{"a": 12345678901234567890}', " [1.0, null]"]) assert.equal(JSON.stringify(dump(typed(ANY, text))), JSON.stringify(parse(text)));
  assert.equal(dump(typed(ANY, "{not JSON")), "{not JSON");
});

test("a text that reads as a number or as true becomes that, where the description allows it", () => {
  assert.deepEqual(["42", "-1.5e3", "true", "042", "True", "null", "x"].map((text) => dump(typed(ANY, text))), [42, -1500, true, "042", "True", "null", "x"].map((value, index) => (index === 1 ? parse("-1.5e3") : value)));
  const texts: Field = { kind: "any", types: ["string"] };
  assert.deepEqual(["42", "true", '{"a": 1}'].map((text) => dump(typed(texts, text))), ["42", "true", '{"a": 1}']);
});

test("what is written as text, a header say, stays text until somebody says that it is JSON", () => {
  const header: Field = { kind: "any", textual: true };
  const slot = typed(header, '{"a": 1}');
  assert.equal(dump(slot), '{"a": 1}');
  takeAs(slot, "json");
  assert.deepEqual(dump(slot), { a: 1 });
  asPlainText(slot);
  assert.equal(dump(slot), '{"a": 1}');
});

test("JSON that is nested too deeply for anybody to edit is text, as it was pasted", () => {
  const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  assert.ok(Array.isArray(dump(typed(ANY, nested(150)))));
  for (const text of [nested(152), nested(100_000), `{"a": ${nested(3000)}}`]) {
    const slot = typed(ANY, text);
    assert.equal(dump(slot), text);
    takeAs(slot, "json");
    assert.equal(dump(slot), text);
  }
});

test("a value taken for another type goes along", () => {
  const slot = typed(ANY, "[1, 2]");
  takeAs(slot, "array");
  assert.deepEqual(dump(slot), [1, 2]);
  takeAs(slot, "string");
  assert.deepEqual(parse(dump(slot) as string), [1, 2]);
  takeAs(slot, "null");
  assert.equal(dump(slot), null);
});

test("a number that is none is kept as it was typed: the server says what is wrong with it", () => {
  const field: Field = { kind: "number" };
  assert.deepEqual(["", " 7 ", "0x10", "1,5", "12345678901234567890"].map((text) => JSON.stringify(dump(typed(field, text)))),
    [undefined, "7", '"0x10"', '"1,5"', "12345678901234567890"]);
});

test("an empty text is sent only where it is meant", () => {
  const field: Field = { kind: "string" };
  assert.equal(dump(load(field)), undefined);
  assert.equal(dump(Object.assign(load(field), { empty: true })), "");
  assert.equal(dump(load(field, "")), "");
});

test("a value opens the alternative that it fits, and what was typed in another one stays there", () => {
  const field: Field = {
    kind: "union",
    options: [
      { kind: "object", shape: { json: "object", required: ["cat"], const: { type: "cat" } }, fields: [{ kind: "string", name: "type" }, { kind: "string", name: "cat" }] },
      { kind: "object", shape: { json: "object", required: ["dog"], const: { type: "dog" } }, fields: [{ kind: "string", name: "type" }, { kind: "string", name: "dog" }] },
      { kind: "string" },
    ],
  };
  const optionOf = (value: Json) => load(field, value).option;
  assert.deepEqual([optionOf({ type: "dog", dog: "Rex" }), optionOf({ type: "cat" }), optionOf("text")], [1, 0, 2]);
  assert.deepEqual(dump(load(field, 7)), 7, "what no alternative can hold is kept");
  const slot = load(field, { type: "dog", dog: "Rex" });
  choose(slot, 2);
  choose(slot, 1);
  assert.deepEqual(dump(slot), { type: "dog", dog: "Rex" });
});

test("a value waits until the server has told of the fields inside it", () => {
  const slot = load({ kind: "object", name: "deep", link: "/x" }, { a: 1, b: { c: 2 } });
  assert.deepEqual(dump(slot), { a: 1, b: { c: 2 } });
  expand(slot, { kind: "object", fields: [{ kind: "number", name: "a" }] });
  assert.deepEqual(dump(slot), { a: 1, b: { c: 2 } });
  assert.equal(slot.kids[0]!.text, "1");
});

test("an expression keeps its sample beside it: the sample is never in the settings", () => {
  const slot = load(OBJECT, { name: "${$.input.name}", count: "${$.input.count}" });
  for (const { slot: field, pointer } of walk(slot)) if (pointer) field.sample = "42";
  assert.deepEqual(samples(slot), {
    values: { "/name": "42", "/count": 42 }, texts: { "/name": "42", "/count": "42" }, open: { "/name": "42", "/count": "42" },
  });
  assert.deepEqual(dump(slot), { name: "${$.input.name}", count: "${$.input.count}" });
});

test("the secrets of a form are those its description marks, password fields, and fields with a secret's name", () => {
  const field: Field = {
    kind: "object",
    fields: [
      { kind: "string", name: "key", secret: true }, { kind: "string", name: "word", format: "password" },
      { kind: "string", name: "accessToken" }, { kind: "string", name: "plain" }, { kind: "string", name: "unset", secret: true },
    ],
  };
  const slot = load(field, { key: "1", word: "2", accessToken: "3", plain: "4", own: { password: "5" }, token: "${$.input.token}" });
  assert.deepEqual(secretPointers(slot), ["/key", "/word", "/accessToken", "/own/password"]);
});

test("settings without their secrets hold none of them; expressions stay, and secrets can be put back", () => {
  const task = {
    endpoint: "x",
    httpRequest: { headers: { Token: "t-secret", Via: "v-secret", Auth: "${$.input.token}" }, body: { users: [{ password: "p-secret", n: 1 }], password: "" } },
  };
  const { value, removed } = withoutSecrets<Json>(task, ["/httpRequest/headers/Via"]);
  assert(!JSON.stringify(value).includes("secret"));
  assert.deepEqual(removed, ["/httpRequest/headers/Token", "/httpRequest/headers/Via", "/httpRequest/body/users/0/password"]);
  assert(JSON.stringify(value).includes("${$.input.token}"));
  assert.deepEqual(restored(value as { [name: string]: Json }, task, removed), task);
  const masked = JSON.stringify(withoutSecrets<Json>(task, [], "•••").value);
  assert(masked.includes('"Token":"•••"') && !masked.includes("t-secret"));
});

test("an address is kept without its secrets, and with its changes", () => {
  const task = { httpRequest: { url: "https://u:pw@h.example/a?page=2&api_token=s3cret&x=1#f" } };
  const { value, removed } = withoutSecrets(task, []);
  assert.deepEqual([value, removed], [{ httpRequest: { url: "https://@h.example/a?page=2&api_token=&x=1#f" } }, ["/httpRequest/url"]]);
  assert.deepEqual(secretsAt(task, removed), ["u:pw", "s3cret"]);
  assert.equal(withoutSecrets(task, [], "•••").value.httpRequest.url, "https://•••@h.example/a?page=2&api_token=•••&x=1#f");
  assert.deepEqual(restored(value, task, removed), task);
  const changed = { httpRequest: { url: "https://h.example/b?api_token=" } };
  assert.deepEqual(restored(changed, task, removed), changed);
  const path = { httpRequest: { url: "https://h.example/hooks/T0-s3cret" } };
  assert.deepEqual(withoutSecrets(path, ["/httpRequest/url"]).value, { httpRequest: { url: "https://h.example" } });
  for (const url of ["https://h.example/${$.a}?token=${$.t}", "not an address", "/a?b=c&token"])
    assert.deepEqual(withoutSecrets({ httpRequest: { url } }, []), { value: { httpRequest: { url } }, removed: [] });
});

test("a problem is shown at the deepest field on the way to it", () => {
  const shown = new Set(["", "/a", "/a/b~1c"]);
  assert.deepEqual(["/a/b~1c/d/e", "/a/x", "/z", ""].map((pointer) => visiblePlace(shown, pointer)), ["/a/b~1c", "/a", "", ""]);
});
