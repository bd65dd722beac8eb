// The places of the tasks in the picture of a definition.
import type { Definition } from "./types";
import { listed, type Listed, routes } from "./workflow";

// All lengths are in px.
export const WIDTH = 216;
/** The height of a task's box. */
export const HEIGHT = 22;
export const GAP_Y = 26;
const GAP_X = 8;
/** How many tasks are drawn. */
const MOST_NODES = 60;

/** A task in the picture. */
export interface Box {
  item: Listed;
  x: number;
  y: number;
  width: number;
}

/**
 * The boxes of the tasks, by name. The row of a task is the length of the longest way from the start to the task;
 * routes back do not count. Tasks that no route leads to are in the last row.
 */
export function boxes(definition: Definition): { boxes: Map<string, Box>; height: number } {
  const items = listed(definition).slice(0, MOST_NODES);
  const names = new Set(items.map(({ name }) => name));
  const nextOf = new Map<string, string[]>();
  for (const { from, to } of routes(definition)) if (names.has(to)) nextOf.set(from, [...(nextOf.get(from) ?? []), to]);
  const rowOf = new Map<string, number>();
  /** The tasks on the way to the one that is visited: a route to one of them leads back. */
  const path = new Set<string>();
  const visit = (name: string, depth: number): void => {
    if (path.has(name) || depth > MOST_NODES || (rowOf.get(name) ?? -1) >= depth) return;
    rowOf.set(name, depth);
    path.add(name);
    for (const next of nextOf.get(name) ?? []) visit(next, depth + 1);
    path.delete(name);
  };
  if (typeof definition.startTask === "string" && names.has(definition.startTask)) visit(definition.startTask, 0);
  const last = Math.max(-1, ...rowOf.values());
  for (const { name } of items) if (!rowOf.has(name)) rowOf.set(name, last + 1); // no route leads to it
  const rows = new Map<number, Listed[]>();
  for (const item of items) rows.set(rowOf.get(item.name)!, [...(rows.get(rowOf.get(item.name)!) ?? []), item]);
  const result = new Map<string, Box>();
  for (const [row, members] of rows) {
    const width = Math.min(150, (WIDTH - GAP_X * (members.length - 1)) / members.length);
    const left = (WIDTH - width * members.length - GAP_X * (members.length - 1)) / 2;
    const y = row * (HEIGHT + GAP_Y) + 1;
    members.forEach((item, index) => result.set(item.name, { item, width, x: left + index * (width + GAP_X), y }));
  }
  return { boxes: result, height: (Math.max(0, ...rows.keys()) + 1) * (HEIGHT + GAP_Y) - GAP_Y + 2 };
}
