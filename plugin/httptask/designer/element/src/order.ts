// Where a task stands: between two others, or somewhere else on its line.
import { clone } from "./json";
import type { Store } from "./store";
import type { Definition, Task } from "./types";
import * as flow from "./workflow";

/** Put *task* under *name* into the way *route*, whichever choice, error route or branch that is. */
export function insertBetween(definition: Definition, name: string, task: Task, { from, to, onError }: flow.Route): Definition {
  const copy = clone(definition);
  const source = flow.find(copy, from)!;
  const target = flow.find(copy, to)!;
  const named = flow.references(source.task).filter((reference) => reference.onError === onError && reference.holder[reference.key] === to);
  const begins = source.flow !== target.flow && target.flow.startTask === to && source.type === "Parallel";
  const ways = named.length ? named : begins ? [{ holder: target.flow, key: "startTask" }] : [];
  // The end of a branch: what is behind it stays in the branch.
  if (!ways.length) return flow.insert(definition, name, task, from);
  const added = flow.withoutWay(task);
  // What ends the run stands for itself where it would cut off what follows.
  if (task.type !== "Terminate") for (const { holder, key } of ways) holder[key] = name;
  flow.leadOn(added, to);
  const { tasks } = target.flow;
  const before = Object.keys(tasks!)[Object.keys(tasks!).indexOf(to) - 1] ?? null;
  target.flow.tasks = flow.withEntry(tasks!, name, added, before);
  return copy;
}

/** *spots* moved aside until none covers another: each is *size* wide and high. */
export function spread<Spot extends { x: number; y: number }>(spots: Spot[], size: number): Spot[] {
  const placed: Spot[] = [];
  for (const spot of spots) {
    let { x } = spot;
    while (placed.some((other) => Math.abs(other.x - x) < size && Math.abs(other.y - spot.y) < size)) x += size;
    placed.push({ ...spot, x });
  }
  return placed;
}

/** Let the task *name* take the place of *target* on their line; null when they stand on no line together. */
export function reorder(definition: Definition, name: string, target: string): Definition | null {
  const most = flow.listed(definition).length; // a line may lead back to itself
  for (const by of [-1, 1] as const) {
    let moved = definition;
    for (let steps = 0; steps < most; steps++) {
      const pair = flow.neighbours(moved, name, by);
      if (!pair) break;
      moved = flow.move(moved, name, by)!;
      if (pair[by < 0 ? 0 : 1].name === target) return moved;
    }
  }
  return null;
}

/** The task *name* was dropped on *target*. */
export function dropTask(store: Store, name: string, target: string): void {
  store.task.commit();
  const { working } = store.workflow;
  if (name === target || !flow.find(working, name)) return;
  if (!reorder(working, name, target)) return store.say(`“${name}” and “${target}” do not stand on one line: change their routes instead.`);
  store.workflow.edit((definition) => reorder(definition, name, target) ?? definition, `Move “${name}”`);
  store.say(`“${name}” moved. Not saved yet.`);
}
