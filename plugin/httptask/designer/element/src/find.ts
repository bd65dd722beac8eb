// Finds a text in JSON without parsing it, and turns a filter of a response into an expression of a later task.
import type { Step } from "./expression-text";
import { pathIn } from "./typed-path";

/** A name or a scalar in JSON text. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[^\s"{}[\],:]+/g;
/** How many hits are counted. */
export const MOST_HITS = 10_000;

/** The short escapes of JSON strings (RFC 8259, section 7): the letter behind the backslash. */
const ESCAPES: Record<string, string> = { "\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f", '"': '"', "\\": "\\", "/": "/" };

/** A pattern that matches *wanted* in JSON text: in any letter case, and whether or not its characters are escaped there. */
export function finder(wanted: string): RegExp {
  const patternOf = (letter: string): string => {
    const plain = letter.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
    const short = ESCAPES[letter];
    const unicodeEscape = (unit: string) => `\\\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
    const escaped = (text: string) => text.split("").map(unicodeEscape).join("");
    const mustBeEscaped = letter === '"' || letter === "\\" || letter < " ";
    const forms = mustBeEscaped ? [] : [plain];
    if (short) forms.push(`\\\\${short.replace(/[\\/]/, "\\$&")}`);
    // Nobody writes these as \u escapes; leaving the form out keeps the pattern short.
    const isNeverEscaped = /[a-z0-9 _-]/i.test(letter);
    if (!isNeverEscaped) forms.push(...new Set([letter, letter.toLowerCase(), letter.toUpperCase()].map(escaped)));
    return forms.length === 1 ? forms[0]! : `(?:${forms.join("|")})`;
  };
  return new RegExp([...wanted].map(patternOf).join(""), "iu");
}

/** The offsets of the names and scalars in the JSON *text* that contain *wanted*; at most `MOST_HITS`. */
export function hitsIn(text: string, wanted: string): number[] {
  const hits: number[] = [];
  const matches = finder(wanted);
  if (!matches.test(text)) return hits; // much faster than to look at every token
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token && hits.length < MOST_HITS; token = TOKEN.exec(text))
    if (matches.test(token[0])) hits.push(token.index);
  TOKEN.lastIndex = 0;
  return hits;
}

/** Whether *typed* is a filter (JSONPath or `jsonata:`) rather than a text to find. */
export const isFilter = (typed: string): boolean => /^\s*(\$(?=[.[]|\s*$)|jsonata:)/.test(typed);

/**
 * The expression by which a later task gets what *filter* selects. In the filter, `$` is the response body; in the
 * expression, the body is at *steps*. The server evaluates this expression for the preview, so a run gives the same result.
 * *isList*: the body is a list.
 */
export function expressionOf(filter: string, steps: Step[], isList: boolean): string {
  const inner = /^\s*jsonata:\s*([^]*)$/.exec(filter)?.[1];
  if (inner !== undefined) {
    const path = pathIn("jsonata", steps);
    // JSONata applies the step behind a list to each of its items. Wrapped in another list, the body is one item.
    return `jsonata: ${isList ? `[[${path}]]` : path}.(${inner})`;
  }
  // Outside of quotes `$` always means the root (RFC 9535, section 2.2).
  const root = pathIn("jsonpath", steps);
  return filter.trim().replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\$/g, (part) => (part === "$" ? root : part));
}
