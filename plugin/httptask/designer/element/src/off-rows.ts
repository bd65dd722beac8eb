// Parameters that are switched off: they stay on the form but not in the definition, so the draft keeps them.
import { child, isExpression, type Json, SECRET_NAME } from "./json";
import { dump, isPlain, itemsOf, load, type Slot } from "./slots";
import { PARAMETER_GROUPS } from "./task-form";

/** A parameter that is switched off, as the draft keeps it. */
export interface OffRow {
  /** The parameter group of the request: `query`, for example. */
  group: string;
  name: string;
  value?: Json;
  /** The index among the group's user-named entries; -1 for a documented parameter. */
  at: number;
}

/** The parameter groups in the form of the task *root*. */
const groupsOf = (root: Slot): Slot[] => {
  const request = root.kids.find(({ field }) => field.name === "httpRequest");
  return request?.kids.filter(({ field }) => PARAMETER_GROUPS.includes(field.name!)) ?? [];
};
const slotsOf = (root: Slot): Slot[] => groupsOf(root).flatMap(({ kids, own }) => [...kids, ...own.map(({ slot }) => slot)]);

/** Return the parameters of the task *root* that are switched off. */
export function offRows(root: Slot): OffRow[] {
  return groupsOf(root).flatMap(({ field, kids, own }) => {
    const row = (slot: Slot, name: string, at: number): OffRow[] =>
      slot.off ? [{ group: field.name!, name, value: dump(slot), at }] : [];
    return [
      ...kids.flatMap((slot) => row(slot, slot.field.name!, -1)),
      ...own.flatMap(({ slot, name }, index) => row(slot, name, index)),
    ];
  });
}

/** Put *rows* back on the form of *root*, switched off; skip a row if the definition sets that parameter meanwhile. */
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

/** Return the task as if every parameter were switched on; null when none is off. */
export function withOff(root: Slot): Json | null {
  const offSlots = slotsOf(root).filter((slot) => slot.off);
  if (!offSlots.length) return null;
  for (const slot of offSlots) slot.off = false;
  const value = dump(root)!;
  for (const slot of offSlots) slot.off = true;
  return value;
}

/**
 * Say whether the value of *row* may be stored: it is an expression, or a literal that looks like a secret neither by its
 * name nor to the server. *secrets* are the pointers the server named. A pointer cannot tell two of *rows* with the same
 * name apart, so the literals of such rows are never stored.
 */
export function isOpen(row: OffRow, rows: OffRow[], secrets: string[]): boolean {
  if (row.value === undefined || isExpression(row.value)) return true;
  const isUnique = rows.filter(({ group, name }) => group === row.group && name === row.name).length === 1;
  const pointer = child(`/httpRequest/${row.group}`, row.name);
  const isSecret = secrets.some((secret) => secret === pointer || secret.startsWith(`${pointer}/`));
  return isUnique && !SECRET_NAME.test(row.name) && !isSecret;
}
