// The lines of the picker for values in expressions: groups and their values, as far as they are open and match the text.
import type { Step } from "./expression-text";
import type { Query } from "./typed-path";
import type { Field, ScopeGroup, ScopeNode } from "./types";

/** One line of the picker. */
export interface Line {
  node: ScopeNode;
  group: ScopeGroup;
  /** The names and indexes from `$` to the value. */
  steps: Step[];
  level: number;
  folds: boolean;
  open: boolean;
}

/** The key of a line. Where `$` itself is an answer, the task is part of the key: the answers of several tasks have the same path. */
export const keyOf = ({ group, steps }: Pick<Line, "group" | "steps">): string =>
  JSON.stringify([group.path.length ? 0 : (group.task ?? 1), steps]);

const MOST_LINES = 4_000;
const MOST_PREVIEWED = 3;
const MOST_OF_ONE = 24;

/** Summarise an object or array (*open* is its bracket) by its first members: `{3} id: 7, name: "A", +1`. */
export function summary(open: string, count: number, members: string[]): string {
  const size = open === "[" ? `[${count}]` : `{${count}}`;
  if (!members.length) return size;
  const rest = count - members.length;
  return `${size} ${members.join(", ")}${rest > 0 ? `, +${rest}` : ""}`;
}
/** Cut *text* to *most* characters. */
export const short = (text: string, most = MOST_OF_ONE): string => (text.length > most ? `${text.slice(0, most)}…` : text);

/** The text behind a name: the sample, a summary of it, or the documented type. */
export function preview({ value, count, nodes = [], types, type }: ScopeNode): string {
  if (value !== undefined) return value;
  if (count === undefined) return type;
  const isArray = types[0] === "array";
  const members = nodes.slice(0, MOST_PREVIEWED).filter((node) => node.value !== undefined || node.count !== undefined);
  const shown = (node: ScopeNode): string =>
    node.value !== undefined ? short(node.value) : summary(node.types[0] === "array" ? "[" : "{", node.count!, []);
  return summary(isArray ? "[" : "{", count, members.map((node) => (isArray ? shown(node) : `${node.name}: ${shown(node)}`)));
}

/** Say whether *field* may hold a value of *node*, by its type or, for an enum, by its sample. */
export function fits({ kind, integer, types, values }: Field, node: ScopeNode): boolean {
  if (!node.types.length) return false;
  const is = (...names: string[]) => names.some((name) => node.types.includes(name));
  const isChoice = () => ((values ?? []) as unknown[]).some((choice) => JSON.stringify(choice) === node.value);
  switch (kind) {
    case "number": return is("integer") || (!integer && is("number"));
    case "enum": return node.value !== undefined ? isChoice() : is("string");
    case "array": return is("array");
    case "object": case "map": return is("object");
    case "any": return !!types && is(...types);
    case "string": case "boolean": return is(kind);
    default: return false;
  }
}

/** Whether the name or the sample of *node* contains *word*. */
const matches = (node: ScopeNode, word: string): boolean =>
  String(node.name).toLowerCase().includes(word) || (node.value?.toLowerCase().includes(word) ?? false);
/** Whether *node* or a value inside it matches *word*. */
const holdsMatch = (node: ScopeNode, word: string): boolean =>
  matches(node, word) || (node.nodes ?? []).some((inner) => holdsMatch(inner, word));

/** A value of a group, and the path to it. */
interface Candidate { node: ScopeNode; group: ScopeGroup; steps: Step[] }

/** The values that can complete the path *steps*: those behind it whose names begin with *partial*. */
function completions(groups: ScopeGroup[], steps: Step[], partial: string): Candidate[] {
  const fitsPartial = (name: Step) => String(name).toLowerCase().startsWith(partial.toLowerCase());
  return groups.flatMap((group): Candidate[] => {
    const { path } = group;
    const isOnPath = path.every((name, index) => index >= steps.length || steps[index] === name);
    if (!isOnPath) return [];
    if (steps.length < path.length) return fitsPartial(path[steps.length]!) ? [{ node: group, group, steps: path }] : [];
    let nodes = group.nodes ?? [];
    for (const step of steps.slice(path.length)) nodes = nodes.find(({ name }) => name === step)?.nodes ?? [];
    return nodes.filter(({ name }) => fitsPartial(name)).map((node) => ({ node, group, steps: [...steps, node.name] }));
  });
}

/**
 * The lines for *query*: the completions of a path, or the groups with the values that contain a word. *toggled* tells by
 * key which lines were opened (true) or closed by hand.
 */
export function linesOf(groups: ScopeGroup[], query: Query | null, toggled: Map<string, boolean>): Line[] {
  const lines: Line[] = [];
  const word = query && !query.steps ? query.partial.toLowerCase() : "";
  const isPath = !!query?.steps && (query.steps.length > 0 || !!query.partial);
  const matching = () => groups.filter((group) => !word || holdsMatch(group, word) || title(group).toLowerCase().includes(word));
  const candidates: Candidate[] = isPath
    ? completions(groups, query.steps!, query.partial)
    : matching().map((group) => ({ node: group, group, steps: group.path }));
  const tasks = groups.filter(({ kind }) => kind === "task");
  const nearestTask = tasks.find(({ sampled }) => sampled) ?? tasks[0];

  /** Whether a line is open that nobody opened or closed: to show a match, or as one of the values most often used. */
  const opensByItself = ({ node, group, steps }: Candidate, level: number): boolean => {
    if (word) return level === 1 || !matches(node, word);
    if (isPath || group.kind === "parameter") return false;
    if (group.kind !== "task") return level === 1;
    const isBody = steps.length === group.path.length + 1 && node.name === "body";
    return group === nearestTask && (level === 1 || isBody);
  };
  const add = (candidate: Candidate, level: number) => {
    if (lines.length >= MOST_LINES) return;
    const { node, group, steps } = candidate;
    const folds = !!node.nodes?.length;
    const toggledOpen = toggled.get(keyOf({ group, steps }));
    const open = folds && (toggledOpen ?? opensByItself(candidate, level));
    lines.push({ node, group, steps, level, folds, open });
    if (!open) return;
    const showsAll = !word || matches(node, word) || toggledOpen;
    for (const inner of node.nodes!)
      if (showsAll || holdsMatch(inner, word)) add({ node: inner, group, steps: [...steps, inner.name] }, level + 1);
  };
  for (const candidate of candidates) add(candidate, 1);
  return lines;
}

/** A function of JSONata, with its parameters and its result in words. */
export interface JsonataFunction { name: string; signature: string }

/** The lines for the *functions* whose names begin with *partial*, the shortest first; those that only contain it come last. */
export function functionLines(functions: JsonataFunction[], partial: string): Line[] {
  const word = partial.toLowerCase();
  const at = ({ name }: JsonataFunction) => name.toLowerCase().indexOf(word);
  const matching = functions.filter((one) => at(one) >= 0);
  matching.sort((one, other) => Math.sign(at(one)) - Math.sign(at(other)) || (word ? one.name.length - other.name.length : 0));
  return matching.map(({ name, signature }) => {
    const node = { name: `$${name}`, type: signature, types: [] };
    return { node, group: { ...node, kind: "function", path: [], sampled: false, own: true }, steps: [name], level: 1, folds: false, open: false };
  });
}

/** The title of a group. */
export function title({ kind, path, task }: ScopeGroup): string {
  const words: Partial<Record<ScopeGroup["kind"], string>> = { input: "Input", variables: "Variables" };
  return (path.length ? "" : "$: ") + (words[kind] ?? task ?? path[0]!);
}
/** Where the values of a group come from, in a few words. */
export function origin({ kind, sampled, nodes, certain }: ScopeGroup): string {
  const words: Record<ScopeGroup["kind"], string> = {
    parameter: "input parameter",
    item: "of forEach",
    input: sampled ? "sample input" : "no sample input yet",
    variables: "",
    function: "",
    task: sampled ? "last test" : nodes ? "documented answer" : "not tested yet",
  };
  return words[kind] + (certain === false ? `${words[kind] && ", "}may not have run` : "");
}
