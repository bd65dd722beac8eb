// Where the run goes after a task, and when it fails. The definition owns its routes: every change is made there at once.
import { useState } from "preact/hooks";
import { EntryRows, type Row } from "./entries";
import { child, type Json, type JsonObject, same } from "./json";
import { editTask, problemsAt, problemsOf } from "./task-edits";
import { describedBy, Problems, typed, useUi } from "./ui";
import * as flow from "./workflow";

/** A choice of the tasks that *item* can lead to; "" is none of them. */
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

export function Routes({ item }: { item: flow.Listed }) {
  const { store } = useUi();
  const { name, task } = item;
  const routes = flow.errorRoutesOf(task);
  const problems = problemsOf(store.workflow.problems, name).filter(({ pointer }) => /^\/(onError|nextTask|end)(\/|$)/.test(pointer));
  const others = Object.keys(item.flow.tasks ?? {}).filter((other) => other !== name);
  const endsHere = flow.goesStraight(item);
  const general = problems.filter(({ pointer }) => !/^\/onError\/[0-9]+/.test(pointer));
  return (
    <section class="card" aria-labelledby="group-routes">
      <div class="card-head"><h2 id="group-routes">Routes of this task</h2></div>
      {flow.goesOn(item) && (
        <div class="field single">
          <div class="field-head"><label class="name" for="next-task">Next task</label></div>
          <TaskChoice
            id="next-task" item={item} value={task.nextTask} none={endsHere ? "none: the run ends here" : "choose one, or add it behind this task"} described={describedBy("routes", general)}
            onChoose={(next) => editTask(store, name, next ? { nextTask: next, end: null } : { nextTask: null, end: endsHere || null })}
          />
        </div>
      )}
      <Problems id="routes" pointer="" problems={general} />
      <EntryRows
        id="error-route" noun="error route" list={task.onError} least={0} blank={{ errors: ["*"], nextTask: others[0] ?? "" }}
        onWrite={(routes) => editTask(store, name, { onError: routes.length ? routes : null })} draw={(row) => <ErrorRoute item={item} {...row} />}
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
  const known: Json[] = store.config!.errorClasses;
  const toggle = (value: Json) => onChange(withList(route, "errors", errors.includes(value) ? errors.filter((other) => other !== value) : [...errors, value]));
  return (
    <>
      <div class="rail">
        <div class="field single"><label class="name" for={id}>Next task on error {index + 1}</label>
          <TaskChoice id={id} item={item} value={route.nextTask} none="choose one" onChoose={(nextTask) => onChange({ ...route, nextTask })} described={describedBy(id, problems)} />
        </div>
        <fieldset class="checks" aria-label={`Errors of route ${index + 1}`}>
          {[...known, ...errors.filter((value) => !known.includes(value))].map((value) => (
            <label key={JSON.stringify(value)}><input type="checkbox" checked={errors.includes(value)} onChange={() => toggle(value)} /> {value === "*" ? "any error (*)" : String(value)}</label>
          ))}
        </fieldset>
        <Statuses id={`${id}-statuses`} name={`Statuses of route ${index + 1}`} value={route.statuses} onChange={(statuses) => onChange(withList(route, "statuses", statuses))} />
      </div>
      <Problems id={id} pointer={pointer} problems={problems} />
    </>
  );
}

/** *route* with *values* as its member *name*, which is left out when there are none. */
function withList(route: JsonObject, name: string, values: Json[]): JsonObject {
  const changed = { ...route, [name]: values };
  if (!values.length) delete changed[name];
  return changed;
}

const read = (text: string): Json[] => text.split(/[\s,;]+/).filter(Boolean).map((part) => (/^[0-9]+$/.test(part) ? Number(part) : part));

/** Statuses with commas between; what is none is kept, and the problem says so. */
function Statuses({ id, name, value, onChange }: { id: string; name: string; value: Json | undefined; onChange: (statuses: Json[]) => void }) {
  const statuses = Array.isArray(value) ? value : [];
  const [lines, setLines] = useState("");
  const shown = same(read(lines), statuses) ? lines : statuses.map((status) => (typeof status === "string" ? status : JSON.stringify(status))).join(", ");
  return (
    <div class="field single"><label class="name" for={id}>{name}</label>
      <input id={id} value={shown} placeholder="any status; or 404, 409" inputMode="numeric" onInput={typed((text) => { setLines(text); onChange(read(text)); })} />
    </div>
  );
}
