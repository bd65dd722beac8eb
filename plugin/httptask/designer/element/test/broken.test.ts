// Definitions that were written by hand or by another tool, and are broken: the page opens them, and loses nothing of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { duplicate } from "../src/duplicates";
import { boxes, SMALL } from "../src/graph-layout";
import { clone, isObject, type Json, type JsonObject, parse } from "../src/json";
import { insertBetween, reorder } from "../src/order";
import { remove } from "../src/removal";
import type { Store } from "../src/store";
import { editTask, innerProblems, problemsOf, withoutRoutes } from "../src/task-edits";
import { withoutNulls, withRoutes } from "../src/task-form";
import type { Definition, Task } from "../src/types";
import { usesOf } from "../src/uses";
import * as flow from "../src/workflow";
import { kept, page, Server } from "./server";

/** A definition with a task of each type and a route of each kind; nothing is wrong with it. */
const SOUND = parse(`{
  "name": "flow", "startTask": "Ask", "inputSchema": {"type": "object"},
  "tasks": {
    "Ask": {
      "type": "Http", "description": "d", "nextTask": "Choose", "credentials": ["c"], "inputParameters": {"a": 1.0},
      "httpRequest": {
        "url": "https://a.example/{id}", "method": "GET", "pathParameters": {"id": 7}, "query": {"q": ["a", null]},
        "headers": {"Via": "1"}, "body": {"key": [{"": 1e3}], "none": null}
      },
      "forEach": {"items": "\${$.input.items}"},
      "onError": [{"errors": ["*"], "statuses": [404], "nextTask": "Sorry"}]
    },
    "Choose": {"type": "Decision", "choices": [{"condition": "$.a", "nextTask": "Both"}], "defaultTask": "Pause"},
    "Both": {
      "type": "Parallel", "nextTask": "Pause",
      "branches": [{"startTask": "One", "tasks": {"One": {"type": "Http", "httpRequest": {"url": "https://b.example"}, "end": true}}}]
    },
    "Pause": {"type": "Wait", "seconds": 1.0, "nextTask": "Other"},
    "Other": {"type": "Workflow", "definition": "other", "inputParameters": {"x": 1}, "nextTask": "Sorry"},
    "Sorry": {"type": "Terminate", "terminationStatus": "Failed"}
  }
}`) as Definition;

/** What stands where something else is expected. */
const WRONG = ["null", "1.0", '"Ask"', '[null, [], {"nextTask": "gone"}]', '{"toString": null, "tasks": 1}'].map(parse);

/** Yield *value* once for each value in it and each of *wrong*, with that value replaced. */
function* mangled(value: Json, wrong: Json[]): Generator<Json> {
  yield* wrong;
  if (!Array.isArray(value) && !isObject(value)) return;
  for (const [key, inner] of Object.entries(value))
    for (const changed of mangled(inner, wrong)) {
      const copy = clone(value) as JsonObject;
      copy[key] = changed;
      yield copy;
    }
}
const LONG = "long ".repeat(100);
const http = (routes: JsonObject): Task => ({ type: "Http", httpRequest: { url: "https://a.example" }, ...routes });
/** Definitions that a person may write by mistake. */
const WRITTEN: Definition[] = [
  {}, { tasks: {} }, { startTask: "A" }, { startTask: "gone", tasks: {} },
  { startTask: "A", tasks: { A: http({ nextTask: "gone" }) } },
  { startTask: "A", tasks: { A: http({ nextTask: "A" }) } },
  { startTask: "A", tasks: { A: http({ nextTask: "B" }), B: http({ nextTask: "A" }) } },
  { startTask: "A", tasks: { A: http({ nextTask: "" }), B: http({ nextTask: "A", end: true }), C: http({ nextTask: "A" }) } },
  { startTask: "A", tasks: { A: http({ onError: [{ nextTask: "gone" }, { nextTask: "A" }, { nextTask: "A" }] }) } },
  { startTask: "A", tasks: { A: { type: "Decision", choices: [{ nextTask: "gone" }, {}, { nextTask: "gone" }], defaultTask: "A" } } },
  { startTask: "P", tasks: { P: { type: "Parallel", branches: [{ startTask: "gone", tasks: {} }, { startTask: "P" }], nextTask: "gone" } } },
  // The same name in a branch and outside of it.
  { startTask: "P", tasks: { P: { type: "Parallel", branches: [{ startTask: "A", tasks: { A: http({ nextTask: "B" }), P: http({}) } }] }, A: http({ end: true }) } },
  { startTask: "A", tasks: { A: { type: "constructor", nextTask: "B" }, B: { type: "__proto__" }, C: { type: LONG }, D: { type: "http" } } },
  { startTask: LONG, tasks: { [LONG]: http({ nextTask: `${LONG}!` }), [`${LONG}!`]: http({ end: true }) } },
  { startTask: "", tasks: { "": http({ nextTask: " " }), " ": http({ end: true }), "/~0 \u0000\n": http({}) } },
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "0"].map((name): Definition =>
    ({ startTask: name, tasks: { ["B"]: http({ nextTask: name }), [name]: http({ nextTask: "B", onError: [{ nextTask: name }] }) } })),
];
const BROKEN: Definition[] = [...WRITTEN, ...[...mangled(SOUND, WRONG)].filter(isObject)];
/** Fewer, where the whole page is opened for each of them. */
const OPENED: Definition[] = [...WRITTEN, ...[...mangled(SOUND, [null, parse("1.0"), [null, {}]])].filter(isObject)];

const text = (value: unknown): string => JSON.stringify(value);
const names = (definition: Definition): string[] => flow.listed(definition).map(({ name }) => name).sort();
/** The tasks of *definition* without the names of other tasks: those change when a task moves. */
const settings = (definition: Definition): Json =>
  JSON.parse(text(definition), (key, value) => (/^(end|(next|default|start)Task)$/.test(key) ? undefined : value));

/** Call *check* for each broken definition; a failure names the definition. */
const forEachBroken = (check: (definition: Definition) => void): void => {
  for (const definition of BROKEN) {
    const before = text(definition);
    try {
      check(definition);
      assert.equal(text(definition), before, "it was changed in place");
    } catch (error) {
      throw new Error(`${(error as Error).stack}\n\nin ${before}`);
    }
  }
};

/** What a test has of a definition that is open in the page; *before* is its text. */
interface Opened { server: Server; store: Store; definition: Definition; before: string }

/** Open each of *definitions* in a page of its own and call *act*. A failure names the definition. */
async function openEach(definitions: Definition[], act: (opened: Opened) => Promise<void>): Promise<void> {
  for (const definition of definitions) {
    kept.clear();
    const server = new Server();
    server.definition = definition;
    const before = text(definition);
    try {
      await page(server, (store) => act({ server, store, definition, before }));
    } catch (error) {
      throw new Error(`${(error as Error).stack}\n\nin ${before}`);
    }
  }
}

test("a broken definition is listed and drawn", () => forEachBroken((definition) => {
  const { boxes: drawn, height } = boxes(definition, SMALL);
  const routes = flow.routes(definition);
  assert(height > 0);
  for (const item of flow.listed(definition)) {
    assert.equal(typeof flow.summary(item), "string");
    assert(drawn.has(item.name));
    assert(flow.find(definition, item.name));
    assert(!flow.listed(definition).some(({ name }) => name === flow.freeName(definition, item.name)));
    for (const by of [-1, 1] as const) flow.neighbours(definition, item.name, by);
  }
  for (const { from, to } of routes) assert(typeof from === "string" && typeof to === "string");
  for (const name of ["gone", "__proto__", "constructor"]) {
    problemsOf([{ pointer: `/tasks/${name}/x`, message: "m", severity: "error" }], name);
    innerProblems([{ pointer: `/branches/0/tasks/${name}`, message: "m", severity: "error" }]);
  }
}));

test("an edit of a broken definition changes only what it is about", () => forEachBroken((definition) => {
  for (const { name, task, flow: scope } of flow.listed(definition)) {
    const isDistinct = names(definition).filter((other) => other === name).length === 1;
    if (isDistinct && isObject(scope.tasks![name]!)) assert.equal(text(flow.replace(definition, name, task)), text(definition));
    for (const by of [-1, 1] as const) {
      const moved = flow.move(definition, name, by);
      if (moved) assert.deepEqual(settings(moved), settings(definition));
    }
    const grown = flow.insert(definition, "New", http({}), name);
    assert.deepEqual(names(grown), [...names(definition), "New"].sort());
    const rest = remove(definition, name);
    if (typeof rest === "string" || !isDistinct || Array.isArray(task.branches)) continue;
    assert.deepEqual(names(rest), names(definition).filter((other) => other !== name));
    for (const target of ["gone", "Sorry"]) reorder(definition, name, target);
  }
  for (const route of flow.routes(definition)) insertBetween(definition, "New", http({}), route);
}));

test("the form of a broken task has its settings apart from the routes", () => forEachBroken((definition) => {
  for (const { task } of flow.listed(definition)) {
    withoutNulls(task);
    assert.deepEqual(withRoutes(task, task), task);
    withoutRoutes(task);
  }
}));

test("a broken definition that was only looked at is written back as it was; an edited field changes alone", () =>
  openEach(OPENED, async ({ server, definition, before, store }) => {
    for (const { name } of flow.listed(definition)) {
      await store.task.open(name);
      assert.equal(store.task.name, name);
      store.task.settled();
    }
    assert.equal(text(store.workflow.working), before);
    await store.saving.save();
    assert.equal(text(server.definition), before);
    for (const { name } of flow.listed(definition)) {
      if (flow.find(definition, name)!.type !== "Http") continue;
      await store.task.open(name);
      const old = withoutNulls(flow.find(store.workflow.working, name)!.task);
      const description = store.task.root!.kids.find(({ field }) => field.name === "description")!;
      Object.assign(description, { on: true, raw: null, text: "changed" });
      store.task.changed("/description");
      store.task.settled();
      const changed = withoutNulls(flow.find(store.workflow.working, name)!.task);
      assert.deepEqual(changed, { ...old, description: "changed", httpRequest: old.httpRequest ?? {} });
    }
  }));

test("no draft has the secrets of a task whose name another task has too", async () => {
  kept.clear();
  const secret = (token: string): Task => ({ ...http({ end: true }), httpRequest: { url: "https://a.example", headers: { token } } });
  const server = new Server();
  const tasks = { A: secret("secret-inside"), ["__proto__"]: secret("secret-of-proto"), constructor: secret("secret-of-constructor") };
  server.definition = { startTask: "P", tasks: { P: { type: "Parallel", branches: [{ startTask: "A", tasks }] }, A: secret("secret-outside") } };
  const before = text(server.definition);
  await page(server, async (store) => {
    editTask(store, "P", { description: "changed" });
    assert(store.workflow.dirty);
  });
  assert(![...kept.values()].join().includes("secret-"));
  assert([...kept.values()].join().includes("changed"));
  await page(server, async (store) => {
    assert.equal(flow.find(store.workflow.working, "P")!.task.description, "changed");
    for (const name of ["A", "constructor", "__proto__"]) assert(text(flow.find(store.workflow.working, name)!.task).includes("secret-"), name);
  });
  assert.equal(text(server.definition), before);
});

test("the tasks of a broken definition are edited, copied and removed, and each step can be undone", () =>
  openEach(WRITTEN, async ({ definition, before, store }) => {
    for (const { name } of flow.listed(definition)) {
      await store.task.open(name);
      await usesOf(store, name);
      await duplicate(store, name);
      editTask(store, name, { description: "changed" });
      await store.edits.undo();
      await store.edits.undo();
      assert.equal(text(store.workflow.working), before, `after ${name}`);
    }
  }));
