// The routes of a task: the next task, and the error routes. They are no part of the task's form: each change is written to
// the definition at once.
import { useState } from "preact/hooks";
import { EntryRows, type Row } from "./entries";
import { plain } from "./field-words";
import { child, type Json, type JsonObject, same } from "./json";
import { editTask, isOfRoutes, problemsAt, problemsOf } from "./task-edits";
import { describedBy, Problems, typed, useUi } from "./ui";
import * as flow from "./workflow";

/** A choice between the tasks that *item* can lead to; "" for none, which the page calls *none*. */
export function TaskChoice({ id, item, value, none, onChoose, described }: {
  id: string; item: flow.Listed; value: Json | undefined; none: string; onChoose: (name: string) => void; described?: string;
}) {
  const names = Object.keys(item.flow.tasks ?? {});
  const chosen = typeof value === "string" ? value : "";
  return (
    <select id={id} aria-describedby={described || undefined} value={chosen} onChange={typed(onChoose)}>
      <option value="">{none}</option>
      {chosen && !names.includes(chosen) && <option value={chosen}>{chosen} (not there)</option>}
      {names.map((name) => <option key={name} value={name}>{name}</option>)}
    </select>
  );
}

/** The routes of the task *item*. */
export function Routes({ item }: { item: flow.Listed }) {
  const { store } = useUi();
  const { name, task } = item;
  const routes = flow.errorRoutesOf(task);
  const problems = problemsOf(store.workflow.problems, name).filter(isOfRoutes);
  const others = Object.keys(item.flow.tasks ?? {}).filter((other) => other !== name);
  const mayEnd = flow.goesStraight(item);
  const general = problems.filter(({ pointer }) => !/^\/onError\/[0-9]+/.test(pointer));
  return (
    <section class="card" aria-labelledby="group-routes">
      <div class="card-head"><h2 id="group-routes">Routes of this task</h2></div>
      {flow.goesOn(item) && (
        <div class="field single">
          <div class="field-head"><label class="name" for="next-task">Next task</label></div>
          <TaskChoice
            id="next-task" item={item} value={task.nextTask}
            none={mayEnd ? "none: the run ends here" : "choose one, or add it behind this task"}
            described={describedBy("routes", general)}
            onChoose={(next) => editTask(store, name, next ? { nextTask: next, end: null } : { nextTask: null, end: mayEnd || null })}
          />
        </div>
      )}
      <Problems id="routes" pointer="" problems={general} />
      <EntryRows
        id="error-route" noun="error route" pointer="/onError" problems={problems}
        list={task.onError} least={0} blank={{ errors: ["*"], nextTask: others[0] ?? "" }}
        onWrite={(written) => editTask(store, name, { onError: written.length ? written : null })}
        draw={(row) => <ErrorRoute item={item} {...row} />}
      >
        {!routes.length && <span class="muted small">Without one, a failure of this task fails the run.</span>}
      </EntryRows>
    </section>
  );
}

function ErrorRoute({ item, value: route, index, onChange }: Row & { item: flow.Listed }) {
  const { store } = useUi();
  const id = `error-route-${index}`;
  const pointer = child("/onError", index);
  const problems = problemsAt(problemsOf(store.workflow.problems, item.name), pointer);
  const errors = Array.isArray(route.errors) ? route.errors : [];
  const errorClasses: Json[] = store.config!.errorClasses;
  const toggle = (value: Json) => {
    const toggled = errors.includes(value) ? errors.filter((other) => other !== value) : [...errors, value];
    onChange(withList(route, "errors", toggled));
  };
  return (
    <>
      <div class="rail">
        <div class="field single">
          <label class="name" for={id}>Next task on error {index + 1}</label>
          <TaskChoice
            id={id} item={item} value={route.nextTask} none="choose one"
            onChoose={(nextTask) => onChange({ ...route, nextTask })} described={describedBy(id, problems)}
          />
        </div>
        <fieldset class="checks" aria-label={`Errors of route ${index + 1}`}>
          {[...errorClasses, ...errors.filter((value) => !errorClasses.includes(value))].map((value) => (
            <label key={JSON.stringify(value)}>
              <input type="checkbox" checked={errors.includes(value)} onChange={() => toggle(value)} />{" "}
              {value === "*" ? "any error (*)" : plain(value)}
            </label>
          ))}
        </fieldset>
        <Statuses
          id={`${id}-statuses`} name={`Statuses of route ${index + 1}`} value={route.statuses}
          onChange={(statuses) => onChange(withList(route, "statuses", statuses))}
        />
      </div>
      <Problems id={id} pointer={pointer} problems={problems} />
    </>
  );
}

/** Return *route* with its member *name* set to *values*, or without that member if there are none. */
function withList(route: JsonObject, name: string, values: Json[]): JsonObject {
  const changed = { ...route, [name]: values };
  if (!values.length) delete changed[name];
  return changed;
}

const parseStatuses = (text: string): Json[] =>
  text.split(/[\s,;]+/).filter(Boolean).map((part) => (/^[0-9]+$/.test(part) ? Number(part) : part));

const writeStatuses = (statuses: Json[]): string =>
  statuses.map(plain).join(", ");

/** The statuses of an error route, separated by commas. What is no status is kept: validation reports it. */
function Statuses({ id, name, value, onChange }: {
  id: string; name: string; value: Json | undefined; onChange: (statuses: Json[]) => void;
}) {
  const statuses = Array.isArray(value) ? value : [];
  const [typedText, setTypedText] = useState("");
  // The text as typed, as long as it says what the definition has: a comma at its end is not taken away.
  const shown = same(parseStatuses(typedText), statuses) ? typedText : writeStatuses(statuses);
  const take = (text: string) => {
    setTypedText(text);
    onChange(parseStatuses(text));
  };
  return (
    <div class="field single">
      <label class="name" for={id}>{name}</label>
      <input id={id} value={shown} placeholder="any status; or 404, 409" inputMode="numeric" onInput={typed(take)} />
    </div>
  );
}
