// The list of workflows: rename, remove, bring back. Nothing is ever lost: a file that goes away is kept by the server.
import { ApiError, failureOf } from "./api";
import { type JsonObject, parse, same } from "./json";
import type { Store } from "./store";
import type { Definition } from "./types";
import { fileName, find } from "./workflow";

export interface WorkflowItem {
  id: string;
  name?: string;
  tasks?: number;
  /** The ids of the definitions that it runs. */
  runs?: string[];
  /** Why it cannot be read. */
  broken?: string;
}
export interface Removed {
  id: string;
  /** Where its file is, below the folder of definitions. */
  kept: string;
  /** Null: it could not be read. */
  definition: Definition | null;
}

/** Those of *items* that run the workflow *id*. */
export const runnersOf = (items: WorkflowItem[], id: string): WorkflowItem[] => items.filter((item) => item.id !== id && item.runs?.includes(id));

export const listOf = async (store: Store): Promise<WorkflowItem[]> => (await store.api.json<{ items: WorkflowItem[] }>("workflows")).items;

const removeFile = async (store: Store, id: string, etag: string): Promise<string> =>
  ((await (await store.api.send(`workflows/${encodeURIComponent(id)}`, { method: "DELETE", headers: { "If-Match": etag } })).json()) as { kept: string }).kept;

async function refresh(store: Store): Promise<void> {
  const { workflows, workflow } = await store.api.config();
  store.config = { ...store.config!, workflows, workflow };
  store.update();
}

/** Give the workflow *id* another name, and its file the id for it. Unsaved changes of the open workflow stay unsaved. */
export async function renameWorkflow(store: Store, id: string, wanted: string): Promise<void> {
  const name = wanted.trim();
  const to = fileName(name);
  if (!to) throw new ApiError({ title: "A workflow needs a name", detail: "Type one of letters or digits." });
  const open = store.workflow.id === id;
  if (open) {
    await store.workflow.asking;
    store.task.settled();
  }
  const { definition, etag } = await store.api.workflow(id);
  if (open && etag !== store.workflow.etag)
    throw new ApiError({ title: "Somebody else changed this workflow", detail: "Save it, or load it again, before it gets another name." });
  const renamed = { ...definition, name };
  if (to === id && same(renamed, definition)) return;
  const saved = await store.api.save(to, renamed, to === id ? etag : null);
  if (to !== id) await copyPins(store, id, to, definition);
  if (open) store.workflow.becomes(to, saved);
  try {
    if (to !== id) await removeFile(store, id, etag);
  } finally {
    await refresh(store);
  }
  store.say(`“${id}” is called “${name}” now.`);
}

/** Pin the tasks of the workflow *to* as those of *from* are. Its own file of pins stays as it is. */
async function copyPins(store: Store, from: string, to: string, definition: Definition): Promise<void> {
  const { api, pins } = store;
  try {
    const { tasks } = parse(await (await api.send(pins.path(from))).text()) as { tasks: JsonObject };
    let etag: string | null = null;
    for (const [task, pin] of Object.entries(tasks)) {
      const guard: Record<string, string> = etag === null ? { "If-None-Match": "*" } : { "If-Match": etag };
      const body = JSON.stringify({ pin, endpoint: find(definition, task)?.task.endpoint });
      const response = await api.send(pins.path(to, task), { method: "PUT", headers: { "Content-Type": "application/json", ...guard }, body });
      etag = response.headers.get("ETag");
    }
  } catch (error) {
    store.notice = { ...failureOf(error), title: `The pins stay those of “${from}”` };
  }
}

/** Take the workflow *id* from the list, in the version that is on disk now. */
export async function removeWorkflow(store: Store, id: string): Promise<Removed> {
  const open = store.workflow.id === id;
  if (open) store.drafts.keep();
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
  if (open) await store.workflow.open(store.config!.workflow ?? null);
  store.say(`“${id}” removed. Its file is kept as ${kept}.`);
  return { id, kept, definition };
}

/** Write a removed workflow again, unless there is one of its id by now, and open it. */
export async function bringBack(store: Store, { id, definition }: Removed): Promise<void> {
  await store.api.save(id, definition!, null);
  await refresh(store);
  await store.workflow.open(id);
  store.say(`“${id}” is back.`);
}
