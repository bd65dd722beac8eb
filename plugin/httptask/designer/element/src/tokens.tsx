// A list of scalars as tokens, followed by a text box to type the next item or to paste many.
import { useRef } from "preact/hooks";
import type { FieldProps } from "./form-field";
import { hintOf, plain } from "./field-words";
import { isExpression, type Json } from "./json";
import { asValue, pasted } from "./paste-list";
import { dump, guess, itemField, load, type Slot, takeAs } from "./slots";
import { IconButton, typed, useUi } from "./ui";

/** The types to choose for the items of a list of any values. */
const KINDS: [string, string][] = [["", "as typed"], ["string", "text"], ["number", "numbers"], ["boolean", "true/false"]];

/** The list in *slot*. */
export function Tokens({ slot, id, name, described, redraw }: Pick<FieldProps, "slot" | "id" | "name" | "described" | "redraw">) {
  const { focus } = useUi();
  /** The item being typed. It is an item of the list already, so that what is sent is what is seen. */
  const open = useRef<Slot | null>(null);
  const item = itemField(slot.field, 0);
  if (open.current && slot.kids.at(-1) !== open.current) open.current = null;
  /** The items that have been typed. */
  const done = slot.kids.filter((kid) => kid !== open.current);
  const kind = done[0]?.as ?? "";
  const add = (value?: Json): Slot => {
    const added = { ...load(item, value), on: true };
    if (item.kind === "any" && value === undefined && kind) added.as = kind;
    slot.kids.push(added);
    slot.on = true;
    return added;
  };
  const remove = (kid: Slot) => {
    slot.kids = slot.kids.filter((other) => other !== kid);
    redraw();
    focus(id);
  };
  const write = (text: string) => {
    if (!text && open.current) slot.kids.pop();
    open.current = text ? (open.current ?? add()) : null;
    if (open.current) Object.assign(open.current, { text, fx: isExpression(text), expr: text });
    redraw();
  };
  const hasRoom = slot.field.maximum === undefined || done.length < slot.field.maximum;
  const close = () => {
    if (!open.current) return;
    open.current = null;
    redraw();
  };
  /** Add the values of a pasted JSON list, of lines, or of numbers between commas; other text goes into the text box. */
  const paste = (event: ClipboardEvent) => {
    const text = event.clipboardData?.getData("text") ?? "";
    const isNumbers = item.kind !== "string" && /^[\d\s.,;eE+-]+$/.test(text);
    const parts = /^\s*\[|[\n\t]/.test(text) || isNumbers ? pasted(text) : [];
    if (parts.length < 2 && !/^\s*\[/.test(text)) return;
    event.preventDefault();
    close();
    for (const part of parts) add(asValue(item, part));
    redraw();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && open.current) close();
    else if (event.key === "Backspace" && !open.current && done.length && !event.repeat) remove(done.at(-1)!);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const typeTitle = (kid: Slot): string => KINDS.find(([as]) => as === (kid.as || guess(kid)))?.[1] ?? "text";
  return (
    <div class="joined">
      <div class="tokens" onClick={(event) => { if (event.target === event.currentTarget) focus(id); }}>
        {done.map((kid) => {
          const shown = kid.fx ? kid.expr : plain(dump(kid) ?? "");
          return (
            <span
              key={kid.key} class={kid.fx ? "token wired" : "token"}
              title={item.kind === "any" ? `sent as ${typeTitle(kid)}` : undefined}
            >
              {shown || "“”"}
              <IconButton icon="close" label={`Remove ${shown} from ${name}`} title="Remove" onClick={() => remove(kid)} />
            </span>
          );
        })}
        <input
          id={id} aria-describedby={described} autocomplete="off" value={open.current?.text ?? ""}
          readOnly={!hasRoom} inputMode={item.kind === "number" ? "decimal" : undefined}
          placeholder={hasRoom ? (done.length ? "" : hintOf(slot.field) || "Add or paste a list") : `at most ${slot.field.maximum}`}
          onInput={typed(write)} onBlur={close} onPaste={paste} onKeyDown={onKeyDown}
        />
      </div>
      {item.kind === "any" && (
        <select
          class="as" aria-label={`Type of the items of ${name}`} value={kind}
          onChange={typed((as) => { for (const kid of slot.kids) if (!kid.fx) takeAs(kid, as); redraw(); })}
        >
          {KINDS.map(([as, title]) => <option key={as} value={as}>{title}</option>)}
        </select>
      )}
    </div>
  );
}
