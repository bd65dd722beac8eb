// A task that runs another definition: which one, and its input.
import { useLayoutEffect, useState } from "preact/hooks";
import { FieldRow } from "./field-row";
import type { FlowForm } from "./flow-task";
import { Documented } from "./form-body";
import type { Json } from "./json";
import { switchView } from "./json-view";
import { secretPointers } from "./secrets";
import { ANY, dump, isBroken, load, type Slot } from "./slots";
import { editTask } from "./task-edits";
import type { Field } from "./types";
import { describedBy, Note, Problems, typed, useRedraw, useUi } from "./ui";

const AT = "/inputParameters";
/** The input of a definition that does not describe one. */
const UNKNOWN: Field = { kind: "map", type: "object", values: ANY };

/** The form of the input that the definition *chosen* takes, filled with *value*; null while that is asked for. */
function useInputForm(chosen: string, value: Json | undefined): Slot | null {
  const { store } = useUi();
  const [slot, setSlot] = useState<Slot | null>(null);
  useLayoutEffect(() => {
    let wanted = true;
    setSlot(null);
    const described = async (): Promise<Field | undefined> => {
      const { inputSchema } = chosen ? (await store.api.workflow(chosen)).definition : {};
      return inputSchema ? (await store.api.inputForm(inputSchema as Json)).field : undefined;
    };
    // Where the definition is not there, or the server is away, nothing is known of its input.
    described().catch(() => undefined).then((field = UNKNOWN) => { if (wanted) setSlot(load({ ...field, required: true }, value ?? undefined)); });
    return () => { wanted = false; };
  }, [chosen]);
  return slot;
}

export function WorkflowForm({ item: { name, task }, problems: all }: FlowForm) {
  const { store } = useUi();
  const known = (store.config?.workflows ?? []).filter(({ id }) => id !== store.workflow.id);
  const chosen = typeof task.definition === "string" ? task.definition : "";
  const redraw = useRedraw();
  const slot = useInputForm(chosen, task.inputParameters);
  const problems = all.filter(({ pointer }) => !pointer.startsWith("/onError"));
  const write = () => {
    if (!slot || (slot.raw !== null && isBroken(slot.raw))) return; // no JSON yet
    // Before it is stored: a name does not always tell that it is one.
    store.drafts.secretsOf[name] = secretPointers(slot).map((pointer) => AT + pointer);
    editTask(store, name, { inputParameters: dump(slot) ?? null });
    redraw();
  };
  useLayoutEffect(() => {
    store.task.flowChanged = write;
    return () => { store.task.flowChanged = null; };
  });
  return (
    <>
      <section class="card" aria-label="Runs another definition">
        <div class="field single">
          <div class="field-head"><label class="name" for="workflow-definition">Definition</label><span class="required">*<span class="hidden"> required</span></span></div>
          <select id="workflow-definition" value={chosen} aria-describedby={describedBy("workflow-task", problems)} onChange={typed((value) => editTask(store, name, { definition: value }))}>
            {!known.some(({ id }) => id === chosen) && <option value={chosen}>{chosen || "choose one"}</option>}
            {known.map(({ id, name: title }) => <option key={id} value={id}>{title && title !== id ? `${title} (${id})` : id}</option>)}
          </select>
        </div>
        {slot && <Documented onView={() => switchView(store, slot, AT)}><FieldRow key={slot.key} slot={slot} pointer={AT} name="Input parameters" /></Documented>}
        <Problems id="workflow-task" pointer="" problems={problems} />
      </section>
      <Note kind="info" title="Its run stands inside this one">The output of the definition is the output of this task. Test its requests where that definition is open.</Note>
    </>
  );
}
