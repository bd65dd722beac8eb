// Parameters that are switched off: they stand on the form and in no definition, so they are kept beside it, in the draft.
import { child, isExpression, type Json, SECRET_NAME } from "./json";
import { dump, isPlain, itemsOf, load, type Slot } from "./slots";
import { PARAMETER_GROUPS } from "./task-form";

export interface OffRow {
  /** Of the request: `query`. */
  group: string;
  name: string;
  value?: Json;
  /** Its place among the names of one's own; -1: it is documented. */
  at: number;
}

const groupsOf = (root: Slot): Slot[] =>
  root.kids.find(({ field }) => field.name === "httpRequest")?.kids.filter(({ field }) => PARAMETER_GROUPS.includes(field.name!)) ?? [];
const slotsOf = (root: Slot): Slot[] => groupsOf(root).flatMap(({ kids, own }) => [...kids, ...own.map(({ slot }) => slot)]);

/** What is switched off below *root*, the whole task. */
export function offRows(root: Slot): OffRow[] {
  return groupsOf(root).flatMap(({ field, kids, own }) => {
    const row = (slot: Slot, name: string, at: number): OffRow[] => (slot.off ? [{ group: field.name!, name, value: dump(slot), at }] : []);
    return [...kids.flatMap((slot) => row(slot, slot.field.name!, -1)), ...own.flatMap(({ slot, name }, at) => row(slot, name, at))];
  });
}

/** Put *rows* on the form of *root* again; a name that the definition has by now is on. */
export function putOff(root: Slot, rows: OffRow[]): void {
  for (const { group, name, value, at } of rows) {
    const slot = groupsOf(root).find(({ field }) => field.name === group);
    if (!slot || !isPlain(slot)) continue;
    const index = slot.kids.findIndex(({ field }) => field.name === name);
    if (at < 0 && index >= 0) {
      if (!slot.kids[index]!.on) slot.kids[index] = { ...load(slot.kids[index]!.field, value), on: true, off: true };
    } else if (!name || !slot.own.some((entry) => entry.name === name && !entry.slot.off))
      slot.own.splice(at < 0 ? slot.own.length : at, 0, { name, slot: { ...load(itemsOf(slot.field), value), on: true, off: true } });
  }
}

/** The task as it would be with everything switched on; null where nothing is off. */
export function withOff(root: Slot): Json | null {
  const off = slotsOf(root).filter((slot) => slot.off);
  if (!off.length) return null;
  for (const slot of off) slot.off = false;
  const value = dump(root)!;
  for (const slot of off) slot.off = true;
  return value;
}

/** Whether *row* may be stored as it is: it holds no literal that looks like a secret, by its name or to the server, which found *secrets*. */
export function isOpen(row: OffRow, rows: OffRow[], secrets: string[]): boolean {
  if (row.value === undefined || isExpression(row.value)) return true;
  const alone = rows.filter(({ group, name }) => group === row.group && name === row.name).length === 1;
  const pointer = child(`/httpRequest/${row.group}`, row.name);
  return alone && !SECRET_NAME.test(row.name) && !secrets.some((found) => found === pointer || found.startsWith(`${pointer}/`));
}
