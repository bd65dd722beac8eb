// The form of a Workflow task, which runs another definition: the choice of the definition, and its input.
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

/** The pointer of the input in the task. */
const INPUT = "/inputParameters";
/** The input of a definition without an `inputSchema`. */
const UNKNOWN: Field = { kind: "map", type: "object", values: ANY };

/** The form for the input of the definition *chosen*, filled with *value*; null while it is being loaded. */
function useInputForm(chosen: string, value: Json | undefined): Slot | null {
  const { store } = useUi();
  const [slot, setSlot] = useState<Slot | null>(null);
  useLayoutEffect(() => {
    let isCurrent = true;
    setSlot(null);
    const loadField = async (): Promise<Field | undefined> => {
      const { inputSchema } = chosen ? (await store.api.workflow(chosen)).definition : {};
      return inputSchema ? (await store.api.inputForm(inputSchema as Json)).field : undefined;
    };
    // If the definition does not exist or the server does not answer, any input can be typed.
    loadField().catch(() => undefined).then((field = UNKNOWN) => {
      if (isCurrent) setSlot(load({ ...field, required: true }, value ?? undefined));
    });
    return () => { isCurrent = false; };
  }, [chosen]);
  return slot;
}

/** The definition that the task *item* runs, and the input it gives it. */
export function WorkflowForm({ item: { name, task }, problems: all }: FlowForm) {
  const { store } = useUi();
  const others = (store.config?.workflows ?? []).filter(({ id }) => id !== store.workflow.id);
  const chosen = typeof task.definition === "string" ? task.definition : "";
  const redraw = useRedraw();
  const slot = useInputForm(chosen, task.inputParameters);
  const problems = all.filter(({ pointer }) => !pointer.startsWith("/onError"));
  const write = () => {
    if (!slot || (slot.raw !== null && isBroken(slot.raw))) return; // not JSON yet
    // First the secrets, so that the draft is stored without them: their names do not always tell that they are secrets.
    store.drafts.secretsOf[name] = secretPointers(slot).map((pointer) => INPUT + pointer);
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
          <div class="field-head">
            <label class="name" for="workflow-definition">Definition</label>
            <span class="required">*<span class="hidden"> required</span></span>
          </div>
          <select
            id="workflow-definition" value={chosen} aria-describedby={describedBy("workflow-task", problems)}
            onChange={typed((value) => editTask(store, name, { definition: value }))}
          >
            {!others.some(({ id }) => id === chosen) && <option value={chosen}>{chosen || "choose one"}</option>}
            {others.map(({ id, name: title }) => (
              <option key={id} value={id}>{title && title !== id ? `${title} (${id})` : id}</option>
            ))}
          </select>
        </div>
        {slot && (
          <Documented onView={() => switchView(store, slot, INPUT)}>
            <FieldRow key={slot.key} slot={slot} pointer={INPUT} name="Input parameters" />
          </Documented>
        )}
        <Problems id="workflow-task" pointer="" problems={problems} />
      </section>
      <Note kind="info" title="Its run stands inside this one">
        The output of the definition is the output of this task. Test its requests where that definition is open.
      </Note>
    </>
  );
}
