// Text typed into panels: where it belongs, and when it is no work to lose any more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { renamePin } from "../src/pin-panel";
import type { ShownRun } from "../src/runs";
import type { Store } from "../src/store";
import { forGate, forPin, keepText, leftTexts, moveTypedPins } from "../src/typed-text";
import type { Visit } from "../src/types";
import { kept, page, Server } from "./server";

/** The text for the pin of *task* in the workflow *id*; undefined if there is none. */
const pinText = (store: Store, id: string, task: string): string | undefined => store.typedTexts.get(forPin(store, id, task).key)?.text;
const left = (store: Store): string[] => leftTexts(store).map(([, { of, text }]) => `${of}: ${text}`);

test("the text for a pin goes with its task and its workflow, whatever spaces their names have", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    keepText(store, forPin(store, "a", "b c"), "one");
    keepText(store, forPin(store, "a b", "c"), "other");
    keepText(store, forPin(store, "flow", "A"), "mine");
    assert.deepEqual([pinText(store, "a", "b c"), pinText(store, "a b", "c")], ["one", "other"]);
    moveTypedPins(store, "a", "new");
    assert.deepEqual([pinText(store, "new", "b c"), pinText(store, "a", "b c"), pinText(store, "a b", "c")], ["one", undefined, "other"]);
    await renamePin(store, "A", "Z");
    assert.deepEqual([pinText(store, "flow", "Z"), pinText(store, "flow", "A")], ["mine", undefined]);
  });
});

test("the text for the pin of a task that is gone is no work to lose, but is still there", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    keepText(store, forPin(store, "flow", "B"), "typed");
    keepText(store, forPin(store, "removed", "A"), "old");
    assert(store.workflow.losesWork);
    assert.deepEqual(left(store), ["the pin of “A”: old"]);
    store.workflow.edit((definition) => ({ ...definition, tasks: { A: definition.tasks!.A! } }), "Remove");
    await store.saving.save();
    assert(!store.workflow.losesWork);
    assert.deepEqual(left(store), ["the pin of “B”: typed", "the pin of “A”: old"]);
    await store.edits.undo();
    assert.deepEqual(left(store), ["the pin of “A”: old"]);
    store.config!.workflows.push({ id: "removed" });
    assert.deepEqual(left(store), []);
  });
});

test("each item has its own text, which is of use while the run waits for that item", async () => {
  kept.clear();
  await page(new Server(), (store) => {
    const visit: Visit = {
      name: "Approve", visit: 1, type: "Simple", status: "InProgress", awaitsSignal: true,
      items: { count: 2, waiting: [{ index: 0 }, { index: 1 }] },
    } as unknown as Visit;
    const run: ShownRun = { id: "r1", status: "Running", definition: "flow", began: 0, elapsedSeconds: 0, visits: [visit] };
    store.runs.shown = run;
    keepText(store, forGate(store, run, visit, 0), "first");
    keepText(store, forGate(store, run, visit, 1), "second");
    assert.deepEqual([left(store), store.workflow.losesWork], [[], true]);
    run.visits = [{ ...visit, items: { count: 2, completed: 1, waiting: [{ index: 1 }] } as unknown as Visit["items"] }];
    assert.deepEqual(left(store), ["item 0 of “Approve”: first"]);
    run.status = "Completed";
    assert.deepEqual([left(store).length, store.workflow.losesWork], [2, false]);
    // A run that is not shown any more goes on until the list of runs says that it ended.
    store.runs.shown = null;
    store.runs.items = [{ ...run, status: "Waiting" }] as unknown as Store["runs"]["items"];
    assert.deepEqual([left(store), store.workflow.losesWork], [[], true]);
    store.runs.items = [];
    assert.deepEqual([left(store).length, store.workflow.losesWork], [2, false]);
  });
});
