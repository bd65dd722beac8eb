// The items of the palette besides endpoints: task types to add, the tasks of the workflow, and the page's commands.
import { KEYS } from "./keys";
import type { JsonObject } from "./json";
import type { Store } from "./store";
import * as flow from "./workflow";

/** One line of the palette. */
export interface PaletteItem {
  group: "Add" | "Go to" | "Do";
  title: string;
  about: string;
  /** The keyboard shortcut of the same command. */
  keys?: string;
  /** Called once the palette is closed; *focused* is the element that has the keyboard focus then. */
  act: (focused: Element) => unknown;
}

interface Kind {
  about: string;
  /** The name of a new task of this type. */
  name: string;
  task: JsonObject;
  /** The id of the control that gets the keyboard focus next. */
  control: string;
}
/** The task types that have a form here, apart from `Http` and `Workflow`. */
const KINDS: Record<string, Kind> = {
  Decision: {
    about: "chooses the way by conditions: if, else, branch", name: "Decide",
    task: { choices: [{ condition: "", nextTask: "" }], defaultTask: "" }, control: "choice-0",
  },
  Parallel: { about: "runs branches side by side", name: "Both", task: { branches: [] }, control: "branch-add" },
  Wait: { about: "pauses for seconds, or until a time: delay, sleep", name: "Wait", task: { seconds: 60 }, control: "wait-value" },
  Terminate: {
    about: "ends the run: stop, fail, complete", name: "End",
    task: { terminationStatus: "Completed" }, control: "f-/terminationStatus",
  },
  Simple: { about: "waits until somebody outside completes it: gate, approval", name: "Approve", task: {}, control: "type-form" },
};

/** The task types to add: those with a form here, then those of plugins. */
function kinds(store: Store): [string, Kind][] {
  const { config, workflow } = store;
  const other = config!.workflows.find(({ id }) => id !== workflow.id);
  const builtIn = [...Object.keys(KINDS), "Http", "Workflow"];
  const plugins = config!.taskTypes.map(({ name }) => name).filter((type) => !builtIn.includes(type));
  const runsOther = (id: string, name: string): [string, Kind] => [
    "Workflow",
    { about: "runs another definition", name: `Run ${name}`, task: { definition: id }, control: "workflow-definition" },
  ];
  return [
    ...Object.entries(KINDS),
    ...(other ? [runsOther(other.id, other.name ?? other.id)] : []),
    ...plugins.map((type): [string, Kind] => [type, { about: "of a plugin", name: type, task: {}, control: "type-form" }]),
  ];
}

/** Add a task of *type* under a name that is free. */
function add(store: Store, type: string, { name, task, control }: Kind): void {
  const freeName = flow.freeName(store.workflow.working, name);
  store.workflow.edit((edited) => store.task.insert(edited, freeName, { type, ...task }), `Add “${freeName}”`);
  void store.task.open(freeName);
  store.say(`“${freeName}” added. Not saved yet.`);
  store.focusWanted = control;
}

/** The command that opens the palette: no item of the palette itself. */
const NOT_HERE = "Add or find";

/** The page's commands that have a shortcut. */
const commands = (store: Store): PaletteItem[] =>
  KEYS.flatMap(({ does, keys, act }): PaletteItem[] => {
    if (!act || does === NOT_HERE || keys[0] === "Escape") return [];
    return [{ group: "Do", title: does, about: "", keys: keys[0]!, act: (focused) => act(store, focused) }];
  });

function allItems(store: Store): PaletteItem[] {
  const curl: PaletteItem = {
    group: "Do", title: "Copy as curl", about: "the request as a command", act: () => void store.copying.task("curl"),
  };
  return [
    { group: "Add", title: "Own request", about: "any method and URL: HTTP, REST", act: () => store.task.free() },
    ...kinds(store).map(([type, kind]): PaletteItem => (
      { group: "Add", title: type, about: kind.about, act: () => add(store, type, kind) }
    )),
    ...flow.listed(store.workflow.working).map((item): PaletteItem => (
      { group: "Go to", title: item.name, about: item.type, act: () => void store.task.open(item.name) }
    )),
    ...commands(store),
    { group: "Do", title: "Light or dark", about: "theme, colours", act: () => store.switchTheme() },
    ...(store.task.root ? [curl] : []),
  ];
}

/** The items that match *query*: each of its words begins a word of the item. An empty query matches all but the tasks. */
export function paletteItems(store: Store, query: string): PaletteItem[] {
  const queryWords = query.toLowerCase().split(/\s+/).filter(Boolean);
  return allItems(store).filter(({ group, title, about }) => {
    if (!queryWords.length) return group !== "Go to";
    const words = `${title} ${about}`.toLowerCase().split(/[^\p{L}\p{N}]+/u);
    return queryWords.every((start) => words.some((word) => word.startsWith(start)));
  });
}
