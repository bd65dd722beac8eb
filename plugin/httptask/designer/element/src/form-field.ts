// What the parts of a form row share: the field that the row is for, and the attributes that connect a control with it.
import type { ComponentChildren } from "preact";
import type { Asked } from "./expression-input";
import { panelsLoaded } from "./panel-module";
import { isSecret } from "./secrets";
import { choices, hasTwoViews, type Slot } from "./slots";
import type { Store } from "./store";
import type { Problem } from "./types";
import { typed } from "./ui";

/** A field of the form, with all that its row and its control are drawn from. */
export interface FieldProps {
  slot: Slot;
  /** Where in the task the field is. */
  pointer: string;
  /** The name on the screen. */
  name: string;
  /** The names of the objects around the field, on the screen: `email.`. */
  prefix: string;
  /** The prefix for the fields inside this one. */
  inner: string;
  redraw: () => void;
  /** The id of the control: made from the pointer, and unique in the page. */
  id: string;
  /** The ids of the elements that describe the control (`aria-describedby`). */
  described?: string;
  problems: Problem[];
  /** The id of the label. */
  label: string;
  /** What the field may hold besides a plain value, by the server's schema. */
  takes?: "expression" | "query";
  /** What the control shall do once it is drawn. */
  asked: Asked;
  ask: (asked: Asked) => void;
}

/** The properties of a form row. */
export interface RowProps {
  slot: Slot; pointer: string; name: string; onRemove?: () => void;
  /** Switches the field off or on. */
  onOff?: () => void;
  /** For a parameter: the part of the request that it belongs to. */
  where?: string;
  /** The names of the objects around the field. */
  prefix?: string;
  /** The id of the outer row for the same field: that row has the label and shows the problems. */
  inside?: string;
  /** An editor for the name, shown instead of the name. */
  wide?: ComponentChildren;
  /** The name is shown above, as a heading: the control gets the full width. */
  whole?: boolean;
}

/** An enum with more values gets a text box with suggestions in place of a select or check boxes. */
export const MANY_VALUES = 30;
/** How long after a field was left its problems appear, in milliseconds: at once, they would move the button that is being clicked. */
export const LATER = 250;

/** Whether the fields at *pointer* are named by the API or the user. The fields for how a task is run have titles instead. */
export const hasOwnNames = (pointer: string): boolean => /^\/(httpRequest|inputParameters|forEach\/items)(\/|$)/.test(pointer);
/** The name, on the screen, of the field at *pointer*. */
export const nameOf = ({ field }: Slot, pointer: string): string => (!hasOwnNames(pointer) && field.title) || field.name!;

/** Whether *slot*, of the kind `any`, holds a list or an object, which is edited in rows below. */
export const isInside = (slot: Slot): boolean => slot.as === "array" || slot.as === "object";
/** Whether a list has a check box for each possible value, instead of a row for each item. */
export const isTicked = ({ field: { kind, items }, kids }: Slot): boolean =>
  kind === "array" && items?.kind === "enum" && choices(items).length <= MANY_VALUES
  && kids.every((kid) => kid.text && !kid.fx && kid.raw === null);

/** The attributes of the control of a field. */
export const controlProps = ({ id, described, slot }: FieldProps) => ({
  id,
  "aria-describedby": described,
  "aria-required": slot.field.required ? ("true" as const) : undefined,
});

/** The attributes that connect a control with one of the texts of its slot. */
export const valueProps = ({ slot, redraw, takes, name, ask }: FieldProps, member: "text" | "expr" | "sample" | "raw" = "text") => ({
  value: slot[member]!,
  onInput: typed((value) => {
    if (member === "text" && value === "$" && takes === "expression" && !isSecret(slot, name)) {
      // A `$` begins an expression. If no expression follows, the field becomes text again.
      Object.assign(slot, { fx: true, expr: value });
      ask("typed");
      value = "";
    }
    slot[member] = value;
    slot.empty = false;
    redraw();
  }),
});

/** Whether *slot* is edited in the JSON editor, which shows problems at their lines. */
export const isJsonText = (slot: Slot): boolean =>
  slot.raw !== null && !slot.fx && !slot.isNull && !slot.field.link && (slot.field.kind === "any" || hasTwoViews(slot));
/** Switch the field at *pointer* between form and JSON. */
export const switchView = (store: Store, slot: Slot, pointer: string): unknown =>
  panelsLoaded().then((panels) => panels.switchView(store, slot, pointer), () => store.say("The designer’s server does not answer."));
/** Alt E: the picker of values. By `code`, because Alt types other characters on a Mac. */
export const isPickerKey = (event: KeyboardEvent): boolean => event.altKey && !event.ctrlKey && event.code === "KeyE";
/** Alt J: form or JSON. */
export const isViewKey = (event: KeyboardEvent): boolean => event.altKey && !event.ctrlKey && event.code === "KeyJ";
