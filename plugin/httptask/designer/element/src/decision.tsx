// A task that chooses where the run goes: a condition and a task for each choice, and a task for every other case.
import type { FlowForm } from "./flow-task";
import { EntryRows, type Row } from "./entries";
import { child } from "./json";
import { TaskChoice } from "./routes";
import { editTask, problemsAt } from "./task-edits";
import { describedBy, Problems, typed, useUi } from "./ui";

export function DecisionForm({ item, problems }: FlowForm) {
  const { store } = useUi();
  const { name, task } = item;
  const fallback = problemsAt(problems, "/defaultTask");
  const general = problems.filter((problem) => !fallback.includes(problem) && !/^\/(choices\/[0-9]|onError)/.test(problem.pointer));
  return (
    <section class="card" aria-labelledby="group-choices">
      <div class="card-head"><h2 id="group-choices">Choices</h2><span class="type">the first whose condition is true is taken</span></div>
      <EntryRows
        id="choice" noun="choice" list={task.choices} least={1} blank={{ condition: "", nextTask: "" }}
        onWrite={(choices) => editTask(store, name, { choices })} draw={(row) => <Choice {...{ item, problems }} {...row} />}
      />
      <div class="field single">
        <div class="field-head"><label class="name" for="default-task">Default task</label><span class="required">*<span class="hidden"> required</span></span><span class="type">when no condition is true</span></div>
        <TaskChoice id="default-task" item={item} value={task.defaultTask} none="choose one" described={describedBy("default", fallback)} onChoose={(next) => editTask(store, name, { defaultTask: next })} />
        <Problems id="default" pointer="/defaultTask" problems={fallback} />
      </div>
      <Problems id="decision" pointer="" problems={general} />
    </section>
  );
}

function Choice({ item, problems, value: choice, index, onChange }: FlowForm & Row) {
  const id = `choice-${index}`;
  const pointer = child("/choices", index);
  const here = problemsAt(problems, pointer);
  const described = describedBy(id, here) || undefined;
  return (
    <>
      <div class="rail">
        <div class="field single"><label class="name" for={id}>Condition {index + 1}</label>
          <input
            id={id} class="code" aria-describedby={described} placeholder="$.statusCode === 200 && $.body.total > 20"
            value={typeof choice.condition === "string" ? choice.condition : ""} onInput={typed((condition) => onChange({ ...choice, condition }))}
          />
        </div>
        <div class="field single"><label class="name" for={`${id}-next`}>Next task {index + 1}</label>
          <TaskChoice id={`${id}-next`} item={item} value={choice.nextTask} none="choose one" described={described} onChoose={(nextTask) => onChange({ ...choice, nextTask })} />
        </div>
      </div>
      <Problems id={id} pointer={pointer} problems={here} />
    </>
  );
}
