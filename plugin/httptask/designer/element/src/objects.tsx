// The fields of an object: those that are there, a line for each that could be, and entries with names of one's own.
import { useState } from "preact/hooks";
import { nameOf, type Place } from "./field-place";
import { defaultOf, plain, textOf } from "./field-words";
import { child } from "./json";
import { choices, isShown, load, type Slot } from "./slots";
import { Suggested } from "./suggested";
import type { Field } from "./types";
import { Html, Icon, idOf, typed, useMost, useUi } from "./ui";

const MOST_LINES = 24;
/** From so many on they can be filtered. */
const MANY = 8;
type Inside = Pick<Place, "slot" | "pointer" | "id" | "redraw"> & { prefix?: string };

/** A field that is not on the form yet, and how it gets there. */
export interface Option {
  slot: Slot;
  pointer: string;
  name: string;
  /** Of a parameter: the part of the request that it stands in. */
  where?: string;
}

/** Put *option* on the form, or take it off; the keyboard goes along. */
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
  const most = useMost(slot.kids.length);
  const options = slot.kids.map((kid): Option => ({ slot: kid, pointer: child(pointer, kid.field.name!), name: nameOf(kid, pointer) }));
  return (
    <>
      {options.filter((option) => isShown(option.slot)).slice(0, most).map((option) => (
        <Row
          key={option.pointer} {...option} prefix={prefix}
          onRemove={option.slot.field.required ? undefined : () => remove(option)}
        />
      ))}
      {(slot.own.length > 0 || slot.field.extra) && <Entries slot={slot} pointer={pointer} id={id} redraw={redraw} field={slot.field.extra} />}
      <Optional
        of={prefix.replace(/( › |\.)$/, "")} options={options.filter((option) => !isShown(option.slot) && !option.slot.field.refused)}
        onAdd={(option) => { slot.on = true; add(option); }}
      />
    </>
  );
}

/** A line for each field that is not sent until it is set. */
export function Optional({ options, onAdd, of }: { options: Option[]; onAdd: (option: Option) => void; of: string }) {
  const [all, setAll] = useState(false);
  const [filter, setFilter] = useState("");
  if (!options.length) return null;
  const wanted = filter.toLowerCase();
  const matching = options.filter(({ name }) => name.toLowerCase().includes(wanted));
  const shown = all ? matching : matching.slice(0, MOST_LINES);
  return (
    <div class="options" role="group" aria-label={`Optional fields${of && ` of ${of}`}`}>
      {options.length >= MANY && (
        <div class="row">
          <span class="grow">Optional{of && <> in <code>{of}</code></>} <span class="muted small">{options.length} fields<span class="wide">, not sent until set</span></span></span>
          <input
            value={filter} placeholder={`Filter ${options.length} optional fields`} aria-label="Filter the optional fields"
            onInput={typed(setFilter)}
          />
        </div>
      )}
      {shown.map((option) => <OptionLine key={option.pointer} option={option} onAdd={() => onAdd(option)} />)}
      {matching.length > shown.length && <button class="link" onClick={() => setAll(true)}>{matching.length - shown.length} more</button>}
    </div>
  );
}

function OptionLine({ option: { slot: { field }, pointer, name, where }, onAdd }: { option: Option; onAdd: () => void }) {
  const { description } = field;
  return (
    <button class="option" id={`${idOf(pointer)}-add`} onClick={onAdd}>
      <Icon name="plus" /><span class={`name ${name === field.name ? "code" : ""} ${field.deprecated ? "deprecated" : ""}`}>{name}</span>{" "}
      <span class="type">{[where, field.type].filter(Boolean).join(", ")}</span>{" "}
      <span class="about">{[defaultOf(field), description && textOf(description)].filter(Boolean).join(" · ")}</span>
      {description && <span class="hint" hidden><Html html={description} /></span>}
    </button>
  );
}

/** What an entry with a name of one's own is, by its group. */
const NOUNS: Record<string, string> = {
  "/httpRequest/pathParameters": "path parameter", "/httpRequest/headers": "header", "/httpRequest/query": "query parameter",
  "/httpRequest/cookies": "cookie", "/inputParameters": "parameter",
};

/** The button that adds an entry to *slot*, whose values are *field*. */
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

/** Entries with names of one's own; without a *field* there are only those that are there already. */
export function Entries({ slot, pointer, id, redraw, where, field }: Inside & { where?: string; field?: Field }) {
  const sent = slot.own.filter((entry) => !entry.slot.off);
  const { focus, Row } = useUi();
  const names = sent.map(({ name }) => name).concat(slot.kids.map((kid) => kid.field.name ?? ""));
  return (
    <>
      {slot.own.map((entry, index) => {
        const twice = entry.name !== "" && !entry.slot.off && names.indexOf(entry.name) !== names.lastIndexOf(entry.name);
        return (
          <Row
            key={entry.slot.key} slot={entry.slot} pointer={child(pointer, entry.slot.off ? `~${entry.slot.key}` : entry.name || `~${entry.slot.key}`)} name={entry.name || "name"} where={where}
            onOff={where === undefined ? undefined : () => { entry.slot.off = !entry.slot.off; redraw(); }}
            onRemove={() => { slot.own.splice(index, 1); redraw(); focus(id); }}
            wide={
              <span class="own-name">
                <Suggested
                  id={keyId(id, entry.slot.key)} class="code" aria-label="Name" placeholder="name" value={entry.name}
                  values={slot.field.keys ? choices(slot.field.keys).map((each) => [plain(each)]) : []}
                  onInput={typed((name) => { entry.name = name; redraw(); })}
                />
                {twice ? <span class="problem error">given twice: only the last one is sent</span> : !entry.name && <span class="muted">not sent without a name</span>}
              </span>
            }
          />
        );
      })}
      {field && <div class="adders"><AddEntry {...{ slot, pointer, id, redraw, field }} /></div>}
    </>
  );
}
