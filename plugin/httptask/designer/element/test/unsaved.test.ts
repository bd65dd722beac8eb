// Unsaved work: what a closed tab would lose.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clone, type Json } from "../src/json";
import { TabStorage, unstored } from "../src/storage";
import type { Definition, Task } from "../src/types";
import { FLOW, headers, kept, page, Server, task, type } from "./server";

/** The secret stands before another header: what was behind it has to be there again after a reload. */
const OWN: Definition = { ...FLOW, tasks: { ...FLOW.tasks, A: task({ Token: "saved-secret", Via: "first" }, "B") } };

/** A server with two workflows and their sample inputs. */
class Folder extends Server {
  readonly inputs: Record<string, unknown> = {};

  constructor() {
    super();
    Object.assign(this.api, {
      workflow: async (id: string) => ({ definition: { ...clone(OWN), name: id } as Definition, etag: `"${id}"` }),
      inputForm: async () => ({ field: { kind: "map", type: "object", values: { kind: "any" } }, sample: { of: 1 }, problems: [] }),
      send: async (path: string) => {
        const [, id, part] = path.split("/") as [string, string, string];
        if (part !== "sample-input") throw new Error(path);
        return { text: async () => JSON.stringify({ input: this.inputs[id] }), headers: new Headers({ ETag: '"1"' }) };
      },
    });
  }
}
/** Wait until the sample input was loaded, which `open` does not wait for. */
const loaded = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

test("unsaved changes of a workflow that is not open any more are known until they are taken back", async () => {
  kept.clear();
  const server = new Folder();
  await page(server, async (store) => {
    assert(!store.workflow.losesWork);
    type(store, "/httpRequest/headers/Via", "changed");
    await store.workflow.open("other");
    assert(!store.workflow.dirty);
    assert(store.workflow.losesWork);
    assert.deepEqual([...store.drafts.unsaved], ["flow"]);
  });
  await page(server, async (store) => {
    // The page was loaded again at `flow`; then the change is taken back.
    assert(store.workflow.losesWork);
    type(store, "/httpRequest/headers/Via", "first");
    await store.workflow.open("other");
    assert(!store.workflow.losesWork);
    assert.deepEqual([...store.drafts.unsaved], []);
  });
});

test("an undone edit is no work to lose", async () => {
  kept.clear();
  await page(new Folder(), async (store) => {
    store.workflow.edit((definition) => ({ ...definition, timeoutSeconds: 5 }), "Time");
    assert(store.workflow.losesWork);
    await store.edits.undo();
    assert(!store.workflow.losesWork);
  });
});

test("a sample input that is typed and taken back, or written in another way, is no work to lose", async () => {
  kept.clear();
  const server = new Folder();
  server.inputs.flow = { of: 7 };
  await page(server, async (store) => {
    await loaded();
    assert.equal(store.task.input, '{\n "of": 7\n}');
    for (const [text, isLost] of [['{"of": 8}', true], ['{"of": 7}', false], ["{", true], ["", true], ['{ "of" : 7 }', false]] as const) {
      store.task.input = text;
      store.drafts.keep();
      assert.equal(store.workflow.losesWork, isLost, text);
    }
    store.task.input = '{"of": 9}';
    await store.workflow.open("other");
    await loaded();
    assert.equal(store.task.input, "");
    assert(store.workflow.losesWork, "the input of the other workflow is in this tab only");
    await store.workflow.open("flow");
    await loaded();
    assert.equal(store.task.input, '{"of": 9}');
    store.task.input = '{"of": 7}';
    store.drafts.keep();
    assert(!store.workflow.losesWork);
  });
});

test("samples that the schema of the input gives are no work to lose", async () => {
  kept.clear();
  const server = new Folder();
  Object.assign(server.api, {
    workflow: async () => ({ definition: { ...clone(OWN), inputSchema: { type: "object" } }, etag: '"1"' }),
  });
  await page(server, async (store) => {
    await loaded();
    assert(store.input.root);
    assert.equal(JSON.parse(store.input.text).of, 1);
    store.drafts.keep();
    assert(!store.workflow.losesWork);
  });
});

for (const sample of [undefined, { count: 1 }] as Json[])
  test(`the kept input of the next workflow is shown, whatever form the last one had; sample ${JSON.stringify(sample)}`, async () => {
    kept.clear();
    const server = new Folder();
    server.inputs.other = { count: 7 };
    const field = { kind: "object", type: "object", fields: [{ name: "count", kind: "number", type: "integer" }] };
    Object.assign(server.api, {
      workflow: async (id: string) => {
        const schema = id === "flow" || sample ? { inputSchema: { type: "object" } } : {};
        return { definition: { ...clone(OWN), ...schema, name: id }, etag: `"${id}"` };
      },
      inputForm: async () => ({ field, sample, problems: [] }),
    });
    await page(server, async (store) => {
      await loaded();
      assert(store.input.root);
      await store.workflow.open("other");
      await loaded();
      assert.deepEqual(JSON.parse(store.input.text), { count: 7 });
      assert(!store.workflow.losesWork);
    });
  });

test("a draft that the browser has no room for is told, and stays while the page is open", async () => {
  kept.clear();
  await withRoom(1000, async () => {
    await page(new Folder(), async (store) => {
      type(store, "/httpRequest/headers/Via", "small");
      store.drafts.keep();
      assert(!store.drafts.overflows);
      type(store, "/httpRequest/headers/Via", "x".repeat(1000));
      store.drafts.keep();
      assert(store.drafts.overflows);
      await store.workflow.open("other");
      assert(store.drafts.overflows, "the changes of the other workflow are still not stored");
      assert(store.workflow.losesWork);
      await store.workflow.open("flow");
      assert.equal((headers(store, "A") as Task).Via, "x".repeat(1000));
      assert.equal(store.notice!.detail, "");
      type(store, "/httpRequest/headers/Via", "small again");
      store.drafts.keep();
      assert(!store.drafts.overflows);
      type(store, "/httpRequest/headers/Via", "x".repeat(1000));
    });
    unstored.clear(); // as a reload does
    await page(new Folder(), (store) => {
      assert.equal((headers(store, "A") as Task).Via, "small again");
      assert.match(store.notice!.detail!, /^Not the latest ones/);
      type(store, "/httpRequest/headers/Via", "new");
    });
    unstored.clear();
    await page(new Folder(), (store) => assert.equal(store.notice!.detail, ""));
  });
});

test("where there is no room even for the mark of an older draft, the older draft is removed", async () => {
  kept.clear();
  const storage = new TabStorage("p:");
  storage.write("draft", "old");
  await withRoom(0, async () => {
    storage.write("draft", "new");
  });
  assert.deepEqual([storage.read("draft"), storage.isUnstored("draft")], ["new", true]);
  unstored.clear();
  assert.equal(storage.read("draft"), null);
});

/** Do *work* in a browser that stores no text of more than *most* characters. */
async function withRoom(most: number, work: () => Promise<void>): Promise<void> {
  const { setItem } = sessionStorage;
  sessionStorage.setItem = (name: string, text: string) => {
    if (text.length > most) throw new Error("QuotaExceededError");
    kept.set(name, text);
  };
  try {
    await work();
  } finally {
    sessionStorage.setItem = setItem;
  }
}
