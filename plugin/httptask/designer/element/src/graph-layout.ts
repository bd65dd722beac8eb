// The places of the tasks in the picture of a definition.
import { plural } from "./amounts";
import type { Definition } from "./types";
import { listed, type Listed, routes } from "./workflow";

/** The lengths of a picture, in px. */
export interface Sizes {
  /** The width of the whole picture; 0: as wide as its boxes need. */
  width: number;
  /** The largest width of a task's box, and its height. */
  boxWidth: number;
  height: number;
  gapX: number;
  gapY: number;
  /** How many tasks are drawn. The small picture is drawn again at every key: more would slow down the typing. */
  most: number;
}
/** The picture below the list of tasks, and the one in a window of its own. */
export const SMALL: Sizes = { width: 216, boxWidth: 150, height: 22, gapX: 8, gapY: 26, most: 60 };
export const LARGE: Sizes = { width: 0, boxWidth: 210, height: 50, gapX: 28, gapY: 48, most: 600 };

/** What is not drawn in the small picture: *left* of *all* tasks, in words. */
export function leftWords(left: number, all: number): string {
  const where = all > LARGE.most ? `the list; the enlarged picture has the first ${LARGE.most}` : "the list, and in the enlarged picture";
  return `${plural(left, "more task")}: not drawn here, but in ${where}.`;
}

/** A task in the picture. */
export interface Box {
  item: Listed;
  x: number;
  y: number;
  width: number;
}

interface Layout {
  /** By the name of the task. */
  boxes: Map<string, Box>;
  /** How many tasks are not drawn. */
  left: number;
  width: number;
  height: number;
}

/**
 * The boxes of the tasks, by name. The row of a task is the length of the longest way from the start to the task;
 * routes back do not count. Tasks that no route leads to are in the last row.
 */
export function boxes(definition: Definition, sizes: Sizes): Layout {
  const all = listed(definition);
  const items = all.slice(0, sizes.most);
  const names = new Set(items.map(({ name }) => name));
  const nextOf = new Map<string, string[]>();
  for (const { from, to } of routes(definition)) if (names.has(to)) nextOf.set(from, [...(nextOf.get(from) ?? []), to]);
  const rowOf = new Map<string, number>();
  /** The tasks on the way to the one that is visited: a route to one of them leads back. */
  const path = new Set<string>();
  const visit = (name: string, depth: number): void => {
    if (path.has(name) || depth > sizes.most || (rowOf.get(name) ?? -1) >= depth) return;
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
  const { boxWidth, height, gapX, gapY } = sizes;
  const most = Math.max(1, ...[...rows.values()].map((members) => members.length));
  const whole = sizes.width || most * (boxWidth + gapX) - gapX + 2;
  for (const [row, members] of rows) {
    const width = Math.min(boxWidth, (whole - gapX * (members.length - 1)) / members.length);
    const left = (whole - width * members.length - gapX * (members.length - 1)) / 2;
    const y = row * (height + gapY) + 1;
    members.forEach((item, index) => result.set(item.name, { item, width, x: left + index * (width + gapX), y }));
  }
  return { boxes: result, left: all.length - items.length, width: whole, height: (Math.max(0, ...rows.keys()) + 1) * (height + gapY) - gapY + 2 };
}

/**
 * Where a way down from the box *from* to the box *to* passes the rows between: the x beside the boxes that would hide it; null if it
 * is in sight anyway.
 */
export function detour(from: Box, to: Box, all: Iterable<Box>, { height, gapX }: Sizes): number | null {
  const [x1, y1, x2, y2] = [from.x + from.width / 2, from.y + height, to.x + to.width / 2, to.y];
  const between = [...all].filter(({ y }) => y > from.y && y < to.y);
  const isHidden = (x: number, box: Box): boolean => x > box.x - gapX / 4 && x < box.x + box.width + gapX / 4;
  const straightAt = ({ y }: Box): number => x1 + ((x2 - x1) * (y + height / 2 - y1)) / (y2 - y1);
  if (!between.some((box) => isHidden(straightAt(box), box))) return null;
  const middle = (x1 + x2) / 2;
  const beside = between.flatMap(({ x, width }) => [x - gapX / 2, x + width + gapX / 2]);
  const free = beside.filter((x) => !between.some((box) => isHidden(x, box)));
  return free.sort((one, other) => Math.abs(one - middle) - Math.abs(other - middle))[0] ?? null;
}
