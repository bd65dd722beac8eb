// A control for each kind of field, and what stands below it.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { control, isInside, isJsonText, isTicked, MANY_VALUES, type Place, type RowProps, tied } from "./field-place";
import { called, defaultOf, hintOf, plain, unset } from "./field-words";
import { parse, typeOf } from "./json";
import { List } from "./lists";
import { Entries, Fields } from "./objects";
import { Panel } from "./panel";
import { isSecret } from "./secrets";
import { choices, choose, guess, isAlmostJson, isPlain, isTokens, load, type Slot, structure, takeAs, valuesOf } from "./slots";
import { Suggested } from "./suggested";
import type { Field } from "./types";
import { Radios, typed, useUi } from "./ui";

/** Whether a control stands beside the name; what has none is edited below it. */
export const hasControl = (slot: Slot): boolean =>
  !isPlain(slot) || !["object", "map", "array"].includes(slot.field.kind) || isTicked(slot) || isTokens(slot);

/** The fields, entries or items of *place*. */
export function below(place: Place): ComponentChildren {
  const { slot, id, pointer, name, prefix, inner: within } = place;
  const { kind } = slot.field;
  if (!isPlain(slot)) return null;
  if (kind === "object") return <Fields {...place} prefix={within} />;
  if (kind === "map") return <Entries {...place} field={valuesOf(slot.field)} />;
  if (kind === "array") return isTicked(slot) || isTokens(slot) ? null : <List {...place} />;
  const inner = kind === "union" ? slot.kids[slot.option] : kind === "any" && isInside(slot) ? slot.kids[0] : undefined;
  return inner && <Inner key={inner.key} slot={inner} pointer={pointer} name={name} prefix={prefix} inside={id} />;
}

/** The row of what stands at the same place. */
function Inner(props: RowProps) {
  const { Row } = useUi();
  return <Row {...props} />;
}

export function Control(place: Place): ComponentChildren {
  const { slot, name, id, label } = place;
  const { kind, link } = slot.field;
  if (slot.fx) return <Expression {...place} />;
  if (slot.isNull) return <output id={id} class="fixed" aria-labelledby={label}>null</output>;
  if (link) return <Stub {...place} />;
  if (slot.raw !== null) return <RawJson {...place} />;
  if (kind === "string" && isSecret(slot, name)) return <Secret {...place} />;
  if (place.takes === "query") return <Panel name="QueryBox" of={place} until={<Text {...place} />} />;
  if (mayBeUsual(place)) return <Usual {...place} />;
  return (CONTROLS[kind] ?? Anything)(place);
}

const CONTROLS: Partial<Record<Field["kind"], (place: Place) => ComponentChildren>> = {
  string: (place) => <Text {...place} />,
  number: (place) => <Text {...place} />,
  boolean: (place) => <Segments {...place} options={[["", unset(place.slot.field)], ["true", "true"], ["false", "false"]]} />,
  enum: (place) => (choices(place.slot.field).length > MANY_VALUES ? <LongList {...place} /> : <Select {...place} />),
  const: ({ slot, label }) => <output class="fixed" aria-labelledby={label}>{plain(slot.field.value!)}</output>,
  file: ({ slot, id, name, described, redraw }) => <Panel name="FilePicker" of={{ slot, id, name, described, redraw }} />,
  array: ({ slot, id, name, described, redraw, ...place }) =>
    isTicked(slot) ? <Checkboxes {...{ ...place, slot, id, name, described, redraw }} items={slot.field.items!} /> : <Panel name="Tokens" of={{ slot, id, name, described, redraw }} />,
  union: (place) => <WhichForm {...place} />,
  any: (place) => <Anything {...place} />,
};

/** The media type of the body is hardly ever another than the documented one. */
const mayBeUsual = ({ slot: { field }, pointer }: Place): boolean =>
  !!field.required && typeof field.default === "string" && pointer.toLowerCase() === "/httprequest/headers/content-type";

/** A line with the default, until somebody wants to change it. */
function Usual(place: Place) {
  const [open, setOpen] = useState(false);
  const { focus } = useUi();
  if (open || place.slot.text !== place.slot.field.default) return <Text {...place} />;
  return (
    <button id={place.id} class="fixed" title="Change it" aria-labelledby={`${place.label} ${place.id}`} aria-describedby={place.described} onClick={() => { setOpen(true); focus(place.id); }}>
      {place.slot.text} <span class="type">default</span>
    </button>
  );
}

function Expression(place: Place) {
  const { name, id, pointer, slot, redraw, takes, asked, ask } = place;
  const { store } = useUi();
  const plainInput = <input {...control(place)} {...tied(place, "expr")} class="code wired" placeholder={slot.field.format === "expression" ? "jsonata: statusCode = 202" : "$.name"} />;
  return (
    <div class="expression">
      {takes === "expression" ? <Panel name="ExpressionInput" of={{ slot, pointer, name, redraw, asked, ask, control: control(place) }} until={plainInput} /> : plainInput}
      {store.task.root && /^\/(httpRequest|inputParameters|forEach)\//.test(pointer) && <label class="sample">
        <span>Sample for tests</span>
        <input
          id={`${id}-sample`} class="code" {...tied(place, "sample")}
          aria-label={`Sample value of ${name}, for tests only`} placeholder="none: the expression is evaluated"
        />
      </label>}
    </div>
  );
}

/** What is edited as JSON, or does not fit its field. */
function RawJson(place: Place) {
  const { slot, pointer, id, name, described, problems, redraw } = place;
  const input = <textarea {...control(place)} {...tied(place, "raw")} class="code" rows={rowsFor(slot.raw!, 3)} placeholder="JSON" />;
  if (isJsonText(slot)) return <Panel name="JsonEditor" of={{ slot, pointer, id, name, described, problems, redraw, required: slot.field.required }} until={input} />;
  return (
    <>
      {input}
      <div class="row under">
        <span class="muted">{slot.stuck}</span>
        <button class="link" onClick={() => { slot.raw = null; redraw(); }}>Empty it and use the form</button>
      </div>
    </>
  );
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

function Text(place: Place) {
  const { field, text, empty } = place.slot;
  const attributes = { ...control(place), ...tied(place), placeholder: empty ? "an empty text is sent" : hintOf(field) };
  if (field.keys)
    return <Suggested {...attributes} values={choices(field.keys).map((each) => [plain(each)])} />;
  const mayBeJson = field.kind === "any" && !field.textual;
  return field.multiline || mayBeJson || text.includes("\n")
    ? <textarea {...attributes} rows={rowsFor(text, mayBeJson ? (place.pointer === "/httpRequest/body" ? 4 : 1) : 2)} />
    : /^date(-time)?$/.test(field.format ?? "") ? <div class="joined"><input {...attributes} /><Panel name="DatePicker" of={{ slot: place.slot, name: place.name, redraw: place.redraw }} until=" " /></div>
    : <input {...attributes} inputMode={field.kind === "number" ? "decimal" : undefined} />;
}

function Segments({ slot, id, options, label, described, redraw }: Place & { options: [string, string][] }) {
  return (
    <Radios class="segments" id={id} tabIndex={-1} aria-labelledby={label} aria-describedby={described}>
      {options.map(([value, title]) => (
        <label key={value}>
          <input
            type="radio" name={id} checked={slot.text === value}
            onChange={() => { slot.text = value; redraw(); }}
          />
          <span>{title}</span>
        </label>
      ))}
    </Radios>
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

const ANY_TYPES: [string, string][] = [
  ["string", "text"], ["number", "number"], ["boolean", "true/false"], ["null", "null"], ["array", "list"], ["object", "object"],
];
const JSON_WORDS: Record<string, string> = { array: "a list", object: "an object" };

/** A value without a documented type: what was typed is guessed at, and the guess is seen and can be changed. */
function Anything(place: Place) {
  const { slot, id, name, redraw } = place;
  const { focus } = useUi();
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
      {isAlmostJson(slot) && (
        <Panel name="AlmostJson" until=" " of={{
          text: slot.text, isQuiet: !slot.touched, onMend: (text) => { slot.text = text; redraw(); }, onText: () => { takeAs(slot, "string"); redraw(); },
          onEdit: () => { slot.raw = slot.text; redraw(); focus(id); },
        }} />
      )}
      {read !== undefined && (type === "json" || type === "string") && (
        <div class="row under" role="status">
          <span class="muted">{type === "json" ? `Sent as JSON: ${JSON_WORDS[typeOf(read)]}.` : "Sent as text, though it reads as JSON."}</span>
          <button class="link" onClick={() => { takeAs(slot, type === "json" ? "string" : "json"); redraw(); }}>Send it as {type === "json" ? "text" : "JSON"}</button>
        </div>
      )}
    </>
  );
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

function WhichForm({ slot, id, name, redraw }: Place) {
  const options = slot.field.options ?? [];
  const values = Object.entries(slot.field.discriminator?.values ?? {});
  const titleOf = (option: Field, index: number) => {
    const value = values.find(([, chosen]) => chosen === index)?.[0];
    const title = option.title ?? option.type ?? `form ${index + 1}`;
    return value === undefined || value === title ? title : `${value}: ${title}`;
  };
  return (
    <select
      aria-label={`Which form of ${name}`} id={`${id}-option`} value={String(slot.option)}
      onChange={typed((value) => { choose(slot, Number(value)); slot.on = true; redraw(); })}
    >
      <option value="-1">{unset(slot.field, "Choose a form …")}</option>
      {options.map((option, index) => <option key={index} value={String(index)}>{titleOf(option, index)}</option>)}
    </select>
  );
}
