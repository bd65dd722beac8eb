// The head of the page: the workflow's name, and the buttons for the whole workflow.
import { useState } from "preact/hooks";
import { Panel } from "./panel";
import { ActingSelect, Icon, IconButton, useUi } from "./ui";
import * as flow from "./workflow";

/** The name or a choice of workflows; new, undo, redo, find, save and run. */
export function TopBar() {
  const { store, focus } = useUi();
  const [isNaming, setNaming] = useState(false);
  const [isListing, setListing] = useState(false);
  const { config, runs, edits, saving } = store;
  const { id, working, broken } = store.workflow;
  const saved = config?.workflows ?? [];
  const { unsaved } = store.drafts;
  // A workflow that was never saved is not on the server's list.
  const unlisted = [...unsaved].filter((name) => name !== id && !saved.some((other) => other.id === name));
  const workflows = [...saved, ...unlisted.map((name) => ({ id: name }))];
  const title = typeof working.name === "string" && working.name ? working.name : (id ?? "HTTP task");
  const begin = () => { setNaming(true); focus("new-workflow"); };
  const create = (name: string) => {
    const newId = flow.fileName(name);
    if (newId) void store.workflow.open(newId); // a workflow that is unknown is new
    setNaming(false);
  };
  const heading = () => {
    if (isNaming)
      return (
        <input
          id="new-workflow" aria-label="Name of the new workflow" placeholder="its name, then Enter" maxLength={80}
          onBlur={() => setNaming(false)}
          onKeyDown={(event) => { if (event.key === "Enter") create(event.currentTarget.value); }}
        />
      );
    if (workflows.length < 2) return <h1>{title}</h1>;
    return (
      <>
        <h1 class="hidden">{title}</h1>
        <ActingSelect aria-label="Workflow" value={id ?? ""} does="opens it" act={(chosen) => void store.workflow.open(chosen)}>
          {!workflows.some((workflow) => workflow.id === id) && <option value={id ?? ""}>{title}</option>}
          {workflows.map((workflow) => (
            <option key={workflow.id} value={workflow.id}>
              {flow.titleIn(workflows, workflow)}{workflow.id !== id && unsaved.has(workflow.id) && " · unsaved"}
            </option>
          ))}
        </ActingSelect>
      </>
    );
  };
  return (
    <header class="top">
      <svg class="icon mark" viewBox="0 0 16 16" aria-hidden="true"><path d="M3 4h5a4 4 0 0 1 0 8H3M3 8h10M10.5 5.5 13 8l-2.5 2.5" /></svg>
      {heading()}
      {config?.newWorkflows && !isNaming && (
        <span class="wide row">
          <IconButton icon="plus" label="New workflow" onClick={begin} />
          <IconButton icon="more" label="All workflows" title="Rename or remove workflows" onClick={() => setListing(true)} />
        </span>
      )}
      {store.workflow.dirty && (
        <span class="unsaved"><span class="dot" aria-hidden="true" /><span class="unsaved-text">unsaved changes</span></span>
      )}
      <span class="grow" />
      <span class="wide row">
        <Undo icon="undo" word="Undo" title={edits.undoTitle} keys="Ctrl+Z" onClick={edits.undo} />
        <Undo icon="redo" word="Redo" title={edits.redoTitle} keys="Ctrl+Shift+Z" onClick={edits.redo} />
      </span>
      {!broken && (
        <button class="quiet find" onClick={() => store.task.pick("new")}>
          <Icon name="find" /><span class="wide">Add or find <kbd>Ctrl K</kbd></span><span class="narrow hidden">Add or find</span>
        </button>
      )}
      <button class="wide" disabled={saving.underWay} title="Save (Ctrl+S)" onClick={() => void saving.save()}>
        <Icon name="save" />Save
      </button>
      {flow.listed(working).length > 0 && (
        <button
          class="run-all" aria-label="Run workflow" title="Run workflow (Ctrl+Shift+Enter)"
          disabled={runs.starting || runs.isUnderWay} onClick={() => void runs.start()}
        >
          <Icon name="play" />Run
        </button>
      )}
      {isListing && <Panel name="WorkflowList" of={{ onNew: begin, onClose: () => setListing(false) }} />}
    </header>
  );
}

/** The button for undo or redo; *title* is the edit, undefined if there is none. */
const Undo = ({ icon, word, title, keys, onClick }: {
  icon: string; word: string; title?: string; keys: string; onClick: () => Promise<void>;
}) => (
  <IconButton
    icon={icon} label={word} title={title === undefined ? `Nothing to ${word.toLowerCase()}` : `${word}: ${title} (${keys})`}
    disabled={title === undefined} onClick={() => void onClick()}
  />
);
