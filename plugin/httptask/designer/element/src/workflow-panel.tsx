// The left column: the workflow, its tasks, and a small picture of its routes.
import { useState } from "preact/hooks";
import { Panel } from "./panel";
import { panelsLoaded } from "./panel-module";
import { Failed, Icon, IconButton, Method, Note, typed, useUi } from "./ui";
import { isObject } from "./json";
import { SIGNS, stateWord } from "./runs";
import type { Task } from "./types";
import * as flow from "./workflow";

/** A task that can be added with one press. */
interface Addition {
  name: string;
  task: Task & { type: string };
  /** The id of the control to go on with. */
  control: string;
}
const ADDITIONS: Addition[] = [
  { name: "Wait", task: { type: "Wait", seconds: 60 }, control: "wait-value" },
  { name: "Decide", task: { type: "Decision", choices: [{ condition: "", nextTask: "" }], defaultTask: "" }, control: "choice-0" },
  { name: "End", task: { type: "Terminate", terminationStatus: "Completed" }, control: "termination-status" },
];

export function WorkflowPanel() {
  const { store, focus } = useUi();
  const [naming, setNaming] = useState(false);
  const [listing, setListing] = useState(false);
  const begin = () => { setNaming(true); focus("new-workflow"); };
  const [noted, setNoted] = useState(true);
  const { config } = store;
  const { id: workflowId, working, broken } = store.workflow;
  const items = flow.listed(working);
  const known = config?.workflows ?? [];
  const named = known.some(({ id }) => id === workflowId);
  const title = typeof working.name === "string" && working.name ? working.name : (workflowId ?? "HTTP task");
  const other = known.find(({ id }) => id !== workflowId);
  const add = ({ name: wanted, task, control }: Addition) => {
    const free = flow.freeName(working, wanted);
    store.workflow.edit((edited) => store.task.insert(edited, free, task), `Add “${free}”`);
    void store.task.open(free);
    store.say(`“${free}” added. Not saved yet.`);
    focus(control);
  };
  const additions: Addition[] = [
    ...(other ? [{ name: `Run ${other.name ?? other.id}`, task: { type: "Workflow", definition: other.id }, control: "workflow-definition" }] : []),
    ...ADDITIONS,
  ];
  const make = (name: string) => {
    const id = flow.fileName(name);
    if (id) void store.workflow.open(id);
    setNaming(false);
  };
  return (
    <nav class="workflow" aria-label="Workflow">
      <div class="workflow-head">
        <span class="caption">Workflow</span>
        <div class="row">
          {naming ? (
            <input
              id="new-workflow" aria-label="Name of the new workflow" placeholder="its name, then Enter" maxLength={80} onBlur={() => setNaming(false)}
              onKeyDown={(event) => { if (event.key === "Enter") make(event.currentTarget.value); }}
            />
          ) : known.length > 1 ? (
            <><h1 class="hidden">{title}</h1><select class="grow" aria-label="Workflow" value={workflowId ?? ""} onChange={typed((value) => void store.workflow.open(value))}>
              {!named && <option value={workflowId ?? ""}>{title}</option>}
              {known.map(({ id, name }) => <option key={id} value={id}>{name ?? id}</option>)}
            </select></>
          ) : <h1 class="grow">{title}</h1>}
          {config?.newWorkflows && !naming && (
            <>
              <IconButton icon="plus" label="New workflow" onClick={begin} />
              <IconButton icon="more" label="All workflows" title="Rename or remove workflows" onClick={() => setListing(true)} />
            </>
          )}
        </div>
        <div class="row">
          {store.workflow.dirty && <span class="unsaved">unsaved changes</span>}
          <span class="grow" />
          <Undo icon="undo" word="Undo" title={store.edits.undoTitle} keys="Ctrl+Z" onClick={store.edits.undo} />
          <Undo icon="redo" word="Redo" title={store.edits.redoTitle} keys="Ctrl+Shift+Z" onClick={store.edits.redo} />
        </div>
      </div>
      {listing && <Panel name="WorkflowList" of={{ onNew: begin, onClose: () => setListing(false) }} />}
      {noted && config?.notes && <Note kind="info" title="Not every file is a definition" onClose={() => setNoted(false)}>{config.notes.join("; ")}</Note>}
      {broken && (
        <Failed failure={broken}>
          <button onClick={() => void store.workflow.open(workflowId, null, true)}>Load it again</button>
          {broken.type === "urn:httptask:problem:broken-definition" && <button class="danger" onClick={() => void store.workflow.overwriteBroken()}>Overwrite it</button>}
        </Failed>
      )}
      {store.saving.conflict && (
        <section id="conflict" tabIndex={-1} aria-label="Conflict">
          <Failed failure={{ title: "Somebody else changed this workflow", detail: `${store.saving.conflict.detail}. Nothing was written yet; either way your settings stay in the history.` }}>
            <button onClick={() => void store.saving.reload()}>Load theirs</button>
            <button class="danger" onClick={() => void store.saving.save(store.saving.conflict!.etag)}>Overwrite with mine</button>
          </Failed>
        </section>
      )}
      {store.notice && <Note kind={store.notice.type || store.notice.status ? "error" : "info"} title={store.notice.title} onClose={() => { store.notice = null; store.update(); }}>{store.notice.detail}</Note>}
      <ol class="tasks" aria-label="Tasks">
        {items.map((item) => <TaskItem key={item.name} item={item} />)}
      </ol>
      {!broken && (
        <button class={store.task.picking === "new" ? "add-task chosen" : "add-task"} onClick={() => store.task.pick("new")}><Icon name="plus" />Add HTTP task</button>
      )}
      {!broken && (
        <div class="add-others" role="group" aria-label="Add another task">
          {additions.map((addition) => (
            <button key={addition.task.type} class="add" aria-label={`Add ${addition.task.type} task`} onClick={() => add(addition)}><Icon name="plus" />{addition.task.type}</button>
          ))}
        </div>
      )}
      {items.length > 0 && (
        <button class="run-all" disabled={store.runs.starting || store.runs.isUnderWay} onClick={() => void store.runs.start()}><Icon name="play" />Run workflow <kbd>Ctrl ⇧ ⏎</kbd></button>
      )}
      {items.length > 1 && (
        <section class="routes">
          <h2 class="caption">Routes</h2>
          <Panel name="Graph" of={{ definition: working, chosen: store.task.picking === "new" ? null : store.task.name }} />
        </section>
      )}
    </nav>
  );
}

const Undo = ({ icon, word, title, keys, onClick }: { icon: string; word: string; title?: string; keys: string; onClick: () => Promise<void> }) => (
  <IconButton icon={icon} label={word} title={title === undefined ? `Nothing to ${word.toLowerCase()}` : `${word}: ${title} (${keys})`} disabled={title === undefined} onClick={() => void onClick()} />
);

/** What is dragged is a task of this page. */
const DRAGGED = "application/x-httptask-task";

function TaskItem({ item }: { item: flow.Listed }) {
  const { store } = useUi();
  const { name, type, task, depth } = item;
  const chosen = name === store.task.name && store.task.picking !== "new";
  const request = isObject(task.httpRequest) ? task.httpRequest : {};
  const unsaved = store.workflow.isUnsaved(name);
  const visit = store.runs.states.get(name);
  const [more, setMore] = useState(false);
  const { focus } = useUi();
  return (
    <li
      class={chosen ? "task chosen" : "task"} style={{ marginLeft: `${Math.min(depth, 6) * 12}px` }} draggable
      onDragStart={({ dataTransfer }) => dataTransfer!.setData(DRAGGED, name)}
      onDragOver={(event) => { if (event.dataTransfer!.types.includes(DRAGGED)) event.preventDefault(); }}
      onDrop={({ dataTransfer }) => { const dragged = dataTransfer!.getData(DRAGGED); void panelsLoaded().then(({ dropTask }) => dropTask(store, dragged, name)); }}
    >
      <button class="task-name" aria-current={chosen ? "true" : undefined} onClick={() => void store.task.open(name)}>
        <span class="task-title">{name}{unsaved && <span class="dot" title="not saved"><span class="hidden"> (not saved)</span></span>}</span>
        <span class="task-sub">
          {type === "Http" ? <Method method={String(request.method ?? "GET")} /> : <span class="kind">{type}</span>}
          {isObject(task.forEach) && <span class="tag">for each</span>}
          {store.pins.has(name) && <span class="tag pinned">pinned</span>}
          {store.workflow.unreached.has(name) && <span class="unreached">never reached</span>}
          {visit && <span class={`state is-${visit.status.toLowerCase()}`}>{SIGNS[visit.status]}<span class="hidden"> {stateWord(visit.status)}</span></span>}
          <span>{flow.summary(item)}</span>
        </span>
      </button>
      {chosen && (
        <span class="task-tools">
          <IconButton icon="up" label={`Move ${name} up`} title="Move up" disabled={!flow.neighbours(store.workflow.working, name, -1)} onClick={() => store.workflow.move(name, -1)} />
          <IconButton icon="down" label={`Move ${name} down`} title="Move down" disabled={!flow.neighbours(store.workflow.working, name, 1)} onClick={() => store.workflow.move(name, 1)} />
          <IconButton icon="more" label={`More for ${name}`} title="Duplicate or copy" aria-expanded={more} onClick={() => { setMore(!more); if (!more) focus("duplicate"); }} />
          <IconButton id="remove-task" icon="trash" label={`Remove ${name}`} title="Remove" onClick={() => void store.workflow.askRemoval(name)} />
        </span>
      )}
      {store.workflow.removal?.name === name && <Panel name="Removal" />}
      {chosen && more && <Panel name="TaskMenu" of={{ name, onClose: () => setMore(false) }} />}
    </li>
  );
}
