// Finds the places that use the name of a task: routes, and expressions, which the server reads.
import { child, isObject, type Json, same, segments } from "./json";
import { removeTask } from "./removal";
import type { Store } from "./store";
import { problemsOf } from "./task-edits";
import { fieldTitle } from "./task-form";
import type { Definition } from "./types";
import * as flow from "./workflow";

/** A place that uses the name of a task. */
export interface Use {
  /** The task that uses the name; null for the start of the workflow. */
  task: string | null;
  /** The title of the field in that task, as on the form. */
  field: string;
  /** The place is a route: it is mended when the used task is removed. An expression is not. */
  isRoute: boolean;
  /** Only a run can tell whether the expression means the task: a rename leaves the place as it is. */
  isDoubtful: boolean;
}

/**
 * Find the places that use the task *name* in the definition under edit. The server renames the task in a copy: the places
 * are those that differ, and those it reports as problems because it cannot tell.
 */
export async function usesOf(store: Store, name: string): Promise<Use[]> {
  store.task.commit();
  const before = store.workflow.working;
  const { definition: after, problems } = await store.api.renamed(before, name, flow.freeName(before, name));
  const innermostFirst = flow.listed(before).reverse(); // a task in a branch comes before its Parallel
  const doubts = problems.flatMap((problem): Use[] => {
    for (const { name: task } of innermostFirst) {
      const [inner] = problemsOf([problem], task);
      if (inner) return [{ task, field: fieldOf(inner.pointer), isRoute: false, isDoubtful: true }];
    }
    return [];
  });
  return [...changes(before, after), ...doubts];
}

/** The places at which *after*, in which a task is renamed, differs from *before*. */
function changes(before: Definition, after: Definition): Use[] {
  const renamed = flow.listed(after);
  const inTasks = flow.listed(before).flatMap(({ name, task }, index) =>
    differences(task, renamed[index]?.task, "").map((pointer): Use => {
      const isRoute = /\/(nextTask|defaultTask|startTask)$/.test(pointer);
      return { task: name, field: fieldOf(pointer), isRoute, isDoubtful: false };
    }));
  if (before.startTask === after.startTask) return inTasks;
  return [{ task: null, field: "", isRoute: true, isDoubtful: false }, ...inTasks];
}

/** The pointers of the values that differ. The tasks in branches are left out: `flow.listed` lists them too. */
function differences(before: Json | undefined, after: Json | undefined, pointer: string): string[] {
  if (Array.isArray(before) && Array.isArray(after))
    return before.flatMap((item, index) => differences(item, after[index], child(pointer, index)));
  if (isObject(before) && isObject(after)) {
    const isBranch = /^\/branches\/[0-9]+$/.test(pointer);
    return Object.entries(before).flatMap(([key, item]) =>
      isBranch && key === "tasks" ? [] : differences(item, after[key], child(pointer, key)));
  }
  return same(before, after) ? [] : [pointer];
}

const WAYS: Record<string, string> = { nextTask: "next task", defaultTask: "default task", startTask: "start of a branch" };
/** The title of the place at *pointer* in a task. */
function fieldOf(pointer: string): string {
  const parts = segments(pointer);
  if (parts[0] === "onError") return `error route ${Number(parts[1]) + 1}`;
  if (parts[0] === "choices") return `choice ${Number(parts[1]) + 1}`;
  const last = parts.at(-1)!;
  return Object.hasOwn(WAYS, last) ? WAYS[last]! : fieldTitle(pointer);
}

/** Remove the task *name* at once if no expression of another task uses its output; otherwise ask first, and show the uses. */
export async function askRemoval(store: Store, name: string): Promise<void> {
  let uses: Use[] = [];
  try {
    uses = (await usesOf(store, name)).filter(({ isRoute, task }) => !isRoute && task !== name);
  } catch {
    /* no answer of the server: the task is removed, and an undo brings it back */
  }
  if (!uses.length) return removeTask(store, name);
  store.workflow.removal = { name, uses };
  store.focusWanted = "remove-anyway";
  store.update();
}
