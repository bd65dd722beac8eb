// Saving: what the page says of it, who else may do it, and what is left when it fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../src/api";
import { Store } from "../src/store";
import type { Definition, Task } from "../src/types";
import { headers, kept, page, Server, slotAt, type } from "./server";

test("after saving the page says how many problems are left, or which task no run reaches", async () => {
  kept.clear();
  const server = new Server();
  await page(server, async (store) => {
    await store.saving.save();
    assert.equal(store.status, "Saved to “flow”.");
    server.problems = [{ pointer: "/httpRequest/url", message: "m", severity: "error" }];
    await store.saving.save();
    assert.equal(store.status, "Saved, with 1 problem still to mend.");
  });
});

test("a save that fails loses nothing: it can be repeated", async () => {
  kept.clear();
  const server = new Server();
  const { save } = server.api;
  await page(server, async (store) => {
    type(store, "/httpRequest/headers/Via", "mine");
    server.api.save = () => Promise.reject(new ApiError({ type: "urn:httptask:problem:not-saved", title: "It could not be saved" }));
    await store.saving.save();
    assert.deepEqual([store.notice?.title, store.status], ["Not saved: It could not be saved", "Not saved."]);
    assert(store.workflow.dirty);
    assert(!store.saving.underWay);
    server.api.save = save;
    await store.saving.save();
    assert.equal((headers(store, "A") as Task).Via, "mine");
    assert.deepEqual([store.notice, store.workflow.dirty], [null, false]);
  });
});

test("while a save is under way, another one is not begun", async () => {
  kept.clear();
  const server = new Server();
  await page(server, async (store) => {
    await Promise.all([store.saving.save(), store.saving.save()]);
    assert.equal(server.etag, '"2"');
    assert.equal(store.saving.conflict, null);
  });
});

test("the host of the page hears of a save first, and can do it itself", async () => {
  kept.clear();
  const server = new Server();
  const heard: { name: string; task: Task; definition: Definition | null }[] = [];
  const fire = (event: string, detail: unknown): boolean => {
    if (event === "task-save") heard.push(detail as (typeof heard)[number]);
    return event !== "task-save";
  };
  const store = new Store(server.api, fire);
  await store.start("flow", null);
  try {
    type(store, "/httpRequest/headers/Via", "mine");
    await store.saving.save();
    assert.deepEqual([heard.length, heard[0]!.name], [1, "A"]);
    assert.deepEqual((heard[0]!.task.httpRequest as Task).headers, { Token: "saved-secret", Via: "mine" });
    assert.equal(server.etag, '"1"', "nothing was saved by the page");
    assert.deepEqual([store.status, store.workflow.dirty], ["Task “A” handed over.", false]);
  } finally {
    store.stop();
  }
});

test("an upload is replaced by the path that it was saved under, and the response stays that of the settings", async () => {
  kept.clear();
  const server = new Server();
  const upload = { $file: { upload: "u1" } }, path = { $file: { path: "a.txt" } };
  const { save } = server.api;
  server.api.save = async (id: string, definition: Definition, etag: string) => {
    const saved = await save(id, definition, etag);
    const text = JSON.stringify(saved.definition).replaceAll(JSON.stringify(upload), JSON.stringify(path));
    return { ...saved, definition: JSON.parse(text) as Definition };
  };
  server.definition = JSON.parse(JSON.stringify(server.definition)) as Definition;
  ((server.definition.tasks!.A as Task).httpRequest as Task).body = upload;
  await page(server, async (store) => {
    await store.tests.send();
    assert(!store.tests.stale);
    await store.saving.save();
    store.task.settled();
    assert.deepEqual(((store.workflow.working.tasks!.A as Task).httpRequest as Task).body, path);
    assert(!store.tests.stale);
    assert(!store.workflow.dirty);
    assert(!JSON.stringify(store.history.items[0]!.settings).includes("u1"));
    assert(slotAt(store, "/httpRequest/body"));
  });
});

test("a workflow that is saved while another one is opened is saved, and one that is not says so", async () => {
  kept.clear();
  const server = new Server();
  const { save, workflow } = server.api;
  server.api.workflow = async (id: string) => (id === "flow" ? workflow(id) : { definition: { name: id, tasks: {} }, etag: '"o"' });
  let [begin, release] = [() => {}, () => {}];
  const begun = new Promise<void>((resolve) => { begin = resolve; });
  const released = new Promise<void>((resolve) => { release = resolve; });
  await page(server, async (store) => {
    type(store, "/httpRequest/headers/Via", "mine");
    server.api.save = async (...given: Parameters<typeof save>) => {
      begin();
      await released;
      return save(...given);
    };
    const [saving, opening] = [store.saving.save(), store.workflow.open("other")];
    await begun;
    release();
    await Promise.all([saving, opening]);
    assert.deepEqual([store.workflow.id, [...store.drafts.unsaved], store.notice], ["other", [], null]);
    await store.workflow.open("flow");
    assert.deepEqual([store.workflow.dirty, store.notice, (headers(store, "A") as Task).Via], [false, null, "mine"]);
    type(store, "/httpRequest/headers/Via", "newer");
    server.api.save = async () => { throw new ApiError({ title: "The disk is full" }); };
    await Promise.all([store.saving.save(), store.workflow.open("other")]);
    assert.equal(store.notice?.title, "“flow” was not saved: The disk is full");
    assert.deepEqual([store.workflow.id, [...store.drafts.unsaved]], ["other", ["flow"]]);
    await store.workflow.open("flow");
    assert.equal((headers(store, "A") as Task).Via, "newer");
  });
});
