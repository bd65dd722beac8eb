import assert from "node:assert/strict";
import { test } from "node:test";
import { type Json, parse, takeSecretNames } from "../src/json";
import { restored, samples, secretPointers, secretsAt, withoutSecrets } from "../src/secrets";
import { asPlainText, choose, dump, empty, expand, load, type Slot, takeAs, walk } from "../src/slots";
import type { Field } from "../src/types";
import { visiblePointer } from "../src/validation";

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

test("a mode that is called like a member of every object has no cases", () => {
  const cases = { property: "mode", needed: { page: ["name"] }, refused: { page: ["tags"] } };
  const fields: Field[] = [{ kind: "enum", name: "mode", values: ["page"] }, ...["name", "tags"].map((name): Field => ({ kind: "string", name }))];
  const field: Field = { kind: "object", cases, fields };
  for (const mode of ["constructor", "toString", "__proto__"]) {
    const settings = parse(`{"mode":"${mode}","name":"a","tags":"b"}`);
    assert.deepEqual(dump(load(field, settings)), settings);
  }
});

test("settings that are loaded and not changed are written as they were", () => {
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

test("defaults and examples are not sent", () => {
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
  const body: Field = { kind: "object", name: "body", group: true, fields: [{ kind: "string", name: "q" }] };
  const slot = load({ kind: "object", required: true, fields: [body] });
  assert.deepEqual(dump(slot), {});
  Object.assign(slot.kids[0]!.kids[0]!, { on: true, text: "x" });
  assert.deepEqual(dump(slot), { body: { q: "x" } });
  empty(slot.kids[0]!.kids[0]!);
  assert.deepEqual(dump(slot), {});
});

test("a text that is a JSON object or list becomes that, with every digit", () => {
  for (const text of ['{"a": 12345678901234567890}', " [1.0, null]"])
    assert.equal(JSON.stringify(dump(typed(ANY, text))), JSON.stringify(parse(text)));
  assert.equal(dump(typed(ANY, "{not JSON")), "{not JSON");
});

test("a text that looks like a number or a boolean becomes one, if the description allows it", () => {
  const values = ["42", "-1.5e3", "true", "042", "True", "null", "x"].map((text) => dump(typed(ANY, text)));
  assert.deepEqual(values, [42, parse("-1.5e3"), true, "042", "True", "null", "x"]);
  const texts: Field = { kind: "any", types: ["string"] };
  assert.deepEqual(["42", "true", '{"a": 1}'].map((text) => dump(typed(texts, text))), ["42", "true", '{"a": 1}']);
});

test("a parameter that is sent as text (a header) stays text until somebody chooses JSON", () => {
  const header: Field = { kind: "any", textual: true };
  const slot = typed(header, '{"a": 1}');
  assert.equal(dump(slot), '{"a": 1}');
  takeAs(slot, "json");
  assert.deepEqual(dump(slot), { a: 1 });
  asPlainText(slot);
  assert.equal(dump(slot), '{"a": 1}');
});

test("JSON that is nested too deeply to be edited stays text", () => {
  const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  assert.ok(Array.isArray(dump(typed(ANY, nested(150)))));
  for (const text of [nested(152), nested(100_000), `{"a": ${nested(3000)}}`]) {
    const slot = typed(ANY, text);
    assert.equal(dump(slot), text);
    takeAs(slot, "json");
    assert.equal(dump(slot), text);
  }
});

test("a value is converted when another type is chosen", () => {
  const slot = typed(ANY, "[1, 2]");
  takeAs(slot, "array");
  assert.deepEqual(dump(slot), [1, 2]);
  takeAs(slot, "string");
  assert.deepEqual(parse(dump(slot) as string), [1, 2]);
  takeAs(slot, "null");
  assert.equal(dump(slot), null);
});

test("a text in a number field that is no number is sent as it was typed, so that validation reports it", () => {
  const field: Field = { kind: "number" };
  const values = ["", " 7 ", "0x10", "1,5", "12345678901234567890"].map((text) => JSON.stringify(dump(typed(field, text))));
  assert.deepEqual(values, [undefined, "7", '"0x10"', '"1,5"', "12345678901234567890"]);
});

test("an empty text is sent only if it is empty on purpose", () => {
  const field: Field = { kind: "string" };
  assert.equal(dump(load(field)), undefined);
  assert.equal(dump(Object.assign(load(field), { empty: true })), "");
  assert.equal(dump(load(field, "")), "");
});

test("a value chooses the option of a union that it fits; each option keeps what was typed in it", () => {
  const animal = (type: string): Field => ({
    kind: "object",
    shape: { json: "object", required: [type], const: { type } },
    fields: [{ kind: "string", name: "type" }, { kind: "string", name: type }],
  });
  const field: Field = { kind: "union", options: [animal("cat"), animal("dog"), { kind: "string" }] };
  const optionOf = (value: Json) => load(field, value).option;
  assert.deepEqual([optionOf({ type: "dog", dog: "Rex" }), optionOf({ type: "cat" }), optionOf("text")], [1, 0, 2]);
  assert.deepEqual(dump(load(field, 7)), 7, "a value that no option can hold is kept");
  const slot = load(field, { type: "dog", dog: "Rex" });
  choose(slot, 2);
  choose(slot, 1);
  assert.deepEqual(dump(slot), { type: "dog", dog: "Rex" });
});

test("a stub keeps its value until the server has returned its fields", () => {
  const slot = load({ kind: "object", name: "deep", link: "/x" }, { a: 1, b: { c: 2 } });
  assert.deepEqual(dump(slot), { a: 1, b: { c: 2 } });
  expand(slot, { kind: "object", fields: [{ kind: "number", name: "a" }] });
  assert.deepEqual(dump(slot), { a: 1, b: { c: 2 } });
  assert.equal(slot.kids[0]!.text, "1");
});

test("the sample of an expression is not in the settings", () => {
  const slot = load(OBJECT, { name: "${$.input.name}", count: "${$.input.count}" });
  for (const { slot: field, pointer } of walk(slot)) if (pointer) field.sample = "42";
  const texts = { "/name": "42", "/count": "42" };
  assert.deepEqual(samples(slot), { values: { "/name": "42", "/count": 42 }, texts, open: texts });
  assert.deepEqual(dump(slot), { name: "${$.input.name}", count: "${$.input.count}" });
});

test("secrets are the fields that the description marks, password fields, and fields with a secret's name", () => {
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

test("secrets are left out and can be put back; expressions stay", () => {
  const task = {
    endpoint: "x",
    httpRequest: {
      headers: { Token: "t-secret", Via: "v-secret", Auth: "${$.input.token}" },
      body: { users: [{ password: "p-secret", n: 1 }], password: "" },
    },
  };
  const { value, removed } = withoutSecrets<Json>(task, ["/httpRequest/headers/Via"]);
  assert(!JSON.stringify(value).includes("secret"));
  assert.deepEqual(removed, ["/httpRequest/headers/Token", "/httpRequest/headers/Via", "/httpRequest/body/users/0/password"]);
  assert(JSON.stringify(value).includes("${$.input.token}"));
  assert.deepEqual(restored(value as { [name: string]: Json }, task, removed), task);
  const masked = JSON.stringify(withoutSecrets<Json>(task, [], "•••").value);
  assert(masked.includes('"Token":"•••"') && !masked.includes("t-secret"));
});

test("a URL is kept without its secrets; a URL changed meanwhile keeps its change", () => {
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

test("a problem is shown at the nearest shown field on the way up from its pointer", () => {
  const shown = new Set(["", "/a", "/a/b~1c"]);
  assert.deepEqual(["/a/b~1c/d/e", "/a/x", "/z", ""].map((pointer) => visiblePointer(shown, pointer)), ["/a/b~1c", "/a", "", ""]);
});
