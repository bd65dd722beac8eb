// Changes of a task that stand in the definition at once, and what is wrong with the task there.
import { child, type JsonObject, same, segments } from "./json";
import { inOrder } from "./slots";
import type { Store } from "./store";
import { fieldTitle } from "./task-form";
import type { Problem, Task } from "./types";
import * as flow from "./workflow";

/** Change members of the task *name*; null takes a member away. */
export function editTask(store: Store, name: string, members: JsonObject): void {
  const { task } = flow.find(store.workflow.working, name)!;
  const changed: Task = { ...task, ...members };
  for (const [key, value] of Object.entries(members)) if (value === null) delete changed[key];
  if (same(changed, task)) return;
  store.workflow.edit((definition) => flow.replace(definition, name, changed), `Change “${name}”`, { form: name });
  store.update();
}

/** Put what *value* says in the place of all that the task *name* has but its type and its routes, and return the task. */
export function rewriteTask(store: Store, name: string, value: JsonObject, pointer?: string): Task {
  const { task } = flow.find(store.workflow.working, name)!;
  const kept = Object.fromEntries(Object.entries(task).filter(([key]) => ROUTES.includes(key)));
  const changed = inOrder({ ...value, ...kept }, Object.keys(task));
  if (same(changed, task)) return changed;
  store.workflow.edit((definition) => flow.replace(definition, name, changed), `Change “${name}”${pointer ? `: ${fieldTitle(pointer)}` : ""}`, { form: name, pointer });
  store.update();
  return changed;
}

/** What the type of a task does not say: its name, and where the task leads. */
const ROUTES = ["type", "nextTask", "end", "onError"];
export const withoutRoutes = (task: Task): Task => Object.fromEntries(Object.entries(task).filter(([key, value]) => !ROUTES.includes(key) && value !== null));

/** The *problems* of the task *name*, with pointers into it. */
export function problemsOf(problems: Problem[], name: string): Problem[] {
  const task = `${child("/tasks", name)}/`;
  return problems.flatMap((problem) => {
    const at = `${problem.pointer}/`.indexOf(task);
    return at < 0 ? [] : [{ ...problem, pointer: problem.pointer.slice(at + task.length - 1) }];
  });
}

/** A problem of a task, and the task inside the one that it was found in. */
export interface InnerProblem extends Problem {
  task: string;
}

/** The *problems* of a Parallel that are those of tasks in its branches, with pointers into these. */
export function innerProblems(problems: Problem[]): InnerProblem[] {
  return problems.flatMap((problem) => {
    const steps = segments(problem.pointer);
    let from = 0;
    while (steps[from] === "branches" && steps[from + 2] === "tasks" && steps.length > from + 3) from += 4;
    return from ? [{ ...problem, task: steps[from - 1]!, pointer: steps.slice(from).reduce(child, "") }] : [];
  });
}

/** The *problems* at *pointer* or inside it. */
export const problemsAt = (problems: Problem[], pointer: string): Problem[] =>
  problems.filter((problem) => `${problem.pointer}/`.startsWith(`${pointer}/`));
