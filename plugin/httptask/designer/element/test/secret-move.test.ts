// A secret that is typed into a field becomes a credential.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CredentialDraft } from "../src/api";
import { afterSave, isKeptBy, keptAfter } from "../src/credentials";
import { credentialFor, insteadOfCredential } from "../src/secret-move";

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
  assert.match(insteadOfCredential("/httpRequest/url"), /from the URL to a query parameter or a header/);
  assert.match(insteadOfCredential("/httpRequest/body/url"), /from the input, with an expression/);
});

test("a field is emptied only for a new credential with its secret", () => {
  const wish = { name: "", index: 0, type: "bearer", fields: { token: "t" } };
  const draft = { name: "n", type: "bearer", fields: { token: "t", more: "m" }, origins: [], secrets: [], source: "file", isNew: true };
  assert(isKeptBy(draft, wish));
  for (const change of [{ isNew: false }, { type: "basic" }, { fields: { token: "other" } }, { fields: {} }] as Partial<CredentialDraft>[])
    assert(!isKeptBy({ ...draft, ...change }, wish));
});

test("a field keeps its secret when the credential gets another one after a test", () => {
  const wish = { name: "", index: 0, type: "apiKey", fields: { key: "typed", name: "X-Key", in: "header" } };
  const draft = { name: "n", type: "apiKey", fields: wish.fields, origins: [], secrets: [], source: "file", isNew: true };
  const tested = keptAfter(null, draft, "n", wish);
  assert.equal(tested, "n");
  // The server returns no secret; a secret that is left out stays as it is.
  const shown = { ...draft, isNew: false, secrets: ["/key"], fields: { name: "X-Key", in: "header" } };
  assert.equal(keptAfter(tested, shown, "n", wish), "n");
  assert.equal(keptAfter(tested, { ...shown, fields: { ...shown.fields, key: "another" } }, "n", wish), null);
  assert.equal(keptAfter(tested, { ...shown, type: "bearer", fields: { token: "t" } }, "n", wish), null);
  assert.equal(keptAfter(tested, { ...shown, fields: { key: "another" } }, "other", wish), "n", "another credential was changed");
  assert.equal(keptAfter(tested, { ...shown, isNew: true }, "n", wish), null, "it was deleted and made again without the secret");
});

test("what is typed while a credential is saved stays in the form", () => {
  const sent = { name: "n", type: "bearer", fields: { token: "sent" }, origins: ["a"], secrets: [], source: "file", isNew: true };
  const saved = { ...sent, fields: {}, secrets: ["/token"], isNew: false };
  assert.deepEqual(afterSave(sent, saved, sent), saved);
  assert.deepEqual(afterSave(sent, saved, { ...sent, fields: { token: "newer" } }), { ...saved, fields: { token: "newer" } });
  assert.deepEqual(afterSave(sent, saved, { ...sent, origins: ["b"] }), { ...saved, origins: ["b"] });
  const ofOtherType = { ...sent, type: "apiKey", fields: { key: "k" } };
  assert.deepEqual(afterSave(sent, saved, ofOtherType), { ...ofOtherType, isNew: false });
  const opened = { ...sent, name: "m", isNew: false };
  assert.equal(afterSave(sent, saved, opened), opened);
});
