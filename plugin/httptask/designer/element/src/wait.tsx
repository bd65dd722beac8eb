// A task that waits: some seconds, or until a time.
import type { FlowForm } from "./flow-task";
import { exactNumber, NUMBER } from "./json";
import { editTask, problemsAt } from "./task-edits";
import { describedBy, Problems, typed, useUi } from "./ui";

const WAYS = [
  { name: "seconds", title: "Some seconds", label: "Seconds", placeholder: "60, or ${$.input.pause}" },
  { name: "until", title: "Until a time", label: "Until", placeholder: "2030-01-31T08:00:00+01:00, or ${$.input.due}" },
] as const;

export function WaitForm({ item: { name, task }, problems }: FlowForm) {
  const { store, focus } = useUi();
  const way = WAYS.find((each) => (task[each.name] ?? null) !== null) ?? WAYS[0];
  const value = task[way.name];
  const here = problems.filter(({ pointer }) => pointer === "" || problemsAt([{ pointer } as never], `/${way.name}`).length);
  return (
    <section class="card" aria-label="How long it waits">
      <div class="field single">
        <div class="segments" role="radiogroup" aria-label="How long it waits">
          {WAYS.map((each) => (
            <label key={each.name}>
              <input
                type="radio" name="wait" checked={each === way}
                onChange={() => { editTask(store, name, { [way.name]: null, [each.name]: "" }); focus("wait-value"); }}
              />
              <span>{each.title}</span>
            </label>
          ))}
        </div>
      </div>
      <div class="field single">
        <div class="field-head"><label class="name" for="wait-value">{way.label}</label><span class="required">*<span class="hidden"> required</span></span><span class="type">or an expression, in {"${}"}</span></div>
        <input
          id="wait-value" class="code" placeholder={way.placeholder} aria-describedby={describedBy("wait", here) || undefined}
          value={value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value)}
          onInput={typed((text) => editTask(store, name, { [way.name]: way.name === "seconds" && NUMBER.test(text.trim()) ? exactNumber(text.trim()) : text }))}
        />
        <Problems id="wait" pointer="" problems={here} />
      </div>
    </section>
  );
}
