// The list of workflows: another name, away, and back. Nothing is lost on the way.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Api, ApiError } from "../src/api";
import { clone } from "../src/json";
import type { Store } from "../src/store";
import type { Definition } from "../src/types";
import { bringBack, removeWorkflow, renameWorkflow, runnersOf } from "../src/workflows";
import { FLOW, headers, kept, page, Server, type } from "./server";

/** A folder of definitions with an entity tag each, and what was removed from it. */
class Folder extends Server {
  readonly files = new Map<string, { definition: Definition; etag: string }>();
  readonly removed: string[] = [];
  private count = 0;

  constructor() {
    super();
    this.put("flow", FLOW);
    this.put("other", { name: "other", tasks: {} });
    const config = this.api.config;
    Object.assign(this.api, {
      config: async () => ({ ...(await config()), workflow: [...this.files.keys()][0], workflows: [...this.files.keys()].map((id) => ({ id })) }),
      workflow: async (id: string) => clone(this.at(id) as never),
      save: async (id: string, definition: Definition, etag: string | null) => {
        if (etag === null ? this.files.has(id) : this.at(id).etag !== etag) throw new ApiError({ title: "Changed meanwhile" });
        return clone(this.put(id, definition) as never);
      },
      send: async (path: string, init: { method: string; headers: Record<string, string>; body: string }) => {
        const [, id, part, task] = path.split("/").map(decodeURIComponent) as [string, string, string?, string?];
        if (part === "pins") return this.pin(id, task, init);
        if (init.headers["If-Match"] !== this.at(id).etag) throw new ApiError({ title: "Changed meanwhile" });
        this.files.delete(id);
        this.removed.push(id);
        return { json: async () => ({ kept: `.httptask/removed/${id}.json` }) };
      },
    } satisfies Partial<Record<keyof Api, unknown>>);
  }

  readonly pins = new Map<string, Record<string, unknown>>();
  private pin(id: string, task: string | undefined, init?: { headers: Record<string, string>; body: string }) {
    const tasks = this.pins.get(id) ?? {};
    if (task !== undefined) {
      const known = Object.keys(tasks).length;
      if (known ? init!.headers["If-Match"] !== `"${known}"` : init!.headers["If-None-Match"] !== "*") throw new ApiError({ title: "Changed meanwhile" });
      this.pins.set(id, { ...tasks, [task]: JSON.parse(init!.body).pin });
    }
    const now = this.pins.get(id) ?? {};
    return { text: async () => JSON.stringify({ tasks: now }), headers: new Headers({ ETag: `"${Object.keys(now).length}"` }) };
  }

  put(id: string, definition: Definition) {
    this.files.set(id, { definition: clone(definition), etag: `"${++this.count}"` });
    return this.at(id);
  }

  private at(id: string) {
    const file = this.files.get(id);
    if (!file) throw new ApiError({ type: "urn:httptask:problem:unknown-workflow", title: "No such workflow" });
    return file;
  }
}
const VIA = "/httpRequest/headers/Via";
const via = (store: Store): unknown => (headers(store, "A") as Definition).Via;

test("the open workflow under another name keeps what was not saved, its undo and its history", async () => {
  kept.clear();
  const folder = new Folder();
  await page(folder, async (store) => {
    await store.tests.send();
    type(store, VIA, "typed");
    store.task.settled();
    store.edits.leave();
    await renameWorkflow(store, "flow", " Orders: new ");
    assert.deepEqual([...folder.files.keys()], ["other", "Orders  new"]);
    assert.deepEqual(folder.files.get("Orders  new")!.definition, { ...FLOW, name: "Orders: new" }, "nothing else is saved");
    assert.deepEqual([store.workflow.id, store.workflow.working.name, via(store)], ["Orders  new", "Orders: new", "typed"]);
    await store.saving.save();
    assert(!store.workflow.dirty);
    await store.edits.undo();
    assert.deepEqual([store.workflow.working.name, via(store)], ["Orders: new", "1"]);
  });
  const other = new Folder();
  other.files.set("Orders  new", folder.files.get("Orders  new")!);
  await page(other, async (store) => {
    await store.workflow.open("Orders  new");
    assert.deepEqual([via(store), store.history.items.length], ["1", 1]);
    await store.workflow.open("flow");
    assert(!store.workflow.dirty, "no draft is left under the old name");
  });
});

test("another name takes the place of nothing, and asks for one's own version first", async () => {
  kept.clear();
  const folder = new Folder();
  await page(folder, async (store) => {
    await assert.rejects(renameWorkflow(store, "flow", "other"), /Changed meanwhile/);
    await assert.rejects(renameWorkflow(store, "flow", "///"), /letters or digits/);
    folder.put("flow", { ...FLOW, startTask: "B" });
    await assert.rejects(renameWorkflow(store, "flow", "third"), /load it again/);
    assert.deepEqual([[...folder.files.keys()], folder.removed], [["flow", "other"], []]);
  });
});

test("a removed workflow comes back as it was, what was not saved too", async () => {
  kept.clear();
  const folder = new Folder();
  await page(folder, async (store) => {
    type(store, VIA, "typed");
    const removed = await removeWorkflow(store, "flow");
    assert.deepEqual([removed.kept, store.workflow.id, [...folder.files.keys()]], [".httptask/removed/flow.json", "other", ["other"]]);
    assert.deepEqual(store.config!.workflows.map(({ id }) => id), ["other"]);
    await bringBack(store, removed);
    assert.deepEqual(folder.files.get("flow")!.definition, FLOW);
    assert.deepEqual([store.workflow.id, via(store)], ["flow", "typed"]);
    const away = await removeWorkflow(store, "flow");
    folder.put("flow", { name: "somebody else's", tasks: {} });
    await assert.rejects(bringBack(store, away), /Changed meanwhile/);
    assert.equal(folder.files.get("flow")!.definition.name, "somebody else's");
  });
});

test("a workflow that is not open is renamed and removed without opening it", async () => {
  kept.clear();
  const folder = new Folder();
  await page(folder, async (store) => {
    type(store, VIA, "typed");
    await renameWorkflow(store, "other", "third");
    await removeWorkflow(store, "third");
    assert.deepEqual([store.workflow.id, via(store), [...folder.files.keys()]], ["flow", "typed", ["flow"]]);
  });
});

test("who runs a workflow", () => {
  const items = [{ id: "a", runs: ["b", "a"] }, { id: "b" }, { id: "c", runs: ["b"] }];
  assert.deepEqual(["a", "b", "c"].map((id) => runnersOf(items, id).map((item) => item.id)), [[], ["a", "c"], []]);
});

test("pins go along with another name, and take the place of no others", async () => {
  kept.clear();
  const folder = new Folder();
  const pins = { A: { status: 200 }, B: { status: 404 } };
  folder.pins.set("flow", pins).set("taken", { B: { status: 500 } });
  await page(folder, async (store) => {
    await renameWorkflow(store, "flow", "third");
    assert.deepEqual([folder.pins.get("third"), folder.pins.get("flow")], [pins, pins]);
    assert.equal(store.notice, null);
    await renameWorkflow(store, "third", "taken");
    assert.deepEqual(folder.pins.get("taken"), { B: { status: 500 } });
    assert.equal(store.notice!.title, "The pins stay those of “third”");
  });
});
