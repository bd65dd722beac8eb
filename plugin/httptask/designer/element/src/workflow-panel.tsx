// The rail: the tasks of the workflow, and a small picture of its routes.
import { useState } from "preact/hooks";
import { plural } from "./amounts";
import { Panel } from "./panel";
import { panelsLoaded } from "./panel-module";
import { Icon, IconButton, Method, useUi } from "./ui";
import { isObject } from "./json";
import { SIGNS, stateWord } from "./runs";
import * as flow from "./workflow";

export function WorkflowPanel() {
  const { store } = useUi();
  const { working, broken } = store.workflow;
  const items = flow.listed(working);
  return (
    <nav class="workflow" aria-label="Steps">
      <ol class="tasks" aria-label="Tasks">
        {items.map((item) => <TaskItem key={item.name} item={item} />)}
      </ol>
      {!broken && (
        <button class={store.task.picking === "new" ? "add-task chosen" : "add-task"} onClick={() => store.task.pick("new")}><Icon name="plus" />Add task <kbd aria-hidden="true">Ctrl K</kbd></button>
      )}
      {items.length > 1 && (
        <section class="routes">
          <h2 class="caption">Routes</h2>
          <Panel name="Graph" of={{ definition: working, chosen: store.task.name }} />
        </section>
      )}
    </nav>
  );
}

/** What is dragged is a task of this page. */
const DRAGGED = "application/x-httptask-task";

function TaskItem({ item }: { item: flow.Listed }) {
  const { store } = useUi();
  const { name, type, task, depth } = item;
  const chosen = name === store.task.name;
  const request = isObject(task.httpRequest) ? task.httpRequest : {};
  const unsaved = store.workflow.isUnsaved(name);
  const visit = store.runs.states.get(name);
  const errors = store.workflow.errorsOf(name);
  const [more, setMore] = useState(false);
  const { focus } = useUi();
  return (
    <li
      class={chosen ? "task chosen" : "task"} style={{ marginLeft: `${Math.min(depth, 6) * 12}px` }} draggable
      onDragStart={({ dataTransfer }) => dataTransfer!.setData(DRAGGED, name)}
      onDragOver={(event) => { if (event.dataTransfer!.types.includes(DRAGGED)) event.preventDefault(); }}
      onDrop={({ dataTransfer }) => { const dragged = dataTransfer!.getData(DRAGGED); void panelsLoaded().then(({ dropTask }) => dropTask(store, dragged, name)); }}
    >
      <button class="task-name" title={name} aria-current={chosen ? "true" : undefined} onClick={() => void store.task.open(name)}>
        <span class="task-title">{name}{unsaved && <span class="dot" title="not saved"><span class="hidden"> (not saved)</span></span>}</span>
        <span class="task-sub">
          {type === "Http" ? <Method method={String(request.method ?? "GET")} /> : <span class="kind">{type}</span>}
          {isObject(task.forEach) && <span class="tag">for each</span>}
          {store.pins.has(name) && <span class="tag pinned">pinned</span>}
          {errors > 0 && <span class="state errors" title={plural(errors, "problem")}>{errors}<span class="hidden"> {errors > 1 ? "problems" : "problem"}</span></span>}
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
