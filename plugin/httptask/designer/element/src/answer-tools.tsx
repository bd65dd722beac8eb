// What can be done with a value of a response: copy it or its path, or use it in a later task.
import { useLayoutEffect, useState } from "preact/hooks";
import { jsonPath, pathIn, plainName, type Step } from "./expression-text";
import { child, segments } from "./json";
import { load, type Slot } from "./slots";
import type { Store } from "./store";
import { freeForm, taskField, withoutRoutes } from "./task-form";
import { type Spot, Tree } from "./tree";
import type { Ending } from "./types";
import { typed } from "./ui";
import * as flow from "./workflow";

const MOST_FIELDS = 300;

/** Names and indices from `$` to what stands at *pointer* of the body of the task *task*; null where a run puts it elsewhere. */
function stepsTo(text: string, { pointer }: Spot, task: string, { pages, item, outcome }: Ending): Step[] | null {
  if (pages) return null;
  let value: unknown = JSON.parse(text);
  const inBody = segments(pointer).map((part): Step => {
    const step = Array.isArray(value) ? Number(part) : part;
    value = (value as Record<string, unknown>)[part];
    return step;
  });
  return ["tasks", task, "output", ...(item ? [item.index] : []), ...(outcome === "success" ? [] : ["error", "result"]), "body", ...inBody];
}

/** The body of a response as a tree with tools. */
export function Answer({ text, ending, store }: { text: string; ending: Ending; store: Store }) {
  const [used, setUsed] = useState<Step[] | null>(null);
  const task = store.history.shown?.task ?? store.task.name!;
  const copyValue = ({ node }: Spot) => {
    const json = text.slice(node.start, node.end);
    void store.copying.text("The value", node.kind === '"' ? (JSON.parse(json) as string) : json);
  };
  const withPath = (spot: Spot, act: (steps: Step[]) => void) => {
    const steps = stepsTo(text, spot, task, ending);
    if (steps) act(steps);
    else store.say("This is one page: a run joins the items of all pages, so the path is another one.");
  };
  const copyPath = (spot: Spot) => withPath(spot, (steps) => void store.copying.text("The path", jsonPath(steps)));
  const use = (spot: Spot) => withPath(spot, setUsed);
  return (
    <>
      {used && <UseIn key={jsonPath(used)} steps={used} store={store} onClose={() => setUsed(null)} />}
      <Tree
        text={text} label="Response body" noted={new Set(ending.differences?.map(({ pointer }) => pointer))}
        tools={(spot) => <>
          <button title="Ctrl C" onClick={() => copyValue(spot)}>Copy value</button>
          <button title="Ctrl Shift P" onClick={() => copyPath(spot)}>Copy path</button>
          <button title="U" onClick={() => use(spot)}>Use in …</button>
        </>}
        onKey={(event, spot) => {
          const command = event.ctrlKey || event.metaKey;
          const key = event.key.toLowerCase();
          const act = command && key === "c" && !getSelection()?.toString() ? copyValue
            : command && event.shiftKey && key === "p" ? copyPath
            : !command && !event.altKey && key === "u" ? use : null;
          act?.(spot);
          return !!act;
        }}
      />
    </>
  );
}

/** The fields of a request that a value can go into: those on the screen, and those that could be. */
function* targets(slot: Slot, pointer: string): Generator<{ slot: Slot; pointer: string }> {
  if (slot.field.kind === "object" && !slot.fx && slot.raw === null && !slot.field.link) for (const kid of slot.kids) yield* targets(kid, child(pointer, kid.field.name!));
  else if (slot.field.kind !== "const" && pointer.split("/").length > 3) yield { slot, pointer };
  for (const { name, slot: own } of slot.own) yield* targets(own, child(pointer, name));
}
const fieldsOf = (root: Slot): { slot: Slot; pointer: string }[] =>
  [...targets(root.kids.find(({ field }) => field.name === "httpRequest")!, "/httpRequest")].slice(0, MOST_FIELDS);

/** Where a value goes: which later task, and which of its fields. */
function UseIn({ steps, store, onClose }: { steps: Step[]; store: Store; onClose: () => void }) {
  const [later, setLater] = useState<string[] | null>(null);
  const [task, setTask] = useState("");
  const [fields, setFields] = useState<string[]>([]);
  const [pointer, setPointer] = useState("");
  const choose = (name: string) => {
    setTask(name);
    setPointer("");
    setFields([]);
    const value = flow.find(store.workflow.working, name)?.task;
    if (!value) return;
    const described = typeof value.endpoint === "string" ? store.api.form(value.endpoint).then(({ form }) => form) : Promise.resolve(freeForm([]));
    described.then((form) => setFields(fieldsOf(load(taskField(form, []), withoutRoutes(value))).map((each) => each.pointer)), () => {});
  };
  useLayoutEffect(() => {
    store.expressions.scope().then((scope) => {
      const names = scope.later.filter((name) => flow.find(store.workflow.working, name)?.type === "Http");
      setLater(names);
      if (names.length) choose(names[0]!);
    }, () => setLater([]));
  }, []);
  const put = async () => {
    await store.task.open(task);
    if (!store.task.root) return;
    const found = fieldsOf(store.task.root).find((each) => each.pointer === pointer);
    const name = plainName(String(steps.findLast((step) => typeof step === "string")));
    if (found) {
      store.expressions.wire(found.slot, pointer, {}, steps);
      store.focusWanted = `f-${pointer}`;
    } else store.focusWanted = `f-/inputParameters/${store.expressions.reach({}, steps, `/httpRequest/${name}`)[0]}`;
    store.task.redraw();
    store.say(`Used in “${task}”. Not saved yet.`);
  };
  return (
    <div class="use-in" role="group" aria-label="Use the value in a later task" onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); onClose(); } }}>
      <code>{pathIn("jsonpath", steps)}</code>
      {later && !later.length ? <p>No HTTP task follows this one: add one first.</p> : <>
        <label>Later task <select aria-label="Later task" value={task} onChange={typed(choose)}>{later?.map((name) => <option key={name} value={name}>{name}</option>)}</select></label>
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
