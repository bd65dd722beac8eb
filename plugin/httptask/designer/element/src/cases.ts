// Objects whose required fields depend on the value of one field: pagination depends on its mode.
import { parse, valueText } from "./json";
import type { Slot } from "./slots";

/** Set `required` and `refused` of the fields of *slot* for the current value of the field that decides; see `Field.cases`. */
export function byCase(slot: Slot): void {
  const { cases } = slot.field;
  if (!cases) return;
  const text = slot.kids.find(({ field }) => field.name === cases.property)?.text;
  const value = text ? valueText(parse(text)) : "";
  const namesFor = (table: Record<string, string[]>): string[] => (Object.hasOwn(table, value) ? table[value]! : []);
  for (const kid of slot.kids) {
    const name = kid.field.name!;
    if (name === cases.property) continue;
    const required = namesFor(cases.needed).includes(name);
    const refused = namesFor(cases.refused).includes(name);
    const isChanged = required !== !!kid.field.required || refused !== !!kid.field.refused;
    if (isChanged) kid.field = { ...kid.field, required, refused };
  }
}
