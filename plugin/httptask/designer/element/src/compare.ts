// The differences between two JSON responses.
import { child, isObject, type Json, same } from "./json";
import { short } from "./value-list";

/** How many differences are shown. */
export const MOST_CHANGES = 1_000;
/** How many values are compared at most: the comparison must not freeze the page. */
const MOST_VISITED = 300_000;

/** A difference, for the user. */
export interface Change {
  /** The changed or added value; for a removed one, the object or list that held it. */
  pointer: string;
  kind: "changed" | "added" | "removed";
  /** For people: `was "a"`. */
  text: string;
}

/** The beginning of the JSON of *value*. */
const shown = (value: Json): string => short(JSON.stringify(value), 40);

/** The `id` of each of the *items*; null unless every item has one and no two are equal. */
function idsOf(items: Json[]): string[] | null {
  const ids = items.map((item) => {
    const hasId = isObject(item) && (typeof item.id === "string" || typeof item.id === "number");
    return hasId ? JSON.stringify(item.id) : "";
  });
  return ids.length && ids.every(Boolean) && new Set(ids).size === ids.length ? ids : null;
}

/**
 * The differences between *before* and *now*, at most `MOST_CHANGES`.
 * Items of a list are matched by `id` where all of them have one, in both lists; else by their index.
 */
export function changesFrom(before: Json, now: Json): Change[] {
  const changes: Change[] = [];
  let visited = 0;
  /** Compare the members or items that have the same key; an entry of *later* also has the step of its pointer. */
  const compareEntries = (earlier: [string, Json][], later: [string, Json, string | number][], pointer: string) => {
    const unmatched = new Map(earlier);
    for (const [key, value, step] of later) {
      if (!unmatched.has(key)) changes.push({ pointer: child(pointer, step), kind: "added", text: "new" });
      else compare(unmatched.get(key)!, value, child(pointer, step));
      unmatched.delete(key);
    }
    for (const [key, value] of unmatched) changes.push({ pointer, kind: "removed", text: `without ${key}: ${shown(value)}` });
  };
  const compare = (earlier: Json, later: Json, pointer: string) => {
    if (changes.length >= MOST_CHANGES || visited++ > MOST_VISITED) return;
    if (isObject(earlier) && isObject(later)) {
      const members = Object.entries(later).map(([name, value]): [string, Json, string] => [name, value, name]);
      return compareEntries(Object.entries(earlier), members, pointer);
    }
    if (Array.isArray(earlier) && Array.isArray(later)) {
      const [oldIds, newIds] = [idsOf(earlier), idsOf(later)];
      const keyOf = (ids: string[] | null, index: number) => (oldIds && newIds ? ids![index]! : String(index));
      const oldItems = earlier.map((item, index): [string, Json] => [keyOf(oldIds, index), item]);
      const newItems = later.map((item, index): [string, Json, number] => [keyOf(newIds, index), item, index]);
      return compareEntries(oldItems, newItems, pointer);
    }
    if (!same(earlier, later)) changes.push({ pointer, kind: "changed", text: `was ${shown(earlier)}` });
  };
  compare(before, now, "");
  return changes.slice(0, MOST_CHANGES);
}
