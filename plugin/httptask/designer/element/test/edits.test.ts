// Undo and redo: of every edit, across tasks, with what was saved and what was not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clone, type JsonObject } from "../src/json";
import type { Store } from "../src/store";
import { editTask } from "../src/task-edits";
import type { Task } from "../src/types";
import * as flow from "../src/workflow";
import { removeTask } from "../src/removal";
import { FLOW, headers, kept, page, Server, type } from "./server";

const VIA = "/httpRequest/headers/Via";
const via = (store: Store, name: string): unknown => (headers(store, name) as JsonObject).Via;
/** Type *texts* into the header Via of the open task, as one visit of its field. */
function visit(store: Store, ...texts: string[]): void {
  store.edits.leave();
  for (const text of texts) {
    type(store, VIA, text);
    store.task.settled();
  }
  store.edits.leave();
}

test("every edit is undone and redone, across tasks, in its order", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    const states = [clone(store.workflow.working)];
    const titles: (string | undefined)[] = [];
    const edits: (() => unknown)[] = [
      () => visit(store, "2"),
      () => store.task.open("B").then(() => visit(store, "3")),
      () => store.workflow.move("B", -1),
      () => store.workflow.rename("Ask"),
      () => store.task.free(),
      () => removeTask(store, "A"),
      () => editTask(store, "Ask", { onError: [{ errors: ["*"], nextTask: "Ask" }] }),
    ];
    for (const edit of edits) {
      await edit();
      states.push(clone(store.workflow.working));
      titles.push(store.edits.undoTitle);
    }
    assert.deepEqual(titles, [
      "Change “A”: Headers › Via", "Change “B”: Headers › Via", "Move “B”", "Rename “B” to “Ask”", "Add “HTTP request”", "Remove “A”", "Change “Ask”",
    ]);
    for (const state of states.slice(0, -1).reverse()) {
      await store.edits.undo();
      assert.deepEqual(store.workflow.working, state);
    }
    assert(!store.workflow.dirty);
    assert.equal(store.edits.undoTitle, undefined);
    for (const state of states.slice(1)) {
      await store.edits.redo();
      assert.deepEqual(store.workflow.working, state);
    }
    assert.equal(store.edits.redoTitle, undefined);
  });
});

test("what is typed in one visit of a field is one step, and none when it was taken back", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    visit(store, "2", "23", "234");
    visit(store, "x");
    visit(store, "y", "x");
    await store.edits.undo();
    assert.equal(via(store, "A"), "234");
    await store.edits.undo();
    assert.equal(via(store, "A"), "1");
    assert.equal(store.edits.undoTitle, undefined);
  });
});

test("keys that were not read yet are undone with the others", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    type(store, VIA, "2");
    store.task.settled();
    type(store, VIA, "23");
    await store.edits.undo();
    assert.equal(via(store, "A"), "1");
    await store.edits.redo();
    assert.equal(via(store, "A"), "23");
  });
});

test("an edit after an undo ends what could be redone", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    visit(store, "2");
    await store.edits.undo();
    visit(store, "3");
    assert.equal(store.edits.redoTitle, undefined);
    await store.edits.redo();
    assert.equal(via(store, "A"), "3");
  });
});

test("the task that was changed is shown, in a form that shows what is true now", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    visit(store, "2");
    await store.task.open("B");
    await store.edits.undo();
    assert.equal(store.task.name, "A");
    assert.equal(((store.task.value().httpRequest as Task).headers as Task).Via, "1");
    store.task.settled(); // the form writes nothing back
    assert(!store.workflow.dirty);
  });
});

test("a name that is undone takes its response and history along", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    await store.tests.send();
    await store.workflow.rename("Ask");
    await store.edits.undo();
    assert.deepEqual([store.task.name, store.tests.result?.ending.status, store.history.items[0]!.task], ["A", 200, "A"]);
    await store.edits.redo();
    assert.deepEqual([store.task.name, store.tests.result?.ending.status], ["Ask", 200]);
  });
});

test("what was saved can be undone, and is saved over the version that it came from", async () => {
  kept.clear();
  const server = new Server();
  await page(server, async (store) => {
    visit(store, "2");
    await store.saving.save();
    await store.edits.undo();
    assert(store.workflow.dirty);
    await store.saving.save();
    assert.equal(store.saving.conflict, null);
    assert.deepEqual(server.definition, FLOW);
  });
});

test("an undo never gets past what somebody else saved", async () => {
  kept.clear();
  const server = new Server();
  await page(server, async (store) => {
    visit(store, "2");
    [server.etag, server.definition] = ['"7"', { ...clone(FLOW), name: "theirs" }];
    await store.edits.undo();
    await store.edits.redo();
    await store.saving.save();
    assert.equal(store.saving.conflict?.etag, '"7"', "an undo changes nothing of what is on disk");
    await store.saving.reload();
    assert.equal(store.edits.undoTitle, undefined);
    await store.edits.undo();
    assert.equal(store.workflow.working.name, "theirs");
  });
});

test("no draft holds a secret that an undo brings back", async () => {
  kept.clear();
  const server = new Server();
  server.problems = [{ code: "secret-in-the-open", pointer: VIA, message: "m", severity: "warning" }];
  await page(server, async (store) => {
    visit(store, "looks-like-a-key");
    await store.validation.validate();
    await removeTask(store, "A");
    await store.edits.undo();
    assert.equal(via(store, "A"), "looks-like-a-key");
    assert.equal(store.task.name, "A");
  });
  assert(![...kept.values()].join().includes("looks-like-a-key"));
});

test("an upload that was saved is its file in every step", async () => {
  kept.clear();
  const server = new Server();
  const file = (upload: string) => ({ $file: { upload } });
  const { save } = server.api;
  server.api.save = async (id, definition, etag) => {
    const saved = await save(id, definition, etag);
    return { ...saved, definition: JSON.parse(JSON.stringify(saved.definition).replaceAll('{"upload":"u1"}', '"photo.png"')) };
  };
  await page(server, async (store) => {
    store.workflow.edit((definition) => flow.replace(definition, "B", { ...flow.find(definition, "B")!.task, body: file("u1") }), "Choose a file");
    visit(store, "2");
    await store.saving.save();
    await store.edits.undo();
    assert.deepEqual(flow.find(store.workflow.working, "B")!.task.body, { $file: "photo.png" });
  });
});

test("the history is bounded", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    for (let count = 0; count < 120; count++) visit(store, `v${count}`);
    for (let count = 0; count < 120; count++) await store.edits.undo();
    assert.equal(via(store, "A"), "v19");
  });
});
