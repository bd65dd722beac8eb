// The lines of the picker: groups and what is in them, as far as they are open and fit what was typed.
import type { Query, Step } from "./expression-text";
import type { Field, ScopeGroup, ScopeNode } from "./types";

export interface Line {
  node: ScopeNode;
  group: ScopeGroup;
  /** Names and indices from `$`. */
  steps: Step[];
  level: number;
  folds: boolean;
  open: boolean;
}

/** Tells a line from every other: the same path may stand for the answers of several tasks. */
export const keyOf = ({ group, steps }: Pick<Line, "group" | "steps">): string => JSON.stringify([group.path.length ? 0 : (group.task ?? 1), steps]);

const MOST_LINES = 4_000;
const MOST_PREVIEWED = 3;
const MOST_OF_ONE = 24;

/** `{3} id: 7, name: "A", +1` */
export function summary(open: string, count: number, members: string[]): string {
  const rest = count - members.length;
  return `${open === "[" ? `[${count}]` : `{${count}}`}${members.length ? ` ${members.join(", ")}${rest > 0 ? `, +${rest}` : ""}` : ""}`;
}
export const short = (text: string, most = MOST_OF_ONE): string => (text.length > most ? `${text.slice(0, most)}…` : text);

/** What stands behind a name: its sample, or the type that is documented. */
export function preview({ value, count, nodes = [], types, type }: ScopeNode): string {
  if (value !== undefined) return value;
  if (count === undefined) return type;
  const parts = nodes.slice(0, MOST_PREVIEWED).filter((each) => each.value !== undefined || each.count !== undefined);
  const shown = (each: ScopeNode) => each.value !== undefined ? short(each.value) : each.types[0] === "array" ? `[${each.count}]` : `{${each.count}}`;
  return summary(types[0] === "array" ? "[" : "{", count, parts.map((each) => (types[0] === "array" ? shown(each) : `${each.name}: ${shown(each)}`)));
}

/** Whether a value of *node* may stand in *field*. */
export function fits({ kind, integer, types, values }: Field, node: ScopeNode): boolean {
  if (!node.types.length) return false;
  const is = (...names: string[]) => names.some((name) => node.types.includes(name));
  switch (kind) {
    case "number": return is("integer") || (!integer && is("number"));
    case "enum": return node.value !== undefined ? ((values ?? []) as unknown[]).some((each) => JSON.stringify(each) === node.value) : is("string");
    case "array": return is("array");
    case "object": case "map": return is("object");
    case "any": return !!types && is(...types);
    case "string": case "boolean": return is(kind);
    default: return false;
  }
}

const hits = (node: ScopeNode, word: string): boolean => String(node.name).toLowerCase().includes(word) || (node.value?.toLowerCase().includes(word) ?? false);
const holds = (node: ScopeNode, word: string): boolean => hits(node, word) || (node.nodes ?? []).some((inner) => holds(inner, word));

interface Start { node: ScopeNode; group: ScopeGroup; steps: Step[] }

/** What follows the path *steps*, beginning with *partial*. */
function following(groups: ScopeGroup[], steps: Step[], partial: string): Start[] {
  const begins = (name: Step) => String(name).toLowerCase().startsWith(partial.toLowerCase());
  return groups.flatMap((group): Start[] => {
    const { path } = group;
    const along = path.every((name, index) => index >= steps.length || steps[index] === name);
    if (!along) return [];
    if (steps.length < path.length) return begins(path[steps.length]!) ? [{ node: group, group, steps: path }] : [];
    let nodes = group.nodes ?? [];
    for (const step of steps.slice(path.length)) nodes = nodes.find(({ name }) => name === step)?.nodes ?? [];
    return nodes.filter(({ name }) => begins(name)).map((node) => ({ node, group, steps: [...steps, node.name] }));
  });
}

/** The lines for *query*; *toggled* are the pointers of what was opened or closed by hand. */
export function linesOf(groups: ScopeGroup[], query: Query | null, toggled: Map<string, boolean>): Line[] {
  const lines: Line[] = [];
  const word = query && !query.steps ? query.partial.toLowerCase() : "";
  const isPath = !!query?.steps && (query.steps.length > 0 || !!query.partial);
  const starts: Start[] = isPath ? following(groups, query.steps!, query.partial)
    : groups.filter((group) => !word || holds(group, word) || title(group).toLowerCase().includes(word)).map((group) => ({ node: group, group, steps: group.path }));
  const nearest = groups.find(({ kind, sampled }) => kind === "task" && sampled) ?? groups.find(({ kind }) => kind === "task");
  const add = ({ node, group, steps }: Start, level: number) => {
    if (lines.length >= MOST_LINES) return;
    const folds = !!node.nodes?.length;
    const isBody = group.kind === "task" && steps.length === group.path.length + 1 && node.name === "body";
    const byItself = word ? !hits(node, word) || level === 1 : !isPath && ((level === 1 && group.kind !== "parameter" && (group.kind !== "task" || group === nearest)) || (isBody && group === nearest));
    const open = folds && (toggled.get(keyOf({ group, steps })) ?? byItself);
    lines.push({ node, group, steps, level, folds, open });
    if (!open) return;
    const inner = node.nodes!.filter((each) => !word || hits(node, word) || holds(each, word) || toggled.get(keyOf({ group, steps })));
    for (const each of inner) add({ node: each, group, steps: [...steps, each.name] }, level + 1);
  };
  for (const start of starts) add(start, 1);
  return lines;
}

/** What a group is called. */
export const title = ({ kind, path, task }: ScopeGroup): string =>
  (path.length ? "" : "$: ") + (kind === "input" ? "Input" : kind === "variables" ? "Variables" : (task ?? path[0]!));
/** What its values are. */
export function origin({ kind, sampled, nodes, certain }: ScopeGroup): string {
  const words: Record<ScopeGroup["kind"], string> = {
    parameter: "input parameter", item: "of forEach", input: sampled ? "sample input" : "no sample input yet", variables: "",
    task: sampled ? "last test" : nodes ? "documented answer" : "not tested yet",
  };
  return words[kind] + (certain === false ? `${words[kind] && ", "}may not have run` : "");
}
