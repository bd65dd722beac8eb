// Lists, renames and removes workflows, and brings removed ones back. The server keeps the file of a removed workflow.
import { ApiError, failureOf } from "./api";
import type { Draft } from "./drafts";
import { type Json, type JsonObject, parse, same } from "./json";
import { panelsLoaded } from "./panel-module";
import type { Store } from "./store";
import type { Definition } from "./types";
import { fileName, find } from "./workflow";

/** A workflow in the list. */
export interface WorkflowItem {
  id: string;
  name?: string;
  /** The number of its tasks. */
  tasks?: number;
  /** The ids of the workflows that it runs. */
  runs?: string[];
  /** Why the definition cannot be read. */
  broken?: string;
}
type Saved = Awaited<ReturnType<Store["api"]["save"]>>;
/** A workflow that was just removed. */
export interface Removed {
  id: string;
  /** The path of its file, relative to the folder of definitions. */
  kept: string;
  /** Null if the definition could not be read. */
  definition: Definition | null;
}

/** The workflows of *items* that run the workflow *id*. */
export const runnersOf = (items: WorkflowItem[], id: string): WorkflowItem[] =>
  items.filter((item) => item.id !== id && item.runs?.includes(id));

/** Load the list of workflows. */
export const listOf = async (store: Store): Promise<WorkflowItem[]> =>
  (await store.api.json<{ items: WorkflowItem[] }>("workflows")).items;

/** Remove the definition *id*, unless it has another ETag than *etag*; return the path at which the server keeps its file. */
async function removeFile(store: Store, id: string, etag: string): Promise<string> {
  const init = { method: "DELETE", headers: { "If-Match": etag } };
  const response = await store.api.send(`workflows/${encodeURIComponent(id)}`, init);
  return ((await response.json()) as { kept: string }).kept;
}

/** Load the list of workflows for the rest of the page. */
async function refresh(store: Store): Promise<void> {
  const { workflows, workflow } = await store.api.config();
  store.config = { ...store.config!, workflows, workflow };
  store.update();
}

/**
 * Rename the workflow *id*: save it under the new name, copy its pins, then remove the old file. Unsaved changes of the
 * open workflow stay unsaved.
 */
export async function renameWorkflow(store: Store, id: string, wanted: string): Promise<void> {
  const name = wanted.trim();
  const newId = fileName(name);
  if (!newId) throw new ApiError({ title: "A workflow needs a name", detail: "Type one of letters or digits." });
  const isOpen = store.workflow.id === id;
  const { moveTypedPins } = await panelsLoaded();
  if (isOpen) {
    await store.saving.ended;
    await store.workflow.asking;
    store.task.settled();
  }
  const { definition, etag } = await store.api.workflow(id);
  if (isOpen && etag !== store.workflow.etag)
    throw new ApiError({
      title: "Somebody else changed this workflow", detail: "Save it, or load it again, before it gets another name.",
    });
  const renamed = { ...definition, name };
  if (newId === id && same(renamed, definition)) return;
  // Without an ETag, saving fails if there is a workflow with the new id.
  if (newId !== id && store.drafts.unsaved.has(newId))
    throw new ApiError({ title: `“${newId}” has unsaved changes in this tab`, detail: "Save that workflow first, or choose another name." });
  const saved = await store.api.save(newId, renamed, newId === id ? etag : null);
  if (newId !== id) {
    await copyPins(store, id, newId, definition);
    await copySampleInput(store, id, newId);
  }
  moveDraft(store, id, etag, newId, saved);
  moveTypedPins(store, id, newId);
  try {
    if (newId !== id) await removeFile(store, id, etag);
  } finally {
    await refresh(store);
  }
  store.say(`“${id}” is called “${name}” now.`);
}

/**
 * Move what the page keeps of the workflow *id* to its new id, under which it was saved: its unsaved changes, which stay unsaved, its
 * history and its environment. *etag* is the one that it had under the old id.
 */
function moveDraft(store: Store, id: string, etag: string, newId: string, { definition, etag: newEtag }: Saved): void {
  const { drafts, workflow } = store;
  const [former, next] = [drafts.storageOf(`${id} `), drafts.storageOf(`${newId} `)];
  const withName = (other: Definition): Definition => ({ ...other, name: definition.name! });
  const isUnsaved = drafts.unsaved.has(id);
  const draft = former.read<Draft>("draft");
  const kept = (["history", "environment"] as const).map((name) => [name, former.read<Json>(name)] as const);
  // First the old values go: the browser may have no room for both.
  for (const name of ["draft", "history", "environment"]) former.write(name, null);
  for (const [name, value] of kept) next.write(name, value);
  drafts.note(id, false);
  if (workflow.id !== id) {
    drafts.note(newId, isUnsaved);
    next.write("draft", draft && {
      ...draft,
      etag: draft.etag === etag ? newEtag : draft.etag, // otherwise somebody else saved it meanwhile: that is still said
      working: draft.working && withName(draft.working),
    });
    return;
  }
  Object.assign(workflow, { id: newId, etag: newEtag, base: definition, working: withName(workflow.working) });
  store.edits.rewrite(withName);
  drafts.storage = next;
  drafts.storageOf("").write("workflow", newId);
  drafts.keep();
  void store.pins.open(newId);
  void store.input.load(newId, true);
}

/** Copy the pins of the workflow *from* to the workflow *to*, unless that has pins already. A failure becomes a notice. */
async function copyPins(store: Store, from: string, to: string, definition: Definition): Promise<void> {
  const { api, pins } = store;
  try {
    const { tasks } = parse(await (await api.send(pins.path(from))).text()) as { tasks: JsonObject };
    let etag: string | null = null;
    for (const [task, pin] of Object.entries(tasks)) {
      const condition: Record<string, string> = etag === null ? { "If-None-Match": "*" } : { "If-Match": etag };
      const headers = { "Content-Type": "application/json", ...condition };
      const body = JSON.stringify({ pin, endpoint: find(definition, task)?.task.endpoint });
      const response = await api.send(pins.path(to, task), { method: "PUT", headers, body });
      etag = response.headers.get("ETag");
    }
  } catch (error) {
    store.notice = { ...failureOf(error), title: `The pins stay those of “${from}”` };
  }
}

/** Copy the sample input of the workflow *from* to the workflow *to*, unless that has one. A failure becomes a notice. */
async function copySampleInput(store: Store, from: string, to: string): Promise<void> {
  const { api } = store;
  const path = (id: string) => `workflows/${encodeURIComponent(id)}/sample-input`;
  try {
    const kept = parse(await (await api.send(path(from))).text()) as JsonObject;
    if (kept.input === undefined) return;
    const headers = { "Content-Type": "application/json", "If-None-Match": "*" };
    await api.send(path(to), { method: "PUT", headers, body: JSON.stringify({ input: kept.input }) });
  } catch (error) {
    store.notice = { ...failureOf(error), title: `The sample input stays that of “${from}”` };
  }
}

/** Remove the workflow *id* in the version that is on disk now, also if it cannot be read. */
export async function removeWorkflow(store: Store, id: string): Promise<Removed> {
  const isOpen = store.workflow.id === id;
  if (isOpen) {
    await store.saving.ended;
    store.drafts.keep();
  }
  let definition: Definition | null = null;
  let etag: string;
  try {
    ({ definition, etag } = await store.api.workflow(id));
  } catch (error) {
    const failure = failureOf(error);
    if (!(error instanceof ApiError) || !error.is("broken-definition") || typeof failure.etag !== "string") throw error;
    etag = failure.etag;
  }
  const kept = await removeFile(store, id, etag);
  await refresh(store);
  if (isOpen) await store.workflow.open(store.config!.workflow ?? null);
  store.drafts.note(id, false);
  store.say(`“${id}” removed. Its file is kept as ${kept}.`);
  return { id, kept, definition };
}

/** Save a removed workflow again and open it; fails if another workflow has its id by now. */
export async function bringBack(store: Store, { id, definition }: Removed): Promise<void> {
  await store.api.save(id, definition!, null);
  await refresh(store);
  await store.workflow.open(id);
  store.say(`“${id}” is back.`);
}
