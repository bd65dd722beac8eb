// A row of the form: one field with its name, its control, its switches, its problems, and the rows of what is inside it.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { below, Control, hasControl } from "./editors";
import type { Asked } from "./expression-input";
import { hasOwnNames, isInside, isJsonText, isPickerKey, isViewKey, LATER, type FieldProps, type RowProps, switchView } from "./form-field";
import { defaultOf } from "./field-words";
import { Panel } from "./panel";
import { dump, hasTwoViews, isTokens } from "./slots";
import { describedBy, Html, Icon, IconButton, idOf, Problems, useRedraw, useUi } from "./ui";

/** Kinds with a single control: others are groups of controls for a screen reader. */
const SIMPLE = new Set(["string", "number", "boolean", "enum", "const", "file"]);

/** The row of the field at *pointer*; see `RowProps`. */
export function FieldRow({ slot, pointer, name, where, prefix = "", onRemove, onOff, inside, wide, whole }: RowProps) {
  const { store, problemsAt } = useUi();
  const redraw = useRedraw();
  const [asked, ask] = useState<Asked>(null);
  const row = useRef<HTMLDivElement>(null);
  const { field } = slot;
  /** The row around this one has the label and the problems. */
  const bare = inside !== undefined;
  const id = bare ? `${inside}~` : idOf(pointer);
  const change = () => {
    store.task.changed(pointer);
    redraw();
  };
  const problems = bare ? [] : problemsAt(pointer, slot.touched);
  const bad = problems.some(({ severity }) => severity === "error");
  const single = slot.fx || slot.isNull || slot.raw !== null || SIMPLE.has(field.kind) || isTokens(slot)
    || (field.kind === "any" && !isInside(slot));
  const json = isJsonText(slot);
  const described = `${field.description && !bare ? `${id}-hint ` : ""}${json ? "" : describedBy(id, problems)}`;
  const label = `${id}-name`;
  /** What parts the name from the names of the fields inside. */
  const step = hasOwnNames(pointer) ? "." : " › ";
  const takes = store.task.mayHoldExpression(pointer) ? "expression" : store.task.holdsQuery(pointer) ? "query" : undefined;
  const props: FieldProps = {
    slot, pointer, name, prefix, inner: whole ? "" : `${prefix}${name}${step}`, id,
    redraw: change, described: described || undefined, problems, label, takes, asked, ask,
  };
  /** Whether the user can switch between a value and an expression. */
  const switches = takes === "expression" && field.kind !== "const" && field.format !== "expression";
  const twoViews = switches && hasTwoViews(slot);
  const toggle = (on: boolean) => {
    slot.fx = on;
    ask(on && !slot.expr.trim() ? "picker" : null);
    change();
  };
  // The control was replaced by another one, for text or for an expression: the focus moves there.
  useLayoutEffect(() => {
    if (asked !== "text" && asked !== "typed") return;
    row.current!.querySelector<HTMLElement>("input, textarea")?.focus();
    if (asked === "text") ask(null);
  }, [asked]);
  const inner = below(props);
  const fallback = !single && field.kind !== "union" && dump(slot) === undefined ? defaultOf(field) : "";
  const nameClass = wide || bare || whole ? "hidden" : hasOwnNames(pointer) ? "name code" : "name";
  const type = slot.off ? "off, not sent" : slot.fx ? "expression" : field.kind !== "const" && field.type;
  const mayBeEmptyText = field.kind === "string" && field.name && !field.required && !slot.text && !slot.fx && !slot.isNull;
  const isUnknown = problems.some(({ code, severity }) => code === "unknown-name" && severity === "error");
  return (
    <div
      ref={row}
      class={`field ${bad ? "bad" : ""} ${bare ? "flat" : ""} ${whole ? "whole" : ""} ${json ? "json" : ""} ${slot.off ? "off" : ""} ${hasControl(slot) ? "" : "headed"}`}
      onFocusOut={() => {
        if (!slot.touched) setTimeout(redraw, LATER);
        slot.touched = true;
      }}
      onKeyDown={(event) => {
        const mayRemove = event.key === "Backspace" && !event.repeat && (!isTokens(slot) || !slot.kids.length);
        if (onRemove && mayRemove && isEmpty(event.target as HTMLElement, id)) onRemove();
        else if (isPickerKey(event) && takes === "expression" && field.kind !== "const") slot.fx ? ask("picker") : toggle(true);
        else if (twoViews && isViewKey(event) && (json || event.target === row.current)) switchView(store, slot, pointer);
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
      {...(single ? {} : { role: "group", "aria-labelledby": label, "aria-describedby": described || undefined, id, tabIndex: -1 })}
    >
      <div class={bare ? "hidden" : "lab"}>
        {wide}
        <label id={label} for={id} class={nameClass}>{prefix && <span class="prefix" aria-hidden="true">{prefix}</span>}{name}</label>
        {!bare && !whole && field.required && <span class="required"> *<span class="hidden"> required</span></span>}
        {!bare && !whole && <span class="type">{[where, type, fallback].filter(Boolean).join(", ")}</span>}
        {field.deprecated && <span class="tag">deprecated</span>}
      </div>
      {hasControl(slot) && <div class="control"><Control {...props} /></div>}
      {!bare && switches && !(whole && json) && <Toggle text="fx" on={slot.fx} label={name} onToggle={() => toggle(!slot.fx)} />}
      {!bare && (
        <span class="minor">
          {mayBeEmptyText && (
            <Toggle text="“”" on={slot.empty} label={name} onToggle={() => { slot.empty = !slot.empty; change(); }} />
          )}
          {field.nullable && !slot.fx && (
            <Toggle text="null" on={slot.isNull} label={name} onToggle={() => { slot.isNull = !slot.isNull; change(); }} />
          )}
          {twoViews && !whole && !inside && (
            <Toggle text="JSON" on={slot.raw !== null} label={name} onToggle={() => switchView(store, slot, pointer)} />
          )}
          {field.kind === "array" && isTokens({ ...slot, inRows: false }) && !json && !slot.fx && (
            <Toggle text="rows" on={slot.inRows} label={name} onToggle={() => { slot.inRows = !slot.inRows; store.task.redraw(); }} />
          )}
          {onOff && <Toggle text="off" on={slot.off} label={name} onToggle={onOff} />}
          {onRemove && <IconButton icon="close" label={`Remove ${name}`} title="Remove" onClick={onRemove} />}
        </span>
      )}
      {field.description && !bare && <div class="hint" id={`${id}-hint`}><Html html={field.description} /></div>}
      {problems.length > 0 && !json && (
        <div class="problems">
          <Problems id={id} pointer={pointer} problems={problems} />
          {problems.some(({ code }) => code === "secret-in-the-open") && <Panel name="MoveSecret" of={{ pointer, slot }} until=" " />}
          {onOff && isUnknown && (
            <button class="link" onClick={() => store.task.noteSettings()}>Send it all the same</button>
          )}
        </div>
      )}
      {inner && <div class="below">{inner}</div>}
    </div>
  );
}

/**
 * Whether *target* is the empty control of the field *id*: Backspace there removes the field.
 * The controls of what is inside the field have other ids. A `~` at the end stands for the same field; see `RowProps.inside`.
 */
const isEmpty = (target: HTMLElement, id: string): boolean =>
  target.id.replace(/~+$/, "") === id
  && target.matches("input:not([type=radio], [type=checkbox], [type=file]), textarea, select")
  && !(target as HTMLInputElement).value;

/** The tooltip of each switch. */
const TOGGLES: Record<string, string> = {
  fx: "Expression (Alt E)",
  JSON: "Edit as JSON (Alt J)",
  rows: "A row for each item",
  off: "Keep it, and do not send it",
  null: "Send null",
  "“”": "Send an empty text",
};

/** A switch of the field *label*; `fx` is drawn as braces. */
export function Toggle({ text, on, label, onToggle }: { text: string; on: boolean; label: string; onToggle: () => void }) {
  return (
    <button
      class={`toggle ${text === "fx" ? "fx" : ""}`} aria-pressed={on} aria-label={`${text} for ${label}`}
      title={TOGGLES[text]} onClick={onToggle}
    >
      {text === "fx" ? <Icon name="braces" /> : text}
    </button>
  );
}
