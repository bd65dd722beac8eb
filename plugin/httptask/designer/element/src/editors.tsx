// The control for each kind of field, and the rows of what is inside an object, a map, a list or a union.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { controlProps, isInside, isJsonText, isTicked, MANY_VALUES, type FieldProps, type RowProps, valueProps } from "./form-field";
import { defaultOf, hintOf, plain, unsetLabel, valueLabel } from "./field-words";
import { parse, typeOf } from "./json";
import { List } from "./lists";
import { Entries, Fields } from "./objects";
import { Panel } from "./panel";
import { isSecret } from "./secrets";
import { choices, choose, guess, isAlmostJson, isPlain, isTokens, load, type Slot, structure, takeAs, valuesOf } from "./slots";
import { Suggested } from "./suggested";
import type { Field } from "./types";
import { Radios, typed, useUi } from "./ui";

/** Whether *slot* has a control beside its name. Objects, maps and lists have rows below the name instead. */
export const hasControl = (slot: Slot): boolean =>
  !isPlain(slot) || !["object", "map", "array"].includes(slot.field.kind) || isTicked(slot) || isTokens(slot);

/** The rows below the control of a field: its fields, entries or items; null where there are none. */
export function below(props: FieldProps): ComponentChildren {
  const { slot, id, pointer, name, prefix, inner: within } = props;
  const { kind } = slot.field;
  if (!isPlain(slot)) return null;
  if (kind === "object") return <Fields {...props} prefix={within} />;
  if (kind === "map") return <Entries {...props} field={valuesOf(slot.field)} />;
  if (kind === "array") return isTicked(slot) || isTokens(slot) ? null : <List {...props} />;
  const inner = kind === "union" ? slot.kids[slot.option] : kind === "any" && isInside(slot) ? slot.kids[0] : undefined;
  return inner && <Inner key={inner.key} slot={inner} pointer={pointer} name={name} prefix={prefix} inside={id} />;
}

/** A row for the same field as the row around it: of the chosen option of a union, or of the list or object in an `any`. */
function Inner(props: RowProps) {
  const { Row } = useUi();
  return <Row {...props} />;
}

/** The control of a field: first by its state (expression, null, JSON, secret), then by the kind of its field. */
export function Control(props: FieldProps): ComponentChildren {
  const { slot, name, id, label } = props;
  const { kind, link } = slot.field;
  if (slot.fx) return <Expression {...props} />;
  if (slot.isNull) return <output id={id} class="fixed" aria-labelledby={label}>null</output>;
  if (link) return <Stub {...props} />;
  if (slot.raw !== null) return <RawJson {...props} />;
  if (kind === "string" && isSecret(slot, name)) return <Secret {...props} />;
  if (props.takes === "query") return <Panel name="QueryBox" of={props} until={<Text {...props} />} />;
  if (mayBeUsual(props)) return <Usual {...props} />;
  return (CONTROLS[kind] ?? Anything)(props);
}

const CONTROLS: Partial<Record<Field["kind"], (props: FieldProps) => ComponentChildren>> = {
  string: (props) => <Text {...props} />,
  number: (props) => <Text {...props} />,
  boolean: (props) => <Segments {...props} options={[["", unsetLabel(props.slot.field)], ["true", "true"], ["false", "false"]]} />,
  enum: (props) => (choices(props.slot.field).length > MANY_VALUES ? <LongList {...props} /> : <Select {...props} />),
  const: ({ slot, label }) => <output class="fixed" aria-labelledby={label}>{plain(slot.field.value!)}</output>,
  file: (props) => <Panel name="FilePicker" of={props} />,
  array: ({ slot, id, name, described, redraw, ...others }) => {
    const shared = { slot, id, name, described, redraw };
    return isTicked(slot) ? <Checkboxes {...{ ...others, ...shared }} items={slot.field.items!} /> : <Panel name="Tokens" of={shared} />;
  },
  union: (props) => <WhichForm {...props} />,
  any: (props) => <Anything {...props} />,
};

/** Whether the field is the media type of the body with a documented default: users rarely change that one. */
const mayBeUsual = ({ slot: { field }, pointer }: FieldProps): boolean =>
  !!field.required && typeof field.default === "string" && pointer.toLowerCase() === "/httprequest/headers/content-type";

/** The default as a line of text; a click turns it into an input. */
function Usual(props: FieldProps) {
  const [open, setOpen] = useState(false);
  const { focus } = useUi();
  if (open || props.slot.text !== props.slot.field.default) return <Text {...props} />;
  return (
    <button
      id={props.id} class="fixed" title="Change it" aria-labelledby={`${props.label} ${props.id}`} aria-describedby={props.described}
      onClick={() => { setOpen(true); focus(props.id); }}
    >
      {props.slot.text} <span class="type">default</span>
    </button>
  );
}

/** An expression, and the sample value that test requests send instead. */
function Expression(props: FieldProps) {
  const { name, id, pointer, slot, redraw, takes, asked, ask } = props;
  const { store } = useUi();
  const plainInput = (
    <input
      {...controlProps(props)} {...valueProps(props, "expr")} class="code wired"
      placeholder={slot.field.format === "expression" ? "jsonata: statusCode = 202" : "$.name"}
    />
  );
  return (
    <div class="expression">
      {takes === "expression"
        ? <Panel name="ExpressionInput" of={{ slot, pointer, name, redraw, asked, ask, control: controlProps(props) }} until={plainInput} />
        : plainInput}
      {store.task.root && /^\/(httpRequest|inputParameters|forEach)\//.test(pointer) && <label class="sample">
        <span>Sample for tests</span>
        <input
          id={`${id}-sample`} class="code" {...valueProps(props, "sample")}
          aria-label={`Sample value of ${name}, for tests only`} placeholder="none: the expression is evaluated"
        />
      </label>}
    </div>
  );
}

/** JSON text: the user chose that view, or the value does not fit the field. */
function RawJson(props: FieldProps) {
  const { slot, pointer, id, name, described, problems, redraw } = props;
  const input = <textarea {...controlProps(props)} {...valueProps(props, "raw")} class="code" rows={rowsFor(slot.raw!, 3)} placeholder="JSON" />;
  if (isJsonText(slot)) {
    const shared = { slot, pointer, id, name, described, problems, redraw, required: slot.field.required };
    return <Panel name="JsonEditor" of={shared} until={input} />;
  }
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
/** The height, in lines, of a text area that holds *text*. */
const rowsFor = (text: string, least: number): number => Math.min(14, Math.max(least, text.split("\n").length));

/** A field whose children the server sends on request: large or recursive schemas are not sent whole. */
function Stub({ slot, redraw }: FieldProps) {
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

/** A masked text that can be revealed. */
function Secret(props: FieldProps) {
  const { name } = props;
  const [seen, setSeen] = useState(false);
  return (
    <div class="joined">
      <input {...controlProps(props)} {...valueProps(props)} type={(seen ? "text" : "password") as "password"} autocomplete="new-password" />
      <button aria-pressed={seen} aria-label={`Reveal ${name}`} onClick={() => setSeen(!seen)}>{seen ? "Hide" : "Reveal"}</button>
    </div>
  );
}

/** A text or number as typed: a text area for long text and for what may be JSON, a calendar for dates, else an input. */
function Text(props: FieldProps) {
  const { field, text, empty } = props.slot;
  const attributes = { ...controlProps(props), ...valueProps(props), placeholder: empty ? "an empty text is sent" : hintOf(field) };
  if (field.keys)
    return <Suggested {...attributes} values={choices(field.keys).map((choice) => [plain(choice)])} />;
  const mayBeJson = field.kind === "any" && !field.textual;
  const leastRows = mayBeJson ? (props.pointer === "/httpRequest/body" ? 4 : 1) : 2;
  if (field.multiline || mayBeJson || text.includes("\n"))
    return <textarea {...attributes} rows={rowsFor(text, leastRows)} />;
  if (/^date(-time)?$/.test(field.format ?? ""))
    return (
      <div class="joined">
        <input {...attributes} />
        <Panel name="DatePicker" of={{ slot: props.slot, name: props.name, redraw: props.redraw }} until=" " />
      </div>
    );
  return <input {...attributes} inputMode={field.kind === "number" ? "decimal" : undefined} />;
}

/** A row of radio buttons that look like one control. */
function Segments({ slot, id, options, label, described, redraw }: FieldProps & { options: [string, string][] }) {
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

function Select(props: FieldProps) {
  const { slot } = props;
  return (
    <select {...controlProps(props)} {...valueProps(props)}>
      <option value="">{unsetLabel(slot.field, "Choose …")}</option>
      {choices(slot.field).map((choice, index) => (
        <option key={JSON.stringify(choice)} value={JSON.stringify(choice)}>{valueLabel(slot.field, index)}</option>
      ))}
    </select>
  );
}

/** An enum with many values: typing filters the suggestions. */
function LongList(props: FieldProps) {
  const { slot, redraw } = props;
  const values = choices(slot.field);
  return (
    <Suggested
      {...controlProps(props)}
      values={values.map((choice, index) => [plain(choice), slot.field.labels?.[index]])}
      value={slot.text && plain(parse(slot.text))}
      placeholder={`${defaultOf(slot.field) && `${defaultOf(slot.field)}; `}type to find one of ${values.length}`}
      onInput={typed((text) => {
        // A value that is not in the enum is kept: the validation suggests the nearest one.
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

/** A value of any type: the type is guessed from the text, shown beside it, and can be chosen. */
function Anything(props: FieldProps) {
  const { slot, id, name, redraw } = props;
  const { focus } = useUi();
  const allowed = slot.field.types;
  const types = ANY_TYPES.filter(([type]) => !allowed || allowed.includes(type) || (type === "number" && allowed.includes("integer")));
  const words: Record<string, string> = { ...Object.fromEntries(ANY_TYPES), json: "JSON" };
  const inside = isInside(slot);
  /** The list or object that the text parses to. */
  const read = structure(slot.text);
  const type = slot.as || guess(slot);
  return (
    <>
      <div class="joined">
        {inside ? <span class="fixed grow">{JSON_WORDS[slot.as]}</span>
          : slot.as === "null" ? <output id={id} class="fixed grow">null</output>
          : slot.as === "boolean" ? (
            <select {...controlProps(props)} {...valueProps(props)}>
              <option value="">{unsetLabel(slot.field)}</option>
              <option>true</option>
              <option>false</option>
            </select>
          ) : isSecret(slot, name) ? <Secret {...props} /> : <Text {...props} />}
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
          text: slot.text,
          isQuiet: !slot.touched,
          onMend: (text) => { slot.text = text; redraw(); },
          onText: () => { takeAs(slot, "string"); redraw(); },
          onEdit: () => { slot.raw = slot.text; redraw(); focus(id); },
        }} />
      )}
      {read !== undefined && (type === "json" || type === "string") && (
        <div class="row under" role="status">
          <span class="muted">{type === "json" ? `Sent as JSON: ${JSON_WORDS[typeOf(read)]}.` : "Sent as text, though it reads as JSON."}</span>
          <button class="link" onClick={() => { takeAs(slot, type === "json" ? "string" : "json"); redraw(); }}>
            Send it as {type === "json" ? "text" : "JSON"}
          </button>
        </div>
      )}
    </>
  );
}

/** A check box for each value that a list of *items* may have. */
function Checkboxes({ slot, redraw, items }: FieldProps & { items: Field }) {
  const chosen = new Set(slot.kids.map((kid) => kid.text));
  const toggle = (text: string) => {
    // The list keeps the order of the enum, whichever value was ticked first.
    const wanted = choices(items).filter((choice) => {
      const json = JSON.stringify(choice);
      return json === text ? !chosen.has(json) : chosen.has(json);
    });
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
            <input type="checkbox" checked={chosen.has(text)} onChange={() => toggle(text)} /> {valueLabel(items, index)}
          </label>
        );
      })}
    </div>
  );
}

/** A select for the option of a union. */
function WhichForm({ slot, id, name, redraw }: FieldProps) {
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
      <option value="-1">{unsetLabel(slot.field, "Choose a form …")}</option>
      {options.map((option, index) => <option key={index} value={String(index)}>{titleOf(option, index)}</option>)}
    </select>
  );
}
