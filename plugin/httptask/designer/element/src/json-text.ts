// Reads JSON text while it is typed: the position of each value, and the first syntax error in words that a user understands.
import { plural } from "./amounts";
import { child, MOST_DEPTH, segments } from "./json";

/** A part of a text: offsets in UTF-16 units; *to* is behind the last character. */
export interface Span { from: number; to: number }
/** A syntax error. */
export interface Flaw extends Span {
  message: string;
}
/** What was read of a text. */
export interface Reading {
  /** The span of each value that was read, by its pointer. The span of a member begins at its name. */
  spans: Map<string, Span>;
  flaw: Flaw | null;
}

interface Token extends Span { text: string; isString: boolean }

/** White space and a token: a string, a sign, a word or number, or a string without its closing quote. */
const TOKEN = /[ \t\n\r]*(?:("(?:[^"\\\u0000-\u001f]|\\.)*")|[{}[\]:,]|[^ \t\n\r{}[\]:,"]+|"[^\n]*)/y;
const SPACE = /^[ \t\n\r]+/;
const LITERAL = /^(true|false|null|-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?)$/;
/** An escape that JSON does not have (RFC 8259, section 7). */
const BAD_ESCAPE = /\\(?!["\\/bfnrt]|u[\da-fA-F]{4})/;

/** A recursive-descent parser that notes positions instead of building values. It stops at the first syntax error. */
class Reader {
  spans = new Map<string, Span>();
  private offset = 0;
  constructor(private readonly text: string) {}

  /** The next token; at the end of the text one with an empty `text`. */
  private peek(): Token {
    TOKEN.lastIndex = this.offset;
    const match = TOKEN.exec(this.text);
    if (!match) return { text: "", isString: false, from: this.text.trimEnd().length, to: this.text.length };
    const text = match[0].replace(SPACE, "");
    const to = this.offset + match[0].length;
    return { text, isString: match[1] !== undefined, from: to - text.length, to };
  }

  private take(): Token {
    const token = this.peek();
    if (/^\/[/*]/.test(token.text)) this.fail(token, "A comment is not allowed in JSON.");
    this.offset = token.to;
    return token;
  }

  private fail(token: Token, message: string): never {
    // At the end of the text the token is empty, but a mark needs one character.
    const flaw = { from: token.from, to: Math.max(token.to, token.from + 1), message } satisfies Flaw;
    throw Object.assign(new SyntaxError(message), { flaw });
  }

  /** Read the whole text. Blank text is fine: the field is empty. */
  whole(): void {
    if (!this.text.replace(SPACE, "")) return;
    this.value("", this.peek().from);
    const rest = this.peek();
    if (rest.text) this.fail(rest, `Nothing may follow the value: “${cut(rest.text)}”.`);
  }

  /** Read a value and note its span, which begins at *from*: for a member, at its name. */
  private value(pointer: string, from: number, depth = 0): void {
    const token = this.take();
    const { text } = token;
    if (depth > MOST_DEPTH) this.fail(token, "It is nested too deeply to be read.");
    if (text === "{") this.members(token, pointer, depth);
    else if (text === "[") this.items(token, pointer, depth);
    else if (text[0] === '"') this.string(token);
    else if (!text) this.fail(token, "A value is missing at the end.");
    else if (/^[}\],:]$/.test(text)) this.fail(token, `A value is missing before ${text}.`);
    else if (!LITERAL.test(text)) {
      const message = text[0] === "'" ? "A text stands in double quotes." : `“${cut(text)}” is no JSON; a text stands in double quotes.`;
      this.fail(token, message);
    }
    this.spans.set(pointer, { from, to: this.offset });
  }

  private string(token: Token): string {
    if (!token.isString) this.fail(token, "The text has no closing quote on its line.");
    const bad = BAD_ESCAPE.exec(token.text);
    if (bad) {
      const escape = token.text.slice(bad.index, bad.index + 2);
      this.fail({ ...token, from: token.from + bad.index }, `No escape begins with ${cut(escape)}.`);
    }
    return token.text;
  }

  /** Whether another member or item follows; takes the comma, or the bracket *close*. */
  private more(open: Span, close: string): boolean {
    const token = this.take();
    if (token.text === close) return false;
    if (!token.text) this.fail(token, this.unclosed(open, close));
    if (token.text !== ",") this.fail(token, `A comma or ${close} is missing before “${cut(token.text)}”.`);
    const next = this.peek();
    if (next.text === close) this.fail(token, `A comma before ${close} is not allowed in JSON.`);
    return true;
  }

  private unclosed(open: Span, close: string): string {
    return `${close} is missing at the end: what begins on line ${lineOf(this.text, open.from)} is not closed.`;
  }

  private members(open: Span, pointer: string, depth: number): void {
    if (this.peek().text === "}") return void this.take();
    do {
      const token = this.take();
      if (!token.text) this.fail(token, this.unclosed(open, "}"));
      if (token.text[0] !== '"') this.fail(token, `A name in double quotes is missing before “${cut(token.text)}”.`);
      const name = JSON.parse(this.string(token)) as string;
      const colon = this.take();
      if (colon.text !== ":") this.fail(colon, `A colon is missing behind “${cut(name)}”.`);
      this.value(child(pointer, name), token.from, depth + 1);
    } while (this.more(open, "}"));
  }

  private items(open: Span, pointer: string, depth: number): void {
    if (this.peek().text === "]") return void this.take();
    let index = 0;
    do this.value(child(pointer, index++), this.peek().from, depth + 1);
    while (this.more(open, "]"));
  }
}

/** How many characters of a token an error quotes. */
const MOST_SHOWN = 24;
const cut = (text: string): string => (text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text);

/** Read *text*: all values up to the first syntax error. */
export function readText(text: string): Reading {
  const reader = new Reader(text);
  try {
    reader.whole();
    return { spans: reader.spans, flaw: null };
  } catch (error) {
    return { spans: reader.spans, flaw: (error as { flaw: Flaw }).flaw };
  }
}

// Both patterns also match strings, so that what is inside a string is skipped.
const STRING_OR_COMMENT = /"(?:[^"\\\n]|\\.)*"?|\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/g;
const STRING_OR_TRAILING_COMMA = /"(?:[^"\\\n]|\\.)*"?|,(?<=[^\s[{,:]\s*,)(?=\s*[}\]])/g;

/** *text* without comments and trailing commas, and a title for that repair; null where this does not make it JSON. */
export function mended(text: string): { text: string; title: string } | null {
  const counts = { comma: 0, comment: 0 };
  const without = (json: string, pattern: RegExp, removed: keyof typeof counts) => json.replace(pattern, (part) => {
    if (part[0] === '"') return part;
    counts[removed]++;
    return part.startsWith("/*") ? " " : "";
  });
  const changed = without(without(text, STRING_OR_COMMENT, "comment"), STRING_OR_TRAILING_COMMA, "comma");
  if (changed === text || !changed.trim() || readText(changed).flaw) return null;
  const { comma, comment } = counts;
  const removed = [comma && plural(comma, "trailing comma"), comment && plural(comment, "comment")].filter(Boolean);
  return { text: changed, title: `Take out ${removed.join(" and ")}` };
}

/** The line of *offset*, from 1. */
export const lineOf = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;
/** The column of *offset*, from 1, in UTF-16 units. */
export const columnOf = (text: string, offset: number): number => offset - text.lastIndexOf("\n", offset - 1);

/** The span of the value at *pointer*, or of the innermost value around it that is in the text. */
export function nearest(spans: Map<string, Span>, pointer: string): Span {
  const parts = segments(pointer);
  for (let length = parts.length; length >= 0; length--) {
    const span = spans.get(parts.slice(0, length).reduce(child, ""));
    if (span) return span;
  }
  return { from: 0, to: 0 };
}

const COLOURED = /("(?:[^"\\\n]|\\.)*"?)(\s*:)?|-?\d[\d.eE+-]*|\b(?:true|false|null)\b/g;

/** The parts of a line, each with the CSS class of its colour; "" for no colour. */
export function coloured(line: string): [string, string][] {
  const parts: [string, string][] = [];
  let from = 0;
  for (const match of line.matchAll(COLOURED)) {
    const [all, string, colon] = match;
    if (match.index > from) parts.push([line.slice(from, match.index), ""]);
    if (string === undefined) parts.push([all, /[a-z]/.test(all[0]!) ? "boolean" : "number"]);
    else {
      const ofString = /\$\{|^"jsonata:/.test(string) ? "wired" : "string"; // an expression, or plain text
      parts.push([string, colon === undefined ? ofString : "key"]);
      if (colon) parts.push([colon, ""]);
    }
    from = match.index + all.length;
  }
  if (from < line.length) parts.push([line.slice(from), ""]);
  return parts;
}

/** The pointer of the innermost value around *offset*. */
export function pointerAt(spans: Map<string, Span>, offset: number): string {
  const around = [...spans].filter(([, { from, to }]) => from <= offset && offset <= to);
  // The values around an offset contain each other, so the longest pointer belongs to the innermost one.
  return around.reduce((innermost, [pointer]) => (pointer.length > innermost.length ? pointer : innermost), "");
}

const STRING = /"(?:[^"\\\n]|\\.)*"?/g;
const WORD = /[^ \t\n\r{}[\]:,"]*/y;

/**
 * The replacement that puts *expression* at *selected* of the JSON *text*: a span, and the text that goes there.
 * Inside a string the expression becomes part of that string. Elsewhere it becomes a string of its own,
 * in place of the number, true, false or null around the selection.
 */
export function withExpression(text: string, selected: Span, expression: string): Span & { text: string } {
  const { from, to } = selected;
  const escaped = JSON.stringify(expression).slice(1, -1);
  for (const { index, 0: { length } } of text.matchAll(STRING)) {
    const isInside = index < from && to < index + length;
    if (isInside) return { from, to, text: escaped };
  }
  const wordStart = from - /[^ \t\n\r{}[\]:,"]*$/.exec(text.slice(0, from))![0].length;
  WORD.lastIndex = to;
  return { from: wordStart, to: to + WORD.exec(text)![0].length, text: `"${escaped}"` };
}
