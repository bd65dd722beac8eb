// What survives a reload: the tab's storage, and the history of test requests in it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TabStorage } from "../src/storage";
import type { Task } from "../src/types";
import { headers, kept, page, Server, task, type } from "./server";

test("a value is read as it was written, each under its own prefix, with every digit", () => {
  kept.clear();
  const [one, other] = [new TabStorage("one:"), new TabStorage("other:")];
  one.write("name", { a: [1, "é", null] });
  kept.set("other:name", '{"a": 12345678901234567890}');
  assert.equal(JSON.stringify(one.read("name")), '{"a":[1,"é",null]}');
  assert.equal(JSON.stringify(other.read("name")), '{"a":12345678901234567890}');
  assert.equal(one.read("nothing"), null);
});

test("what cannot be read is as good as nothing, and what cannot be written is there while the page is open", () => {
  kept.clear();
  kept.set("p:broken", '{"a":');
  const storage = new TabStorage("p:");
  assert.equal(storage.read("broken"), null);
  const { getItem, setItem } = sessionStorage;
  sessionStorage.getItem = () => { throw new Error("forbidden"); };
  sessionStorage.setItem = () => { throw new Error("full"); };
  try {
    storage.write("name", 1);
    assert.equal(storage.read("name"), 1);
  } finally {
    Object.assign(sessionStorage, { getItem, setItem });
  }
});

test("the history has the latest twenty test requests, and is there after a reload", async () => {
  kept.clear();
  const server = new Server();
  await page(server, (store) => {
    for (let number = 0; number < 25; number++) store.history.remember("A", task({ Via: String(number) }), { note: `${number}` });
    assert.deepEqual(store.history.items.map(({ note }) => note), Array.from({ length: 20 }, (_, index) => `${24 - index}`));
  });
  await page(server, (store) => assert.equal(store.history.items[0]!.note, "24"));
});

test("an entry of the history has no secret, and restored it takes the one of the form", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    await store.tests.send();
    const [entry] = store.history.items;
    assert(store.history.isCurrent(entry!));
    assert(!JSON.stringify(store.history.items).includes("secret"));
    type(store, "/httpRequest/headers/Via", "changed");
    assert(!store.history.isCurrent(entry!));
    await store.history.restore(entry!);
    assert.deepEqual(headers(store, "A"), { Token: "saved-secret", Via: "1" });
    assert.equal(store.task.value().nextTask ?? (store.workflow.working.tasks!.A as Task).nextTask, "B", "the route of now");
    assert(store.history.isCurrent(entry!));
  });
  assert(![...kept.values()].join().includes("secret"));
});
