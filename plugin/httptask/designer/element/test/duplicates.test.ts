// Copies of a task: behind the task, or in another workflow.
import assert from "node:assert/strict";
import { test } from "node:test";
import { copyTo, duplicate } from "../src/duplicates";
import { clone } from "../src/json";
import type { Definition, Task } from "../src/types";
import * as flow from "../src/workflow";
import { FLOW, kept, page, Server, slotAt, task, type } from "./server";

const PARALLEL: Definition = {
  startTask: "A",
  tasks: {
    A: { ...task({}, "Both"), onError: [{ errors: ["*"], nextTask: "End" }] },
    Both: { type: "Parallel", branches: [{ startTask: "One", tasks: { One: task({}, "Two"), Two: task({}) } }], nextTask: "End" },
    End: { type: "Terminate", terminationStatus: "Completed" },
  },
};

test("a copy is put behind its task, with the settings that are on the screen, and is opened", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    type(store, "/httpRequest/headers/Via", "typed");
    await duplicate(store, "A");
    const { tasks } = store.workflow.working;
    assert.deepEqual(Object.keys(tasks!), ["A", "A 2", "B"]);
    assert.deepEqual(tasks!.A, task({ Token: "saved-secret", Via: "typed" }, "A 2"));
    assert.deepEqual(tasks!["A 2"], task({ Token: "saved-secret", Via: "typed" }, "B"));
    assert.equal(store.task.name, "A 2");
    await store.edits.undo();
    assert.deepEqual(Object.keys(store.workflow.working.tasks!), ["A", "B"]);
  });
  assert(![...kept.values()].join().includes("secret"));
});

test("the tasks in the branches of a copy get new names; error routes are copied", async () => {
  kept.clear();
  const server = new Server();
  server.definition = clone(PARALLEL);
  await page(server, async (store) => {
    await duplicate(store, "Both");
    await duplicate(store, "A");
    await duplicate(store, "End");
    const { working } = store.workflow;
    const copy = flow.find(working, "Both 2")!.task;
    assert.deepEqual(copy.branches, [{ startTask: "One 2", tasks: { "One 2": task({}, "Two 2"), "Two 2": task({}) } }]);
    assert.deepEqual(flow.find(working, "A 2")!.task.onError, (PARALLEL.tasks!.A as Task).onError);
    assert.deepEqual(flow.find(working, "End 2")!.task, PARALLEL.tasks!.End);
    assert.equal(flow.find(working, "Both")!.task.nextTask, "End");
    const names = flow.listed(working).map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  });
});

test("a task is copied to the end of another workflow; the copy is not saved, and can be undone there", async () => {
  kept.clear();
  const server = new Server();
  const saved: string[] = [];
  server.api.save = async (id) => { saved.push(id); throw new Error("nothing is saved"); };
  await page(server, async (store) => {
    type(store, "/httpRequest/headers/Via", "typed");
    await copyTo(store, "A", "other");
    assert.equal(store.workflow.id, "other");
    const { tasks } = store.workflow.working;
    assert.equal((tasks!.B as Task).nextTask, "A 2");
    assert.deepEqual(tasks!["A 2"], task({ Token: "saved-secret", Via: "typed" }));
    assert.equal(store.edits.undoTitle, "Copy “A” from “flow”");
    await store.edits.undo();
    assert.deepEqual(store.workflow.working, FLOW);
    await store.workflow.open("flow");
    assert(store.workflow.dirty, "the unsaved changes of the first workflow are still there");
  });
  assert.deepEqual(saved, []);
  assert(![...kept.values()].join().includes("secret"));
});

test("a switched-off parameter is copied to another workflow, where the server has to check it for secrets again", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    type(store, "/httpRequest/headers/Via", "typed");
    slotAt(store, "/httpRequest/headers/Via").off = true;
    store.drafts.openOff.A = ["what the server found open here"];
    await copyTo(store, "A", "other");
    assert.deepEqual(store.drafts.offOf["A 2"]!.map(({ name, value }) => [name, value]), [["Via", "typed"]]);
    assert.deepEqual(((store.workflow.working.tasks!["A 2"] as Task).httpRequest as Task).headers, { Token: "saved-secret" });
    assert.equal(store.task.name, "A 2");
    store.task.commit(); // writes the form into the definition
    assert.deepEqual(store.drafts.offOf["A 2"]!.map(({ name }) => name), ["Via"]);
    assert.equal(store.drafts.openOff.A, undefined);
  });
});
