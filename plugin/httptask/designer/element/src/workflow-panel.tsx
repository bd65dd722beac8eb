// The left pane: the list of the workflow's tasks, and a small graph of its routes.
import { useState } from "preact/hooks";
import { plural } from "./amounts";
import { Panel } from "./panel";
import { panelsLoaded } from "./panel-module";
import { Icon, IconButton, Method, Problems, useUi } from "./ui";
import { isObject, valueText } from "./json";
import { SIGNS, stateWord } from "./runs";
import * as flow from "./workflow";

/** The tasks in the order of the definition; tasks in branches are indented. */
export function WorkflowPanel() {
  const { store } = useUi();
  const { working, broken, problems } = store.workflow;
  const items = flow.listed(working);
  return (
    <nav class="workflow" aria-label="Steps">
      <ol class="tasks" aria-label="Tasks">
        {items.map((item) => <TaskItem key={item.name} item={item} />)}
      </ol>
      <Problems id="workflow" pointer="" problems={problems.filter(({ pointer }) => !/^\/(tasks\/|inputSchema)/.test(pointer))} />
      {!broken && (
        <button class={store.task.picking === "new" ? "add-task chosen" : "add-task"} onClick={() => store.task.pick("new")}>
          <Icon name="plus" />Add task <kbd aria-hidden="true">Ctrl K</kbd>
        </button>
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

/** The type under which a drag carries a task's name. Files and texts that are dragged onto the page have other types. */
const DRAGGED = "application/x-httptask-task";

/** A task in the list; the open task has buttons to move, copy and remove it. */
function TaskItem({ item }: { item: flow.Listed }) {
  const { store, focus } = useUi();
  const { name, type, task, depth } = item;
  const { workflow } = store;
  const isOpen = name === store.task.name;
  const request = isObject(task.httpRequest) ? task.httpRequest : {};
  const isUnsaved = workflow.isUnsaved(name);
  const visit = store.runs.states.get(name);
  const errors = workflow.errorsOf(name);
  const [showsMenu, setShowsMenu] = useState(false);
  const toggleMenu = () => {
    setShowsMenu(!showsMenu);
    if (!showsMenu) focus("duplicate");
  };
  const drop = (dragged: string) => void panelsLoaded().then(({ dropTask }) => dropTask(store, dragged, name));
  return (
    <li
      class={isOpen ? "task chosen" : "task"} style={{ marginLeft: `${Math.min(depth, 6) * 12}px` }} draggable
      onDragStart={({ dataTransfer }) => dataTransfer!.setData(DRAGGED, name)}
      onDragOver={(event) => { if (event.dataTransfer!.types.includes(DRAGGED)) event.preventDefault(); }}
      onDrop={({ dataTransfer }) => drop(dataTransfer!.getData(DRAGGED))}
    >
      <button class="task-name" title={name} aria-current={isOpen ? "true" : undefined} onClick={() => void store.task.open(name)}>
        <span class="task-title">
          {name}
          {isUnsaved && <span class="dot" title="not saved"><span class="hidden"> (not saved)</span></span>}
        </span>
        <span class="task-sub">
          {type === "Http" ? <Method method={valueText(request.method) || "GET"} /> : <span class="kind">{type}</span>}
          {isObject(task.forEach) && <span class="tag">for each</span>}
          {store.pins.has(name) && (
            store.pins.problemsOf(name).length ? <span class="tag">pin does not fit</span> : <span class="tag pinned">pinned</span>
          )}
          {errors > 0 && (
            <span class="state errors" title={plural(errors, "problem")}>
              {errors}<span class="hidden"> {errors > 1 ? "problems" : "problem"}</span>
            </span>
          )}
          {workflow.unreached.has(name) && <span class="unreached">never reached</span>}
          {visit && (
            <span class={`state is-${visit.status.toLowerCase()}`}>
              {SIGNS[visit.status]}<span class="hidden"> {stateWord(visit.status)}</span>
            </span>
          )}
          <span>{flow.summary(item)}</span>
        </span>
      </button>
      {isOpen && (
        <span class="task-tools">
          <IconButton
            icon="up" label={`Move ${name} up`} title="Move up"
            disabled={!flow.neighbours(workflow.working, name, -1)} onClick={() => workflow.move(name, -1)}
          />
          <IconButton
            icon="down" label={`Move ${name} down`} title="Move down"
            disabled={!flow.neighbours(workflow.working, name, 1)} onClick={() => workflow.move(name, 1)}
          />
          <IconButton
            icon="more" label={`More for ${name}`} title="Duplicate or copy" aria-expanded={showsMenu} onClick={toggleMenu}
          />
          <IconButton
            id="remove-task" icon="trash" label={`Remove ${name}`} title="Remove" onClick={() => void workflow.askRemoval(name)}
          />
        </span>
      )}
      {workflow.removal?.name === name && <Panel name="Removal" />}
      {isOpen && showsMenu && <Panel name="TaskMenu" of={{ name, onClose: () => setShowsMenu(false) }} />}
    </li>
  );
}
