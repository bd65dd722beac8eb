// Numbers and times in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { when } from "../src/amounts";

test("a time of another day has its date", () => {
  const noon = new Date(2026, 4, 17, 12, 30);
  const time = noon.toLocaleTimeString();
  assert.equal(when(noon.toISOString(), new Date(2026, 4, 17, 23)), time);
  for (const now of [new Date(2026, 4, 18, 0), new Date(2027, 4, 17, 12)]) {
    const shown = when(noon.toISOString(), now);
    assert(shown.endsWith(`, ${time}`), shown);
    assert(shown.includes("17") && shown.includes("2026"), shown);
  }
});
