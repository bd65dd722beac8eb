// The state of the form: one slot for each value that the settings have or can have.
//
// Slots are changed in place and turned into JSON when it is needed, so that what is sent is what is on the screen.
import {
  child, escapeText, exactNumber, isExpression, isObject, isRaw, type Json, type JsonObject, NUMBER, parse, parseTyped, same,
  SECRET_NAME, typeOf, unescapeText, valueText, wrapped,
} from "./json";
import { byCase } from "./cases";
import type { Field } from "./types";

/** One value on the form, with all that was typed for it. */
export interface Slot {
  field: Field;
  /** Identifies the slot; a list item keeps it while it moves. */
  readonly key: number;
  /** The settings had a value here, or somebody added one. A required value is sent without this. */
  on: boolean;
  /** The value is on the form but not sent. */
  off: boolean;
  /** The value is an expression. */
  fx: boolean;
  /** The expression as typed; kept while `fx` is false. */
  expr: string;
  /** The sample that a test uses instead of the expression, as typed. */
  sample: string;
  /** A scalar as typed; for an enum and a boolean, the JSON text of the choice. "" is unset. */
  text: string;
  /** `text` is "" on purpose: an empty string is sent. */
  empty: boolean;
  isNull: boolean;
  /** For a list: each item has a row, instead of a token. */
  inRows: boolean;
  /** The value as JSON text, if it does not fit the field or is edited as JSON; otherwise null. */
  raw: string | null;
  /** The secrets in `raw`, by the signs that stand for them there. */
  signs: Map<string, Json>;
  /** Why the value is shown as JSON and not in the form. */
  stuck: string;
  /** For the kind `any`: the type that the text is read as; "" to guess it. */
  as: string;
  /** For a union: the index of the chosen option, -1 for none. */
  option: number;
  /** The fields of an object, the items of an array, the options of a union; for `any`, one slot with the array or object. */
  kids: Slot[];
  /** The entries of a map, and the user-named entries of an object. */
  own: Entry[];
  /** The value of a file; for a stub, the value to fill in once its field is known. */
  value: Json | undefined;
  /** The names of an object or map in the order in which they were read; an object is written in that order. */
  order: string[];
  /** Somebody has been in this field: its problems may be shown. */
  touched: boolean;
}
/** An entry of a map or an object whose name the user chooses. */
export interface Entry {
  name: string;
  slot: Slot;
}

/** The field of a value about which nothing is documented. */
export const ANY: Field = { kind: "any", type: "any value" };
const NO_SIGNS: Map<string, Json> = new Map();
let keys = 0;

const blank = (field: Field): Slot => ({
  field, key: keys++, on: false, off: false, touched: false,
  fx: field.format === "expression", expr: "", sample: "",
  text: "", empty: false, isNull: false, inRows: false,
  raw: field.raw ? "" : null, signs: NO_SIGNS, stuck: field.raw ? "No form can hold what is documented here." : "",
  as: "", option: -1, kids: [], own: [], value: undefined, order: [],
});

/** Make the slot of *field*, filled with *value* if there is one. */
export function load(field: Field, value?: Json): Slot {
  const slot = blank(field);
  if (field.kind === "object") slot.kids = (field.fields ?? []).map((member) => load(member));
  if (value === undefined) return slot;
  slot.on = true;
  fill(slot, value);
  return slot;
}

/** Put *value* into *slot*: as an expression, as null, into the controls of the field, or else as JSON text. */
function fill(slot: Slot, value: Json): void {
  const { field } = slot;
  if (isExpression(value) || (slot.fx && typeof value === "string")) {
    slot.fx = true;
    slot.expr = value as string;
  } else if (value === null && field.nullable) slot.isNull = true;
  else if (field.link) slot.value = value;
  else if (field.raw || !LOADERS[field.kind](slot, value)) {
    slot.stuck ||= "This value does not fit the field, so it is shown as JSON.";
    // A text that was meant to be JSON is shown as it was typed, not as a JSON string.
    const isMeantAsJson = typeof value === "string" && isBroken(unescapeText(value));
    slot.raw = isMeantAsJson ? unescapeText(value) : JSON.stringify(value, null, 2);
  }
}

/** Say whether *text* begins like a JSON object or list but is not valid JSON. */
export function isBroken(text: string): boolean {
  return /^\s*[[{]/.test(text) && fromRaw(text) === text;
}

/** Turn a stub into the slot of *field*, which the server returned for its link. */
export function expand(slot: Slot, field: Field): void {
  const { value } = slot;
  slot.field = { ...field, name: slot.field.name ?? field.name, required: slot.field.required ?? field.required };
  delete slot.field.link;
  slot.value = undefined;
  if (field.kind === "object") slot.kids = (field.fields ?? []).map((member) => load(member));
  if (value !== undefined) fill(slot, value);
}

/** By kind: put *value* into the slot, and say whether it fits. */
const LOADERS: Record<Field["kind"], (slot: Slot, value: Json) => boolean> = {
  object(slot, value) {
    if (!isObject(value)) return false;
    slot.order = Object.keys(value);
    const indexes = new Map((slot.field.fields ?? []).map((field, index) => [field.name, index]));
    for (const [name, item] of Object.entries(value)) {
      const index = indexes.get(name);
      if (index === undefined) slot.own.push({ name, slot: load(slot.field.extra ?? ANY, item) });
      else slot.kids[index] = load(slot.field.fields![index]!, item);
    }
    return true;
  },
  map(slot, value) {
    if (!isObject(value)) return false;
    slot.order = Object.keys(value);
    slot.own = Object.entries(value).map(([name, item]) => ({ name, slot: load(valuesOf(slot.field), item) }));
    return true;
  },
  array(slot, value) {
    if (!Array.isArray(value)) return false;
    slot.kids = value.map((item, index) => load(itemField(slot.field, index), item));
    return true;
  },
  union(slot, value) {
    slot.option = bestOption(slot.field, value);
    if (slot.option < 0) return false;
    slot.kids[slot.option] = load(slot.field.options![slot.option]!, value);
    return true;
  },
  enum(slot, value) {
    slot.text = JSON.stringify(value);
    return choices(slot.field).some((choice) => same(choice, value));
  },
  const: (slot, value) => same(slot.field.value, value),
  string(slot, value) {
    if (typeof value !== "string") return false;
    slot.text = unescapeText(value);
    slot.empty = value === "";
    return true;
  },
  number(slot, value) {
    if (typeof value !== "number" && !isRaw(value)) return false;
    slot.text = JSON.stringify(value);
    return true;
  },
  boolean(slot, value) {
    slot.text = valueText(value);
    return typeof value === "boolean";
  },
  file(slot, value) {
    slot.value = value;
    return typeof value === "string" || isObject(value);
  },
  any(slot, value) {
    const type = typeOf(value);
    if (type === "array" || type === "object") {
      slot.as = type;
      slot.kids = [load(insideOf(type), value)];
      return true;
    }
    if (type === "null") {
      slot.as = "null";
      return true;
    }
    slot.text = typeof value === "string" ? unescapeText(value) : JSON.stringify(value);
    slot.empty = value === "";
    if (guess(slot) !== type) slot.as = type;
    return true;
  },
};

/** The value of *slot* as JSON; undefined if nothing was set. */
export function dump(slot: Slot): Json | undefined {
  if (slot.fx) return slot.expr.trim() ? wrapped(slot.expr) : undefined;
  if (slot.isNull) return null;
  if (slot.raw !== null) return isBroken(slot.raw) ? escapeText(slot.raw) : withSigns(fromRaw(slot.raw), slot.signs);
  if (slot.field.link) return slot.value;
  return DUMPERS[slot.field.kind](slot);
}

const IN_TOKENS = ["string", "number", "any"];
/** Say whether the list *slot* is shown as tokens: its items are scalars, or expressions without a sample, and no secrets. */
export const isTokens = ({ field: { kind, name, items, prefix }, kids, inRows }: Slot): boolean =>
  kind === "array" && !!name && !SECRET_NAME.test(name) && !inRows && !prefix
  && IN_TOKENS.includes((items ?? ANY).kind)
  && !items?.link && !items?.raw && !items?.multiline && !items?.secret
  && kids.every((kid) => !kid.isNull && kid.raw === null && !kid.sample && !kid.kids.length && kid.as !== "null");

/** Say whether the controls of the field show the value: it is not an expression, null, JSON text, or a stub. */
export const isPlain = (slot: Slot): boolean => !slot.fx && !slot.isNull && slot.raw === null && !slot.field.link;

const TWO_VIEWS = ["object", "map", "array", "union"];
/** Say whether *slot* can be edited both as a form and as JSON. */
export const hasTwoViews = ({ field, fx, isNull }: Slot): boolean =>
  TWO_VIEWS.includes(field.kind) && !field.raw && !field.link && !fx && !isNull;

/** Return *value* with each sign replaced by its secret. */
export function withSigns(value: Json | undefined, signs: Map<string, Json>): Json | undefined {
  if (value === undefined || !signs.size) return value;
  if (typeof value === "string") return signs.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => withSigns(item, signs)!);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withSigns(item, signs)!]));
}

/** Say whether the slot is on the form; otherwise a button adds it. */
export const isShown = (slot: Slot): boolean => slot.on || !!slot.field.required || (!!slot.field.group && isSet(slot));

/** Say whether somebody set a value here. Constants do not count, nor objects in which nothing is set. */
function isSet(slot: Slot): boolean {
  if (slot.off) return false;
  if (slot.on || slot.own.some((entry) => !entry.slot.off)) return true;
  if (slot.field.kind === "object" && isPlain(slot)) return slot.kids.some(isSet);
  return slot.field.kind !== "const" && dump(slot) !== undefined;
}

/** Remove everything that was set in *slot*. */
export const empty = (slot: Slot): unknown => Object.assign(slot, load(slot.field));
const dumpShown = (slot: Slot): Json | undefined => (isShown(slot) && !slot.off ? dump(slot) : undefined);

/** Parse *text* as JSON; return *text* itself if it is none, and undefined if it is blank. */
export function fromRaw(text: string): Json | undefined {
  if (!text.trim()) return undefined;
  try {
    return parseTyped(text);
  } catch {
    return text; // the server says what is wrong with it
  }
}

const toText = (slot: Slot): Json | undefined =>
  slot.text || slot.empty ? escapeText(slot.text) : undefined;

/** Parse *text* as a number; text that is none is sent as it is, so that validation reports it. */
function toNumber(text: string): Json | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  return NUMBER.test(trimmed) ? exactNumber(trimmed) : text;
}

/** By kind: the value of a plain slot; undefined if nothing was set. */
const DUMPERS: Record<Field["kind"], (slot: Slot) => Json | undefined> = {
  object(slot) {
    byCase(slot);
    const value: JsonObject = {};
    for (const kid of slot.kids) put(value, kid.field.name!, dumpShown(kid));
    putOwn(value, slot);
    const ordered = inOrder(value, slot.order);
    return isShown(slot) || Object.keys(value).length ? ordered : undefined;
  },
  map(slot) {
    const value: JsonObject = {};
    putOwn(value, slot);
    return slot.on || Object.keys(value).length ? value : undefined;
  },
  array: (slot) => (slot.on || slot.kids.length ? slot.kids.map(dumpItem) : undefined),
  union: (slot) => (slot.kids[slot.option] ? dump(slot.kids[slot.option]!) : undefined),
  enum: (slot) => (slot.text ? parse(slot.text) : undefined),
  const: (slot) => slot.field.value,
  string: toText,
  number: (slot) => toNumber(slot.text),
  boolean: (slot) => (slot.text ? slot.text === "true" : undefined),
  file: (slot) => slot.value,
  any(slot) {
    const type = slot.as || guess(slot);
    if (type === "null") return null;
    if (type === "array" || type === "object") return slot.kids[0] ? dump({ ...slot.kids[0], on: true }) : undefined;
    if (type === "string") return toText(slot);
    if (type === "json") return structure(slot.text);
    return type === "number" ? toNumber(slot.text) : slot.text ? slot.text === "true" : undefined;
  },
};

/** Whether an entry of *slot* called *name* is sent: one without a name only if the settings had that name. */
export const isSendable = ({ order }: Slot, name: string): boolean => name !== "" || order.includes(name);

/** Put the user-named entries of *group* into *value*. */
function putOwn(value: JsonObject, group: Slot): void {
  for (const { name, slot } of group.own) if (!slot.off && isSendable(group, name)) put(value, name, dump(slot));
}

/** Set a member of *target*, even one called `__proto__`; do nothing without a value. */
export function put(target: JsonObject, name: string, value: Json | undefined): void {
  if (value !== undefined) Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}

/** Copy *value* with its members in *order*; members that *order* does not have come last. */
export function inOrder(value: JsonObject, order: string[]): JsonObject {
  const result: JsonObject = {};
  for (const name of order) if (Object.hasOwn(value, name)) put(result, name, value[name]);
  for (const name of Object.keys(value)) put(result, name, value[name]);
  return result;
}

/** The value of a list item. An empty item is sent too: validation then reports at the item what is missing. */
function dumpItem(slot: Slot): Json {
  const value = dump(slot);
  if (value !== undefined) return value; // also null, which somebody chose
  const { kind } = slot.field;
  if (kind === "string" || kind === "any") return "";
  return kind === "object" ? {} : null;
}

/** The field of a user-named entry of *field*, an object or a map. */
export const itemsOf = (field: Field): Field => (field.kind === "map" ? valuesOf(field) : (field.extra ?? ANY));
/** The field of a map's values. */
export const valuesOf = (field: Field): Field => (field.values as Field | undefined) ?? ANY;
/** The values of an enum. */
export const choices = (field: Field): Json[] => (field.values as Json[] | undefined) ?? [];
/** The field of an array's item at *index*. */
export const itemField = (field: Field, index: number): Field => field.prefix?.[index] ?? field.items ?? ANY;
const insideOf = (type: string): Field =>
  type === "array" ? { kind: "array", items: ANY } : { kind: "map", values: ANY };

/** The text parsed last: a form asks for the same text several times. */
let lastRead: { text: string; value: Json | undefined } = { text: "", value: undefined };
/** Parse *text* as a JSON object or array; undefined if it is none. */
export function structure(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  if (text !== lastRead.text) {
    let value: Json | undefined;
    try {
      value = parseTyped(text);
    } catch {
      /* text that only begins like JSON */
    }
    lastRead = { text, value };
  }
  return lastRead.value;
}

/**
 * Guess the type that the text of an `any` is read as: "json" for an object or array, "number", "boolean" or "string".
 * Only types that the field allows are guessed.
 */
export function guess(slot: Slot): string {
  const allowed = slot.field.types;
  const fits = (type: string) => !allowed || allowed.includes(type);
  const text = slot.text.trim();
  const parsed = slot.field.textual ? undefined : structure(slot.text);
  if (parsed !== undefined && fits(typeOf(parsed))) return "json";
  if (NUMBER.test(text) && (fits("number") || fits("integer"))) return "number";
  if ((text === "true" || text === "false") && fits("boolean")) return "boolean";
  if (fits("string")) return "string";
  return (allowed?.[0] ?? "string").replace("integer", "number");
}

/**
 * Say whether the text of an `any` looks like an object or array (perhaps behind a comment) but is not valid JSON, although
 * the field allows one and nobody chose the type text.
 */
export const isAlmostJson = (slot: Slot): boolean =>
  !slot.as && !slot.field.textual
  && /^\s*(\/[/*][^]*)?[[{]/.test(slot.text)
  && structure(slot.text) === undefined && guess(slot) === "string"
  && ["array", "object"].some((type) => !slot.field.types || slot.field.types.includes(type));

/** Read an `any` as another type, and convert its value. */
export function takeAs(slot: Slot, type: string): void {
  const { as } = slot;
  const value = dump(slot);
  if (type === "json") {
    slot.raw = asJson(slot, value);
    slot.as = "";
    return;
  }
  slot.raw = null;
  slot.as = type;
  if (isStructure(type)) {
    const isKept = slot.kids[0]?.field.kind === insideOf(type).kind;
    const parsed = structure(slot.text);
    const content = parsed !== undefined && typeOf(parsed) === type ? parsed : undefined;
    if (!isKept) slot.kids = [load(insideOf(type), content)];
  } else if (isStructure(as) && value !== undefined) slot.text = JSON.stringify(value, null, 2);
}
const isStructure = (type: string): boolean => type === "array" || type === "object";

/** The JSON text of an `any`: its text if that is JSON already, otherwise the JSON of its *value*. */
function asJson({ as, text }: Slot, value: Json | undefined): string {
  if (value === undefined) return "";
  const parsed = isStructure(as) || as === "null" ? undefined : fromRaw(text);
  const isJson = parsed !== undefined && parsed !== text;
  return isJson ? text : JSON.stringify(value, null, 2);
}

/** Keep the JSON text of an `any` as plain text; a JSON string loses its quotes. */
export function asPlainText(slot: Slot): void {
  const value = fromRaw(slot.raw!);
  slot.text = typeof value === "string" ? unescapeText(value) : slot.raw!;
  slot.raw = null;
  takeAs(slot, !slot.field.types || slot.field.types.includes("string") ? "string" : "");
}

const JSON_KINDS: Partial<Record<Field["kind"], string>> = {
  object: "object", map: "object", array: "array", string: "string", number: "number", boolean: "boolean",
};

/** The index of the union's option that fits *value* best; -1 if none can hold it. A discriminator decides before scores. */
function bestOption(field: Field, value: Json): number {
  const options = field.options ?? [];
  const { discriminator } = field;
  const named = discriminator && isObject(value) ? discriminator.values[valueText(value[discriminator.property])] : undefined;
  if (named !== undefined && options[named]) return named;
  const scores = options.map((option) => score(option, value));
  const best = Math.max(-1, ...scores);
  return best < 0 ? -1 : scores.indexOf(best);
}

/** How well *option* fits *value*; -1 if it cannot hold it. For objects, constants, known names and missing names count. */
function score(option: Field, value: Json): number {
  const type = typeOf(value);
  const wanted = option.shape?.json ?? JSON_KINDS[option.kind] ?? "any";
  if (option.kind === "enum") return choices(option).some((choice) => same(choice, value)) ? 100 : -1;
  if (option.kind === "const") return same(option.value, value) ? 100 : -1;
  if (wanted !== "any" && wanted !== type && !(wanted === "integer" && type === "number")) return -1;
  if (!isObject(value)) return wanted === "any" ? 1 : 10;
  const constants = Object.entries(option.shape?.const ?? {});
  if (constants.some(([name, fixed]) => Object.hasOwn(value, name) && !same(value[name], fixed))) return -1;
  const required = option.shape?.required ?? [];
  const missing = required.filter((name) => !Object.hasOwn(value, name)).length;
  const documented = new Set((option.fields ?? []).map(({ name }) => name));
  const known = Object.keys(value).filter((name) => documented.has(name)).length;
  const unknown = Object.keys(value).length - known;
  return Math.max(0, 50 + 10 * constants.length + 3 * known - 20 * missing - unknown);
}

/** Choose an option of a union. Each option keeps what was typed in it. */
export function choose(slot: Slot, option: number): void {
  slot.option = option;
  if (option >= 0) slot.kids[option] ??= { ...load(slot.field.options![option]!), on: true };
}

/**
 * Yield *slot* and every slot below it that is on the screen and sent, each with its pointer and the name of its field or
 * entry (a list's items have the name of the list). The items of a list in tokens come only with *items*.
 */
export function* walk(slot: Slot, pointer = "", name?: string, items = false): Generator<{ slot: Slot; pointer: string; name?: string }> {
  yield { slot, pointer, name };
  if (slot.fx || slot.isNull || slot.raw !== null) return;
  if (isTokens(slot) && !items) return;
  if (slot.field.kind === "array")
    for (const [index, kid] of slot.kids.entries()) yield* walk(kid, child(pointer, index), name, items);
  else if (slot.field.kind === "union") {
    if (slot.kids[slot.option]) yield* walk(slot.kids[slot.option]!, pointer, name, items);
  } else if (slot.field.kind === "any") {
    if (slot.kids[0] && (slot.as === "array" || slot.as === "object")) yield* walk(slot.kids[0], pointer, name, items);
  } else
    for (const kid of slot.kids)
      if (isShown(kid) && !kid.off) yield* walk(kid, child(pointer, kid.field.name!), kid.field.name, items);
  for (const own of slot.own) if (!own.slot.off) yield* walk(own.slot, child(pointer, own.name), own.name, items);
}
