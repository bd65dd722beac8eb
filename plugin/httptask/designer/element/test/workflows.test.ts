// The list of workflows: rename, remove and bring back, without losing anything.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Api, ApiError } from "../src/api";
import { clone } from "../src/json";
import type { Store } from "../src/store";
import type { Definition } from "../src/types";
import { forPin, keepText } from "../src/typed-text";
import { bringBack, removeWorkflow, renameWorkflow, runnersOf } from "../src/workflows";
import { FLOW, headers, kept, page, Server, type } from "./server";

/** A server with a folder of definitions, each with an entity tag, and a list of the removed ones. */
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
      config: async () => {
        const ids = [...this.files.keys()];
        return { ...(await config()), workflow: ids[0], workflows: ids.map((id) => ({ id })) };
      },
      workflow: async (id: string) => clone(this.at(id) as never),
      save: async (id: string, definition: Definition, etag: string | null) => {
        if (etag === null ? this.files.has(id) : this.at(id).etag !== etag) throw new ApiError({ title: "Changed meanwhile" });
        return clone(this.put(id, definition) as never);
      },
      send: async (path: string, init: { method: string; headers: Record<string, string>; body: string }) => {
        const [, id, part, task] = path.split("/").map(decodeURIComponent) as [string, string, string?, string?];
        if (part === "pins") return this.pin(id, task, init);
        if (part === "sample-input") return this.sampleInput(id, init);
        if (init.headers["If-Match"] !== this.at(id).etag) throw new ApiError({ title: "Changed meanwhile" });
        this.files.delete(id);
        this.removed.push(id);
        return { json: async () => ({ kept: `.httptask/removed/${id}.json` }) };
      },
    } satisfies Partial<Record<keyof Api, unknown>>);
  }

  /** The pins of each definition, by task. Their entity tag is their number. */
  readonly pins = new Map<string, Record<string, unknown>>();
  /** Answer a request for the pins of *id*; with a *task*, set its pin first. */
  private pin(id: string, task: string | undefined, init?: { headers: Record<string, string>; body: string }) {
    const tasks = this.pins.get(id) ?? {};
    if (task !== undefined) {
      const count = Object.keys(tasks).length;
      const { headers } = init!;
      const isCurrent = count ? headers["If-Match"] === `"${count}"` : headers["If-None-Match"] === "*";
      if (!isCurrent) throw new ApiError({ title: "Changed meanwhile" });
      this.pins.set(id, { ...tasks, [task]: JSON.parse(init!.body).pin });
    }
    const current = this.pins.get(id) ?? {};
    const etag = `"${Object.keys(current).length}"`;
    return { text: async () => JSON.stringify({ tasks: current }), headers: new Headers({ ETag: etag }) };
  }

  /** The sample input of each definition. */
  readonly inputs = new Map<string, unknown>();
  /** Answer a request for the sample input of *id*; with a body, set it first, unless there is one. */
  private sampleInput(id: string, init?: { body?: string }) {
    if (init?.body) {
      if (this.inputs.has(id)) throw new ApiError({ title: "Changed meanwhile" });
      this.inputs.set(id, JSON.parse(init.body).input);
    }
    return { text: async () => JSON.stringify({ input: this.inputs.get(id) }), headers: new Headers() };
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

test("a renamed open workflow keeps its unsaved changes, its undo and its history", async () => {
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

test("a workflow is not renamed over another one, nor while somebody else's version is on disk", async () => {
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

test("a removed workflow comes back as it was, with its unsaved changes", async () => {
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

test("a workflow that is not open keeps its unsaved changes, its history and the text for its pins when it is renamed", async () => {
  for (const newId of ["third", "flow"]) {
    kept.clear();
    const folder = new Folder();
    await page(folder, async (store) => {
      await store.tests.send();
      type(store, VIA, "typed");
      keepText(store, forPin(store, "flow", "A"), "half a pin");
      await store.workflow.open("other");
      await renameWorkflow(store, "flow", newId === "flow" ? "flow:" : newId);
      assert.deepEqual([...store.drafts.unsaved], [newId]);
      assert.equal(store.workflow.id, "other");
      await store.workflow.open(newId);
      assert.deepEqual([via(store), store.workflow.dirty, store.history.items.length], ["typed", true, 1]);
      assert.equal(store.notice!.title, "Your unsaved changes are back");
      assert.equal(store.notice!.detail, "", "the rename is no change by somebody else");
      assert.equal(store.typedTexts.get(forPin(store, newId, "A").key)?.text, "half a pin");
      await store.saving.save();
      assert.equal(store.workflow.dirty, false);
      assert.equal(folder.files.get(newId)!.definition.name, newId === "flow" ? "flow:" : newId);
    });
  }
});

test("no workflow is renamed over another one's unsaved changes in this tab", async () => {
  kept.clear();
  const folder = new Folder();
  await page(folder, async (store) => {
    await store.workflow.open("fresh");
    store.workflow.edit((definition) => ({ ...definition, timeoutSeconds: 5 }), "Time");
    await store.workflow.open("flow");
    await assert.rejects(renameWorkflow(store, "flow", "fresh"), /Save that workflow first/);
    await store.workflow.open("fresh");
    assert.equal(store.workflow.working.timeoutSeconds, 5);
  });
});

test("the workflows that run a workflow are found", () => {
  const items = [{ id: "a", runs: ["b", "a"] }, { id: "b" }, { id: "c", runs: ["b"] }];
  assert.deepEqual(["a", "b", "c"].map((id) => runnersOf(items, id).map((item) => item.id)), [[], ["a", "c"], []]);
});

test("the pins and the sample input of a renamed workflow are copied, but never over those of another", async () => {
  kept.clear();
  const folder = new Folder();
  const pins = { A: { status: 200 }, B: { status: 404 } };
  folder.pins.set("flow", pins).set("taken", { B: { status: 500 } });
  folder.inputs.set("flow", { id: 7 });
  await page(folder, async (store) => {
    await renameWorkflow(store, "flow", "third");
    assert.deepEqual([folder.pins.get("third"), folder.pins.get("flow")], [pins, pins]);
    assert.deepEqual(folder.inputs.get("third"), { id: 7 });
    assert.equal(store.notice, null);
    await renameWorkflow(store, "third", "taken");
    assert.deepEqual(folder.pins.get("taken"), { B: { status: 500 } });
    assert.equal(store.notice!.title, "The pins stay those of “third”");
  });
});
