// Undo and redo of every edit, across tasks, before and after saving.
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
/** Type each of *texts* into the header Via of the open task, while the focus stays in the field. */
function visit(store: Store, ...texts: string[]): void {
  store.edits.leave();
  for (const text of texts) {
    type(store, VIA, text);
    store.task.settled();
  }
  store.edits.leave();
}

test("every edit is undone and redone in order, across tasks", async () => {
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
      "Change “A”: Headers › Via",
      "Change “B”: Headers › Via",
      "Move “B”",
      "Rename “B” to “Ask”",
      "Add “HTTP request”",
      "Remove “A”",
      "Change “Ask”",
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

test("all that is typed until the focus leaves a field is one step; taken back, it is none", async () => {
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

test("an undo also takes back what was typed but is not in the definition yet", async () => {
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

test("after an undo and another edit, nothing can be redone", async () => {
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

test("an undo opens the task that it changes, and the form has the restored values", async () => {
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

test("when a rename is undone, the response and the history move to the old name", async () => {
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

test("a saved edit can be undone, and the undone state can be saved without a conflict", async () => {
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

test("an undo does not hide a conflict with a version that somebody else saved; loading that version clears the steps", async () => {
  kept.clear();
  const server = new Server();
  await page(server, async (store) => {
    visit(store, "2");
    [server.etag, server.definition] = ['"7"', { ...clone(FLOW), name: "theirs" }];
    await store.edits.undo();
    await store.edits.redo();
    await store.saving.save();
    assert.equal(store.saving.conflict?.etag, '"7"', "an undo does not change the version that the edits are based on");
    await store.saving.reload();
    assert.equal(store.edits.undoTitle, undefined);
    await store.edits.undo();
    assert.equal(store.workflow.working.name, "theirs");
  });
});

test("a secret that an undo brings back is not stored in the draft", async () => {
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

test("once an upload was saved as a file, every step has the file", async () => {
  kept.clear();
  const server = new Server();
  const file = (upload: string) => ({ $file: { upload } });
  const { save } = server.api;
  server.api.save = async (id, definition, etag) => {
    const saved = await save(id, definition, etag);
    return { ...saved, definition: JSON.parse(JSON.stringify(saved.definition).replaceAll('{"upload":"u1"}', '"photo.png"')) };
  };
  await page(server, async (store) => {
    const withUpload = { ...flow.find(store.workflow.working, "B")!.task, body: file("u1") };
    store.workflow.edit((definition) => flow.replace(definition, "B", withUpload), "Choose a file");
    visit(store, "2");
    await store.saving.save();
    await store.edits.undo();
    assert.deepEqual(flow.find(store.workflow.working, "B")!.task.body, { $file: "photo.png" });
  });
});

test("the number of steps is limited", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    for (let count = 0; count < 120; count++) visit(store, `v${count}`);
    for (let count = 0; count < 120; count++) await store.edits.undo();
    assert.equal(via(store, "A"), "v19");
  });
});
