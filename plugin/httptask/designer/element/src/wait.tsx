// The form of a Wait task: some seconds, or until a time.
import { useState } from "preact/hooks";
import type { FlowForm } from "./flow-task";
import { exactNumber, NUMBER, valueText } from "./json";
import { ANY, load } from "./slots";
import { editTask, problemsAt } from "./task-edits";
import { describedBy, Problems, Radios, useUi } from "./ui";
import { ValueBox } from "./value-box";

const WAYS = [
  { name: "seconds", title: "Some seconds", label: "Seconds", placeholder: "60, or ${$.input.pause}" },
  { name: "until", title: "Until a time", label: "Until", placeholder: "2030-01-31T08:00:00+01:00, or ${$.input.due}" },
] as const;

/** How long the task *item* waits. */
export function WaitForm({ item: { name, task }, problems: all }: FlowForm) {
  const { store, focus } = useUi();
  const way = WAYS.find((candidate) => (task[candidate.name] ?? null) !== null) ?? WAYS[0];
  const [slot] = useState(() => load(ANY));
  Object.assign(slot, { fx: true, expr: valueText(task[way.name]) });
  const problems = all.filter((problem) => problem.pointer === "" || problemsAt([problem], `/${way.name}`).length);
  const write = () => {
    const text = slot.expr.trim();
    const isNumber = way.name === "seconds" && NUMBER.test(text);
    editTask(store, name, { [way.name]: isNumber ? exactNumber(text) : slot.expr });
  };
  return (
    <section class="card" aria-label="How long it waits">
      <div class="field single">
        <Radios class="segments" aria-label="How long it waits">
          {WAYS.map((other) => (
            <label key={other.name}>
              <input
                type="radio" name="wait" checked={other === way}
                onChange={() => { editTask(store, name, { [way.name]: null, [other.name]: "" }); focus("wait-value"); }}
              />
              <span>{other.title}</span>
            </label>
          ))}
        </Radios>
      </div>
      <div class="field single">
        <div class="field-head">
          <label class="name" for="wait-value">{way.label}</label>
          <span class="required">*<span class="hidden"> required</span></span>
          <span class="type">or an expression, in {"${}"}</span>
        </div>
        <ValueBox
          slot={slot} of="whole" quiet id="wait-value" pointer={`/${way.name}`} name={way.label} placeholder={way.placeholder}
          described={describedBy("wait", problems) || undefined} redraw={write}
        />
        <Problems id="wait" pointer="" problems={problems} />
      </div>
    </section>
  );
}
