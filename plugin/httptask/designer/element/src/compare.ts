// What is another in a JSON answer than in an earlier one.
import { child, isObject, type Json, same } from "./json";
import { short } from "./value-list";

export const MOST_CHANGES = 1_000;
/** Values that are looked at: a page must not stand still. */
const MOST_VISITED = 300_000;

export interface Change {
  /** Of what was removed: of the value that it stood in. */
  pointer: string;
  kind: "changed" | "added" | "removed";
  /** For a person: `was "a"`. */
  text: string;
}

const shown = (value: Json): string => short(JSON.stringify(value), 40);

/** The ids of *items* when each has one of its own, else their places. */
function idsOf(items: Json[]): string[] | null {
  const ids = items.map((item) => (isObject(item) && (typeof item.id === "string" || typeof item.id === "number") ? JSON.stringify(item.id) : ""));
  return ids.length && ids.every(Boolean) && new Set(ids).size === ids.length ? ids : null;
}

/** How *now* differs from *before*: items that have an `id` are the same item wherever they stand; at most `MOST_CHANGES`. */
export function changesFrom(before: Json, now: Json): Change[] {
  const changes: Change[] = [];
  let visited = 0;
  const pairs = (earlier: [string, Json][], later: [string, Json, string | number][], pointer: string) => {
    const old = new Map(earlier);
    for (const [name, value, place] of later) {
      if (!old.has(name)) changes.push({ pointer: child(pointer, place), kind: "added", text: "new" });
      else compare(old.get(name)!, value, child(pointer, place));
      old.delete(name);
    }
    for (const [name, value] of old) changes.push({ pointer, kind: "removed", text: `without ${name}: ${shown(value)}` });
  };
  const compare = (earlier: Json, later: Json, pointer: string) => {
    if (changes.length >= MOST_CHANGES || visited++ > MOST_VISITED) return;
    if (isObject(earlier) && isObject(later)) return pairs(Object.entries(earlier), Object.entries(later).map(([name, value]) => [name, value, name]), pointer);
    if (Array.isArray(earlier) && Array.isArray(later)) {
      const [oldIds, newIds] = [idsOf(earlier), idsOf(later)];
      const name = (ids: string[] | null, index: number) => (oldIds && newIds ? ids![index]! : String(index));
      return pairs(earlier.map((item, index) => [name(oldIds, index), item]), later.map((item, index) => [name(newIds, index), item, index]), pointer);
    }
    if (!same(earlier, later)) changes.push({ pointer, kind: "changed", text: `was ${shown(earlier)}` });
  };
  compare(before, now, "");
  return changes.slice(0, MOST_CHANGES);
}
