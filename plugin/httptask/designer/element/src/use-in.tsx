// Where a value of a response goes: which later task, and which of its fields.
import { useLayoutEffect, useState } from "preact/hooks";
import { plainName } from "./expression-text";
import { child, segments } from "./json";
import { isPlain, load, type Slot } from "./slots";
import type { Store } from "./store";
import { freeForm, taskField, withoutRoutes } from "./task-form";
import { typed } from "./ui";
import * as flow from "./workflow";

const MOST_FIELDS = 300;

/** What is put into a field: an expression as it is typed, and what an input parameter for it would be called. */
export interface Used {
  expression: string;
  name: string;
}

/** The fields of a request that a value can go into: those on the screen, and those that could be. */
function* targets(slot: Slot, pointer: string): Generator<{ slot: Slot; pointer: string }> {
  if (slot.field.kind === "object" && isPlain(slot)) for (const kid of slot.kids) yield* targets(kid, child(pointer, kid.field.name!));
  else if (slot.field.kind !== "const" && pointer.split("/").length > 3) yield { slot, pointer };
  for (const { name, slot: own } of slot.own) yield* targets(own, child(pointer, name));
}
const fieldsOf = (root: Slot): { slot: Slot; pointer: string }[] =>
  [...targets(root.kids.find(({ field }) => field.name === "httpRequest")!, "/httpRequest")].slice(0, MOST_FIELDS);

export function UseIn({ used: { expression, name }, store, onClose }: { used: Used; store: Store; onClose: () => void }) {
  const [later, setLater] = useState<string[] | null>(null);
  const [task, setTask] = useState("");
  const [fields, setFields] = useState<string[]>([]);
  const [pointer, setPointer] = useState("");
  const choose = (chosen: string) => {
    setTask(chosen);
    setPointer("");
    setFields([]);
    const value = flow.find(store.workflow.working, chosen)?.task;
    if (!value) return;
    const described = typeof value.endpoint === "string" ? store.api.form(value.endpoint).then(({ form }) => form) : Promise.resolve(freeForm([]));
    described.then((form) => setFields(fieldsOf(load(taskField(form, []), withoutRoutes(value))).map((each) => each.pointer)), () => {});
  };
  useLayoutEffect(() => {
    store.expressions.scope().then((scope) => {
      const names = scope.later.filter((each) => flow.find(store.workflow.working, each)?.type === "Http");
      setLater(names);
      if (names.length) choose(names[0]!);
    }, () => setLater([]));
  }, []);
  const put = async () => {
    await store.task.open(task);
    if (!store.task.root) return;
    const target = fieldsOf(store.task.root).find((each) => each.pointer === pointer);
    if (target) {
      store.expressions.wire(target.slot, pointer, expression);
      store.focusWanted = `f-${pointer}`;
    } else store.focusWanted = `f-/inputParameters/${store.expressions.kept(expression, `/httpRequest/${plainName(name)}`) ?? ""}`;
    store.task.redraw();
    store.say(`Used in “${task}”. Not saved yet.`);
  };
  return (
    <div class="use-in" role="group" aria-label="Use the value in a later task" onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); onClose(); } }}>
      <code>{expression}</code>
      {later && !later.length ? <p>No HTTP task follows this one: add one first.</p> : <>
        <label>Later task <select aria-label="Later task" value={task} onChange={typed(choose)}>{later?.map((each) => <option key={each} value={each}>{each}</option>)}</select></label>
        <label>Field <select aria-label="Field" value={pointer} onChange={typed(setPointer)}>
          <option value="">a new input parameter</option>
          {fields.map((each) => <option key={each} value={each}>{segments(each).slice(1).join(" › ")}</option>)}
        </select></label>
      </>}
      <div class="row">
        {!!later?.length && <button class="primary" onClick={() => void put()}>Use it</button>}
        <button onClick={onClose}>Close</button>
      </div>
    </div>
  );
}
