// What the palette offers besides endpoints: kinds of tasks to add, the tasks that are there, and the page's commands.
import { KEYS } from "./keys";
import type { JsonObject } from "./json";
import type { Store } from "./store";
import * as flow from "./workflow";

export interface PaletteItem {
  group: "Add" | "Go to" | "Do";
  title: string;
  about: string;
  /** The keys that do it without the palette. */
  keys?: string;
  /** Called when the palette is closed; *focused* has the keyboard then. */
  act: (focused: Element) => unknown;
}

interface Kind {
  about: string;
  /** What the task is called. */
  name: string;
  task: JsonObject;
  /** The id of the control to go on with. */
  control: string;
}
const KINDS: Record<string, Kind> = {
  Decision: { about: "chooses the way by conditions: if, else, branch", name: "Decide", task: { choices: [{ condition: "", nextTask: "" }], defaultTask: "" }, control: "choice-0" },
  Parallel: { about: "runs branches side by side", name: "Both", task: { branches: [] }, control: "branch-add" },
  Wait: { about: "pauses for seconds, or until a time: delay, sleep", name: "Wait", task: { seconds: 60 }, control: "wait-value" },
  Terminate: { about: "ends the run: stop, fail, complete", name: "End", task: { terminationStatus: "Completed" }, control: "f-/terminationStatus" },
  Simple: { about: "waits until somebody outside completes it: gate, approval", name: "Approve", task: {}, control: "type-form" },
};

/** The task types that have a form here, then those that plugins bring. */
function kinds(store: Store): [string, Kind][] {
  const { config, workflow } = store;
  const other = config!.workflows.find(({ id }) => id !== workflow.id);
  const known = [...Object.keys(KINDS), "Http", "Workflow"];
  const plugins = config!.taskTypes.map(({ name }) => name).filter((type) => !known.includes(type));
  return [
    ...Object.entries(KINDS),
    ...(other ? [["Workflow", { about: "runs another definition", name: `Run ${other.name ?? other.id}`, task: { definition: other.id }, control: "workflow-definition" }] as [string, Kind]] : []),
    ...plugins.map((type): [string, Kind] => [type, { about: "of a plugin", name: type, task: {}, control: "type-form" }]),
  ];
}

function add(store: Store, type: string, { name, task, control }: Kind): void {
  const free = flow.freeName(store.workflow.working, name);
  store.workflow.edit((edited) => store.task.insert(edited, free, { type, ...task }), `Add “${free}”`);
  void store.task.open(free);
  store.say(`“${free}” added. Not saved yet.`);
  store.focusWanted = control;
}

/** Words that are no commands of the palette itself. */
const NOT_HERE = "Add or find";

function all(store: Store): PaletteItem[] {
  return [
    { group: "Add", title: "Own request", about: "any method and URL: HTTP, REST", act: () => store.task.free() },
    ...kinds(store).map(([type, kind]): PaletteItem => ({ group: "Add", title: type, about: kind.about, act: () => add(store, type, kind) })),
    ...flow.listed(store.workflow.working).map((item): PaletteItem => ({ group: "Go to", title: item.name, about: item.type, act: () => void store.task.open(item.name) })),
    ...KEYS.flatMap(({ does, keys, act }): PaletteItem[] => (act && does !== NOT_HERE && keys[0] !== "Escape" ? [{ group: "Do", title: does, about: "", keys: keys[0]!, act: (focused) => act(store, focused) }] : [])),
    { group: "Do", title: "Light or dark", about: "theme, colours", act: () => store.switchTheme() },
    ...(store.task.root ? [{ group: "Do" as const, title: "Copy as curl", about: "the request as a command", act: () => void store.copying.task("curl") }] : []),
  ];
}

/** What fits *query*: each of its words begins a word there. Without one, everything but the tasks. */
export function paletteItems(store: Store, query: string): PaletteItem[] {
  const asked = query.toLowerCase().split(/\s+/).filter(Boolean);
  return all(store).filter(({ group, title, about }) => {
    if (!asked.length) return group !== "Go to";
    const words = `${title} ${about}`.toLowerCase().split(/[^\p{L}\p{N}]+/u);
    return asked.every((word) => words.some((each) => each.startsWith(word)));
  });
}
