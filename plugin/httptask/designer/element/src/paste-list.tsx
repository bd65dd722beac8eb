// Adds many items to a list at once, from pasted text.
import { useState } from "preact/hooks";
import { type Json, parse } from "./json";
import { scalarOf } from "./parameter-lines";
import type { Field } from "./types";
import { typed } from "./ui";

/** A text box for items of the list *name*; *field* describes one item. */
export function PasteList({ id, name, field, onAdd, onClose }: {
  id: string; name: string; field: Field; onAdd: (values: Json[]) => void; onClose: (added: boolean) => void;
}) {
  const [text, setText] = useState("");
  const parts = pasted(text);
  return (
    <div class="paste">
      <textarea
        id={`${id}-paste`} rows={4} aria-label={`A list for ${name}`} placeholder="One value a line, or separated by commas, or a JSON list"
        value={text} onInput={typed(setText)}
      />
      <div class="row">
        <button disabled={!text.trim()} onClick={() => { onAdd(parts.map((part) => asValue(field, part))); onClose(true); }}>
          Add {parts.length || ""} values
        </button>
        <button class="quiet" onClick={() => onClose(false)}>Close</button>
      </div>
    </div>
  );
}

/** Split pasted *text* into values: the items of a JSON list, or lines, or the parts between commas, semicolons or tabs. */
export function pasted(text: string): (string | { json: Json })[] {
  const trimmed = text.trim();
  if (trimmed.startsWith("["))
    try {
      return (parse(trimmed) as Json[]).map((json) => ({ json }));
    } catch {
      /* not JSON after all */
    }
  const parts = trimmed.includes("\n") ? trimmed.split(/\r?\n/) : trimmed.split(/[,;\t]/);
  return parts.map((part) => part.trim().replace(/^"(.*)"$/, "$1")).filter(Boolean);
}

/** One pasted value as a value of *field*. */
export const asValue = (field: Field, part: string | { json: Json }): Json =>
  typeof part === "string" ? scalarOf(field, part) : part.json;
