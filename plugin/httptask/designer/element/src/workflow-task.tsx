// A task that runs another definition: which one, and its input.
import { useState } from "preact/hooks";
import type { FlowForm } from "./flow-task";
import { isObject, type Json, type JsonObject, parse } from "./json";
import { editTask } from "./task-edits";
import { describedBy, Note, Problems, typed, useUi } from "./ui";

export function WorkflowForm({ item: { name, task }, problems: all }: FlowForm) {
  const { store } = useUi();
  const known = (store.config?.workflows ?? []).filter(({ id }) => id !== store.workflow.id);
  const chosen = typeof task.definition === "string" ? task.definition : "";
  const [text, setText] = useState(isObject(task.inputParameters ?? null) ? JSON.stringify(task.inputParameters, null, 1) : typeof task.inputParameters === "string" ? task.inputParameters : "");
  const [broken, setBroken] = useState("");
  const problems = all.filter(({ pointer }) => !pointer.startsWith("/onError"));
  const write = (members: JsonObject) => editTask(store, name, members);
  const writeInput = (typedText: string) => {
    setText(typedText);
    setBroken("");
    if (!typedText.trim() || typedText.trim().startsWith("${")) return write({ inputParameters: typedText.trim() || null });
    try {
      write({ inputParameters: parse(typedText) as Json });
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
        <div class="field single">
          <div class="field-head"><label class="name" for="workflow-input">Input parameters</label><span class="type">JSON, with expressions; the input of its run</span></div>
          <textarea id="workflow-input" class="code" rows={5} value={text} placeholder={'{"customer": "${$.input.customer}"}'} onInput={typed(writeInput)} />
          {broken && <span class="problem error">{broken}</span>}
        </div>
        <Problems id="workflow-task" pointer="" problems={problems} />
      </section>
      <Note kind="info" title="Its run stands inside this one">The output of the definition is the output of this task. Test its requests where that definition is open.</Note>
    </>
  );
}
