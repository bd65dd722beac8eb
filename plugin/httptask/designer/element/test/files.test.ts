import assert from "node:assert/strict";
import { test } from "node:test";
import { savedFiles, withFiles } from "../src/files";

const upload = (id: string) => ({ $file: { upload: id, name: "a.png" } });

test("after saving, every reference to an upload is replaced by the path of its file", () => {
  const sent = { tasks: { A: { body: { file: upload("1"), list: [upload("2"), "x"] } }, B: { body: upload("1") } } };
  const [a, b] = [{ $file: "files/a.png" }, { $file: "files/b.png" }];
  const saved = { tasks: { A: { body: { file: a, list: [b, "x"] } }, B: { body: a } } };
  const files = savedFiles(sent, saved);
  assert.deepEqual([...files.keys()], ["1", "2"]);
  assert.deepEqual(withFiles(sent, files), saved);
});

test("an upload that was not saved stays an upload, and nothing else is changed", () => {
  const sent = { a: upload("1"), b: { $file: "files/x.png" }, c: { $file: { upload: "1" }, more: true }, d: null };
  assert.equal(savedFiles(sent, sent).size, 0);
  assert.deepEqual(withFiles(sent, new Map([["2", "files/y.png"]])), sent);
});
