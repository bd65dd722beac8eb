// What an object needs, and what has no meaning in it, by the value of one of its fields: pagination, by its mode.
import { parse } from "./json";
import type { Slot } from "./slots";

/** Mark the fields of *slot* that it needs as required, and those that have no meaning as refused. */
export function byCase(slot: Slot): void {
  const { cases } = slot.field;
  if (!cases) return;
  const text = slot.kids.find(({ field }) => field.name === cases.property)?.text;
  const value = text ? String(parse(text)) : "";
  for (const kid of slot.kids) {
    const name = kid.field.name!;
    if (name === cases.property) continue;
    const required = !!cases.needed[value]?.includes(name);
    const refused = !!cases.refused[value]?.includes(name);
    if (required !== !!kid.field.required || refused !== !!kid.field.refused) kid.field = { ...kid.field, required, refused };
  }
}
