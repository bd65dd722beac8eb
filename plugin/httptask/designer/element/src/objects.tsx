// The fields of an object: the fields on the form, a line for each optional field, and entries the user named.
import { useState } from "preact/hooks";
import { nameOf, type FieldProps } from "./form-field";
import { defaultOf, plain, textOf } from "./field-words";
import { child } from "./json";
import { choices, isSendable, isShown, load, type Slot } from "./slots";
import { Suggested } from "./suggested";
import type { Field } from "./types";
import { Html, Icon, idOf, typed, useMost, useUi } from "./ui";

/** How many optional fields are listed before "more" is pressed. */
const MOST_LINES = 24;
/** A list of this many optional fields or more gets a filter. */
const MANY = 8;
type Inside = Pick<FieldProps, "slot" | "pointer" | "id" | "redraw"> & { prefix?: string };

/** An optional field and its place on the form. */
export interface Option {
  slot: Slot;
  pointer: string;
  name: string;
  /** For a parameter: the part of the request that carries it, `query` for example. */
  where?: string;
}

/** Return `add` and `remove`: they put an option on the form or take it off, and move the keyboard focus with it. */
export function useOptions(redraw: () => void) {
  const { focus } = useUi();
  const put = ({ slot, pointer }: Option, on: boolean) => {
    Object.assign(slot, { on, off: false });
    redraw();
    focus(on ? idOf(pointer) : `${idOf(pointer)}-add`);
  };
  return { add: (option: Option) => put(option, true), remove: (option: Option) => put(option, false) };
}

/** The fields of the object *slot*. */
export function Fields({ slot, pointer, id, redraw, prefix = "" }: Inside) {
  const { add, remove } = useOptions(redraw);
  const { Row } = useUi();
  const limit = useMost(slot.kids.length);
  const options = slot.kids.map((kid): Option => ({
    slot: kid, pointer: child(pointer, kid.field.name!), name: nameOf(kid, pointer),
  }));
  return (
    <>
      {options.filter((option) => isShown(option.slot)).slice(0, limit).map((option) => (
        <Row
          key={option.pointer} {...option} prefix={prefix}
          onRemove={option.slot.field.required ? undefined : () => remove(option)}
        />
      ))}
      {(slot.own.length > 0 || slot.field.extra) && (
        <Entries slot={slot} pointer={pointer} id={id} redraw={redraw} field={slot.field.extra} />
      )}
      <Optional
        of={prefix.replace(/( › |\.)$/, "")} options={options.filter((option) => !isShown(option.slot) && !option.slot.field.refused)}
        onAdd={(option) => { slot.on = true; add(option); }}
      />
    </>
  );
}

/** A line for each of *options*: fields that are not on the form and so not sent. *of* names the object, "" for the task. */
export function Optional({ options, onAdd, of }: { options: Option[]; onAdd: (option: Option) => void; of: string }) {
  const [showsAll, setShowsAll] = useState(false);
  const [filter, setFilter] = useState("");
  if (!options.length) return null;
  const lowerFilter = filter.toLowerCase();
  const matching = options.filter(({ name }) => name.toLowerCase().includes(lowerFilter));
  const shown = showsAll ? matching : matching.slice(0, MOST_LINES);
  return (
    <div class="options" role="group" aria-label={`Optional fields${of && ` of ${of}`}`}>
      {options.length >= MANY && (
        <div class="row">
          <span class="grow">
            Optional{of && <> in <code>{of}</code></>}{" "}
            <span class="muted small">{options.length} fields<span class="wide">, not sent until set</span></span>
          </span>
          <input
            value={filter} placeholder={`Filter ${options.length} optional fields`} aria-label="Filter the optional fields"
            onInput={typed(setFilter)}
          />
        </div>
      )}
      {shown.map((option) => <OptionLine key={option.pointer} option={option} onAdd={() => onAdd(option)} />)}
      {matching.length > shown.length && (
        <button class="link" onClick={() => setShowsAll(true)}>{matching.length - shown.length} more</button>
      )}
    </div>
  );
}

function OptionLine({ option: { slot: { field }, pointer, name, where }, onAdd }: { option: Option; onAdd: () => void }) {
  const { description } = field;
  return (
    <button class="option" id={`${idOf(pointer)}-add`} onClick={onAdd}>
      <Icon name="plus" />
      <span class={`name ${name === field.name ? "code" : ""} ${field.deprecated ? "deprecated" : ""}`}>{name}</span>{" "}
      <span class="type">{[where, field.type].filter(Boolean).join(", ")}</span>{" "}
      <span class="about">{[defaultOf(field), description && textOf(description)].filter(Boolean).join(" · ")}</span>
      {description && <span class="hint" hidden><Html html={description} /></span>}
    </button>
  );
}

/** What one user-named entry is called, by the pointer of its group. */
const NOUNS: Record<string, string> = {
  "/httpRequest/pathParameters": "path parameter", "/httpRequest/headers": "header", "/httpRequest/query": "query parameter",
  "/httpRequest/cookies": "cookie", "/inputParameters": "parameter",
};

/** The button that adds a user-named entry to *slot*; *field* describes the entry's value. */
export function AddEntry({ slot, pointer, id, redraw, field }: Inside & { field: Field }) {
  const { focus } = useUi();
  return (
    <button
      class="add"
      onClick={() => {
        const added = load(field);
        added.on = true;
        slot.own.push({ name: "", slot: added });
        slot.on = true;
        redraw();
        focus(keyId(id, added.key));
      }}
    >
      <Icon name="plus" />{`Add ${NOUNS[pointer] ?? "field"}`}
    </button>
  );
}
const keyId = (id: string, key: number): string => `${id}-key-${key}`;

/** The user-named entries of *slot*. Without a *field*, the existing entries can be edited but none added. */
export function Entries({ slot, pointer, id, redraw, where, field }: Inside & { where?: string; field?: Field }) {
  const sentEntries = slot.own.filter((entry) => !entry.slot.off);
  const { focus, Row } = useUi();
  const names = sentEntries.map(({ name }) => name).concat(slot.kids.map((kid) => kid.field.name ?? ""));
  const suggestions = slot.field.keys ? choices(slot.field.keys).map((name): [string] => [plain(name)]) : [];
  return (
    <>
      {slot.own.map((entry, index) => {
        const { off: isOff, key } = entry.slot;
        const isSent = !isOff && isSendable(slot, entry.name);
        const isDuplicate = isSent && names.indexOf(entry.name) !== names.lastIndexOf(entry.name);
        // An entry that is not sent has no pointer in the settings: its key keeps it apart from the others.
        const segment = isSent ? entry.name : `~${key}`;
        return (
          <Row
            key={key} slot={entry.slot} pointer={child(pointer, segment)} name={entry.name || "name"} where={where}
            onOff={where === undefined ? undefined : () => { entry.slot.off = !entry.slot.off; redraw(); }}
            onRemove={() => { slot.own.splice(index, 1); redraw(); focus(id); }}
            wide={
              <span class="own-name">
                <Suggested
                  id={keyId(id, key)} class="code" aria-label="Name" placeholder="name" value={entry.name}
                  values={suggestions}
                  onInput={typed((name) => { entry.name = name; redraw(); })}
                />
                {isDuplicate && <span class="problem error">given twice: only the last one is sent</span>}
                {!isSendable(slot, entry.name) && <span class="muted">not sent without a name</span>}
              </span>
            }
          />
        );
      })}
      {field && <div class="adders"><AddEntry {...{ slot, pointer, id, redraw, field }} /></div>}
    </>
  );
}
