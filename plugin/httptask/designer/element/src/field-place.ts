// What the parts of a row of the form share: the place it stands for, and what ties a control to it.
import type { ComponentChildren } from "preact";
import type { Asked } from "./expression-input";
import { panelsLoaded } from "./panel-module";
import { isSecret } from "./secrets";
import { choices, hasTwoViews, type Slot } from "./slots";
import type { Store } from "./store";
import type { Problem } from "./types";
import { typed } from "./ui";

export interface Place {
  slot: Slot;
  pointer: string;
  /** What the place is called on the screen. */
  name: string;
  /** What stands before its name on the screen, and before the names of the fields in it: `email.`. */
  prefix: string;
  inner: string;
  redraw: () => void;
  /** Of the control; told from the pointer, and unlike every other. */
  id: string;
  /** Ids of what describes the control. */
  described?: string;
  problems: Problem[];
  label: string;
  /** What it may hold besides a value, as the server has it. */
  takes?: "expression" | "query";
  asked: Asked;
  ask: (asked: Asked) => void;
}

/** What a row of the form is drawn from. */
export interface RowProps {
  slot: Slot; pointer: string; name: string; onRemove?: () => void;
  /** Switch it off or on. */
  onOff?: () => void;
  /** Of a parameter: the part of the request that it stands in. */
  where?: string;
  /** What stands before the name: the objects around it. */
  prefix?: string;
  /** The id of the row around it that stands for the same place, has the head and says the problems. */
  inside?: string;
  /** Instead of a name: an editor for it. */
  wide?: ComponentChildren;
  /** The name stands above: the control has all of the width. */
  whole?: boolean;
}

export const MANY_VALUES = 30;
/** In milliseconds, from a field that was left to its problems: what appears at once would move a button away from under the click. */
export const LATER = 250;

/** Whether what stands at *pointer* has names of the API, or of one's own; how a task is run has titles. */
export const hasOwnNames = (pointer: string): boolean => /^\/(httpRequest|inputParameters|forEach\/items)(\/|$)/.test(pointer);
/** What a field of an object is called. */
export const nameOf = ({ field }: Slot, pointer: string): string => (!hasOwnNames(pointer) && field.title) || field.name!;

export const isInside = (slot: Slot): boolean => slot.as === "array" || slot.as === "object";
/** Whether the choices of a list are ticked, rather than added one by one. */
export const isTicked = ({ field: { kind, items }, kids }: Slot): boolean =>
  kind === "array" && items?.kind === "enum" && choices(items).length <= MANY_VALUES && kids.every((kid) => kid.text && !kid.fx && kid.raw === null);

export const control = ({ id, described, slot }: Place) => ({
  id,
  "aria-describedby": described,
  "aria-required": slot.field.required ? ("true" as const) : undefined,
});

/** What ties a control to a text of its slot. */
export const tied = ({ slot, redraw, takes, name, ask }: Place, what: "text" | "expr" | "sample" | "raw" = "text") => ({
  value: slot[what]!,
  onInput: typed((value) => {
    if (what === "text" && value === "$" && takes === "expression" && !isSecret(slot, name)) {
      // An expression begins like this; what goes on in another way becomes text again.
      Object.assign(slot, { fx: true, expr: value });
      ask("typed");
      value = "";
    }
    slot[what] = value;
    slot.empty = false;
    redraw();
  }),
});

/** Whether *slot* is edited as JSON, with its problems on their lines. */
export const isJsonText = (slot: Slot): boolean =>
  slot.raw !== null && !slot.fx && !slot.isNull && !slot.field.link && (slot.field.kind === "any" || hasTwoViews(slot));
/** Show the field at *pointer* as JSON, or as a form again. */
export const switchView = (store: Store, slot: Slot, pointer: string): unknown =>
  panelsLoaded().then((panels) => panels.switchView(store, slot, pointer), () => store.say("The designer’s server does not answer."));
export const isPickerKey = (event: KeyboardEvent): boolean => event.altKey && !event.ctrlKey && event.code === "KeyE";
export const isViewKey = (event: KeyboardEvent): boolean => event.altKey && !event.ctrlKey && event.code === "KeyJ";
