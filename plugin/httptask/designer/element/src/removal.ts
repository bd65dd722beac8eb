// Removes a task from a definition.
import { clone, type Json, type JsonObject } from "./json";
import type { Store } from "./store";
import type { Definition, Task } from "./types";
import * as flow from "./workflow";

/** Remove the task *name*. It stays in the history, and an undo brings it back. */
export async function removeTask(store: Store, name: string): Promise<void> {
  store.task.commit();
  const task = flow.find(store.workflow.working, name)?.task;
  const outcome = remove(store.workflow.working, name);
  if (typeof outcome === "string") {
    store.notice = { title: `“${name}” was not removed`, detail: outcome };
    return store.update();
  }
  if (task) store.history.remember(name, task, { note: "removed" });
  if (name === store.task.name) store.task.root = null;
  store.workflow.edit(() => outcome, `Remove “${name}”`);
  store.tests.results.delete(name);
  store.say(`“${name}” removed: not saved yet, and kept in the history.`);
  const next = flow.listed(store.workflow.working).find(({ type }) => type === "Http")?.name;
  if (name !== store.task.name) return store.update();
  if (next) await store.task.open(next);
  else store.task.leave();
}

/**
 * Return *definition* without the task *name*: the routes to it lead to its next task instead, or end the run there. Return
 * a sentence if that is impossible, because the task has no next one and a Decision or a Parallel leads to it.
 */
export function remove(definition: Definition, name: string): Definition | string {
  const copy = clone(definition);
  const item = flow.find(copy, name);
  if (!item) return copy;
  const next = flow.text(item.task.nextTask) ?? flow.text(item.task.defaultTask);
  const leadsHere = ({ task, name: other }: flow.Listed): boolean =>
    other !== name && flow.references(task).some(({ holder, key, onError }) => !onError && holder[key] === name);
  const stuck = next ? undefined : flow.listed(copy).find((other) => leadsHere(other) && !flow.goesStraight(other));
  if (stuck) return `“${stuck.name}” leads to “${name}”, which is an end: give “${stuck.name}” another way to go first.`;
  flow.eachReference(copy, ({ holder, key, onError }, owner) => {
    if (holder[key] !== name) return;
    // An error route back to the failed task itself would repeat it for ever: it is dropped.
    const leadsOn = next && next !== name && !(onError && next === owner?.name);
    if (leadsOn) holder[key] = next;
    else if (onError) dropErrorRoute(owner!.task, holder);
    else {
      delete holder[key];
      if (key === "nextTask") holder.end = true;
    }
  });
  delete item.flow.tasks![name];
  return copy;
}

function dropErrorRoute(task: Task, route: JsonObject): void {
  const rest = (task.onError as Json[]).filter((other) => other !== route);
  if (rest.length) task.onError = rest;
  else delete task.onError;
}
