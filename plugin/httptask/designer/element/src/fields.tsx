// The form: one row for each slot on the screen, and an editor for each kind of field.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { child, isObject, type Json, parse, same, typeOf } from "./json";
import {
  asPlainText, choices, choose, dump, guess, isSecret, isShown, itemField, load, type Slot, structure, takeAs, valuesOf,
} from "./slots";
import { bytes } from "./amounts";
import type { Field } from "./types";
import { type Asked, ExpressionInput } from "./values";
import { describedBy, Html, Icon, IconButton, idOf, Problems, typed, useMost, useRedraw, useUi } from "./ui";

interface Place {
  slot: Slot;
  pointer: string;
  /** What the place is called on the screen. */
  name: string;
  redraw: () => void;
  /** Of the control; told from the pointer, and unlike every other. */
  id: string;
  /** Ids of what describes the control. */
  described?: string;
  label: string;
  asked: Asked;
  ask: (asked: Asked) => void;
}

const SIMPLE = new Set(["string", "number", "boolean", "enum", "const", "file"]);
const MANY_VALUES = 30;
const MOST_BUTTONS = 18;
const LATER = 250;
const MOST_INLINE = 1_048_576;
/** What an entry with a name of one's own is, by its group. */
const NOUNS: Record<string, string> = {
  "/httpRequest/headers": "header", "/httpRequest/query": "parameter", "/httpRequest/cookies": "cookie", "/inputParameters": "parameter",
};

/** One place of the settings: its name, its tools, its editor, what is said about it, and what is wrong with it. */
export function FieldRow({ slot, pointer, name, onRemove, inside, wide }: {
  slot: Slot; pointer: string; name: string; onRemove?: () => void;
  /** The id of the row around it that stands for the same place, has the head and says the problems. */
  inside?: string;
  /** Instead of a name: an editor for it. */
  wide?: ComponentChildren;
}) {
  const { store } = useUi();
  const redraw = useRedraw();
  const [asked, ask] = useState<Asked>(null);
  const row = useRef<HTMLDivElement>(null);
  const { field } = slot;
  const bare = inside !== undefined;
  const id = bare ? `${inside}~` : idOf(pointer);
  const change = () => {
    store.task.changed(pointer);
    redraw();
  };
  const problems = bare ? [] : store.validation.shownProblems(pointer, slot.touched);
  const bad = problems.some(({ severity }) => severity === "error");
  const single = slot.fx || slot.isNull || slot.raw !== null || SIMPLE.has(field.kind) || (field.kind === "any" && !isInside(slot));
  const described = `${field.description && !bare ? `${id}-hint ` : ""}${describedBy(id, problems)}`;
  const label = `${id}-name`;
  const place: Place = { slot, pointer, name, id, redraw: change, described: described || undefined, label, asked, ask };
  const takesExpression = field.kind !== "const" && isEvaluated(pointer);
  const toggle = (on: boolean) => {
    slot.fx = on;
    ask(on && !slot.expr.trim() ? "picker" : null);
    change();
  };
  useLayoutEffect(() => {
    if (asked !== "text") return;
    row.current!.querySelector<HTMLElement>("input, textarea")?.focus();
    ask(null);
  }, [asked]);
  const secret = isSecret(slot, name);
  return (
    <div
      ref={row} class={`field ${bad ? "bad" : ""} ${single ? "single" : "group"} ${bare ? "flat" : ""}`}
      onFocusOut={() => {
        // Later: what appears at once would move a button away from under the click that took the focus.
        if (!slot.touched) setTimeout(redraw, LATER);
        slot.touched = true;
      }}
      onKeyDown={(event) => {
        if (!event.altKey || event.ctrlKey || event.code !== "KeyE" || !takesExpression) return;
        event.preventDefault();
        event.stopPropagation();
        slot.fx ? ask("picker") : toggle(true);
      }}
      {...(single ? {} : { role: "group", "aria-labelledby": label, "aria-describedby": described || undefined, id, tabIndex: -1 })}
    >
      <div class={bare ? "field-head bare" : "field-head"}>
        {wide}
        <label id={label} for={id} class={wide || bare ? "hidden" : "name"}>{name}</label>
        {!bare && field.required && <span class="required">*<span class="hidden"> required</span></span>}
        {!bare && <span class="type">{slot.fx ? "expression" : field.type}</span>}
        {field.deprecated && <span class="tag">deprecated</span>}
        <span class="tools">
          {field.kind === "string" && field.name && !field.required && !slot.text && !slot.fx && !slot.isNull && !inside && (
            <Toggle text="“”" on={slot.empty} label={name} onToggle={() => { slot.empty = !slot.empty; change(); }} />
          )}
          {field.nullable && !slot.fx && (
            <Toggle text="null" on={slot.isNull} label={name} onToggle={() => { slot.isNull = !slot.isNull; change(); }} />
          )}
          {takesExpression && <Toggle text="fx" on={slot.fx} label={name} onToggle={() => toggle(!slot.fx)} />}
          {onRemove && (
            <IconButton icon="close" label={`Remove ${name}`} title="Remove" onClick={onRemove} />
          )}
        </span>
      </div>
      {!single && !bare && field.description && <div class="hint" id={`${id}-hint`}><Html html={field.description} /></div>}
      {slot.fx ? <Expression {...place} />
        : slot.isNull ? <output id={id} class="fixed" aria-labelledby={label}>null</output>
        : field.link ? <Stub {...place} />
        : slot.raw !== null ? <RawJson {...place} />
        : secret && field.kind === "string" ? <Secret {...place} />
        : <Editor {...place} />}
      {!single && !bare && field.kind !== "union" && field.default !== undefined && dump(slot) === undefined && <p class="muted small">{defaultOf(field)}</p>}
      {single && !bare && field.description && <div class="hint" id={`${id}-hint`}><Html html={field.description} /></div>}
      <Problems id={id} pointer={pointer} problems={problems} />
    </div>
  );
}

const TOGGLES: Record<string, string> = { fx: "Expression", null: "Send null", "“”": "Send an empty text" };
export function Toggle({ text, on, label, onToggle }: { text: string; on: boolean; label: string; onToggle: () => void }) {
  return (
    <button class="toggle" aria-pressed={on} aria-label={`${text} for ${label}`} title={TOGGLES[text]} onClick={onToggle}>{text}</button>
  );
}

/** Whether expressions at *pointer* are evaluated: how a task is run is said in advance. */
const isEvaluated = (pointer: string): boolean => /^\/(httpRequest|inputParameters)(\/|$)/.test(pointer);
/** What a field of an object is called: names of the request are the API's own, the others have titles. */
const nameOf = ({ field }: Slot, pointer: string): string => (!isEvaluated(pointer) && field.title) || field.name!;

const isInside = (slot: Slot): boolean => slot.as === "array" || slot.as === "object";

const control = ({ id, described, slot }: Place) => ({
  id,
  "aria-describedby": described,
  "aria-required": slot.field.required ? ("true" as const) : undefined,
});

/** What ties a control to a text of its slot. */
const tied = ({ slot, redraw, pointer, name, ask }: Place, what: "text" | "expr" | "sample" | "raw" = "text") => ({
  value: slot[what]!,
  onInput: typed((value) => {
    if (what === "text" && value === "$" && isEvaluated(pointer) && !isSecret(slot, name)) {
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

function Expression(place: Place) {
  const { name, id, pointer, slot, redraw, asked, ask } = place;
  return (
    <div class="expression">
      {isEvaluated(pointer)
        ? <ExpressionInput {...{ slot, pointer, name, redraw, asked, ask }} control={control(place)} />
        : <input {...control(place)} {...tied(place, "expr")} class="code" placeholder={slot.field.format === "expression" ? "jsonata: statusCode = 202" : "$.name"} />}
      {isEvaluated(pointer) && <label class="sample">
        <span>Sample for tests</span>
        <input
          id={`${id}-sample`} class="code" {...tied(place, "sample")}
          aria-label={`Sample value of ${name}, for tests only`} placeholder="none: the expression is evaluated"
        />
      </label>}
    </div>
  );
}

function RawJson(place: Place) {
  const { slot, redraw } = place;
  const broken = slot.raw!.trim() && problemOf(slot.raw!);
  const fits = !slot.field.raw && slot.field.kind !== "any";
  return (
    <>
      <textarea {...control(place)} {...tied(place, "raw")} class="code" rows={rowsFor(slot.raw!, 3)} placeholder="JSON" />
      <div class="row under">
        {broken ? <span class="problem error">{broken}</span> : fits && <span class="muted">This value does not fit the field, so it is shown as JSON.</span>}
        {!slot.field.raw && (fits ? (
          <button class="link" onClick={() => { slot.raw = null; slot.as = ""; redraw(); }}>Empty it and use the form</button>
        ) : <button class="link" onClick={() => { asPlainText(slot); redraw(); }}>Send it as text</button>)}
      </div>
    </>
  );
}

function problemOf(text: string): string {
  try {
    parse(text);
    return "";
  } catch (error) {
    return `Not JSON yet: ${(error as Error).message}`;
  }
}
const rowsFor = (text: string, least: number): number => Math.min(14, Math.max(least, text.split("\n").length));

function Stub({ slot, redraw }: Place) {
  const { store } = useUi();
  const [asked, setAsked] = useState(false);
  return (
    <button
      class="add" disabled={asked}
      onClick={() => { setAsked(true); void store.task.expandLink(slot).then(redraw); }}
    >
      {asked ? "Loading …" : `Fill in ${slot.field.type ?? "this"}`}
    </button>
  );
}

function Secret(place: Place) {
  const { name } = place;
  const [seen, setSeen] = useState(false);
  return (
    <div class="joined">
      <input {...control(place)} {...tied(place)} type={(seen ? "text" : "password") as "password"} autocomplete="new-password" />
      <button aria-pressed={seen} aria-label={`Reveal ${name}`} onClick={() => setSeen(!seen)}>{seen ? "Hide" : "Reveal"}</button>
    </div>
  );
}

const EDITORS: Record<Field["kind"], (place: Place) => ComponentChildren> = {
  string: Text,
  number: Text,
  boolean: (place) => <Segments {...place} options={[["", unset(place.slot.field)], ["true", "true"], ["false", "false"]]} />,
  enum: (place) => (choices(place.slot.field).length > MANY_VALUES ? <LongList {...place} /> : <Select {...place} />),
  const: ({ slot, label }) => <output class="fixed" aria-labelledby={label}>{plain(slot.field.value!)}</output>,
  file: FilePicker,
  any: Anything,
  object: Fields,
  map: (place) => <div class="rail"><Entries {...place} field={valuesOf(place.slot.field)} /></div>,
  array: List,
  union: Union,
};
function Editor(place: Place) {
  const Kind = EDITORS[place.slot.field.kind] ?? Anything;
  return <Kind {...place} />;
}

const plain = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));
/** A value of an enum, with what its description calls it. */
function called({ values, labels }: Field, index: number): string {
  const value = plain((values as Json[])[index]!);
  const label = labels?.[index];
  return label && label !== value ? `${value}: ${label}` : value;
}
const MOST_OF_DEFAULT = 100;
/** The documented default, in words; it is what the API takes where nothing is sent. "" where there is none. */
function defaultOf(field: Field): string {
  const { default: fallback, kind } = field;
  if (fallback === undefined) return "";
  const index = kind === "enum" ? choices(field).findIndex((choice) => same(choice, fallback)) : -1;
  const text = index < 0 ? plain(fallback) : called(field, index);
  return `default: ${text.length > MOST_OF_DEFAULT ? `${text.slice(0, MOST_OF_DEFAULT)} …` : text}`;
}
/** What stands for no choice. */
function unset(field: Field, choose = ""): string {
  const fallback = defaultOf(field);
  return field.required && choose ? `${choose}${fallback && ` (${fallback})`}` : fallback || "not set";
}
function hintOf(field: Field): string {
  const { examples, format } = field;
  return defaultOf(field) || (examples?.length ? `for example ${plain(examples[0]!)}` : (format ?? ""));
}

function Text(place: Place) {
  const { field, text, empty } = place.slot;
  const attributes = { ...control(place), ...tied(place), placeholder: empty ? "an empty text is sent" : hintOf(field) };
  if (field.kind === "string" && field.keys)
    return <Suggested {...attributes} values={choices(field.keys).map((each) => [plain(each)])} />;
  const mayBeJson = field.kind === "any" && !field.textual;
  return field.multiline || mayBeJson || text.includes("\n")
    ? <textarea {...attributes} rows={rowsFor(text, mayBeJson ? (place.pointer === "/httpRequest/body" ? 4 : 1) : 2)} />
    : <input {...attributes} inputMode={field.kind === "number" ? "decimal" : undefined} />;
}

function Segments({ slot, id, options, label, described, redraw }: Place & { options: [string, string][] }) {
  return (
    <div class="segments" role="radiogroup" id={id} tabIndex={-1} aria-labelledby={label} aria-describedby={described}>
      {options.map(([value, title]) => (
        <label key={value}>
          <input
            type="radio" name={id} checked={slot.text === value}
            onChange={() => { slot.text = value; redraw(); }}
          />
          <span>{title}</span>
        </label>
      ))}
    </div>
  );
}

function Select(place: Place) {
  const { slot } = place;
  return (
    <select {...control(place)} {...tied(place)}>
      <option value="">{unset(slot.field, "Choose …")}</option>
      {choices(slot.field).map((choice, index) => <option key={JSON.stringify(choice)} value={JSON.stringify(choice)}>{called(slot.field, index)}</option>)}
    </select>
  );
}

/** A list too long to look through: typing filters it. */
function LongList(place: Place) {
  const { slot, redraw } = place;
  const values = choices(slot.field);
  return (
    <Suggested
      {...control(place)} values={values.map((each, index) => [plain(each), slot.field.labels?.[index]])} value={slot.text && plain(parse(slot.text))} placeholder={`${defaultOf(slot.field) && `${defaultOf(slot.field)}; `}type to find one of ${values.length}`}
      onInput={typed((text) => {
        // A value that is none of them is kept as it is: validation says what is near it.
        slot.text = text && JSON.stringify(values.find((choice) => plain(choice) === text) ?? text);
        redraw();
      })}
    />
  );
}

function FilePicker({ slot, id, name, described, redraw }: Place) {
  const { store } = useUi();
  const [state, setState] = useState("");
  const meta = isObject(slot.value ?? null) && isObject((slot.value as { $file?: Json }).$file ?? null)
    ? ((slot.value as { $file: { name: string; size: number } }).$file)
    : null;
  const shown = meta ? `${meta.name}, ${bytes(meta.size)}`
    : typeof slot.value === "string" ? `${slot.text || "in the settings"}, ${bytes(Math.floor((slot.value.length * 3) / 4))}` : "";
  const choose = async (file: File | undefined) => {
    if (!file) return;
    setState(`Reading ${file.name} …`);
    try {
      if (slot.field.encoding === "base64") {
        if (file.size > MOST_INLINE) throw new Error(`${file.name} has ${bytes(file.size)}: inside JSON at most ${bytes(MOST_INLINE)} can be sent.`);
        slot.value = await base64(file);
        slot.text = file.name;
      } else slot.value = await store.api.upload(file);
      setState("");
    } catch (error) {
      setState((error as Error).message);
    }
    redraw();
  };
  return (
    <div class="file">
      <label class="button">
        <Icon name="plus" /> {shown ? "Choose another" : "Choose a file"}
        <input
          type="file" id={id} class="hidden" aria-label={`File for ${name}`} aria-describedby={described} accept={slot.field.accept}
          onChange={(event) => void choose(event.currentTarget.files?.[0])}
        />
      </label>
      {shown && <span class="file-name">{shown}</span>}
      {shown && (
        <IconButton icon="close" label={`Empty ${name}`} title="Empty" onClick={() => { slot.value = undefined; slot.text = ""; redraw(); }} />
      )}
      {!shown && !state && <span class="muted">{defaultOf(slot.field)}</span>}
      {state && <span class="muted" role="status">{state}</span>}
    </div>
  );
}

const base64 = (file: File): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(new Error(`${file.name} cannot be read`));
    reader.readAsDataURL(file);
  });

const ANY_TYPES: [string, string][] = [
  ["string", "text"], ["number", "number"], ["boolean", "true/false"], ["null", "null"], ["array", "list"], ["object", "object"],
];
const JSON_WORDS: Record<string, string> = { array: "a list", object: "an object" };

/** A value without a documented type: what was typed is guessed at, and the guess is seen and can be changed. */
function Anything(place: Place) {
  const { slot, pointer, id, name, redraw } = place;
  const allowed = slot.field.types;
  const types = ANY_TYPES.filter(([type]) => !allowed || allowed.includes(type) || (type === "number" && allowed.includes("integer")));
  const words: Record<string, string> = { ...Object.fromEntries(ANY_TYPES), json: "JSON" };
  const inside = isInside(slot);
  const read = structure(slot.text);
  const type = slot.as || guess(slot);
  return (
    <>
      <div class="joined">
        {inside ? <span class="fixed grow">{JSON_WORDS[slot.as]}</span>
          : slot.as === "null" ? <output id={id} class="fixed grow">null</output>
          : slot.as === "boolean" ? (
            <select {...control(place)} {...tied(place)}>
              <option value="">{unset(slot.field)}</option><option>true</option><option>false</option>
            </select>
          ) : isSecret(slot, name) ? <Secret {...place} /> : <Text {...place} />}
        <select
          class="as" aria-label={`Type of ${name}`} value={slot.as}
          onChange={typed((value) => { takeAs(slot, value); redraw(); })}
        >
          <option value="">{slot.text && !inside ? `as ${words[guess(slot)]}` : "as typed"}</option>
          {types.map(([type, title]) => <option key={type} value={type}>{title}</option>)}
          <option value="json">JSON</option>
        </select>
      </div>
      {read !== undefined && (type === "json" || type === "string") && (
        <div class="row under" role="status">
          <span class="muted">{type === "json" ? `Sent as JSON: ${JSON_WORDS[typeOf(read)]}.` : "Sent as text, though it reads as JSON."}</span>
          <button class="link" onClick={() => { takeAs(slot, type === "json" ? "string" : "json"); redraw(); }}>Send it as {type === "json" ? "text" : "JSON"}</button>
        </div>
      )}
      {inside && slot.kids[0] && <FieldRow slot={slot.kids[0]} pointer={pointer} name={name} inside={id} />}
    </>
  );
}

/** The fields of an object: those that are there, and a button for each that could be. */
export function Fields({ slot, pointer, id, redraw }: Pick<Place, "slot" | "pointer" | "id" | "redraw">) {
  const { focus } = useUi();
  const at = (kid: Slot) => child(pointer, kid.field.name!);
  const most = useMost(slot.kids.length);
  return (
    <div class="rail">
      {slot.kids.filter(isShown).slice(0, most).map((kid) => (
        <FieldRow
          key={kid.field.name} slot={kid} pointer={at(kid)} name={nameOf(kid, pointer)}
          onRemove={kid.field.required ? undefined : () => { kid.on = false; redraw(); focus(id); }}
        />
      ))}
      {(slot.own.length > 0 || slot.field.extra) && <Entries slot={slot} pointer={pointer} id={id} redraw={redraw} field={slot.field.extra} />}
      <AddButtons
        pointer={pointer}
        hidden={slot.kids.filter((kid) => !isShown(kid) && !kid.field.refused)}
        onAdd={(kid) => { kid.on = true; slot.on = true; redraw(); focus(idOf(at(kid))); }}
      />
    </div>
  );
}

function AddButtons({ hidden, onAdd, pointer }: { hidden: Slot[]; onAdd: (kid: Slot) => void; pointer: string }) {
  const [all, setAll] = useState(false);
  const [filter, setFilter] = useState("");
  if (!hidden.length) return null;
  const found = hidden.filter((kid) => kid.field.name!.toLowerCase().includes(filter.toLowerCase()));
  const shown = all ? found : found.slice(0, MOST_BUTTONS);
  return (
    <div class="adders">
      {hidden.length > MOST_BUTTONS && (
        <input
          value={filter} placeholder={`Filter ${hidden.length} optional fields`} aria-label="Filter the optional fields"
          onInput={typed(setFilter)}
        />
      )}
      {shown.map((kid) => (
        <button
          class={kid.field.deprecated ? "add deprecated" : "add"} key={kid.field.name} title={[kid.field.type, defaultOf(kid.field)].filter(Boolean).join(", ")}
          onClick={() => onAdd(kid)}
        >
          <Icon name="plus" />{nameOf(kid, pointer)}
        </button>
      ))}
      {found.length > shown.length && <button class="link" onClick={() => setAll(true)}>{found.length - shown.length} more</button>}
    </div>
  );
}

/** Entries with names of one's own; without a *field* there are only those that are there already. */
export function Entries({ slot, pointer, id, redraw, field }: Pick<Place, "slot" | "pointer" | "id" | "redraw"> & { field?: Field }) {
  const { focus } = useUi();
  const names = slot.own.map(({ name }) => name).concat(slot.kids.map((kid) => kid.field.name ?? ""));
  const keyId = (key: number) => `${id}-key-${key}`;
  return (
    <>
      {slot.own.map((entry, index) => {
        const twice = entry.name !== "" && names.indexOf(entry.name) !== names.lastIndexOf(entry.name);
        return (
          <FieldRow
            key={entry.slot.key} slot={entry.slot} pointer={child(pointer, entry.name || `~${entry.slot.key}`)} name={entry.name || "name"}
            onRemove={() => { slot.own.splice(index, 1); redraw(); focus(id); }}
            wide={
              <span class="own-name">
                <Suggested
                  id={keyId(entry.slot.key)} aria-label="Name" placeholder="name" value={entry.name}
                  values={slot.field.keys ? choices(slot.field.keys).map((each) => [plain(each)]) : []}
                  onInput={typed((name) => { entry.name = name; redraw(); })}
                />
                {twice ? <span class="problem error">twice: only the last one is sent</span> : !entry.name && <span class="muted">not sent without a name</span>}
              </span>
            }
          />
        );
      })}
      {field && (
        <button
          class="add"
          onClick={() => {
            const added = load(field);
            added.on = true;
            slot.own.push({ name: "", slot: added });
            slot.on = true;
            redraw();
            focus(keyId(added.key));
          }}
        >
          <Icon name="plus" />{`Add ${NOUNS[pointer] ?? "field"}`}
        </button>
      )}
    </>
  );
}

/** A text that may be anything, with what is likely offered. */
export function Suggested({ id, values, ...rest }: { id: string; values: [string, string?][] } & Record<string, unknown>) {
  return (
    <>
      <input id={id} list={`${id}-list`} {...(rest as object)} />
      <datalist id={`${id}-list`}>{values.map(([value, note]) => <option key={value} value={value}>{note}</option>)}</datalist>
    </>
  );
}

function List(place: Place) {
  const { slot, pointer, id, name, redraw } = place;
  const { focus } = useUi();
  const [pasting, setPasting] = useState<string | null>(null);
  const items = slot.field.items;
  if (items?.kind === "enum" && choices(items).length <= MANY_VALUES && slot.kids.every((kid) => kid.text && !kid.fx && kid.raw === null))
    return <Checkboxes {...place} items={items} />;
  const room = slot.field.maximum === undefined || slot.kids.length < slot.field.maximum;
  const add = (values: (Json | undefined)[]) => {
    for (const value of values) slot.kids.push({ ...load(itemField(slot.field, slot.kids.length), value), on: true });
    slot.on = true;
    redraw();
    focus(idOf(child(pointer, slot.kids.length - 1)));
  };
  return (
    <div class="rail">
      {slot.kids.map((kid, index) => (
        <FieldRow
          key={kid.key} slot={kid} pointer={child(pointer, index)} name={`${name} ${index + 1}`}
          onRemove={() => {
            slot.kids.splice(index, 1);
            redraw();
            focus(slot.kids.length ? idOf(child(pointer, Math.min(index, slot.kids.length - 1))) : `${id}-add`);
          }}
        />
      ))}
      {pasting !== null && (
        <div class="paste">
          <textarea
            id={`${id}-paste`} rows={4} aria-label={`A list for ${name}`} placeholder="One value a line, or separated by commas, or a JSON list"
            value={pasting} onInput={typed(setPasting)}
          />
          <div class="row">
            <button disabled={!pasting.trim()} onClick={() => { add(pasted(pasting).map((part) => asValue(itemField(slot.field, 0), part))); setPasting(null); }}>Add {pasted(pasting).length || ""} values</button>
            <button class="quiet" onClick={() => { setPasting(null); focus(`${id}-add`); }}>Close</button>
          </div>
        </div>
      )}
      <div class="adders">
        {room ? (
          <button class="add" id={`${id}-add`} aria-label={`Add item to ${name}`} onClick={() => add([undefined])}><Icon name="plus" />item</button>
        ) : <span class="muted" id={`${id}-add`} tabIndex={-1}>at most {slot.field.maximum}</span>}
        {room && pasting === null && (
          <button class="add" aria-label={`Paste a list into ${name}`} onClick={() => { setPasting(""); focus(`${id}-paste`); }}>Paste a list</button>
        )}
      </div>
    </div>
  );
}

/** The values in pasted text: a JSON list, else lines, else what commas part. */
function pasted(text: string): (string | { json: Json })[] {
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

/** Pasted text as a value of *field*. */
function asValue(field: Field, part: string | { json: Json }): Json {
  if (typeof part !== "string") return part.json;
  const slot = { ...load(field), text: part };
  if (field.kind === "enum") return choices(field).find((choice) => plain(choice) === part) ?? part;
  if (field.kind === "boolean") return part === "true" ? true : part === "false" ? false : part;
  return ["string", "number", "any"].includes(field.kind) ? (dump(slot) ?? part) : part;
}

function Checkboxes({ slot, redraw, items }: Place & { items: Field }) {
  const chosen = new Set(slot.kids.map((kid) => kid.text));
  const toggle = (text: string) => {
    const wanted = choices(items).filter((choice) => chosen.has(JSON.stringify(choice)) !== (JSON.stringify(choice) === text));
    slot.kids = wanted.map((choice) => load(items, choice));
    slot.on = true;
    redraw();
  };
  return (
    <div class="checks">
      {choices(items).map((choice, index) => {
        const text = JSON.stringify(choice);
        return (
          <label key={text}>
            <input type="checkbox" checked={chosen.has(text)} onChange={() => toggle(text)} /> {called(items, index)}
          </label>
        );
      })}
    </div>
  );
}

function Union({ slot, pointer, id, name, redraw }: Place) {
  const options = slot.field.options ?? [];
  const inner = slot.kids[slot.option];
  return (
    <div class="union">
      <select
        aria-label={`Which form of ${name}`} id={`${id}-option`} value={String(slot.option)}
        onChange={typed((value) => { choose(slot, Number(value)); slot.on = true; redraw(); })}
      >
        <option value="-1">{unset(slot.field, "Choose a form …")}</option>
        {options.map((option, index) => <option key={index} value={String(index)}>{option.title ?? option.type ?? `form ${index + 1}`}</option>)}
      </select>
      {inner && <FieldRow key={inner.key} slot={inner} pointer={pointer} name={name} inside={id} />}
    </div>
  );
}
