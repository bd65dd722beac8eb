// The form's state: one slot for each place of the settings, kept beside the value it stands for.
//
// Slots are changed in place and read when they are needed, so that what is sent is what stands on the screen.
import {
  child, escapeText, exactNumber, isExpression, isObject, isRaw, type Json, type JsonObject, NUMBER, parse, parseTyped, same,
  SECRET_NAME, typeOf, unescapeText, wrapped,
} from "./json";
import { byCase } from "./cases";
import type { Field } from "./types";

export interface Slot {
  field: Field;
  /** Tells list items apart while they move. */
  readonly key: number;
  /** Somebody added it (or it was there when the settings were read); a required one is there anyway. */
  on: boolean;
  /** It stands on the form, and is not sent. */
  off: boolean;
  fx: boolean;
  /** The expression as typed; kept while fx is off. */
  expr: string;
  /** What stands for the expression in a test, as typed. */
  sample: string;
  /** A scalar as typed; of an enum and a boolean the JSON text of what was chosen. "" is unset. */
  text: string;
  /** An empty text that is meant. */
  empty: boolean;
  isNull: boolean;
  /** Of a list: a row for each item, rather than tokens. */
  inRows: boolean;
  /** JSON text, where the value does not fit the field or the field asks for JSON. */
  raw: string | null;
  /** Secrets in `raw`, by the signs that stand for them there. */
  signs: Map<string, Json>;
  /** Why it is JSON, and not the form. */
  stuck: string;
  /** Of `any`: what the text is taken for; "" is a guess. */
  as: string;
  /** Of a union: which option, -1 is none. */
  option: number;
  /** Fields of an object, items of an array, options of a union, the inside of `any`. */
  kids: Slot[];
  /** Entries of a map, and names of one's own in an object. */
  own: Entry[];
  /** A file's value, or what waits for a stub's children. */
  value: Json | undefined;
  /** The names an object was read with, so that it is written in its author's order. */
  order: string[];
  /** Somebody was here: problems may be shown. */
  touched: boolean;
}
export interface Entry {
  name: string;
  slot: Slot;
}

export const ANY: Field = { kind: "any", type: "any value" };
const NO_SIGNS: Map<string, Json> = new Map();
let keys = 0;

const blank = (field: Field): Slot => ({
  field, key: keys++, on: false, off: false, fx: field.format === "expression", expr: "", sample: "", text: "", empty: false, isNull: false, inRows: false,
  raw: field.raw ? "" : null, signs: NO_SIGNS, stuck: field.raw ? "No form can hold what is documented here." : "", as: "", option: -1, kids: [], own: [], value: undefined, order: [], touched: false,
});

/** The slot of *field*, holding *value* when there is one. */
export function load(field: Field, value?: Json): Slot {
  const slot = blank(field);
  if (field.kind === "object") slot.kids = (field.fields ?? []).map((each) => load(each));
  if (value === undefined) return slot;
  slot.on = true;
  fill(slot, value);
  return slot;
}

function fill(slot: Slot, value: Json): void {
  const { field } = slot;
  if (isExpression(value) || (slot.fx && typeof value === "string")) {
    slot.fx = true;
    slot.expr = value as string;
  } else if (value === null && field.nullable) slot.isNull = true;
  else if (field.link) slot.value = value;
  else if (field.raw || !LOADERS[field.kind](slot, value)) {
    slot.stuck ||= "This value does not fit the field, so it is shown as JSON.";
    slot.raw = typeof value === "string" && isBroken(unescapeText(value)) ? unescapeText(value) : JSON.stringify(value, null, 2);
  }
}

/** Whether *text* was meant to be a JSON object or list, and is none. */
export function isBroken(text: string): boolean {
  return /^\s*[[{]/.test(text) && fromRaw(text) === text;
}

/** Give a stub its *field*, now that the server has said it. */
export function expand(slot: Slot, field: Field): void {
  const waiting = slot.value;
  slot.field = { ...field, name: slot.field.name ?? field.name, required: slot.field.required ?? field.required };
  delete slot.field.link;
  slot.value = undefined;
  if (field.kind === "object") slot.kids = (field.fields ?? []).map((each) => load(each));
  if (waiting !== undefined) fill(slot, waiting);
}

/** Each puts *value* in the slot and says whether it fits there. */
const LOADERS: Record<Field["kind"], (slot: Slot, value: Json) => boolean> = {
  object(slot, value) {
    if (!isObject(value)) return false;
    slot.order = Object.keys(value);
    const known = new Map((slot.field.fields ?? []).map((field, index) => [field.name, index]));
    for (const [name, item] of Object.entries(value)) {
      const index = known.get(name);
      if (index === undefined) slot.own.push({ name, slot: load(slot.field.extra ?? ANY, item) });
      else slot.kids[index] = load(slot.field.fields![index]!, item);
    }
    return true;
  },
  map(slot, value) {
    if (!isObject(value)) return false;
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
    slot.text = String(value);
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

/** The JSON the slot stands for; undefined when nothing was set. */
export function dump(slot: Slot): Json | undefined {
  if (slot.fx) return slot.expr.trim() ? wrapped(slot.expr) : undefined;
  if (slot.isNull) return null;
  if (slot.raw !== null) return isBroken(slot.raw) ? escapeText(slot.raw) : withSigns(fromRaw(slot.raw), slot.signs);
  if (slot.field.link) return slot.value;
  return DUMPERS[slot.field.kind](slot);
}

const IN_TOKENS = ["string", "number", "any"];
/** Whether *slot* is a list whose items stand beside each other, as tokens: scalars, and expressions without a sample. */
export const isTokens = ({ field: { kind, name, items, prefix }, kids, inRows }: Slot): boolean =>
  kind === "array" && !!name && !SECRET_NAME.test(name) && !inRows && !prefix && IN_TOKENS.includes((items ?? ANY).kind) && !items?.link && !items?.raw && !items?.multiline && !items?.secret
  && kids.every((kid) => !kid.isNull && kid.raw === null && !kid.sample && !kid.kids.length && kid.as !== "null");

/** Whether what is in *slot* can be edited: it is no expression, no null, no JSON text, and no stub. */
export const isPlain = (slot: Slot): boolean => !slot.fx && !slot.isNull && slot.raw === null && !slot.field.link;

const TWO_VIEWS = ["object", "map", "array", "union"];
/** Whether *slot* can be edited as a form and as JSON. */
export const hasTwoViews = ({ field, fx, isNull }: Slot): boolean => TWO_VIEWS.includes(field.kind) && !field.raw && !field.link && !fx && !isNull;

/** *value* with the secrets that *signs* stand for. */
export function withSigns(value: Json | undefined, signs: Map<string, Json>): Json | undefined {
  if (value === undefined || !signs.size) return value;
  if (typeof value === "string") return signs.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => withSigns(item, signs)!);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withSigns(item, signs)!]));
}

/** Whether the slot stands in the settings, rather than behind its `+ name` button. */
export const isShown = (slot: Slot): boolean => slot.on || !!slot.field.required || (!!slot.field.group && isSet(slot));

/** Whether somebody set something here: what is required stands here anyway, and an object of nothing is nothing. */
function isSet(slot: Slot): boolean {
  if (slot.off) return false;
  if (slot.on || slot.own.some((entry) => !entry.slot.off)) return true;
  return slot.field.kind === "object" && isPlain(slot) ? slot.kids.some(isSet) : slot.field.kind !== "const" && dump(slot) !== undefined;
}

/** Forget everything that was set. */
export const empty = (slot: Slot): unknown => Object.assign(slot, load(slot.field));
const dumpShown = (slot: Slot): Json | undefined => (isShown(slot) && !slot.off ? dump(slot) : undefined);

/** The JSON that *text* says, or *text* where it says none. */
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
const toNumber = (text: string): Json | undefined =>
  text.trim() === "" ? undefined : NUMBER.test(text.trim()) ? exactNumber(text.trim()) : text;

const DUMPERS: Record<Field["kind"], (slot: Slot) => Json | undefined> = {
  object(slot) {
    byCase(slot);
    const value: JsonObject = {};
    for (const kid of slot.kids) put(value, kid.field.name!, dumpShown(kid));
    for (const { name, slot: own } of slot.own) put(value, name, own.off ? undefined : dump(own));
    const ordered = inOrder(value, slot.order);
    return isShown(slot) || Object.keys(value).length ? ordered : undefined;
  },
  map(slot) {
    const value: JsonObject = {};
    for (const { name, slot: own } of slot.own) put(value, name, own.off ? undefined : dump(own));
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

/** Set a member, `__proto__` too; nothing where there is no value, or no name. */
export function put(target: JsonObject, name: string, value: Json | undefined): void {
  if (value !== undefined && name) Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}

export function inOrder(value: JsonObject, order: string[]): JsonObject {
  const result: JsonObject = {};
  for (const name of order) if (Object.hasOwn(value, name)) put(result, name, value[name]);
  for (const name of Object.keys(value)) put(result, name, value[name]);
  return result;
}

/** An item somebody added and left empty is still an item: validation says what it lacks, at its own place. */
function dumpItem(slot: Slot): Json {
  const value = dump(slot);
  if (value !== undefined) return value; // a null is meant
  return slot.field.kind === "string" || slot.field.kind === "any" ? "" : slot.field.kind === "object" ? {} : null;
}

/** What an entry with a name of one's own holds. */
export const itemsOf = (field: Field): Field => (field.kind === "map" ? valuesOf(field) : (field.extra ?? ANY));
export const valuesOf = (field: Field): Field => (field.values as Field | undefined) ?? ANY;
export const choices = (field: Field): Json[] => (field.values as Json[] | undefined) ?? [];
export const itemField = (field: Field, index: number): Field => field.prefix?.[index] ?? field.items ?? ANY;
const insideOf = (type: string): Field =>
  type === "array" ? { kind: "array", items: ANY } : { kind: "map", values: ANY };

let lastRead: { text: string; value: Json | undefined } = { text: "", value: undefined };
/** The object or array that *text* is as JSON; undefined where it is none. */
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

/** What the text of an `any` is taken for: JSON, a number or true/false when it reads like one, else text. */
export function guess(slot: Slot): string {
  const allowed = slot.field.types;
  const fits = (type: string) => !allowed || allowed.includes(type);
  const text = slot.text.trim();
  const read = slot.field.textual ? undefined : structure(slot.text);
  if (read !== undefined && fits(typeOf(read))) return "json";
  if (NUMBER.test(text) && (fits("number") || fits("integer"))) return "number";
  if ((text === "true" || text === "false") && fits("boolean")) return "boolean";
  if (fits("string")) return "string";
  return (allowed?.[0] ?? "string").replace("integer", "number");
}

/** Whether the text of an `any` was meant to be a JSON object or list, is none, and nobody said that it is text. */
export const isAlmostJson = (slot: Slot): boolean =>
  !slot.as && !slot.field.textual && /^\s*(\/[/*][^]*)?[[{]/.test(slot.text) && structure(slot.text) === undefined && guess(slot) === "string" && ["array", "object"].some((type) => !slot.field.types || slot.field.types.includes(type));

/** Take an `any` for another type; what stands there goes along. */
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
    const fits = slot.kids[0]?.field.kind === insideOf(type).kind;
    const read = structure(slot.text);
    if (!fits) slot.kids = [load(insideOf(type), read !== undefined && typeOf(read) === type ? read : undefined)];
  } else if (isStructure(as) && value !== undefined) slot.text = JSON.stringify(value, null, 2);
}
const isStructure = (type: string): boolean => type === "array" || type === "object";

/** The JSON text of an `any`: its own text where that is JSON already, else the JSON of its *value*. */
function asJson({ as, text }: Slot, value: Json | undefined): string {
  if (value === undefined) return "";
  const own = isStructure(as) || as === "null" ? undefined : fromRaw(text);
  return own === undefined || own === text ? JSON.stringify(value, null, 2) : text;
}

/** Take the JSON text of an `any` for text, as it stands; a JSON string without its quotes. */
export function asPlainText(slot: Slot): void {
  const value = fromRaw(slot.raw!);
  slot.text = typeof value === "string" ? unescapeText(value) : slot.raw!;
  slot.raw = null;
  takeAs(slot, !slot.field.types || slot.field.types.includes("string") ? "string" : "");
}

const JSON_KINDS: Partial<Record<Field["kind"], string>> = {
  object: "object", map: "object", array: "array", string: "string", number: "number", boolean: "boolean",
};

/** The option of a union that *value* fits best; -1 when none can hold it. */
function bestOption(field: Field, value: Json): number {
  const options = field.options ?? [];
  const { discriminator } = field;
  const named = discriminator && isObject(value) ? discriminator.values[String(value[discriminator.property])] : undefined;
  if (named !== undefined && options[named]) return named;
  const scores = options.map((option) => score(option, value));
  const best = Math.max(-1, ...scores);
  return best < 0 ? -1 : scores.indexOf(best);
}

function score(option: Field, value: Json): number {
  const type = typeOf(value);
  const wanted = option.shape?.json ?? JSON_KINDS[option.kind] ?? "any";
  if (option.kind === "enum") return choices(option).some((choice) => same(choice, value)) ? 100 : -1;
  if (option.kind === "const") return same(option.value, value) ? 100 : -1;
  if (wanted !== "any" && wanted !== type && !(wanted === "integer" && type === "number")) return -1;
  if (!isObject(value)) return wanted === "any" ? 1 : 10;
  const constants = Object.entries(option.shape?.const ?? {});
  if (constants.some(([name, fixed]) => name in value && !same(value[name], fixed))) return -1;
  const required = option.shape?.required ?? [];
  const missing = required.filter((name) => !(name in value)).length;
  const known = new Set((option.fields ?? []).map((each) => each.name));
  const hits = Object.keys(value).filter((name) => known.has(name)).length;
  return Math.max(0, 50 + 10 * constants.length + 3 * hits - 20 * missing - (Object.keys(value).length - hits));
}

/** Choose an option of a union; what was typed in another one stays there. */
export function choose(slot: Slot, option: number): void {
  slot.option = option;
  if (option >= 0) slot.kids[option] ??= { ...load(slot.field.options![option]!), on: true };
}

/** Every slot that is on the screen below *slot*, with its pointer and the name it stands under; the items of tokens, too, if asked for. */
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
  } else for (const kid of slot.kids) if (isShown(kid) && !kid.off) yield* walk(kid, child(pointer, kid.field.name!), kid.field.name, items);
  for (const own of slot.own) if (!own.slot.off) yield* walk(own.slot, child(pointer, own.name), own.name, items);
}
