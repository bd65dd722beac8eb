// Pure functions over a workflow definition: its tasks in order, its routes, and edits that keep the routes whole.
import { clone, isObject, type Json, type JsonObject } from "./json";
import type { Definition, Task } from "./types";

export interface Listed {
  name: string;
  task: Task;
  type: string;
  /** 0 at the top, one more inside each branch. */
  depth: number;
  /** What holds it: the definition, or a branch. */
  flow: Flow;
}
type Flow = JsonObject & { startTask?: string; tasks?: JsonObject };
const MOST_DEPTH = 20;

/** What a file's name cannot hold everywhere. */
const NOT_IN_NAMES = /^\.+|[\x00-\x1f\x7f/\\:*?"<>|]/g;
/** *name* as the name of a definition's file; "" for one that has nothing to be called by. */
export const fileName = (name: string): string => name.replace(NOT_IN_NAMES, " ").trim();

/** Every task, branches included, in the order they stand in. */
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
export const text = (value: Json | undefined): string | null => (typeof value === "string" ? value : null);

export const errorRoutesOf = (task: Task): JsonObject[] => (Array.isArray(task.onError) ? task.onError.filter(isObject) : []);

/** Types with a way on of their own: the tasks of every other one, of plugins too, go on to one other task, or end. */
const STEERING = ["Decision", "Parallel", "Terminate"];
export const goesStraight = ({ type }: Listed): boolean => !STEERING.includes(type);
/** Whether a task names the one that follows it: a Parallel has to, when its branches have ended. */
export const goesOn = (item: Listed): boolean => goesStraight(item) || item.type === "Parallel";

interface Reference {
  holder: JsonObject;
  key: string;
  /** The way after a failure. */
  onError: boolean;
}

/** The places in *task* that name another one, to read and to change. */
export function references(task: Task): Reference[] {
  return [
    ...choicesOf(task).map((choice) => ({ holder: choice, key: "nextTask", onError: false })),
    { holder: task, key: "defaultTask", onError: false },
    { holder: task, key: "nextTask", onError: false },
    ...errorRoutesOf(task).map((route) => ({ holder: route, key: "nextTask", onError: true })),
  ].filter(({ holder, key }) => text(holder[key]) !== null);
}

export interface Route {
  from: string;
  to: string;
  /** The way after a failure. */
  onError: boolean;
}

/** Every way a run may go from one task to another. */
export function routes(definition: Flow): Route[] {
  return listed(definition).flatMap(({ name, task }) => {
    const to = references(task).map(({ holder, key, onError }): Route => ({ from: name, to: holder[key] as string, onError }));
    const inner = branches(task);
    if (!inner.length) return to;
    // A Parallel goes on where its branches end.
    const ends = inner.flatMap((branch) => Object.entries(branch.tasks ?? {}).filter(([, each]) => isObject(each) && each.end === true));
    return [
      ...inner.flatMap((branch) => (text(branch.startTask) ? [{ from: name, to: text(branch.startTask)!, onError: false }] : [])),
      ...ends.flatMap(([from]) => to.filter(({ onError }) => !onError).map((route) => ({ ...route, from }))),
      ...to.filter(({ onError }) => onError),
    ];
  });
}

export const find = (definition: Flow, name: string): Listed | undefined =>
  listed(definition).find((item) => item.name === name);

/** Whether the task *name* was called so by what `freeName` makes of *title*, not by a person. */
export const isNamedFor = (name: string, title: string): boolean => {
  const base = title.trim().slice(0, 80);
  return name === base || (name.startsWith(base.slice(0, 76)) && /^ [0-9]+$/.test(name.slice(Math.min(base.length, 76))));
};

/** *wanted*, cut to 80 characters and made unlike every other name. */
export function freeName(definition: Flow, wanted: string): string {
  const taken = new Set(listed(definition).map((item) => item.name));
  const base = wanted.trim().slice(0, 80) || "HTTP task";
  for (let count = 2, name = base; ; count++) {
    if (!taken.has(name)) return name;
    name = `${base.slice(0, 76)} ${count}`;
  }
}

/** *task* as it can be put anywhere. */
export function withoutWay(task: Task): Task {
  const { nextTask: _next, end: _end, onError: _onError, ...rest } = task;
  return rest;
}

/** Put *task* under *name* behind the task *after* (null: at the end of the main line), and lead the routes through it. */
export function insert(definition: Definition, name: string, task: Task, after: string | null): Definition {
  const copy = clone(definition);
  copy.tasks = isObject(copy.tasks) ? copy.tasks : {};
  const before = after === null ? lastOfLine(copy) : find(copy, after);
  const flow = before?.flow ?? copy;
  const added = withoutWay(task);
  const way = wayOn(before, flow);
  const next = text(way.holder[way.key]);
  // What ends the run stands for itself where it would cut off what follows.
  if (!(task.type === "Terminate" && next)) {
    way.holder[way.key] = name;
    if (way.key === "nextTask") delete way.holder.end;
  }
  leadOn(added, way.key === "startTask" && !(isObject(flow.tasks) && next! in flow.tasks) ? null : next);
  flow.tasks = withEntry(flow.tasks as JsonObject, name, added, before && way.key !== "startTask" ? before.name : null);
  return copy;
}

/** The place that leads to a task put behind *before*: of a Decision, the first way that leads nowhere yet, else its default. */
function wayOn(before: Listed | undefined, flow: Flow): Omit<Reference, "onError"> {
  if (before && goesOn(before)) return { holder: before.task, key: "nextTask" };
  if (before?.type !== "Decision") return { holder: flow, key: "startTask" };
  const open = choicesOf(before.task).find(({ nextTask }) => !text(nextTask));
  return open ? { holder: open, key: "nextTask" } : { holder: before.task, key: "defaultTask" };
}

/** Let *added* lead to the task *next*; null: to the end. */
export function leadOn(added: Task, next: string | null): void {
  if (added.type === "Terminate") return;
  if (added.type === "Decision") {
    added.choices = choicesOf(added).map((choice) => ({ ...choice, nextTask: next ?? "" }));
    added.defaultTask = next ?? "";
  } else if (next) added.nextTask = next;
  else if (added.type !== "Parallel") added.end = true; // what follows a Parallel is chosen, or added
}

/** The last task on the line from the start that goes on to one other task, or ends. */
function lastOfLine(definition: Flow): Listed | undefined {
  let found: Listed | undefined;
  const seen = new Set<string>();
  for (let name = text(definition.startTask); name && !seen.has(name); ) {
    seen.add(name);
    const next = find(definition, name);
    if (!next || !goesOn(next)) break;
    found = next;
    name = text(next.task.nextTask);
  }
  return found;
}

export function withEntry(tasks: JsonObject, name: string, task: Task, after: string | null): JsonObject {
  const entries = Object.entries(tasks);
  const index = after === null ? 0 : entries.findIndex(([each]) => each === after) + 1;
  entries.splice(index, 0, [name, task]);
  return Object.fromEntries(entries);
}

/** Call *change* for every place that names a task, in the whole definition, with the task it stands in. */
export function eachReference(definition: Flow, change: (reference: Reference, owner?: Listed) => void): void {
  const flows = new Set<Flow>([definition]);
  for (const item of listed(definition)) {
    flows.add(item.flow);
    for (const reference of references(item.task)) change(reference, item);
  }
  for (const flow of flows) if (text(flow.startTask) !== null) change({ holder: flow, key: "startTask", onError: false });
}

/** The task *name* and its neighbour on a straight line, in order; null when it does not stand on one. */
export function neighbours(definition: Definition, name: string, by: -1 | 1): [Listed, Listed] | null {
  const before = by < 0 ? predecessor(definition, name) : name;
  const after = by < 0 ? name : text(find(definition, name)?.task.nextTask);
  if (!before || !after || predecessor(definition, after) !== before) return null;
  const first = find(definition, before)!;
  const second = find(definition, after)!;
  return first.flow === second.flow && goesStraight(second) ? [first, second] : null;
}

/** Let the task *name* change places with its neighbour; null when it has none. */
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
  const entries = Object.entries(first.flow.tasks!).filter(([each]) => each !== after);
  entries.splice(entries.findIndex(([each]) => each === before), 0, [after, second.task]);
  first.flow.tasks = Object.fromEntries(entries);
  return copy;
}

/** The one task from which a straight line leads to *name*. */
function predecessor(definition: Definition, name: string): string | null {
  const leading = routes(definition).filter(({ to }) => to === name);
  const only = leading.length === 1 ? find(definition, leading[0]!.from) : undefined;
  return only && goesStraight(only) && only.task.nextTask === name ? only.name : null;
}

/** Put *task* where the task *name* stands. */
export function replace(definition: Definition, name: string, task: Task): Definition {
  const { tasks } = definition;
  // The steps that can be undone share what did not change.
  if (isObject(tasks) && Object.hasOwn(tasks, name)) return { ...definition, tasks: { ...tasks, [name]: task } };
  const copy = clone(definition);
  const item = find(copy, name);
  if (item) item.flow.tasks![name] = task;
  return copy;
}

/** What is shown under a task's name. */
export function summary({ type, task }: Listed): string {
  const request = isObject(task.httpRequest) ? task.httpRequest : {};
  if (type === "Http") return String(request.url ?? "no address yet").replace(/^https?:\/\/[^/]*/, "") || "/";
  if (type === "Decision") return `${choicesOf(task).length + 1} ways`;
  if (type === "Workflow") return `runs ${text(task.definition) ?? "no definition yet"}`;
  if (type === "Parallel") return `${branches(task).length} branches`;
  if (type === "Wait") return "until" in task && task.until !== null ? `until ${String(task.until)}` : `${String(task.seconds ?? "?")} s`;
  if (type === "Terminate") return text(task.terminationStatus) ?? "";
  return text(task.description) ?? "";
}
