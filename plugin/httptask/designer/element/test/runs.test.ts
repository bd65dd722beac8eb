// Runs of the whole workflow: whose run is repeated, and with whose secrets.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "../src/store";
import type { RunSummary } from "../src/types";
import { titleIn } from "../src/workflow";
import { kept, page, Server } from "./server";

/** A server that keeps runs, and takes note of what starts one. */
class Keeper extends Server {
  workflows: { id: string; name?: string }[] = [{ id: "flow" }, { id: "second", name: "flow" }];
  readonly begun: Record<string, unknown>[] = [];

  constructor() {
    super();
    const { config } = this.api;
    Object.assign(this.api, {
      config: async () => ({ ...(await config()), workflows: this.workflows }),
      post: async (_path: string, body: Record<string, unknown>) => {
        this.begun.push(body);
        return { json: async () => ({ id: "new" }) };
      },
    });
  }
}
const summary = (workflow?: string): RunSummary => ({
  id: "1", status: "Completed", definition: "flow", beganAt: "2026-01-01T00:00:00Z", elapsedSeconds: 1, tasks: [], workflow,
});
/** Repeat a run of *workflow* while `flow` is open, and resume one; return what was sent. */
async function repeated(server: Keeper, store: Store, workflow?: string): Promise<Record<string, unknown>[]> {
  store.input.typed = '{"token": "typed-secret"}';
  const run = { ...summary(workflow), began: 0, visits: [] };
  await store.runs.again(run);
  await store.runs.resume(run);
  return server.begun.splice(0);
}

test("a run of another workflow with the same name gets neither the open definition nor its secrets", async () => {
  kept.clear();
  const server = new Keeper();
  await page(server, async (store) => {
    for (const other of ["second", "/elsewhere/flow.json", undefined]) {
      const sent = await repeated(server, store, other);
      assert.equal(sent.length, 2);
      assert(!JSON.stringify(sent).includes("typed-secret"), `a run of ${other}`);
      assert(sent.every((body) => !("definition" in body)));
    }
    const [again, resume] = await repeated(server, store, "flow");
    assert(again!.definition);
    assert.deepEqual([again!.input, resume!.input], [{ token: "typed-secret" }, { token: "typed-secret" }]);
  });
});

test("a run that was kept without an id is known by its name, if only one workflow has it", async () => {
  kept.clear();
  const server = new Keeper();
  server.workflows = [{ id: "flow" }, { id: "second" }];
  await page(server, async (store) => {
    const [again] = await repeated(server, store);
    assert.deepEqual(again!.input, { token: "typed-secret" });
  });
});

test("where names are shared, the ids stand beside them", async () => {
  kept.clear();
  const server = new Keeper();
  await page(server, (store) => {
    const titles = ["flow", "second", undefined].map((workflow) => store.runs.titleOf(summary(workflow)));
    assert.deepEqual(titles, ["flow (flow)", "flow (second)", "flow"]);
    server.workflows.pop();
    assert.equal(store.runs.titleOf(summary("flow")), "flow");
    store.runs.items = [summary("removed")];
    assert.equal(store.runs.titleOf(summary("removed")), "flow (removed)");
  });
  const all = [{ id: "a", name: "Same" }, { id: "b", name: "Same" }, { id: "c" }];
  assert.deepEqual(all.map((item) => titleIn(all, item)), ["Same (a)", "Same (b)", "c"]);
});
