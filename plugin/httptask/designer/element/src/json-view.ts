// An object or a list of the form as JSON text, and back; its secrets stand there as signs.
import { type Json, parse, typeOf } from "./json";
import { asShownJson } from "./secrets";
import { hasTwoViews, load, type Slot, walk, withSigns } from "./slots";
import type { Store } from "./store";

const WORDS: Record<string, string> = { array: "a list", object: "an object", map: "an object", null: "null" };

/** Show *slot* as JSON. */
function toJson(slot: Slot): void {
  const { text, signs } = asShownJson(slot, 2);
  slot.signs = signs;
  slot.raw = text;
}

/** What is edited as JSON in a page. */
const views = new WeakMap<Store, Set<string>>();

/** A field of the open task; a task of another workflow may have the same name. */
const keyOf = ({ task, workflow }: Store, pointer: string): string => JSON.stringify([workflow.id, task.name, pointer]);

/** Show the field at *pointer* in the other view, and move the keyboard there. */
export function switchView(store: Store, slot: Slot, pointer: string): void {
  const { task } = store;
  const key = keyOf(store, pointer);
  const shown = views.get(store) ?? new Set();
  views.set(store, shown);
  task.restoreViews = (root) => {
    for (const { slot: each, pointer: at } of walk(root)) if (shown.has(keyOf(store, at)) && each.raw === null && hasTwoViews(each)) toJson(each);
  };
  if (slot.raw === null) {
    toJson(slot);
    shown.add(key);
  } else {
    slot.stuck = toForm(slot);
    if (slot.stuck) return task.redraw();
    shown.delete(key);
  }
  store.focusWanted = `f-${pointer}`;
  task.redraw();
}

/** Show *slot* as a form again; says why not where its text is none that a form can hold. */
function toForm(slot: Slot): string {
  let value: Json | undefined;
  try {
    if (slot.raw!.trim()) value = withSigns(parse(slot.raw!), slot.signs);
  } catch {
    return "The form comes back when this is JSON.";
  }
  const read = load(slot.field, value);
  if (read.raw !== null) return slot.field.kind === "union" ? "None of the documented forms holds this value." : `The form holds ${WORDS[slot.field.kind]}; this is ${WORDS[typeOf(value!)] ?? `a ${typeOf(value!)}`}.`;
  const { key, touched, on } = slot;
  Object.assign(slot, read, { key, touched, on: on || read.on });
  return "";
}
