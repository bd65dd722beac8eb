// JSON with numbers of any precision, JSON Pointers (RFC 6901), and the escaping of expressions in settings.

/** A number that a double cannot represent exactly; made by `JSON.rawJSON`, and written with its own digits. */
export interface RawNumber {
  readonly rawJSON: string;
}
export type Json = null | boolean | number | string | RawNumber | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

/** What newer JavaScript adds to `JSON`: the source text of a number while parsing, and raw numbers. */
interface ExactJson {
  parse(text: string, reviver: (this: unknown, key: string, value: Json, context?: { source?: string }) => Json): Json;
  rawJSON?(text: string): RawNumber;
  isRawJSON?(value: unknown): boolean;
}
const exact = JSON as unknown as ExactJson;

/** A JSON number. */
export const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** The number written as *source*, with all digits if the browser supports `JSON.rawJSON`. */
export function exactNumber(source: string): Json {
  const value = Number(source);
  return String(value) === source || !exact.rawJSON ? value : exact.rawJSON(source);
}

/** Finds a number that `JSON.stringify` would write differently, or may: `-0`, 16 digits and more, `1.0`, `1e3`. */
const UNLIKE_A_DOUBLE = /[[:,]\s*(-0(?![.\d])|-?([\d.]{16}|\d+(\.\d*0|\.?\d*[eE][-+]?\d+)(?![\d.eE])))/;

/** Parse *text*; every number keeps its digits. Throws SyntaxError. */
export const parse = (text: string): Json =>
  // Parsing with a reviver is slow, so it is only done for texts that need it.
  !UNLIKE_A_DOUBLE.test(`,${text}`) ? (JSON.parse(text) as Json) : exact.parse(text, (_key, value, context) =>
    typeof value === "number" && context?.source ? exactNumber(context.source) : value,
  );

/** How many levels of nesting a typed value may have. The server reads 200, with those of the task around the value. */
export const MOST_DEPTH = 150;

/** Parse *text* that was typed or pasted. Throws SyntaxError, also for JSON that is nested too deeply. */
export function parseTyped(text: string): Json {
  const value = parse(text);
  if (text.length > MOST_DEPTH && isDeep(value)) throw new SyntaxError("It is nested too deeply to be read.");
  return value;
}

/** Whether *value* has more than `MOST_DEPTH` levels. Not recursive: `JSON.parse` reads deeper nesting than the call stack allows. */
function isDeep(value: Json): boolean {
  let level: Json[] = [value];
  for (let depth = 0; level.length; depth++) {
    if (depth > MOST_DEPTH) return true;
    level = level.flatMap((item) => (Array.isArray(item) ? item : isObject(item) ? Object.values(item) : []));
  }
  return false;
}

export const isRaw = (value: unknown): value is RawNumber => !!exact.isRawJSON?.(value);
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isRaw(value);
/** A deep copy; unlike `structuredClone` it can copy raw numbers. */
export const clone = <T extends Json>(value: T): T => parse(JSON.stringify(value)) as T;
/** Whether two values have the same JSON text: the order of members counts. */
export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Copy *entries* into an object without a prototype: a task may be called `constructor`. */
export const byName = <Value>(entries: Record<string, Value> = {}): Record<string, Value> => Object.assign(Object.create(null), entries);

/** Return *value* as a person reads it: a text as it is, other values as JSON; "" for none. */
export const valueText = (value: Json | undefined): string => (typeof value === "string" ? value : JSON.stringify(value ?? undefined) ?? "");

/** The type of *value*, as JSON Schema names it; a whole number is a `number` too. */
export function typeOf(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return isRaw(value) ? "number" : typeof value;
}

/** *pointer* with one more segment. */
export const child = (pointer: string, name: string | number): string =>
  `${pointer}/${String(name).replace(/~/g, "~0").replace(/\//g, "~1")}`;
/** The segments of *pointer*, unescaped. */
export const segments = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));

/** The value at *pointer* inside *value*; undefined where there is none. */
export function at(value: Json | undefined, pointer: string): Json | undefined {
  let current: Json | undefined = value;
  for (const segment of segments(pointer)) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, segment)) return undefined;
    current = (current as JsonObject)[segment];
  }
  return current;
}

/** A `${` that is not escaped: `$${` is text. */
const EXPRESSION = /(?<!\$)(\$\$)*\$\{/;

/** Whether *value* is an expression, or a text with expressions in it: evaluated when the task runs. */
export const isExpression = (value: unknown): boolean =>
  typeof value === "string" && (value.startsWith("jsonata:") || EXPRESSION.test(value));

/** Plain text as settings write it: every `$` before a `{` is doubled, so that no expression begins there. */
export function escapeText(text: string): string {
  // A text that begins with "jsonata:" cannot be escaped: it is written as an expression that yields the text.
  if (text.startsWith("jsonata:")) return `\${jsonata: ${JSON.stringify(text)}}`;
  return text.replace(/\$+(?=\{)/g, "$&$&");
}
/** The plain text that settings write as *text*. */
export const unescapeText = (text: string): string =>
  text.replace(/\$+(?=\{)/g, (run) => run.slice(0, run.length / 2));

/** A typed expression as settings write it: `$.a` becomes `${$.a}`. */
export const wrapped = (typed: string): string => (isExpression(typed) ? typed : `\${${typed.trim()}}`);

/** Matches the names whose values are secret: masked on the screen, never stored or copied. The server defines them. */
export let SECRET_NAME = /^/;
/** Set `SECRET_NAME` from the *pattern* of the server. */
export const takeSecretNames = (pattern: string): unknown => (SECRET_NAME = new RegExp(pattern, "i"));
/** Shown in place of a secret. */
export const MASK = "•••";
