// The places that use the name of a task, shown before the task is renamed or removed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clone, parse } from "../src/json";
import type { Definition, Problem } from "../src/types";
import { whyUnused } from "../src/use-in";
import { askRemoval, usesOf } from "../src/uses";
import { kept, page, Server, task } from "./server";

const USED: Definition = {
  startTask: "A",
  tasks: {
    A: task({}, "B"),
    B: { ...task({ constructor: "${$.tasks.A.output.body.id}" }, "Ask"), onError: [{ errors: ["*"], nextTask: "A" }] },
    Ask: {
      type: "Decision",
      choices: [{ condition: "x", nextTask: "End" }, { condition: "$.tasks.A.output", nextTask: "A" }],
      defaultTask: "A",
    },
    Both: {
      type: "Parallel",
      branches: [{ startTask: "One", tasks: { One: task({ Via: "${$.tasks.A.output}", To: "${$..A}" }) } }],
      nextTask: "A",
    },
    End: task({}),
  },
};
/** The server's report of an expression that may or may not mean the task A. */
const DOUBT: Problem = {
  code: "rename-doubt", pointer: "/tasks/Both/branches/0/tasks/One/httpRequest/headers/To", message: "m", severity: "warning",
};

/** A server that reports *problems* when A is renamed. */
function serverOf(definition: Definition, problems: Problem[] = []): Server {
  const server = new Server();
  server.definition = clone(definition);
  server.api.renamed = async (before, name, to) => {
    const json = JSON.stringify(before).replaceAll(`"${name}"`, `"${to}"`).replaceAll(`$.tasks.${name}.`, `$.tasks['${to}'].`);
    return { definition: parse(json) as Definition, problems: name === "A" ? problems : [] };
  };
  return server;
}

test("the routes and expressions that a rename would change are listed, and the doubtful ones", async () => {
  kept.clear();
  await page(serverOf(USED, [DOUBT]), async (store) => {
    const uses = await usesOf(store, "A");
    const rows = uses.map(({ task, field, isRoute, isDoubtful }) =>
      [task, field, isRoute ? "route" : isDoubtful ? "perhaps" : "expression"]);
    assert.deepEqual(rows, [
      [null, "", "route"],
      ["B", "Headers › constructor", "expression"],
      ["B", "error route 1", "route"],
      ["Ask", "choice 2", "expression"],
      ["Ask", "choice 2", "route"],
      ["Ask", "default task", "route"],
      ["Both", "next task", "route"],
      ["One", "Headers › Via", "expression"],
      ["One", "Headers › To", "perhaps"],
    ]);
    assert.deepEqual(await usesOf(store, "Both"), []);
    assert.deepEqual(store.workflow.working, USED, "asking changes nothing");
  });
});

test("before a task that expressions use is removed, the page shows them and asks", async () => {
  kept.clear();
  await page(serverOf(USED), async (store) => {
    await askRemoval(store, "A");
    assert.deepEqual(store.workflow.removal?.uses.map(({ task }) => task), ["B", "Ask", "One"]);
    assert.deepEqual(store.workflow.working, USED);
  });
});

test("a task that only routes use is removed at once; so is any task if the server does not answer", async () => {
  kept.clear();
  const server = serverOf(USED);
  await page(server, async (store) => {
    await askRemoval(store, "Both");
    assert.equal(store.workflow.removal, null);
    assert(!("Both" in store.workflow.working.tasks!));
    server.api.renamed = async () => { throw new Error("away"); };
    await askRemoval(store, "B");
    assert(!("B" in store.workflow.working.tasks!));
    await store.edits.undo();
    assert("B" in store.workflow.working.tasks!);
  });
});

test("why no task can use a value is true of a task that is gone, too", async () => {
  kept.clear();
  await page(new Server(), (store) => {
    assert.equal(whyUnused(store, "A", ["B"]), "");
    assert.match(whyUnused(store, "B", []), /^No HTTP task follows/);
    assert.match(whyUnused(store, "Gone", []), /has no task “Gone”/);
    assert.match(whyUnused(store, "Gone", ["B"]), /has no task “Gone”/);
  });
});
