// The dialog with the list of workflows.
import { useLayoutEffect, useState } from "preact/hooks";
import { plural } from "./amounts";
import { failureOf } from "./api";
import type { Failure } from "./types";
import { Failed, IconButton, Note, useModal, useUi } from "./ui";
import { bringBack, listOf, type Removed, removeWorkflow, renameWorkflow, runnersOf, type WorkflowItem } from "./workflows";

/** Opens, renames and removes workflows, and brings a removed one back. */
export function WorkflowList({ onNew, onClose }: { onNew: () => void; onClose: () => void }) {
  const { store, focus } = useUi();
  const dialog = useModal();
  const [items, setItems] = useState<WorkflowItem[] | null>(null);
  /** What somebody wants to do with the workflow *id*, until it is confirmed or cancelled. */
  const [asked, setAsked] = useState<{ id: string; action: "rename" | "remove" } | null>(null);
  const [removed, setRemoved] = useState<Removed | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const load = async () => setItems(await listOf(store));
  const attempt = async (work: () => Promise<void>) => {
    setFailure(null);
    try {
      await work();
      setAsked(null);
    } catch (error) {
      setFailure(failureOf(error));
    }
    await load().catch(() => {});
  };
  useLayoutEffect(() => {
    void load().catch((error: unknown) => setFailure(failureOf(error)));
  }, []);
  const rename = (id: string, name: string) => void attempt(async () => {
    setRemoved(null);
    await renameWorkflow(store, id, name);
  });
  const remove = (id: string) => void attempt(async () => {
    setRemoved(await removeWorkflow(store, id));
    focus("bring-back");
  });
  const restore = (workflow: Removed) => void attempt(async () => {
    await bringBack(store, workflow);
    setRemoved(null);
  });
  const ask = (id: string, action: "rename" | "remove") => { setAsked({ id, action }); focus("workflow-asked"); };
  const open = (id: string) => { onClose(); if (id !== store.workflow.id) void store.workflow.open(id); };
  return (
    <dialog
      class="credentials pasted" ref={dialog} aria-label="Workflows" onClose={onClose}
      onCancel={(event) => { event.preventDefault(); onClose(); }} onKeyDown={(event) => event.stopPropagation()}
    >
      <div class="main">
        <div class="row between head-row">
          <h2>Workflows</h2>
          <IconButton icon="close" label="Close" onClick={onClose} />
        </div>
        <div class="fields">
          {failure && <Failed failure={failure} />}
          {removed && (
            <Note kind="info" title={`“${removed.id}” was removed`}>
              Its file is kept as <code>{removed.kept}</code>.{" "}
              {removed.definition && <button id="bring-back" onClick={() => restore(removed)}>Bring it back</button>}
            </Note>
          )}
          <ul class="workflow-list" aria-label="Workflows">
            {items?.map((item) => {
              const { id, name = id, tasks, broken } = item;
              const runners = runnersOf(items, id).map((runner) => runner.name ?? runner.id);
              const action = asked?.id === id ? asked.action : null;
              return (
                <li key={id}>
                  <div class="row">
                    <button class="quiet grow" aria-current={id === store.workflow.id ? "true" : undefined} onClick={() => open(id)}>
                      {name}{name !== id && ` (${id})`}
                    </button>
                    {store.drafts.unsaved.has(id) && <span class="tag">unsaved changes</span>}
                    <span class="muted small">{broken === undefined ? plural(tasks ?? 0, "task") : "cannot be read"}</span>
                    {broken === undefined && <button aria-label={`Rename ${id}`} onClick={() => ask(id, "rename")}>Rename</button>}
                    <IconButton icon="trash" label={`Remove ${id}`} onClick={() => ask(id, "remove")} />
                  </div>
                  {action && runners.length > 0 && (
                    <p class="small">
                      It is run by {runners.join(", ")}: {action === "rename" ? "choose it again there" : "a run of those fails without it"}.
                    </p>
                  )}
                  {action === "rename" && (
                    <form
                      class="row"
                      onSubmit={(event) => { event.preventDefault(); rename(id, event.currentTarget.querySelector("input")!.value); }}
                    >
                      <input id="workflow-asked" class="grow" aria-label={`New name of ${id}`} defaultValue={name} maxLength={80} />
                      <button>Rename it</button>
                      <button type="button" onClick={() => setAsked(null)}>Keep its name</button>
                    </form>
                  )}
                  {action === "remove" && (
                    <div class="row">
                      <button id="workflow-asked" class="danger" onClick={() => remove(id)}>Remove “{id}”; its file is kept</button>
                      <button onClick={() => setAsked(null)}>Keep it</button>
                    </div>
                  )}
                </li>
              );
            })}
          </ul>
          {items?.length === 0 && <p class="muted">There is no workflow yet. New workflow makes the first one; saving it writes its file.</p>}
        </div>
        <div class="foot"><button onClick={() => { onClose(); onNew(); }}>New workflow</button></div>
      </div>
    </dialog>
  );
}
