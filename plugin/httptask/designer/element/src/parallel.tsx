// The form of a Parallel task: the first task of each branch, and adding branches. The tasks inside have their own forms.
import { plural } from "./amounts";
import { EntryRows, type Row } from "./entries";
import type { FlowForm } from "./flow-task";
import { child, isObject, type JsonObject, segments, valueText } from "./json";
import { TaskChoice } from "./routes";
import { editTask, type InnerProblem, problemsAt } from "./task-edits";
import { fieldTitle } from "./task-form";
import type { Field } from "./types";
import { describedBy, Icon, Problems, useUi } from "./ui";
import * as flow from "./workflow";

/** How many problems of one branch's tasks are listed. */
const MOST_SHOWN = 12;

/** The branches of a Parallel task. */
export function ParallelForm({ item, problems: all, inner }: FlowForm) {
  const { store } = useUi();
  const problems = all.filter(({ pointer }) => !pointer.startsWith("/onError"));
  const general = problems.filter(({ pointer }) => !/^\/branches\/[0-9]/.test(pointer));
  const first = flow.freeName(store.workflow.working, "HTTP request");
  return (
    <>
      <section class="card" aria-labelledby="group-branches">
        <div class="card-head">
          <h2 id="group-branches">Branches</h2>
          <span class="type">side by side; the run goes on when all have ended</span>
        </div>
        <EntryRows
          id="branch" noun="branch" pointer="/branches" problems={problems} list={item.task.branches} least={1}
          blank={{ startTask: first, tasks: { [first]: { type: "Http", httpRequest: { url: "https://", method: "GET" }, end: true } } }}
          onWrite={(branches) => editTask(store, item.name, { branches })}
          draw={(row) => <Branch {...{ item, problems, inner }} {...row} />}
        />
        <Problems id="parallel" pointer="" problems={general} />
      </section>
      <p class="muted small">What is added while a task of a branch is open goes into that branch.</p>
    </>
  );
}

function Branch({ item, problems, inner, value: branch, index, onChange }: FlowForm & Row) {
  const { store } = useUi();
  const id = `branch-${index}`;
  const pointer = child("/branches", index);
  const branchProblems = problemsAt(problems, pointer);
  const tasks = isObject(branch.tasks ?? null) ? (branch.tasks as JsonObject) : {};
  const start = valueText(branch.startTask);
  const branchFlow = branch as flow.Listed["flow"];
  const names = new Set(flow.listed(branchFlow).map(({ name }) => name));
  return (
    <>
      <div class="field single">
        <label class="name" for={id}>First task of branch {index + 1}</label>
        <div class="joined">
          <TaskChoice
            id={id} item={{ ...item, flow: branchFlow }} value={start} none="choose one"
            described={describedBy(id, branchProblems)} onChoose={(startTask) => onChange({ ...branch, startTask })}
          />
          <span class="muted small">{plural(Object.keys(tasks).length, "task")}</span>
          {Object.hasOwn(tasks, start) && <button aria-label={`Open ${start}`} onClick={() => void store.task.open(start)}>Open</button>}
        </div>
      </div>
      <Problems id={id} pointer={pointer} problems={branchProblems} />
      <InnerProblems problems={inner.filter(({ task }) => names.has(task))} />
    </>
  );
}

/** The title of the setting at *pointer*, as on its form: `Retry › Attempts`. */
function settingTitle(pointer: string, settings: Field[]): string {
  const titles: string[] = [];
  let fields: Field[] | undefined = settings;
  for (const name of segments(pointer)) {
    const field: Field | undefined = fields?.find((candidate) => candidate.name === name);
    if (!field && !titles.length) return fieldTitle(pointer);
    titles.push(field?.title ?? name);
    fields = field?.fields;
  }
  return titles.join(" › ");
}

/** The problems of the tasks in a branch, each with a link to its field. */
function InnerProblems({ problems }: { problems: InnerProblem[] }) {
  const { store } = useUi();
  if (!problems.length) return null;
  const titleOf = (task: string, pointer: string): string =>
    [task, settingTitle(pointer, store.config!.taskSettings)].filter(Boolean).join(" › ");
  return (
    <ul class="inner-problems" aria-label="Problems of the tasks in this branch">
      {problems.slice(0, MOST_SHOWN).map(({ task, pointer, message, severity }) => (
        <li key={task + pointer + message} class={`problem ${severity}`}>
          <Icon name="alert" />
          <span>
            <button class="link" onClick={() => void store.openAt(task, pointer)}>{titleOf(task, pointer)}</button>
            : {message}
          </span>
        </li>
      ))}
      {problems.length > MOST_SHOWN && <li class="muted">and {problems.length - MOST_SHOWN} more</li>}
    </ul>
  );
}
