// Uses a value of a response in a later task: a choice of the task, and of one of its fields.
import { useLayoutEffect, useState } from "preact/hooks";
import { failureOf } from "./api";
import { plainName } from "./expression-text";
import { child, segments } from "./json";
import { isPlain, load, type Slot } from "./slots";
import type { Store } from "./store";
import { freeForm, taskField, withoutRoutes } from "./task-form";
import type { Failure } from "./types";
import { Failed, typed } from "./ui";
import * as flow from "./workflow";

const MOST_FIELDS = 300;

/** The value to use: an expression for it as one types it, and a name for an input parameter with it. */
export interface Used {
  expression: string;
  name: string;
}

/** The fields inside the request's parameter groups and its body that can hold a value, whether they are on the form or not. */
function* targets(slot: Slot, pointer: string): Generator<{ slot: Slot; pointer: string }> {
  if (slot.field.kind === "object" && isPlain(slot))
    for (const kid of slot.kids) yield* targets(kid, child(pointer, kid.field.name!));
  else if (slot.field.kind !== "const" && pointer.split("/").length > 3) yield { slot, pointer };
  for (const { name, slot: own } of slot.own) yield* targets(own, child(pointer, name));
}
const fieldsOf = (root: Slot): { slot: Slot; pointer: string }[] => {
  const request = root.kids.find(({ field }) => field.name === "httpRequest")!;
  return [...targets(request, "/httpRequest")].slice(0, MOST_FIELDS);
};

/** Why no task can use a value of the task *from*, which the tasks *later* follow; "" if one can. */
export function whyUnused(store: Store, from: string, later: string[]): string {
  if (!flow.find(store.workflow.working, from))
    return `The open workflow has no task “${from}” (any more), so no expression can read its output. Was it renamed or removed?`;
  return later.length ? "" : "No HTTP task follows this one: add one first.";
}

/** The choice of a task and a field for the value *used*. */
export function UseIn({ used: { expression, name }, from, store, onClose }: {
  used: Used;
  /** The task that the value comes from. */
  from: string;
  store: Store;
  onClose: () => void;
}) {
  const [later, setLater] = useState<string[] | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [task, setTask] = useState("");
  const [fields, setFields] = useState<string[]>([]);
  const [pointer, setPointer] = useState("");
  const choose = (chosen: string) => {
    setTask(chosen);
    setPointer("");
    setFields([]);
    const value = flow.find(store.workflow.working, chosen)?.task;
    if (!value) return;
    const loadForm = async () => (typeof value.endpoint === "string" ? (await store.api.form(value.endpoint)).form : freeForm([]));
    loadForm().then((form) => {
      const root = load(taskField(form, []), withoutRoutes(value));
      setFields(fieldsOf(root).map((field) => field.pointer));
    }, () => {});
  };
  useLayoutEffect(() => {
    store.task.commit();
    if (!flow.find(store.workflow.working, from)) return setLater([]);
    store.api.scope({ definition: store.workflow.working, task: from, inputs: {} }).then((scope) => {
      const names = scope.later.filter((other) => flow.find(store.workflow.working, other)?.type === "Http");
      setLater(names);
      if (names.length) choose(names[0]!);
    }, (error: unknown) => setFailure(failureOf(error)));
  }, []);
  const put = async () => {
    await store.task.open(task);
    if (!store.task.root) return;
    const target = fieldsOf(store.task.root).find((field) => field.pointer === pointer);
    if (target) {
      store.expressions.wire(target.slot, pointer, expression);
      store.focusWanted = `f-${pointer}`;
    } else {
      const parameter = store.expressions.kept(expression, `/httpRequest/${plainName(name)}`);
      store.focusWanted = `f-/inputParameters/${parameter ?? ""}`;
    }
    store.task.redraw();
    store.say(`Used in “${task}”. Not saved yet.`);
  };
  const why = later && whyUnused(store, from, later);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    onClose();
  };
  return (
    <div class="use-in" role="group" aria-label="Use the value in a later task" onKeyDown={onKeyDown}>
      <code>{expression}</code>
      {failure ? <Failed failure={failure} /> : why ? <p>{why}</p> : <>
        <label>Later task <select aria-label="Later task" value={task} onChange={typed(choose)}>
          {later?.map((taskName) => <option key={taskName} value={taskName}>{taskName}</option>)}
        </select></label>
        <label>Field <select aria-label="Field" value={pointer} onChange={typed(setPointer)}>
          <option value="">a new input parameter</option>
          {fields.map((field) => <option key={field} value={field}>{segments(field).slice(1).join(" › ")}</option>)}
        </select></label>
      </>}
      <div class="row">
        {!!later?.length && !why && <button class="primary" onClick={() => void put()}>Use it</button>}
        <button onClick={onClose}>Close</button>
      </div>
    </div>
  );
}
