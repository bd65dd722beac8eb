// A task that waits: some seconds, or until a time.
import { useState } from "preact/hooks";
import type { FlowForm } from "./flow-task";
import { exactNumber, NUMBER } from "./json";
import { ANY, load } from "./slots";
import { editTask, problemsAt } from "./task-edits";
import { describedBy, Problems, Radios, useUi } from "./ui";
import { ValueBox } from "./value-box";

const WAYS = [
  { name: "seconds", title: "Some seconds", label: "Seconds", placeholder: "60, or ${$.input.pause}" },
  { name: "until", title: "Until a time", label: "Until", placeholder: "2030-01-31T08:00:00+01:00, or ${$.input.due}" },
] as const;

export function WaitForm({ item: { name, task }, problems }: FlowForm) {
  const { store, focus } = useUi();
  const way = WAYS.find((each) => (task[each.name] ?? null) !== null) ?? WAYS[0];
  const value = task[way.name];
  const [slot] = useState(() => load(ANY));
  Object.assign(slot, { fx: true, expr: value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value) });
  const here = problems.filter(({ pointer }) => pointer === "" || problemsAt([{ pointer } as never], `/${way.name}`).length);
  return (
    <section class="card" aria-label="How long it waits">
      <div class="field single">
        <Radios class="segments" aria-label="How long it waits">
          {WAYS.map((each) => (
            <label key={each.name}>
              <input
                type="radio" name="wait" checked={each === way}
                onChange={() => { editTask(store, name, { [way.name]: null, [each.name]: "" }); focus("wait-value"); }}
              />
              <span>{each.title}</span>
            </label>
          ))}
        </Radios>
      </div>
      <div class="field single">
        <div class="field-head"><label class="name" for="wait-value">{way.label}</label><span class="required">*<span class="hidden"> required</span></span><span class="type">or an expression, in {"${}"}</span></div>
        <ValueBox
          slot={slot} of="whole" quiet id="wait-value" pointer={`/${way.name}`} name={way.label} placeholder={way.placeholder} described={describedBy("wait", here) || undefined}
          redraw={() => editTask(store, name, { [way.name]: way.name === "seconds" && NUMBER.test(slot.expr.trim()) ? exactNumber(slot.expr.trim()) : slot.expr })}
        />
        <Problems id="wait" pointer="" problems={here} />
      </div>
    </section>
  );
}
