// Edits a task directly in the definition (tasks without a request have no form to commit), and finds the task's problems.
import { child, type JsonObject, same, segments } from "./json";
import { inOrder } from "./slots";
import type { Store } from "./store";
import { fieldTitle } from "./task-form";
import type { Problem, Task } from "./types";
import * as flow from "./workflow";

/** Set *members* of the task *name*; null removes a member. */
export function editTask(store: Store, name: string, members: JsonObject): void {
  const { task } = flow.find(store.workflow.working, name)!;
  const changed: Task = { ...task, ...members };
  for (const [key, value] of Object.entries(members)) if (value === null) delete changed[key];
  if (same(changed, task)) return;
  store.workflow.edit((definition) => flow.replace(definition, name, changed), `Change “${name}”`, { form: name });
  store.update();
}

/** Replace all settings of the task *name* by *value*, except its type and its routes, and return the new task. */
export function rewriteTask(store: Store, name: string, value: JsonObject, pointer?: string): Task {
  const { task } = flow.find(store.workflow.working, name)!;
  const routes = Object.fromEntries(Object.entries(task).filter(([key]) => TYPE_AND_ROUTES.includes(key)));
  const changed = inOrder({ ...value, ...routes }, Object.keys(task));
  if (same(changed, task)) return changed;
  const title = `Change “${name}”${pointer ? `: ${fieldTitle(pointer)}` : ""}`;
  store.workflow.edit((definition) => flow.replace(definition, name, changed), title, { form: name, pointer });
  store.update();
  return changed;
}

/** The members of a task that the schema of its type does not describe. */
const TYPE_AND_ROUTES = ["type", "nextTask", "end", "onError"];
/** The settings of *task* that the schema of its type describes, without nulls. */
export const withoutRoutes = (task: Task): Task =>
  Object.fromEntries(Object.entries(task).filter(([key, value]) => !TYPE_AND_ROUTES.includes(key) && value !== null));

/** The *problems* of the task *name*, with pointers relative to the task. */
export function problemsOf(problems: Problem[], name: string): Problem[] {
  const taskPointer = `${child("/tasks", name)}/`;
  return problems.flatMap((problem) => {
    const start = `${problem.pointer}/`.indexOf(taskPointer);
    return start < 0 ? [] : [{ ...problem, pointer: problem.pointer.slice(start + taskPointer.length - 1) }];
  });
}

/** Say whether the problem is one of the task's routes. They are no part of its form: the problems are shown beside them. */
export const isOfRoutes = ({ pointer }: Problem): boolean => /^\/(nextTask|end|onError)(\/|$)/.test(pointer);

/** Say whether the problem, with a pointer relative to its task, is one of the task's name. */
export const isOfName = ({ pointer, code }: Problem): boolean => pointer === "" && !!code?.startsWith("task-name-");

/** A problem of a task in a branch: the name of that task, and a pointer relative to it. */
export interface InnerProblem extends Problem {
  task: string;
}

/** Those of *problems*, the problems of a Parallel, that belong to tasks in its branches (or in theirs). */
export function innerProblems(problems: Problem[]): InnerProblem[] {
  return problems.flatMap((problem) => {
    const parts = segments(problem.pointer);
    let from = 0;
    while (parts[from] === "branches" && parts[from + 2] === "tasks" && parts.length > from + 3) from += 4;
    return from ? [{ ...problem, task: parts[from - 1]!, pointer: parts.slice(from).reduce(child, "") }] : [];
  });
}

/** The *problems* at *pointer* or below it. */
export const problemsAt = (problems: Problem[], pointer: string): Problem[] =>
  problems.filter((problem) => `${problem.pointer}/`.startsWith(`${pointer}/`));
