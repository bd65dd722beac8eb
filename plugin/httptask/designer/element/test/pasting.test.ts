import assert from "node:assert/strict";
import { test } from "node:test";
import { Pasting } from "../src/pasting";
import type { Store } from "../src/store";

const { isRequest } = new Pasting(null as unknown as Store);

test("commands, documents and texts of several lines are requests", () => {
  const texts = [
    "curl https://a.example", "$ curl -X POST https://a.example", "  CURL.EXE https://a.example",
    '{"info": {}}', '{\n  "log": {}}',
    "FOO=1 \\\ncurl https://a.example", "openapi: 3.1.0\ninfo: {}",
  ];
  for (const text of texts) assert.equal(isRequest(text), true, text);
});

test("search texts and URLs are not requests", () => {
  const texts = [
    "", "curl", "curly things", "send an email", "{id}", "DELETE /droplets/{id}", "https://api.example.com/v1\n", "libcurl options",
  ];
  for (const text of texts) assert.equal(isRequest(text), false, text);
});
