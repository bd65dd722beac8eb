// JSON as somebody types it: where each value stands, and the first thing that is wrong, in words.
import { plural } from "./amounts";
import { child, MOST_DEPTH, segments } from "./json";

/** A part of the text; offsets are in UTF-16 units, the end is behind it. */
export interface Span { from: number; to: number }
export interface Flaw extends Span {
  message: string;
}
export interface Reading {
  /** The value at each pointer; of a member, from its name on. */
  places: Map<string, Span>;
  flaw: Flaw | null;
}

interface Token extends Span { text: string; isString: boolean }

const TOKEN = /[ \t\n\r]*(?:("(?:[^"\\\u0000-\u001f]|\\.)*")|[{}[\]:,]|[^ \t\n\r{}[\]:,"]+|"[^\n]*)/y;
const SPACE = /^[ \t\n\r]+/;
const LITERAL = /^(true|false|null|-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?)$/;
const ESCAPES = /\\(?!["\\/bfnrt]|u[\da-fA-F]{4})/;

class Reader {
  places = new Map<string, Span>();
  private at = 0;
  constructor(private readonly text: string) {}

  private peek(): Token {
    TOKEN.lastIndex = this.at;
    const match = TOKEN.exec(this.text);
    if (!match) return { text: "", isString: false, from: this.text.trimEnd().length, to: this.text.length };
    const text = match[0].replace(SPACE, "");
    return { text, isString: match[1] !== undefined, from: this.at + match[0].length - text.length, to: this.at + match[0].length };
  }

  private take(): Token {
    const token = this.peek();
    if (/^\/[/*]/.test(token.text)) this.fail(token, "A comment is not allowed in JSON.");
    this.at = token.to;
    return token;
  }

  private fail(token: Token, message: string): never {
    throw Object.assign(new SyntaxError(message), { flaw: { from: token.from, to: Math.max(token.to, token.from + 1), message } satisfies Flaw });
  }

  whole(): void {
    if (!this.text.replace(SPACE, "")) return;
    this.value("", this.peek().from);
    const rest = this.peek();
    if (rest.text) this.fail(rest, `Nothing may follow the value: “${cut(rest.text)}”.`);
  }

  private value(pointer: string, from: number, depth = 0): void {
    const token = this.take();
    const { text } = token;
    if (depth > MOST_DEPTH) this.fail(token, "It is nested too deeply to be read.");
    if (text === "{") this.members(token, pointer, depth);
    else if (text === "[") this.items(token, pointer, depth);
    else if (text[0] === '"') this.string(token);
    else if (!text) this.fail(token, "A value is missing at the end.");
    else if (/^[}\],:]$/.test(text)) this.fail(token, `A value is missing before ${text}.`);
    else if (!LITERAL.test(text)) this.fail(token, text[0] === "'" ? "A text stands in double quotes." : `“${cut(text)}” is no JSON; a text stands in double quotes.`);
    this.places.set(pointer, { from, to: this.at });
  }

  private string(token: Token): string {
    if (!token.isString) this.fail(token, "The text has no closing quote on its line.");
    const wrong = ESCAPES.exec(token.text);
    if (wrong) this.fail({ ...token, from: token.from + wrong.index }, `No escape begins with ${cut(token.text.slice(wrong.index, wrong.index + 2))}.`);
    return token.text;
  }

  /** Whether another one follows, up to *close*. */
  private more(open: Span, close: string): boolean {
    const token = this.take();
    if (token.text === close) return false;
    if (!token.text) this.fail(token, `${close} is missing at the end: what begins on line ${lineOf(this.text, open.from)} is not closed.`);
    if (token.text !== ",") this.fail(token, `A comma or ${close} is missing before “${cut(token.text)}”.`);
    const next = this.peek();
    if (next.text === close) this.fail(token, `A comma before ${close} is not allowed in JSON.`);
    return true;
  }

  private members(open: Span, pointer: string, depth: number): void {
    if (this.peek().text === "}") return void this.take();
    do {
      const name = this.take();
      if (name.text[0] !== '"') this.fail(name, name.text ? `A name in double quotes is missing before “${cut(name.text)}”.` : `} is missing at the end: what begins on line ${lineOf(this.text, open.from)} is not closed.`);
      const own = JSON.parse(this.string(name)) as string;
      const colon = this.take();
      if (colon.text !== ":") this.fail(colon, `A colon is missing behind “${cut(own)}”.`);
      this.value(child(pointer, own), name.from, depth + 1);
    } while (this.more(open, "}"));
  }

  private items(open: Span, pointer: string, depth: number): void {
    if (this.peek().text === "]") return void this.take();
    let index = 0;
    do this.value(child(pointer, index++), this.peek().from, depth + 1);
    while (this.more(open, "]"));
  }
}

const MOST_SHOWN = 24;
const cut = (text: string): string => (text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text);

/** Where each value of *text* stands, as far as it is JSON. */
export function readText(text: string): Reading {
  const reader = new Reader(text);
  try {
    reader.whole();
    return { places: reader.places, flaw: null };
  } catch (error) {
    return { places: reader.places, flaw: (error as { flaw: Flaw }).flaw };
  }
}

const OR_COMMENT = /"(?:[^"\\\n]|\\.)*"?|\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/g;
const OR_COMMA = /"(?:[^"\\\n]|\\.)*"?|,(?<=[^\s[{,:]\s*,)(?=\s*[}\]])/g;

/** *text* without its comments and the commas before a closing bracket, where that makes it JSON; and what was taken out. */
export function mended(text: string): { text: string; title: string } | null {
  const counts = { comma: 0, comment: 0 };
  const without = (from: string, pattern: RegExp, what: keyof typeof counts) => from.replace(pattern, (part) => {
    if (part[0] === '"') return part;
    counts[what]++;
    return part.startsWith("/*") ? " " : "";
  });
  const changed = without(without(text, OR_COMMENT, "comment"), OR_COMMA, "comma");
  if (changed === text || !changed.trim() || readText(changed).flaw) return null;
  const { comma, comment } = counts;
  return { text: changed, title: `Take out ${[comma && plural(comma, "trailing comma"), comment && plural(comment, "comment")].filter(Boolean).join(" and ")}` };
}

/** Counted from 1. */
export const lineOf = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;
export const columnOf = (text: string, offset: number): number => offset - text.lastIndexOf("\n", offset - 1);

/** The deepest value on the way to *pointer* that stands in the text. */
export function nearest(places: Map<string, Span>, pointer: string): Span {
  const parts = segments(pointer);
  for (let length = parts.length; length >= 0; length--) {
    const place = places.get(parts.slice(0, length).reduce(child, ""));
    if (place) return place;
  }
  return { from: 0, to: 0 };
}

const COLOURED = /("(?:[^"\\\n]|\\.)*"?)(\s*:)?|-?\d[\d.eE+-]*|\b(?:true|false|null)\b/g;

/** The parts of one line: a text, and what it is. */
export function coloured(line: string): [string, string][] {
  const parts: [string, string][] = [];
  let from = 0;
  for (const match of line.matchAll(COLOURED)) {
    const [all, string, colon] = match;
    if (match.index > from) parts.push([line.slice(from, match.index), ""]);
    if (string === undefined) parts.push([all, /[a-z]/.test(all[0]!) ? "boolean" : "number"]);
    else {
      parts.push([string, colon === undefined ? (/\$\{|^"jsonata:/.test(string) ? "wired" : "string") : "key"]);
      if (colon) parts.push([colon, ""]);
    }
    from = match.index + all.length;
  }
  if (from < line.length) parts.push([line.slice(from), ""]);
  return parts;
}

/** The pointer of the deepest value of *places* that *offset* stands in. */
export function pointerAt(places: Map<string, Span>, offset: number): string {
  const around = [...places].filter(([, { from, to }]) => from <= offset && offset <= to);
  return around.reduce((deepest, [pointer]) => (pointer.length > deepest.length ? pointer : deepest), "");
}

const STRING = /"(?:[^"\\\n]|\\.)*"?/g;
const WORD = /[^ \t\n\r{}[\]:,"]*/y;

/** What puts *expression* into JSON where *selected* is: into the string there, else as a value, in the place of a number, true, false or null. */
export function withExpression(text: string, selected: Span, expression: string): Span & { text: string } {
  const { from, to } = selected;
  const written = JSON.stringify(expression).slice(1, -1);
  for (const { index, 0: { length } } of text.matchAll(STRING)) if (index < from && to < index + length) return { from, to, text: written };
  const first = from - /[^ \t\n\r{}[\]:,"]*$/.exec(text.slice(0, from))![0].length;
  WORD.lastIndex = to;
  return { from: first, to: to + WORD.exec(text)![0].length, text: `"${written}"` };
}
