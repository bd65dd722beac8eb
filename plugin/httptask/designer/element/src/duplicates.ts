// Copies a task: behind itself, or into another workflow.
import { clone, type JsonObject } from "./json";
import type { Store } from "./store";
import type { Definition, Task } from "./types";
import * as flow from "./workflow";

/**
 * *definition* with *copy*, a copy of the task *name*, behind that task, called *copyName*.
 * A task with a single way on leads to its copy. Otherwise (a Decision, say) no route leads to the copy yet.
 */
function withDuplicate(definition: Definition, name: string, copyName: string, copy: Task): Definition {
  const item = flow.find(definition, name)!;
  if (flow.goesStraight(item)) {
    const result = flow.insert(definition, copyName, copy, name);
    const { onError } = copy;
    if (onError === undefined) return result;
    return flow.replace(result, copyName, { ...flow.find(result, copyName)!.task, onError: clone(onError) });
  }
  const result = clone(definition);
  const { flow: scope } = flow.find(result, name)!;
  scope.tasks = flow.withEntry(scope.tasks as JsonObject, copyName, clone(copy), name);
  return result;
}

/** *task* with new names for the tasks in its branches that *definition* has too: a name must be unique in a definition. */
async function withFreeNames(store: Store, name: string, task: Task, definition: Definition): Promise<Task> {
  // The server renames in a definition, so the task becomes the only one of a temporary definition.
  let temporary: Definition = { startTask: name, tasks: { [name]: clone(task) } };
  for (const { name: inner, depth } of flow.listed(temporary)) {
    if (!depth || !flow.find(definition, inner)) continue;
    const taken: Definition = { tasks: { ...flattened(definition), ...flattened(temporary) } };
    temporary = (await store.api.renamed(temporary, inner, flow.freeName(taken, inner))).definition;
  }
  return Object.values(temporary.tasks!)[0] as Task; // by now a task in its branches may have its name
}

/** All tasks of *definition* side by side, those of branches too. */
const flattened = (definition: Definition): JsonObject =>
  Object.fromEntries(flow.listed(definition).map(({ name, task }) => [name, { ...task, branches: [] }]));

/** Add a copy of the task *name* behind it, and open the copy. */
export async function duplicate(store: Store, name: string): Promise<void> {
  store.task.commit();
  const task = await withFreeNames(store, name, flow.find(store.workflow.working, name)!.task, store.workflow.working);
  const copyName = flow.freeName(store.workflow.working, name);
  shareWithCopy(store, name, copyName);
  store.workflow.edit((definition) => withDuplicate(definition, name, copyName, task), `Duplicate “${name}”`);
  await store.task.open(copyName);
  const item = flow.find(store.workflow.working, copyName);
  store.say(`“${copyName}” added${item && flow.goesStraight(item) ? "" : ": no task leads there yet"}. Not saved yet.`);
}

/** Open the workflow *id* and add a copy of the task *name* at its end. Neither workflow is saved. */
export async function copyTo(store: Store, name: string, id: string): Promise<void> {
  store.task.commit();
  const { id: from, working } = store.workflow;
  const { task } = flow.find(working, name)!;
  const { drafts } = store;
  // Opening the other workflow clears what is known of the tasks of this one.
  const [samples, openSamples, secrets, off] = [drafts.samplesOf[name], drafts.openSamplesOf[name], drafts.secretsOf[name], drafts.offOf[name]];
  await store.workflow.open(id);
  if (store.workflow.id !== id || store.workflow.broken) return;
  const copy = await withFreeNames(store, name, task, store.workflow.working);
  const copyName = flow.freeName(store.workflow.working, name);
  drafts.samplesOf[copyName] = samples ?? {};
  drafts.openSamplesOf[copyName] = openSamples ?? {};
  drafts.secretsOf[copyName] = secrets ?? [];
  drafts.offOf[copyName] = off ?? [];
  store.workflow.edit((definition) => flow.insert(definition, copyName, copy, null), `Copy “${name}” from “${from}”`);
  await store.task.open(copyName);
  store.say(`“${copyName}” copied from “${from}” to “${id}”. Not saved yet.`);
}

/** Note for the copy what is known of the task *name*; above all its secrets, which no stored draft may hold. */
function shareWithCopy(store: Store, name: string, copyName: string): void {
  for (const perTask of [store.drafts.samplesOf, store.drafts.openSamplesOf, store.drafts.secretsOf, store.drafts.offOf] as Record<string, unknown>[])
    if (name in perTask) perTask[copyName] = perTask[name];
}
