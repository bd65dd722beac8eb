import assert from "node:assert/strict";
import { test } from "node:test";
import { clone, type Json } from "../src/json";
import { insertBetween, reorder, spread } from "../src/order";
import type { Definition, Task } from "../src/types";
import * as flow from "../src/workflow";
import { remove } from "../src/removal";

const http = (nextTask: string | null): Task => ({
  type: "Http", httpRequest: { url: "https://a.example", method: "GET" }, ...(nextTask === null ? { end: true } : { nextTask }),
});
const LINE: Definition = { startTask: "A", tasks: { A: http("B"), B: http("C"), C: http("D"), D: http(null) } };
/** A Decision with two routes that meet again, then a Parallel with two branches. */
const FORKED: Definition = {
  startTask: "Ask",
  tasks: {
    Ask: http("Choose"),
    Choose: { type: "Decision", choices: [{ condition: "x", nextTask: "Left" }], defaultTask: "Right" },
    Left: http("Meet"),
    Right: http("Meet"),
    Meet: http("Both"),
    Both: {
      type: "Parallel",
      branches: [
        { startTask: "One", tasks: { One: http("Two"), Two: http(null) } },
        { startTask: "Three", tasks: { Three: http(null) } },
      ],
      nextTask: "Last",
    },
    Last: http("End"),
    End: http(null),
  },
};

const failing = (nextTask: string | null, ...handlers: string[]): Task => ({
  ...http(nextTask), onError: handlers.map((handler) => ({ errors: ["*"], nextTask: handler })),
});
/** Error routes: back, on, out of a Parallel, and inside a branch. */
const CAUGHT: Definition = {
  startTask: "Ask",
  tasks: {
    Ask: failing("Both", "Repair"),
    Repair: http("Ask"),
    Both: {
      type: "Parallel",
      branches: [{ startTask: "One", tasks: { One: failing("Two", "Plan B"), Two: http(null), "Plan B": http("Two") } }],
      nextTask: "Last",
      onError: [{ errors: ["status"], statuses: [404], nextTask: "Sorry" }],
    },
    Last: failing(null, "Sorry", "Ask"),
    Sorry: http(null),
  },
};

/** The names of the tasks that a run can reach, found without the code under test. */
function reachable(definition: Definition): string[] {
  const reached = new Set<string>();
  const visit = (tasks: Record<string, Json>, name: Json | undefined): void => {
    if (typeof name !== "string" || reached.has(name)) return;
    const task = tasks[name] as Task | undefined;
    assert(task, `a route leads to “${name}”, which is no task there`);
    reached.add(name);
    if (task.type === "Http") assert((task.end === true) !== (typeof task.nextTask === "string"), `“${name}” ends or goes on`);
    for (const branch of (task.branches ?? []) as Definition[]) visit(branch.tasks!, branch.startTask);
    for (const choice of (task.choices ?? []) as Task[]) visit(tasks, choice.nextTask);
    visit(tasks, task.defaultTask);
    visit(tasks, task.nextTask);
    for (const route of (task.onError ?? []) as Task[]) visit(tasks, route.nextTask);
  };
  visit(definition.tasks!, definition.startTask);
  return [...reached].sort();
}
const names = (definition: Definition): string[] => flow.listed(definition).map(({ name }) => name).sort();

test("when a task is removed, all others can still be reached", () => {
  for (const definition of [LINE, FORKED])
    for (const { name, type } of flow.listed(definition)) {
      if (type !== "Http") continue;
      const rest = remove(definition, name);
      assert(typeof rest !== "string", String(rest));
      const expected = names(definition).filter((other) => other !== name);
      assert.deepEqual(names(rest), expected);
      assert.deepEqual(reachable(rest), expected, `without ${name}`);
    }
});

test("error routes to a removed task lead to its next task, or are removed", () => {
  const onError = (definition: Definition | string, name: string): Json | undefined => {
    assert(typeof definition !== "string", String(definition));
    return flow.find(definition, name)!.task.onError;
  };
  assert.equal(onError(remove(CAUGHT, "Repair"), "Ask"), undefined); // it would lead back at once
  assert.deepEqual(onError(remove(CAUGHT, "Plan B"), "One"), [{ errors: ["*"], nextTask: "Two" }]);
  const without = remove(CAUGHT, "Sorry"); // an end
  assert.equal(onError(without, "Both"), undefined);
  assert.deepEqual(onError(without, "Last"), [{ errors: ["*"], nextTask: "Ask" }]);
  for (const name of ["Repair", "Plan B", "Sorry"]) {
    const rest = remove(CAUGHT, name) as Definition;
    assert.deepEqual(reachable(rest), names(CAUGHT).filter((other) => other !== name));
  }
});

test("each error route is listed once", () => {
  const onError = flow.routes(CAUGHT).filter((route) => route.onError).map(({ from, to }) => `${from} > ${to}`);
  assert.deepEqual(onError.sort(), ["Ask > Repair", "Both > Sorry", "Last > Ask", "Last > Sorry", "One > Plan B"]);
});

test("a last task that a Decision leads to is not removed: the Decision would lead nowhere", () => {
  const choose: Task = { type: "Decision", choices: [{ condition: "x", nextTask: "Yes" }], defaultTask: "No" };
  const definition: Definition = { startTask: "Choose", tasks: { Choose: choose, Yes: http(null), No: http(null) } };
  const refusal = remove(definition, "Yes");
  assert.equal(typeof refusal, "string");
  assert(String(refusal).includes("“Choose”"));
});

test("the only task can be removed", () => {
  const rest = remove({ startTask: "A", tasks: { A: http(null) } }, "A");
  assert.deepEqual(rest, { tasks: {} });
});

test("a moved task swaps with its neighbour, and all tasks can still be reached", () => {
  for (const definition of [LINE, FORKED, CAUGHT])
    for (const { name } of flow.listed(definition))
      for (const by of [-1, 1] as const) {
        const moved = flow.move(definition, name, by);
        assert.equal(moved === null, flow.neighbours(definition, name, by) === null);
        if (!moved) continue;
        assert.deepEqual(reachable(moved), names(definition), `${name} by ${by}`);
        assert.deepEqual(flow.move(moved, name, by < 0 ? 1 : -1), definition, `${name} there and back`);
      }
  assert.deepEqual(flow.listed(flow.move(LINE, "B", 1)!).map(({ name }) => name), ["A", "C", "B", "D"]);
  assert.equal(flow.move(LINE, "A", -1), null);
  assert.equal(flow.move(LINE, "D", 1), null);
});

test("an inserted task can be reached, and so can all others", () => {
  for (const definition of [LINE, FORKED, CAUGHT, { tasks: {} } as Definition])
    for (const after of [null, ...flow.listed(definition).map(({ name }) => name)]) {
      const grown = flow.insert(definition, "New", http("a task of another workflow"), after);
      assert.deepEqual(reachable(grown), [...names(definition), "New"].sort(), `after ${after}`);
    }
});

test("edits do not change their argument", () => {
  const before = clone(FORKED);
  remove(FORKED, "Meet");
  flow.move(FORKED, "One", 1);
  flow.insert(FORKED, "New", http(null), "Left");
  flow.replace(FORKED, "Two", http(null));
  assert.deepEqual(FORKED, before);
});

test("a task is replaced in its place, also in a branch", () => {
  const replaced = flow.replace(FORKED, "Two", { type: "Http", end: true, description: "new" });
  assert.deepEqual(names(replaced), names(FORKED));
  assert.equal(flow.find(replaced, "Two")!.task.description, "new");
  assert.equal(flow.find(replaced, "Two")!.depth, 1);
});

test("a free name differs from those of all tasks at any depth, and has at most 80 characters", () => {
  assert.equal(flow.freeName(FORKED, " Meet "), "Meet 2");
  assert.equal(flow.freeName(FORKED, "Two"), "Two 2");
  assert.equal(flow.freeName(FORKED, "  "), "HTTP task");
  const long = "x".repeat(100);
  const first = flow.freeName({ tasks: {} }, long);
  const second = flow.freeName({ tasks: { [first]: http(null) } }, long);
  assert.equal(first.length, 80);
  assert(second.length <= 80 && second !== first);
  for (const name of [first, second]) assert(flow.isNamedFor(name, long));
});

test("a name that a person chose is not taken for a generated one", () => {
  assert(flow.isNamedFor("Get a thing 2", "Get a thing"));
  assert(!flow.isNamedFor("Get a thing twice", "Get a thing"));
  assert(!flow.isNamedFor("Mine", "Get a thing"));
});

test("the tasks of an invalid definition are listed all the same", () => {
  const tasks = { A: null, B: [1], C: { type: 3 }, D: { type: "Parallel", branches: "none" } };
  const invalid = { startTask: 7, tasks } as unknown as Definition;
  const types = flow.listed(invalid).map(({ name, type }) => [name, type]);
  assert.deepEqual(types, [["A", "?"], ["B", "?"], ["C", "?"], ["D", "Parallel"]]);
  assert.deepEqual(flow.routes(invalid), []);
});

test("a task behind a Decision gets the first choice that leads nowhere, or else the default route", () => {
  const decision: Task = { type: "Decision", choices: [{ condition: "x", nextTask: "" }], defaultTask: "" };
  const asked = flow.insert({ startTask: "A", tasks: { A: http(null) } }, "Ask", decision, "A");
  assert.deepEqual(flow.find(asked, "Ask")!.task, decision);
  const once = flow.insert(asked, "One", http(null), "Ask");
  const twice = flow.insert(once, "Two", http(null), "Ask");
  const thrice = flow.insert(twice, "Three", http(null), "Ask");
  const filled: Task = { type: "Decision", choices: [{ condition: "x", nextTask: "One" }], defaultTask: "Three" };
  assert.deepEqual(flow.find(thrice, "Ask")!.task, filled);
  assert.equal(flow.find(thrice, "Three")!.task.nextTask, "Two");
  assert.deepEqual(flow.find(thrice, "One")!.task, http(null));
});

test("an inserted Terminate never cuts off the tasks behind it", () => {
  const end: Task = { type: "Terminate", terminationStatus: "Completed" };
  const apart = flow.insert(LINE, "End", end, "A");
  assert.equal(flow.find(apart, "A")!.task.nextTask, "B");
  assert.deepEqual(flow.find(apart, "End")!.task, end);
  assert.deepEqual(flow.find(flow.insert(LINE, "End", end, "D"), "D")!.task, { ...http("End") });
});

test("a task inserted on any route is on that route, and all others can still be reached", () => {
  for (const definition of [LINE, FORKED, CAUGHT])
    for (const route of flow.routes(definition)) {
      const message = `${route.from} to ${route.to}${route.onError ? " on error" : ""}`;
      const before = clone(definition);
      const grown = insertBetween(definition, "New", http("a task of another workflow"), route);
      assert.deepEqual(definition, before);
      assert.deepEqual(reachable(grown), [...names(definition), "New"].sort(), message);
      const routes = flow.routes(grown);
      assert(routes.some(({ from, to, onError }) => from === route.from && to === "New" && onError === route.onError), message);
      assert(routes.some(({ from, to }) => from === "New" && to === route.to), message);
    }
});

test("a task inserted on one route of a Decision leaves the other routes alone", () => {
  const grown = insertBetween(FORKED, "New", http(null), { from: "Choose", to: "Right", onError: false });
  const choose: Task = { type: "Decision", choices: [{ condition: "x", nextTask: "Left" }], defaultTask: "New" };
  assert.deepEqual(flow.find(grown, "Choose")!.task, choose);
  assert.equal(flow.find(grown, "New")!.task.nextTask, "Right");
});

test("a Terminate inserted on a route does not cut off the tasks behind it", () => {
  const grown = insertBetween(LINE, "New", { type: "Terminate", terminationStatus: "Completed" }, { from: "A", to: "B", onError: false });
  assert.deepEqual(reachable(grown), names(LINE));
});

test("a dragged task moves to the place of the task it is dropped on, if both are on one line", () => {
  const order = (definition: Definition | null) => definition && flow.listed(definition).map(({ name }) => name).join("");
  assert.equal(order(reorder(LINE, "A", "C")), "BCAD");
  assert.equal(order(reorder(LINE, "D", "A")), "DABC");
  assert.equal(order(reorder(LINE, "B", "A")), "BACD");
  assert.equal(reorder(LINE, "A", "A"), null);
  assert.equal(reorder(FORKED, "Left", "Right"), null);
  assert.equal(reorder(FORKED, "One", "Last"), null);
  for (const [definition, name, target] of [[LINE, "A", "D"], [FORKED, "Last", "End"], [FORKED, "Two", "One"]] as const)
    assert.deepEqual(reachable(reorder(definition, name, target)!), names(definition));
  const round: Definition = { startTask: "A", tasks: { A: http("B"), B: http("A") } };
  assert.equal(reorder(round, "B", "nowhere"), null);
});

test("no two plus signs of the graph overlap", () => {
  const spots = [{ x: 50, y: 10 }, { x: 50, y: 10 }, { x: 60, y: 10 }, { x: 50, y: 58 }, { x: 90, y: 12 }];
  const placed = spread(spots, 24);
  assert.deepEqual(placed.map(({ x }) => x), [50, 74, 108, 50, 138]);
  for (const [index, one] of placed.entries())
    for (const other of placed.slice(index + 1)) assert(Math.abs(one.x - other.x) >= 24 || Math.abs(one.y - other.y) >= 24);
});
