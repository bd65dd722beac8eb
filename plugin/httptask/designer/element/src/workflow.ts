// Pure functions over a workflow definition: list its tasks and routes, and edit it so that its routes stay connected.
import { clone, isObject, type Json, type JsonObject, valueText } from "./json";
import type { Definition, Task } from "./types";

/** A task, with its place in the definition. */
export interface Listed {
  name: string;
  task: Task;
  type: string;
  /** 0 for the tasks of the definition, one more for each branch around the task. */
  depth: number;
  /** The definition or the branch that has the task. */
  flow: Flow;
}
/** What has tasks and a start: the definition, or a branch. */
type Flow = JsonObject & { startTask?: string; tasks?: JsonObject };
const MOST_DEPTH = 20;

/** The characters that some system does not allow in a file's name, and dots at its start. */
const NOT_IN_NAMES = /^\.+|[\x00-\x1f\x7f/\\:*?"<>|]/g;
/** Return *name* as the name of a file; "" if no character is left. */
export const fileName = (name: string): string => name.replace(NOT_IN_NAMES, " ").trim();

/** The name of the workflow *id*, with its id if another one of *all* has that name. */
export function titleIn(all: { id: string; name?: string }[], { id, name = id }: { id: string; name?: string }): string {
  const isShared = all.some((other) => other.id !== id && (other.name ?? other.id) === name);
  return isShared ? `${name} (${id})` : name;
}

/** List all tasks in the order of the definition; the tasks in branches follow their Parallel. */
export function listed(definition: Flow, depth = 0): Listed[] {
  const tasks = isObject(definition.tasks) ? definition.tasks : {};
  return Object.entries(tasks).flatMap(([name, value]) => {
    const task = isObject(value) ? value : {};
    const item = { name, task, type: typeof task.type === "string" ? task.type : "?", depth, flow: definition };
    const inside = depth < MOST_DEPTH ? branches(task).flatMap((branch) => listed(branch, depth + 1)) : [];
    return [item, ...inside];
  });
}

const branches = (task: Task): Flow[] =>
  task.type === "Parallel" && Array.isArray(task.branches) ? task.branches.filter(isObject) : [];
const choicesOf = (task: Task): JsonObject[] => (Array.isArray(task.choices) ? task.choices.filter(isObject) : []);
/** Return *value* if it is a text, otherwise null. */
export const text = (value: Json | undefined): string | null => (typeof value === "string" ? value : null);

export const errorRoutesOf = (task: Task): JsonObject[] => (Array.isArray(task.onError) ? task.onError.filter(isObject) : []);

/** The types with other routes than all the rest (plugins' types too), whose tasks lead to one next task or end the run. */
const STEERING = ["Decision", "Parallel", "Terminate"];
/** Say whether *item* leads to one next task, or ends the run. */
export const goesStraight = ({ type }: Listed): boolean => !STEERING.includes(type);
/** Say whether *item* can have a `nextTask`. A Parallel has one too: the task after all its branches have ended. */
export const goesOn = (item: Listed): boolean => goesStraight(item) || item.type === "Parallel";

/** A member that names a task: `holder[key]`. */
interface Reference {
  holder: JsonObject;
  key: string;
  /** It belongs to an error route. */
  onError: boolean;
}

/** The members of *task* that name another task. Through them the names can be changed. */
export function references(task: Task): Reference[] {
  return [
    ...choicesOf(task).map((choice) => ({ holder: choice, key: "nextTask", onError: false })),
    { holder: task, key: "defaultTask", onError: false },
    { holder: task, key: "nextTask", onError: false },
    ...errorRoutesOf(task).map((route) => ({ holder: route, key: "nextTask", onError: true })),
  ].filter(({ holder, key }) => text(holder[key]) !== null);
}

/** A route from one task to another. */
export interface Route {
  from: string;
  to: string;
  /** The run takes the route after an error. */
  onError: boolean;
}

/** All routes that a run can take from one task to another. */
export function routes(definition: Flow): Route[] {
  return listed(definition).flatMap(({ name, task }) => {
    const leaving = references(task).map(({ holder, key, onError }): Route => ({ from: name, to: holder[key] as string, onError }));
    const inner = branches(task);
    if (!inner.length) return leaving;
    const starts = inner.flatMap((branch) => text(branch.startTask) || []);
    const ends = inner.flatMap((branch) => Object.entries(branch.tasks ?? {}).filter(([, end]) => isObject(end) && end.end === true));
    return [
      ...starts.map((to) => ({ from: name, to, onError: false })),
      // The next task of a Parallel follows the last tasks of its branches.
      ...ends.flatMap(([from]) => leaving.filter(({ onError }) => !onError).map((route) => ({ ...route, from }))),
      ...leaving.filter(({ onError }) => onError),
    ];
  });
}

export const find = (definition: Flow, name: string): Listed | undefined =>
  listed(definition).find((item) => item.name === name);

/** Say whether *name* is what `freeName` makes of *title*, so that no person chose it. */
export const isNamedFor = (name: string, title: string): boolean => {
  const base = title.trim().slice(0, 80);
  return name === base || (name.startsWith(base.slice(0, 76)) && /^ [0-9]+$/.test(name.slice(Math.min(base.length, 76))));
};

/** Cut *wanted* to 80 characters, and number it if a task has that name. */
export function freeName(definition: Flow, wanted: string): string {
  const taken = new Set(listed(definition).map((item) => item.name));
  const base = wanted.trim().slice(0, 80) || "HTTP task";
  for (let count = 2, name = base; ; count++) {
    if (!taken.has(name)) return name;
    name = `${base.slice(0, 76)} ${count}`;
  }
}

/** Return *task* without its routes, to be put elsewhere. */
export function withoutWay(task: Task): Task {
  const { nextTask: _next, end: _end, onError: _onError, ...rest } = task;
  return rest;
}

/** Insert *task* as *name* behind the task *after* (null: at the end of the main line), on the route that leaves it. */
export function insert(definition: Definition, name: string, task: Task, after: string | null): Definition {
  const copy = clone(definition);
  copy.tasks = isObject(copy.tasks) ? copy.tasks : {};
  const before = after === null ? lastOfLine(copy) : find(copy, after);
  const flow = before?.flow ?? copy;
  const added = withoutWay(task);
  const { holder, key } = leavingReference(before, flow);
  const next = text(holder[key]);
  // No route leads to an inserted Terminate if a task follows: that task would be cut off.
  if (!(task.type === "Terminate" && next)) {
    holder[key] = name;
    if (key === "nextTask") delete holder.end;
  }
  // A `startTask` may name a task that does not exist.
  const hasNext = key !== "startTask" || (isObject(flow.tasks) && Object.hasOwn(flow.tasks, next!));
  leadOn(added, hasNext ? next : null);
  flow.tasks = withEntry(flow.tasks as JsonObject, name, added, before && key !== "startTask" ? before.name : null);
  return copy;
}

/**
 * The reference that is to lead to a task behind *before*: its `nextTask`; for a Decision the first choice without a task,
 * or else its default. Behind a Terminate, or without *before*, the new task becomes the start of *flow*.
 */
function leavingReference(before: Listed | undefined, flow: Flow): Omit<Reference, "onError"> {
  if (before && goesOn(before)) return { holder: before.task, key: "nextTask" };
  if (before?.type !== "Decision") return { holder: flow, key: "startTask" };
  const open = choicesOf(before.task).find(({ nextTask }) => !text(nextTask));
  return open ? { holder: open, key: "nextTask" } : { holder: before.task, key: "defaultTask" };
}

/** Let *added* lead to the task *next*, or (null) end the run. */
export function leadOn(added: Task, next: string | null): void {
  if (added.type === "Terminate") return;
  if (added.type === "Decision") {
    added.choices = choicesOf(added).map((choice) => ({ ...choice, nextTask: next ?? "" }));
    added.defaultTask = next ?? "";
  } else if (next) added.nextTask = next;
  else if (added.type !== "Parallel") added.end = true; // a Parallel has no `end`: its next task is chosen or added later
}

/** The last task on the line that begins with the start: up to the first Decision or Terminate, or the end of the run. */
function lastOfLine(definition: Flow): Listed | undefined {
  let last: Listed | undefined;
  const seen = new Set<string>();
  for (let name = text(definition.startTask); name && !seen.has(name); ) {
    seen.add(name);
    const next = find(definition, name);
    if (!next || !goesOn(next)) break;
    last = next;
    name = text(next.task.nextTask);
  }
  return last;
}

/** Return *tasks* with *task* as *name* behind the entry *after* (null: as the first entry). */
export function withEntry(tasks: JsonObject, name: string, task: Task, after: string | null): JsonObject {
  const entries = Object.entries(tasks);
  const index = after === null ? 0 : entries.findIndex(([key]) => key === after) + 1;
  entries.splice(index, 0, [name, task]);
  return Object.fromEntries(entries);
}

/** Call *change* for each reference to a task in the whole definition, with the task that has the reference (none for a start). */
export function eachReference(definition: Flow, change: (reference: Reference, owner?: Listed) => void): void {
  const flows = new Set<Flow>([definition]);
  for (const item of listed(definition)) {
    flows.add(item.flow);
    for (const reference of references(item.task)) change(reference, item);
  }
  for (const flow of flows) if (text(flow.startTask) !== null) change({ holder: flow, key: "startTask", onError: false });
}

/** The task *name* and its neighbour on a straight line (-1: before it, 1: behind it), in order; null if there is none. */
export function neighbours(definition: Definition, name: string, by: -1 | 1): [Listed, Listed] | null {
  const before = by < 0 ? predecessor(definition, name) : name;
  const after = by < 0 ? name : text(find(definition, name)?.task.nextTask);
  if (!before || !after || predecessor(definition, after) !== before) return null;
  const first = find(definition, before)!;
  const second = find(definition, after); // a route may lead to a task that does not exist, or back to its own
  if (!second || after === before || first.flow !== second.flow || !goesStraight(second)) return null;
  return isObject(first.flow.tasks![after]) ? [first, second] : null;
}

/** Swap the task *name* with its neighbour; null if it has none. */
export function move(definition: Definition, name: string, by: -1 | 1): Definition | null {
  const copy = clone(definition);
  const pair = neighbours(copy, name, by);
  if (!pair) return null;
  const [first, second] = pair;
  const { name: before } = first;
  const { name: after } = second;
  const next = text(second.task.nextTask);
  eachReference(copy, ({ holder, key }) => {
    if (holder[key] === before) holder[key] = after;
  });
  second.task.nextTask = before;
  delete second.task.end;
  delete first.task.nextTask;
  if (next) first.task.nextTask = next;
  else first.task.end = true;
  const entries = Object.entries(first.flow.tasks!).filter(([key]) => key !== after);
  entries.splice(entries.findIndex(([key]) => key === before), 0, [after, second.task]);
  first.flow.tasks = Object.fromEntries(entries);
  return copy;
}

/** The task before *name* on a straight line; null if several routes lead to *name*, or the one is no `nextTask`. */
function predecessor(definition: Definition, name: string): string | null {
  const arriving = routes(definition).filter(({ to }) => to === name);
  const only = arriving.length === 1 ? find(definition, arriving[0]!.from) : undefined;
  return only && goesStraight(only) && only.task.nextTask === name ? only.name : null;
}

/** Replace the task *name* by *task*. */
export function replace(definition: Definition, name: string, task: Task): Definition {
  // No copy of the other tasks: the many definitions kept for undo share them.
  if (find(definition, name)?.flow === definition) return { ...definition, tasks: { ...definition.tasks, [name]: task } };
  const copy = clone(definition);
  const item = find(copy, name);
  if (item) item.flow.tasks![name] = task;
  return copy;
}

/** The line under a task's name in the list of tasks. */
export function summary({ type, task }: Listed): string {
  const request = isObject(task.httpRequest) ? task.httpRequest : {};
  if (type === "Http") return (valueText(request.url) || "no address yet").replace(/^https?:\/\/[^/]*/, "") || "/";
  if (type === "Decision") return `${choicesOf(task).length + 1} ways`;
  if (type === "Workflow") return `runs ${text(task.definition) ?? "no definition yet"}`;
  if (type === "Parallel") return `${branches(task).length} branches`;
  if (type === "Wait")
    return (task.until ?? null) === null ? `${valueText(task.seconds) || "?"} s` : `until ${valueText(task.until)}`;
  if (type === "Terminate") return text(task.terminationStatus) ?? "";
  return text(task.description) ?? "";
}
