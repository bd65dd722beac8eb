// The place of a task on its line: inserted between two others, or moved by drag and drop.
import { clone } from "./json";
import { remove } from "./removal";
import type { Store } from "./store";
import type { Definition, Task } from "./types";
import * as flow from "./workflow";

/** Insert *task* as *name* on the route from *from* to *to*, whether that is a choice, an error route or the start of a branch. */
export function insertBetween(definition: Definition, name: string, task: Task, { from, to, onError }: flow.Route): Definition {
  const copy = clone(definition);
  const source = flow.find(copy, from);
  const target = flow.find(copy, to);
  if (!source || !target) return flow.insert(definition, name, task, from); // the route leads to a task that does not exist
  const named = flow.references(source.task).filter((reference) => reference.onError === onError && reference.holder[reference.key] === to);
  const startsBranch = source.flow !== target.flow && target.flow.startTask === to && source.type === "Parallel";
  const references = named.length ? named : startsBranch ? [{ holder: target.flow, key: "startTask" }] : [];
  // *from* ends a branch of the Parallel that leads to *to*: the new task becomes the last one of that branch.
  if (!references.length) return flow.insert(definition, name, task, from);
  const added = flow.withoutWay(task);
  // No route leads to an inserted Terminate: the tasks behind it would be cut off.
  if (task.type !== "Terminate") for (const { holder, key } of references) holder[key] = name;
  flow.leadOn(added, to);
  const { tasks } = target.flow;
  const before = Object.keys(tasks!)[Object.keys(tasks!).indexOf(to) - 1] ?? null;
  target.flow.tasks = flow.withEntry(tasks!, name, added, before);
  return copy;
}

/** Move *spots* to the right until none covers another; each is a square with sides of *size*. */
export function spread<Spot extends { x: number; y: number }>(spots: Spot[], size: number): Spot[] {
  const placed: Spot[] = [];
  for (const spot of spots) {
    let { x } = spot;
    while (placed.some((other) => Math.abs(other.x - x) < size && Math.abs(other.y - spot.y) < size)) x += size;
    placed.push({ ...spot, x });
  }
  return placed;
}

/** Move the task *name* to the place of *target*; null when the two are not on the same line. */
export function reorder(definition: Definition, name: string, target: string): Definition | null {
  const taskCount = flow.listed(definition).length; // the limit: a line may lead back to itself
  for (const by of [-1, 1] as const) {
    let moved = definition;
    for (let steps = 0; steps < taskCount; steps++) {
      const pair = flow.neighbours(moved, name, by);
      if (!pair) break;
      moved = flow.move(moved, name, by)!;
      if (pair[by < 0 ? 0 : 1].name === target) return moved;
    }
  }
  return null;
}

/** Move the task *name* onto the route *to*; return a sentence if that is impossible. */
export function moveTo(definition: Definition, name: string, to: flow.Route): Definition | string {
  const item = flow.find(definition, name);
  if (!item || to.from === name || to.to === name) return definition;
  if (!flow.goesStraight(item)) return `“${name}” leads to several tasks: change its routes instead.`;
  const without = remove(definition, name);
  if (typeof without === "string") return without;
  const moved = insertBetween(without, name, item.task, to);
  if (item.task.onError !== undefined) flow.find(moved, name)!.task.onError = clone(item.task.onError);
  return moved;
}

/** Handle the drop of the task *name* on the route *to*: move it there, or say why not. */
export function dropOnRoute(store: Store, name: string, to: flow.Route): void {
  store.task.commit();
  const moved = moveTo(store.workflow.working, name, to);
  if (typeof moved === "string") return store.say(moved);
  if (moved === store.workflow.working) return;
  store.workflow.edit(() => moved, `Move “${name}”`);
  store.say(`“${name}” moved. Not saved yet.`);
}

/** Handle the drop of the task *name* on the task *target*: move it there, or say why not. */
export function dropTask(store: Store, name: string, target: string): void {
  store.task.commit();
  const { working } = store.workflow;
  if (name === target || !flow.find(working, name)) return;
  if (!reorder(working, name, target))
    return store.say(`“${name}” and “${target}” do not stand on one line: change their routes instead.`);
  store.workflow.edit((definition) => reorder(definition, name, target) ?? definition, `Move “${name}”`);
  store.say(`“${name}” moved. Not saved yet.`);
}
