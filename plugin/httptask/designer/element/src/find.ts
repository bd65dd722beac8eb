// Finding a text in JSON without parsing it, and what a filter of a response is as an expression of a later task.
import { pathIn, type Step } from "./expression-text";

/** A name or a scalar of a JSON text. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[^\s"{}[\],:]+/g;
export const MOST_HITS = 10_000;

const ESCAPES: Record<string, string> = { "\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f", '"': '"', "\\": "\\", "/": "/" };

/** Matches *wanted* in JSON text, in letters of any case, however its letters are escaped there. */
export function finder(wanted: string): RegExp {
  const one = (letter: string): string => {
    const plain = letter.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
    const short = ESCAPES[letter];
    const escaped = (text: string) => text.split("").map((unit) => `\\\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
    const forms = letter === '"' || letter === "\\" || letter < " " ? [] : [plain];
    if (short) forms.push(`\\\\${short.replace(/[\\/]/, "\\$&")}`);
    if (!/[a-z0-9 _-]/i.test(letter)) forms.push(...new Set([letter, letter.toLowerCase(), letter.toUpperCase()].map(escaped)));
    return forms.length === 1 ? forms[0]! : `(?:${forms.join("|")})`;
  };
  return new RegExp([...wanted].map(one).join(""), "iu");
}

/** Where the names and scalars with *wanted* begin in the JSON *text*; at most `MOST_HITS`. */
export function hitsIn(text: string, wanted: string): number[] {
  const hits: number[] = [];
  const matches = finder(wanted);
  if (!matches.test(text)) return hits;
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token && hits.length < MOST_HITS; token = TOKEN.exec(text))
    if (matches.test(token[0])) hits.push(token.index);
  TOKEN.lastIndex = 0;
  return hits;
}

/** Whether *typed* is an expression rather than words to find. */
export const isFilter = (typed: string): boolean => /^\s*(\$(?=[.[]|\s*$)|jsonata:)/.test(typed);

/**
 * The expression of a task for what *filter* picks out of the value at *steps*: the filter's `$` is that value. What the
 * server evaluates is what a run will evaluate.
 */
export function expressionOf(filter: string, steps: Step[], isList: boolean): string {
  const inner = /^\s*jsonata:\s*([^]*)$/.exec(filter)?.[1];
  if (inner !== undefined) {
    const path = pathIn("jsonata", steps);
    // A step after a list is taken for each of its items; around a list in a list it is taken once.
    return `jsonata: ${isList ? `[[${path}]]` : path}.(${inner})`;
  }
  // Outside of quotes a `$` is always the root (RFC 9535, section 2.2).
  const root = pathIn("jsonpath", steps);
  return filter.trim().replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\$/g, (part) => (part === "$" ? root : part));
}
