// A task that ends the run: how, and with which output.
import { useState } from "preact/hooks";
import { AlmostJson } from "./almost-json";
import type { FlowForm } from "./flow-task";
import { type Json, parse } from "./json";
import { isBroken } from "./slots";
import { editTask } from "./task-edits";
import { describedBy, Problems, typed, useUi } from "./ui";

const STATUSES = ["Completed", "Failed"];

export function TerminateForm({ item: { name, task }, problems }: FlowForm) {
  const { store } = useUi();
  const output = task.workflowOutput;
  const [text, setText] = useState(output === undefined ? "" : typeof output === "string" ? output : JSON.stringify(output, null, 1));
  const status = String(task.terminationStatus ?? "");
  const write = (typedText: string) => {
    setText(typedText);
    editTask(store, name, { workflowOutput: asJson(typedText) });
  };
  return (
    <section class="card" aria-label="How the run ends">
      <div class="field single">
        <div class="field-head"><label class="name" for="termination-status">Status of the run</label></div>
        <select id="termination-status" value={status} aria-describedby={describedBy("terminate", problems) || undefined} onChange={typed((value) => editTask(store, name, { terminationStatus: value }))}>
          {!STATUSES.includes(status) && <option value={status}>{status || "choose one"}</option>}
          {STATUSES.map((each) => <option key={each}>{each}</option>)}
        </select>
      </div>
      <div class="field single">
        <div class="field-head"><label class="name" for="workflow-output">Output of the run</label><span class="type">JSON or text, with expressions; empty: the output of the task before</span></div>
        <textarea id="workflow-output" class="code" rows={4} value={text} placeholder={'{"id": "${$.tasks.Get.output.body.id}"}'} onInput={typed(write)} />
        {isBroken(text) && <AlmostJson text={text} onMend={write} />}
      </div>
      <Problems id="terminate" pointer="" problems={problems} />
    </section>
  );
}

/** The JSON that *text* says; text that says none is meant as it is. */
function asJson(text: string): Json {
  if (!text.trim()) return null;
  try {
    return parse(text);
  } catch {
    return text;
  }
}
