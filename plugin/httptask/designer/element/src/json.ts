// JSON that keeps every digit, pointers (RFC 6901), and how expressions stand in settings.

/** A number whose digits a double would change; made by `JSON.rawJSON`. */
export interface RawNumber {
  readonly rawJSON: string;
}
export type Json = null | boolean | number | string | RawNumber | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

interface ExactJson {
  parse(text: string, reviver: (this: unknown, key: string, value: Json, context?: { source?: string }) => Json): Json;
  rawJSON?(text: string): RawNumber;
  isRawJSON?(value: unknown): boolean;
}
const exact = JSON as unknown as ExactJson;

export const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** The number *source* says, to the last digit where the browser can write such a one. */
export function exactNumber(source: string): Json {
  const value = Number(source);
  return String(value) === source || !exact.rawJSON ? value : exact.rawJSON(source);
}

/** Somewhere a number may stand that a double would write otherwise. */
const UNLIKE_A_DOUBLE = /[[:,]\s*(-0(?![.\d])|-?([\d.]{16}|\d+(\.\d*0|\.?\d*[eE][-+]?\d+)(?![\d.eE])))/;

/** Parse *text*; numbers too long for a double keep their digits. Throws SyntaxError. */
export const parse = (text: string): Json =>
  !UNLIKE_A_DOUBLE.test(`,${text}`) ? (JSON.parse(text) as Json) : exact.parse(text, (_key, value, context) =>
    typeof value === "number" && context?.source ? exactNumber(context.source) : value,
  );

/** Deeper JSON is no value that anybody can edit here, nor one that the server reads (200 levels, with the task around it). */
export const MOST_DEPTH = 150;

/** Parse *text* that somebody typed or pasted. Throws SyntaxError, too where it is nested too deeply. */
export function parseTyped(text: string): Json {
  const value = parse(text);
  if (text.length > MOST_DEPTH && isDeep(value)) throw new SyntaxError("It is nested too deeply to be read.");
  return value;
}

/** By levels, not by recursion: the stack of a browser holds fewer calls than `JSON.parse` reads brackets. */
function isDeep(value: Json): boolean {
  let level: Json[] = [value];
  for (let depth = 0; level.length; depth++) {
    if (depth > MOST_DEPTH) return true;
    level = level.flatMap((each) => (Array.isArray(each) ? each : isObject(each) ? Object.values(each) : []));
  }
  return false;
}

export const isRaw = (value: unknown): value is RawNumber => !!exact.isRawJSON?.(value);
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isRaw(value);
export const clone = <T extends Json>(value: T): T => parse(JSON.stringify(value)) as T;
export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What kind of JSON *value* is, in the words of JSON Schema. */
export function typeOf(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return isRaw(value) ? "number" : typeof value;
}

export const child = (pointer: string, name: string | number): string =>
  `${pointer}/${String(name).replace(/~/g, "~0").replace(/\//g, "~1")}`;
export const segments = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));

/** The value at *pointer* in *value*; undefined where there is nothing. */
export function at(value: Json | undefined, pointer: string): Json | undefined {
  let found: Json | undefined = value;
  for (const part of segments(pointer)) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, part)) return undefined;
    found = (found as JsonObject)[part];
  }
  return found;
}

const EXPRESSION = /(?<!\$)(\$\$)*\$\{/;

/** Whether *value* is evaluated when the task runs. */
export const isExpression = (value: unknown): boolean =>
  typeof value === "string" && (value.startsWith("jsonata:") || EXPRESSION.test(value));

/** Literal text as it stands in settings. */
export function escapeText(text: string): string {
  if (text.startsWith("jsonata:")) return `\${jsonata: ${JSON.stringify(text)}}`;
  return text.replace(/\$+(?=\{)/g, "$&$&");
}
export const unescapeText = (text: string): string =>
  text.replace(/\$+(?=\{)/g, (run) => run.slice(0, run.length / 2));

/** An expression as it was typed, as it stands in settings: `$.a` gets its `${…}`. */
export const wrapped = (typed: string): string => (isExpression(typed) ? typed : `\${${typed.trim()}}`);

/** Names whose values are masked on the screen and never stored or copied; the server says which. */
export let SECRET_NAME = /^/;
export const takeSecretNames = (pattern: string): unknown => (SECRET_NAME = new RegExp(pattern, "i"));
export const MASK = "•••";
