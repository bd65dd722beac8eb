// A task that runs another definition: which one, and its input.
import { useLayoutEffect, useState } from "preact/hooks";
import { FieldRow } from "./field-row";
import type { FlowForm } from "./flow-task";
import { type Json, type JsonObject, parseTyped } from "./json";
import { Fields } from "./objects";
import { asShownJson, secretPointers } from "./secrets";
import { ANY, dump, load, type Slot, withSigns } from "./slots";
import { editTask } from "./task-edits";
import { describedBy, Note, Problems, typed, useRedraw, useUi } from "./ui";

const AT = "/inputParameters";
/** The input *value*, of *slot* where its definition describes it, as text in which signs stand for secrets; an expression as it is. */
const shownOf = (value: Json | undefined, slot = load(ANY, value)) => (typeof value === "string" ? { text: value, signs: new Map<string, Json>() } : asShownJson(slot, 1));

/** The form of the input that the definition *chosen* describes, filled with *value*; null where it describes none. */
function useInputForm(chosen: string, value: Json | undefined) {
  const { store } = useUi();
  const [slot, setSlot] = useState<Slot | null>(null);
  useLayoutEffect(() => {
    let wanted = true;
    setSlot(null);
    const described = async () => {
      const { inputSchema } = (await store.api.workflow(chosen)).definition;
      const { field } = inputSchema ? await store.api.inputForm(inputSchema as Json) : {};
      if (wanted && field) setSlot(load({ ...field, required: true }, value ?? undefined));
    };
    if (chosen) described().catch(() => {}); // it is not there, or the server is away: as JSON
    return () => { wanted = false; };
  }, [chosen]);
  return [slot, setSlot] as const;
}

export function WorkflowForm({ item: { name, task }, problems: all }: FlowForm) {
  const { store } = useUi();
  const known = (store.config?.workflows ?? []).filter(({ id }) => id !== store.workflow.id);
  const chosen = typeof task.definition === "string" ? task.definition : "";
  const redraw = useRedraw();
  const [slot, setSlot] = useInputForm(chosen, task.inputParameters);
  const [asJson, setAsJson] = useState(false);
  const [{ text, signs }, setShown] = useState(() => shownOf(task.inputParameters));
  const [broken, setBroken] = useState("");
  const problems = all.filter(({ pointer }) => !pointer.startsWith("/onError"));
  const write = (members: JsonObject) => editTask(store, name, members);
  const writeInput = (value: Json | undefined) => {
    // Before it is stored: a name does not always tell that it is one.
    if (slot) store.drafts.secretsOf[name] = secretPointers(load(slot.field, value)).map((pointer) => AT + pointer);
    write({ inputParameters: value ?? null });
  };
  const writeForm = () => writeInput(dump(slot!));
  useLayoutEffect(() => {
    store.task.flowChanged = slot ? writeForm : null;
    return () => { store.task.flowChanged = null; };
  });
  const writeText = (typedText: string) => {
    setShown({ text: typedText, signs });
    setBroken("");
    if (!typedText.trim() || typedText.trim().startsWith("${")) return writeInput(typedText.trim() || undefined);
    try {
      writeInput(withSigns(parseTyped(typedText), signs));
    } catch (error) {
      setBroken(`Not JSON yet: ${(error as Error).message}`);
    }
  };
  return (
    <>
      <section class="card" aria-label="Runs another definition">
        <div class="field single">
          <div class="field-head"><label class="name" for="workflow-definition">Definition</label><span class="required">*<span class="hidden"> required</span></span></div>
          <select id="workflow-definition" value={chosen} aria-describedby={describedBy("workflow-task", problems)} onChange={typed((value) => write({ definition: value }))}>
            {!known.some(({ id }) => id === chosen) && <option value={chosen}>{chosen || "choose one"}</option>}
            {known.map(({ id, name: title }) => <option key={id} value={id}>{title && title !== id ? `${title} (${id})` : id}</option>)}
          </select>
        </div>
        {slot && !asJson ? (
          <div class="field headed" role="group" aria-labelledby="workflow-input-name" id="workflow-input" tabIndex={-1}>
            <div class="lab">
              <span class="name" id="workflow-input-name">Input parameters</span>
              <span class="type">the input of its run</span>
              <button class="link" onClick={() => { setShown(shownOf(dump(slot), slot)); setAsJson(true); }}>Write it as JSON</button>
            </div>
            <div class="below">
              {slot.field.kind === "object" && slot.raw === null && !slot.fx && !slot.isNull
                ? <Fields key={slot.key} slot={slot} pointer={AT} id="workflow-input" redraw={() => { writeForm(); redraw(); }} />
                : <FieldRow key={slot.key} slot={slot} pointer={AT} name="Input parameters" />}
            </div>
          </div>
        ) : (
          <div class="field single">
            <div class="field-head">
              <label class="name" for="workflow-input">Input parameters</label><span class="type">JSON, with expressions; the input of its run</span>
              {slot && !broken && <button class="link" onClick={() => { setSlot(load(slot.field, task.inputParameters ?? undefined)); setAsJson(false); }}>Use the form</button>}
            </div>
            <textarea id="workflow-input" class="code" rows={5} value={text} placeholder={'{"customer": "${$.input.customer}"}'} onInput={typed(writeText)} />
            {broken && <span class="problem error">{broken}</span>}
          </div>
        )}
        <Problems id="workflow-task" pointer="" problems={problems} />
      </section>
      <Note kind="info" title="Its run stands inside this one">The output of the definition is the output of this task. Test its requests where that definition is open.</Note>
    </>
  );
}
