// The head of the page: which workflow this is, and what is done with the whole of it.
import { useState } from "preact/hooks";
import { Panel } from "./panel";
import { Icon, IconButton, typed, useUi } from "./ui";
import * as flow from "./workflow";

export function TopBar() {
  const { store, focus } = useUi();
  const [naming, setNaming] = useState(false);
  const [listing, setListing] = useState(false);
  const { config, runs, edits, saving } = store;
  const { id, working, broken } = store.workflow;
  const known = config?.workflows ?? [];
  const title = typeof working.name === "string" && working.name ? working.name : (id ?? "HTTP task");
  const begin = () => { setNaming(true); focus("new-workflow"); };
  const make = (name: string) => {
    const made = flow.fileName(name);
    if (made) void store.workflow.open(made);
    setNaming(false);
  };
  return (
    <header class="top">
      <svg class="icon mark" viewBox="0 0 16 16" aria-hidden="true"><path d="M3 4h5a4 4 0 0 1 0 8H3M3 8h10M10.5 5.5 13 8l-2.5 2.5" /></svg>
      {naming ? (
        <input
          id="new-workflow" aria-label="Name of the new workflow" placeholder="its name, then Enter" maxLength={80} onBlur={() => setNaming(false)}
          onKeyDown={(event) => { if (event.key === "Enter") make(event.currentTarget.value); }}
        />
      ) : known.length > 1 ? (
        <><h1 class="hidden">{title}</h1><select aria-label="Workflow" value={id ?? ""} onChange={typed((value) => void store.workflow.open(value))}>
          {!known.some((each) => each.id === id) && <option value={id ?? ""}>{title}</option>}
          {known.map((each) => <option key={each.id} value={each.id}>{each.name ?? each.id}</option>)}
        </select></>
      ) : <h1>{title}</h1>}
      {config?.newWorkflows && !naming && (
        <span class="wide row">
          <IconButton icon="plus" label="New workflow" onClick={begin} />
          <IconButton icon="more" label="All workflows" title="Rename or remove workflows" onClick={() => setListing(true)} />
        </span>
      )}
      {store.workflow.dirty && <span class="unsaved"><span class="dot" aria-hidden="true" /><span class="unsaved-text">unsaved changes</span></span>}
      <span class="grow" />
      <span class="wide row">
        <Undo icon="undo" word="Undo" title={edits.undoTitle} keys="Ctrl+Z" onClick={edits.undo} />
        <Undo icon="redo" word="Redo" title={edits.redoTitle} keys="Ctrl+Shift+Z" onClick={edits.redo} />
      </span>
      {!broken && <button class="quiet find" onClick={() => store.task.pick("new")}><Icon name="find" /><span class="wide">Add or find <kbd>Ctrl K</kbd></span><span class="narrow hidden">Add or find</span></button>}
      <button class="wide" disabled={saving.underWay} title="Save (Ctrl+S)" onClick={() => void saving.save()}><Icon name="save" />Save</button>
      {flow.listed(working).length > 0 && (
        <button aria-label="Run workflow" title="Run workflow (Ctrl+Shift+Enter)" disabled={runs.starting || runs.isUnderWay} onClick={() => void runs.start()}><Icon name="play" />Run</button>
      )}
      {listing && <Panel name="WorkflowList" of={{ onNew: begin, onClose: () => setListing(false) }} />}
    </header>
  );
}

const Undo = ({ icon, word, title, keys, onClick }: { icon: string; word: string; title?: string; keys: string; onClick: () => Promise<void> }) => (
  <IconButton icon={icon} label={word} title={title === undefined ? `Nothing to ${word.toLowerCase()}` : `${word}: ${title} (${keys})`} disabled={title === undefined} onClick={() => void onClick()} />
);
