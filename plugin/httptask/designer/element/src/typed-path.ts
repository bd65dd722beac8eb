// Paths in both languages of expressions, and the path that is being typed at the caret.
import { jsonPath, type Step } from "./expression-text";

type Language = "jsonpath" | "jsonata";

/** Words with a meaning in JSONata: as names of members they need backquotes. */
const WORDS = ["and", "or", "in", "true", "false", "null", "function"];

/** *steps* as JSONata: ``tasks.`Find the RFI`.output.body.items[0]``. */
const jsonata = (steps: Step[]): string =>
  steps.reduce<string>((path, step) => {
    if (typeof step === "number") return `${path}[${step}]`;
    // JSONata has no way to escape a backquote in a name.
    if (step.includes("`")) return `$lookup(${path || "$"}, ${JSON.stringify(step)})`;
    const isPlain = /^[A-Za-z_]\w*$/.test(step) && !WORDS.includes(step);
    return `${path && `${path}.`}${isPlain ? step : `\`${step}\``}`;
  }, "");

/** *steps* as a path in *language*. */
export const pathIn = (language: Language, steps: Step[]): string => (language === "jsonata" ? jsonata(steps) : jsonPath(steps));

/** What is typed at the caret. */
interface Context {
  language: Language;
  /** The caret is inside an expression, not in text around one. */
  inside: boolean;
  query: Query;
}
/** What the tree of values is filtered by: a path with the beginning of its next name, or a word. */
export interface Query {
  /** Where the query starts in the text; it ends at the caret. */
  from: number;
  /** The complete steps of a path; null where a word is typed. */
  steps: Step[] | null;
  /** The beginning of the next name, or the word. */
  partial: string;
  /** The word is the name of a function of JSONata: a `$` is before it. */
  calls?: boolean;
}

// Patterns for a path that ends at the caret: its complete steps, and the beginning of the next one.
const NAME = String.raw`[\p{L}_][\p{L}\p{N}_]*`;
const BRACKET = String.raw`\[(?:\d+|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\]`;
const JSON_PATH = new RegExp(String.raw`\$((?:\.${NAME}|${BRACKET})*)(\.|\[['"]?[^'"\]]*)?$`, "u");
const JSONATA_PATH = /(?:\$\.)?((?:(?:[A-Za-z_]\w*|`[^`]*`)(?:\[\d+\])*\.)*)(`[^`]*|[A-Za-z_]\w*)?$/;
const STEP = new RegExp(`${BRACKET}|${NAME}|\`[^\`]*\``, "gu");

/** The steps of *path*, of either language. */
const stepsOf = (path: string): Step[] =>
  [...path.matchAll(STEP)].map(([step]) => {
    if (/^\[\d/.test(step)) return Number(step.slice(1, -1));
    if (step[0] !== "[") return step.replace(/`/g, "");
    // A quoted name has the escapes of JSON, but for those of the quotes.
    const name = step.slice(2, -2);
    return JSON.parse(`"${name.replace(/\\'/g, "'").replace(/(?<!\\)"/g, '\\"')}"`) as string;
  });

/** What is typed at the end of *source*, the text of an expression before the caret; *source* starts at *offset*. */
function queryAt(source: string, language: Language, offset: number): Query {
  const path = (language === "jsonata" ? JSONATA_PATH : JSON_PATH).exec(source);
  const from = offset + (path?.index ?? 0);
  if (path && language === "jsonata" && (path[1] || path[0].startsWith("$.")))
    return { from, steps: stepsOf(path[1]!), partial: (path[2] ?? "").replace("`", "") };
  if (path && language === "jsonpath") {
    const steps = stepsOf(path[1]!);
    const rest = path[2];
    if (rest !== undefined) return { from, steps, partial: rest.replace(/^[.[]['"]?/, "") };
    // The last name may still be incomplete; a step in brackets is complete.
    const typed = /\.([^.[\]]+)$/.exec(path[1]!);
    return typed ? { from, steps: steps.slice(0, -1), partial: typed[1]! } : { from, steps, partial: "" };
  }
  const word = /[^\s{}()+*/&=<>!?:;,"'`$]*$/.exec(source)![0];
  const start = source.length - word.length;
  return { from: offset + start, steps: null, partial: word, calls: language === "jsonata" && source[start - 1] === "$" };
}

/** What is typed at *caret* in *text*: a text with expressions in `${}`, or an expression alone. */
export function contextAt(text: string, caret: number): Context {
  const before = text.slice(0, caret);
  const opening = before.lastIndexOf("${");
  const isOpen = opening >= 0 && !before.slice(opening).includes("}");
  // The whole text is one expression, without `${}`: `$.name` or `jsonata: …`.
  const bare = !isOpen && /^\s*(\$(?!\{)|jsonata:)/.test(before) && !/\$\{/.test(text);
  const start = isOpen ? opening + 2 : 0;
  const prefix = /^\s*jsonata:\s*/.exec(before.slice(start))?.[0] ?? "";
  const language = prefix ? "jsonata" : "jsonpath";
  const offset = start + prefix.length;
  return { language, inside: isOpen || bare, query: queryAt(before.slice(offset), language, offset) };
}

/** Replace the part of *text* between *from* and *to* by the path *steps*; returns the text and the caret behind the path. */
export function inserted(
  text: string, from: number, to: number, { language, inside }: Pick<Context, "language" | "inside">, steps: Step[],
): { text: string; caret: number } {
  const isWhole = !text.slice(0, from).trim() && !text.slice(to).trim();
  const path = pathIn(language, steps);
  let replacement = path;
  if (isWhole) replacement = language === "jsonata" ? `jsonata: ${path}` : path;
  else if (!inside) replacement = `\${${path}}`;
  return { text: text.slice(0, from) + replacement + text.slice(to), caret: from + replacement.length };
}
