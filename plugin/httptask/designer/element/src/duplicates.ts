// A second copy of a task: beside it, or in another workflow.
import { clone, type JsonObject } from "./json";
import type { Store } from "./store";
import type { Definition, Task } from "./types";
import * as flow from "./workflow";

/** Put *copy*, a copy of the task *name*, under *free* behind it. Where *name* does not simply lead on, nothing leads to its copy yet. */
function withDuplicate(definition: Definition, name: string, free: string, copy: Task): Definition {
  const item = flow.find(definition, name)!;
  if (flow.goesStraight(item)) {
    const result = flow.insert(definition, free, copy, name);
    const { onError } = copy;
    return onError === undefined ? result : flow.replace(result, free, { ...flow.find(result, free)!.task, onError: clone(onError) });
  }
  const result = clone(definition);
  const { flow: scope } = flow.find(result, name)!;
  scope.tasks = flow.withEntry(scope.tasks as JsonObject, free, clone(copy), name);
  return result;
}

/** *task* with the tasks of its branches called as nothing in *definition* is: names are unique in a whole definition. */
async function withFreeNames(store: Store, name: string, task: Task, definition: Definition): Promise<Task> {
  let alone: Definition = { startTask: name, tasks: { [name]: clone(task) } };
  for (const { name: inner, depth } of flow.listed(alone)) {
    if (!depth || !flow.find(definition, inner)) continue;
    const taken: Definition = { tasks: { ...all(definition), ...all(alone) } };
    alone = (await store.api.renamed(alone, inner, flow.freeName(taken, inner))).definition;
  }
  return flow.find(alone, name)!.task;
}

const all = (definition: Definition): JsonObject => Object.fromEntries(flow.listed(definition).map(({ name, task }) => [name, { ...task, branches: [] }]));

/** Add a copy of the task *name* behind it, and open the copy. */
export async function duplicate(store: Store, name: string): Promise<void> {
  store.task.commit();
  const task = await withFreeNames(store, name, flow.find(store.workflow.working, name)!.task, store.workflow.working);
  const free = flow.freeName(store.workflow.working, name);
  carry(store, name, free);
  store.workflow.edit((definition) => withDuplicate(definition, name, free, task), `Duplicate “${name}”`);
  await store.task.open(free);
  const item = flow.find(store.workflow.working, free);
  store.say(`“${free}” added${item && flow.goesStraight(item) ? "" : ": no task leads there yet"}. Not saved yet.`);
}

/** Open the workflow *id* with a copy of the task *name* at its end. Nothing is saved: neither there nor here. */
export async function copyTo(store: Store, name: string, id: string): Promise<void> {
  store.task.commit();
  const { id: from, working } = store.workflow;
  const { task } = flow.find(working, name)!;
  const { drafts } = store;
  const known = [drafts.samplesOf[name], drafts.openSamplesOf[name], drafts.secretsOf[name], drafts.offOf[name]] as const;
  await store.workflow.open(id);
  if (store.workflow.id !== id || store.workflow.broken) return;
  const made = await withFreeNames(store, name, task, store.workflow.working);
  const free = flow.freeName(store.workflow.working, name);
  [drafts.samplesOf[free], drafts.openSamplesOf[free], drafts.secretsOf[free], drafts.offOf[free]] = [known[0] ?? {}, known[1] ?? {}, known[2] ?? [], known[3] ?? []];
  store.workflow.edit((definition) => flow.insert(definition, free, made, null), `Copy “${name}” from “${from}”`);
  await store.task.open(free);
  store.say(`“${free}” copied from “${from}” to “${id}”. Not saved yet.`);
}

/** What is known about the task *name* is known about its copy *free*, its secrets first: no draft may hold them. */
function carry(store: Store, name: string, free: string): void {
  for (const perTask of [store.drafts.samplesOf, store.drafts.openSamplesOf, store.drafts.secretsOf, store.drafts.offOf] as Record<string, unknown>[])
    if (name in perTask) perTask[free] = perTask[name];
}
