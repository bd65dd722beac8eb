// Switches an object or a list of the form to JSON text and back. In the text, signs stand for secrets.
import { type Json, parse, typeOf } from "./json";
import { asShownJson } from "./secrets";
import { hasTwoViews, load, type Slot, walk, withSigns } from "./slots";
import type { Store } from "./store";

const WORDS: Record<string, string> = { array: "a list", object: "an object", map: "an object", null: "null" };

/** Switch *slot* to JSON. */
function toJson(slot: Slot): void {
  const { text, signs } = asShownJson(slot, 2);
  slot.signs = signs;
  slot.raw = text;
}

/** The fields that are edited as JSON in each page, by `keyOf`. */
const views = new WeakMap<Store, Set<string>>();

/** A text that identifies a field of the open task. With the workflow's id: another workflow may have a task of the same name. */
const keyOf = ({ task, workflow }: Store, pointer: string): string => JSON.stringify([workflow.id, task.name, pointer]);

/** Switch the field at *pointer* between form and JSON, and focus it. A task that is opened again later keeps its views. */
export function switchView(store: Store, slot: Slot, pointer: string): void {
  const { task } = store;
  const key = keyOf(store, pointer);
  const shown = views.get(store) ?? new Set();
  views.set(store, shown);
  task.restoreViews = (root) => {
    for (const { slot: other, pointer: otherPointer } of walk(root))
      if (shown.has(keyOf(store, otherPointer)) && other.raw === null && hasTwoViews(other)) toJson(other);
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

/** Switch *slot* back to the form. Returns "", or why the form cannot hold the text. */
function toForm(slot: Slot): string {
  let value: Json | undefined;
  try {
    if (slot.raw!.trim()) value = withSigns(parse(slot.raw!), slot.signs);
  } catch {
    return "The form comes back when this is JSON.";
  }
  const loaded = load(slot.field, value);
  if (loaded.raw !== null) {
    if (slot.field.kind === "union") return "None of the documented forms holds this value.";
    return `The form holds ${WORDS[slot.field.kind]}; this is ${WORDS[typeOf(value!)] ?? `a ${typeOf(value!)}`}.`;
  }
  const { key, touched, on } = slot;
  Object.assign(slot, loaded, { key, touched, on: on || loaded.on });
  return "";
}
