// A secret that is typed into a field becomes a credential.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CredentialDraft } from "../src/api";
import { isKeptBy } from "../src/credentials";
import { credentialFor } from "../src/secret-move";

test("a secret becomes the credential that is sent in the same way", () => {
  const AUTHORIZATION = "/httpRequest/headers/Authorization";
  const key = (where: string, name: string, value: string) => ({ type: "apiKey", fields: { key: value, name, in: where } });
  assert.deepEqual(credentialFor("/httpRequest/headers/X-Api~1Key", "k 1"), key("header", "X-Api/Key", "k 1"));
  assert.deepEqual(credentialFor("/httpRequest/query/token", "t"), key("query", "token", "t"));
  assert.deepEqual(credentialFor("/httpRequest/cookies/sid", "s"), key("cookie", "sid", "s"));
  assert.deepEqual(credentialFor(AUTHORIZATION, "Bearer abc"), { type: "bearer", fields: { token: "abc" } });
  // The example of RFC 7617, section 2.1, and the one of section 2.
  assert.deepEqual(credentialFor(AUTHORIZATION, "Basic dGVzdDoxMjPCow=="), { type: "basic", fields: { username: "test", password: "123£" } });
  const pair = { type: "basic", fields: { username: "Aladdin", password: "open sesame" } };
  assert.deepEqual(credentialFor(AUTHORIZATION, "basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), pair);
  // The last one is `test:123£` in ISO 8859-1, which as UTF-8 would be another password.
  for (const value of ["abc", "Token abc", "Basic abc", "Basic !", "Basic dGVzdDoxMjOj"])
    assert.deepEqual(credentialFor(AUTHORIZATION, value), key("header", "Authorization", value));
});

test("where no credential can be sent, none is offered", () => {
  for (const pointer of ["/httpRequest/body/token", "/httpRequest/url", "/inputParameters/token", "/httpRequest/query/a/token"])
    assert.equal(credentialFor(pointer, "t"), null);
});

test("a field is emptied only for a new credential with its secret", () => {
  const wish = { name: "", index: 0, type: "bearer", fields: { token: "t" } };
  const draft = { name: "n", type: "bearer", fields: { token: "t", more: "m" }, origins: [], secrets: [], source: "file", isNew: true };
  assert(isKeptBy(draft, wish));
  for (const change of [{ isNew: false }, { type: "basic" }, { fields: { token: "other" } }, { fields: {} }] as Partial<CredentialDraft>[])
    assert(!isKeptBy({ ...draft, ...change }, wish));
});
