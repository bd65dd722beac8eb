// Changes of a task that stand in the definition at once, and what is wrong with the task there.
import { child, type JsonObject } from "./json";
import type { Store } from "./store";
import type { Problem, Task } from "./types";
import * as flow from "./workflow";

/** Change members of the task *name*; null takes a member away. */
export function editTask(store: Store, name: string, members: JsonObject): void {
  store.workflow.edit((definition) => {
    const changed: Task = { ...flow.find(definition, name)!.task, ...members };
    for (const [key, value] of Object.entries(members)) if (value === null) delete changed[key];
    return flow.replace(definition, name, changed);
  }, `Change “${name}”`, { form: name });
  store.update();
}

/** The *problems* of the task *name*, with pointers into it. */
export function problemsOf(problems: Problem[], name: string): Problem[] {
  const task = `${child("/tasks", name)}/`;
  return problems.flatMap((problem) => {
    const at = `${problem.pointer}/`.indexOf(task);
    return at < 0 ? [] : [{ ...problem, pointer: problem.pointer.slice(at + task.length - 1) }];
  });
}

/** The *problems* at *pointer* or inside it. */
export const problemsAt = (problems: Problem[], pointer: string): Problem[] =>
  problems.filter((problem) => `${problem.pointer}/`.startsWith(`${pointer}/`));
