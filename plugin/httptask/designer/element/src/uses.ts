// Who uses the name of a task: its routes, and expressions as the server reads them.
import { child, isObject, type Json, same, segments } from "./json";
import { removeTask } from "./removal";
import type { Store } from "./store";
import { problemsOf } from "./task-edits";
import { fieldTitle } from "./task-form";
import type { Definition } from "./types";
import * as flow from "./workflow";

export interface Use {
  /** The task that uses the name; null: the start of the definition. */
  task: string | null;
  /** Where in it, as the form has it. */
  field: string;
  /** Routes are mended when a task goes, expressions are not. */
  isRoute: boolean;
  /** Nobody can tell before a run: a new name is not written there. */
  isDoubtful: boolean;
}

/** Who uses the task *name* in the definition as it stands on the screen: what the server would change for another name. */
export async function usesOf(store: Store, name: string): Promise<Use[]> {
  store.task.commit();
  const before = store.workflow.working;
  const { definition: after, problems } = await store.api.renamed(before, name, flow.freeName(before, name));
  const inside = flow.listed(before).reverse(); // a branch before what holds it
  const doubts = problems.flatMap((problem): Use[] => {
    const item = inside.find(({ name: task }) => problemsOf([problem], task).length);
    return item ? [{ task: item.name, field: fieldOf(problemsOf([problem], item.name)[0]!.pointer), isRoute: false, isDoubtful: true }] : [];
  });
  return [...changes(before, after), ...doubts];
}

function changes(before: Definition, after: Definition): Use[] {
  const renamed = flow.listed(after);
  const inTasks = flow.listed(before).flatMap(({ name, task }, index) =>
    differences(task, renamed[index]!.task, "").map((pointer): Use => ({ task: name, field: fieldOf(pointer), isRoute: /\/(nextTask|defaultTask|startTask)$/.test(pointer), isDoubtful: false })));
  return before.startTask === after.startTask ? inTasks : [{ task: null, field: "", isRoute: true, isDoubtful: false }, ...inTasks];
}

/** The pointers of the texts that differ; the tasks of branches are listed by themselves. */
function differences(before: Json | undefined, after: Json | undefined, pointer: string): string[] {
  if (Array.isArray(before) && Array.isArray(after)) return before.flatMap((item, index) => differences(item, after[index], child(pointer, index)));
  if (isObject(before) && isObject(after))
    return Object.entries(before).flatMap(([key, item]) => (key === "tasks" && /^\/branches\/[0-9]+$/.test(pointer) ? [] : differences(item, after[key], child(pointer, key))));
  return same(before, after) ? [] : [pointer];
}

const WAYS: Record<string, string> = { nextTask: "next task", defaultTask: "default task", startTask: "start of a branch" };
function fieldOf(pointer: string): string {
  const parts = segments(pointer);
  if (parts[0] === "onError") return `error route ${Number(parts[1]) + 1}`;
  if (parts[0] === "choices") return `choice ${Number(parts[1]) + 1}`;
  return WAYS[parts.at(-1)!] ?? fieldTitle(pointer);
}

/** Remove the task *name*: at once where only routes lead to it, else when somebody has seen who uses its answer. */
export async function askRemoval(store: Store, name: string): Promise<void> {
  let uses: Use[] = [];
  try {
    uses = (await usesOf(store, name)).filter(({ isRoute, task }) => !isRoute && task !== name);
  } catch {
    /* the server is away: an undo brings the task back */
  }
  if (!uses.length) return removeTask(store, name);
  store.workflow.removal = { name, uses };
  store.focusWanted = "remove-anyway";
  store.update();
}
