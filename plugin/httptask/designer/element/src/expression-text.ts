// Paths of values as expressions have them, and what an expression is about to say where the caret stands in it.

/** A member's name, or an item's index. */
export type Step = string | number;
export type Language = "jsonpath" | "jsonata";

const SHORT = /^[\p{L}_][\p{L}\p{N}_]*$/u;
/** Words of JSONata that are no plain names of members. */
const WORDS = ["and", "or", "in", "true", "false", "null", "function"];

/** *name* in quotes that JSONPath and the conditions of a Decision read. */
export const quoted = (name: string): string => `'${JSON.stringify(name).slice(1, -1).replace(/\\"/g, '"').replace(/'/g, "\\'")}'`;

/** RFC 9535: `$.tasks['Find the RFI'].output.body.items[0]`. */
export const jsonPath = (steps: Step[]): string =>
  `$${steps.map((step) => (typeof step === "number" ? `[${step}]` : SHORT.test(step) ? `.${step}` : `[${quoted(step)}]`)).join("")}`;

/** JSONata: ``tasks.`Find the RFI`.output.body.items[0]``. */
const jsonata = (steps: Step[]): string =>
  steps.reduce<string>((path, step) => {
    if (typeof step === "number") return `${path}[${step}]`;
    if (step.includes("`")) return `$lookup(${path || "$"}, ${JSON.stringify(step)})`;
    return `${path && `${path}.`}${/^[A-Za-z_]\w*$/.test(step) && !WORDS.includes(step) ? step : `\`${step}\``}`;
  }, "");

export const pathIn = (language: Language, steps: Step[]): string => (language === "jsonata" ? jsonata(steps) : jsonPath(steps));

/** What stands before the caret. */
export interface Context {
  language: Language;
  /** An expression begins around the caret, rather than text in which one can be put. */
  inside: boolean;
  /** What is typed at the caret: a path and the beginning of its next name, or a word. */
  query: Query;
}
export interface Query {
  /** Where it starts in the text; it ends at the caret. */
  from: number;
  /** The steps of a path that are whole; null for a word. */
  steps: Step[] | null;
  /** The beginning of a name, or the word. */
  partial: string;
}

const NAME = String.raw`[\p{L}_][\p{L}\p{N}_]*`;
const BRACKET = String.raw`\[(?:\d+|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\]`;
const JSON_PATH = new RegExp(String.raw`\$((?:\.${NAME}|${BRACKET})*)(\.|\[['"]?[^'"\]]*)?$`, "u");
const JSONATA_PATH = /(?:\$\.)?((?:(?:[A-Za-z_]\w*|`[^`]*`)(?:\[\d+\])*\.)*)(`[^`]*|[A-Za-z_]\w*)?$/;
const STEP = new RegExp(`${BRACKET}|${NAME}|\`[^\`]*\``, "gu");

const stepsOf = (path: string): Step[] =>
  [...path.matchAll(STEP)].map(([step]) => {
    if (/^\[\d/.test(step)) return Number(step.slice(1, -1));
    const inner = step[0] === "[" ? step.slice(2, -2) : step.replace(/`/g, "");
    return step[0] === "[" ? (JSON.parse(`"${inner.replace(/\\'/g, "'").replace(/(?<!\\)"/g, '\\"')}"`) as string) : inner;
  });

function queryAt(source: string, language: Language, offset: number): Query {
  const path = (language === "jsonata" ? JSONATA_PATH : JSON_PATH).exec(source);
  const from = offset + (path?.index ?? 0);
  if (path && language === "jsonata" && (path[1] || path[0].startsWith("$.")))
    return { from, steps: stepsOf(path[1]!), partial: (path[2] ?? "").replace("`", "") };
  if (path && language === "jsonpath") {
    const steps = stepsOf(path[1]!);
    const rest = path[2];
    if (rest !== undefined) return { from, steps, partial: rest.replace(/^[.[]['"]?/, "") };
    // A name at the end is still being typed; an item in brackets is whole.
    const typed = /\.([^.[\]]+)$/.exec(path[1]!);
    return typed ? { from, steps: steps.slice(0, -1), partial: typed[1]! } : { from, steps, partial: "" };
  }
  const word = /[^\s{}()+*/&=<>!?:;,"'`$]*$/.exec(source)![0];
  return { from: offset + source.length - word.length, steps: null, partial: word };
}

/** What the expression *text* says before *caret*. */
export function contextAt(text: string, caret: number): Context {
  const before = text.slice(0, caret);
  const opening = before.lastIndexOf("${");
  const isOpen = opening >= 0 && !before.slice(opening).includes("}");
  const bare = !isOpen && /^\s*(\$(?!\{)|jsonata:)/.test(before) && !/\$\{/.test(text);
  const start = isOpen ? opening + 2 : 0;
  const prefix = /^\s*jsonata:\s*/.exec(before.slice(start))?.[0] ?? "";
  const language = prefix ? "jsonata" : "jsonpath";
  const offset = start + prefix.length;
  return { language, inside: isOpen || bare, query: queryAt(before.slice(offset), language, offset) };
}

/** *text* with the value at *steps* in place of what stands from *from* to *to*, and where the caret is then. */
export function inserted(text: string, from: number, to: number, { language, inside }: Pick<Context, "language" | "inside">, steps: Step[]): { text: string; caret: number } {
  const whole = !text.slice(0, from).trim() && !text.slice(to).trim();
  const path = pathIn(language, steps);
  const put = inside && !whole ? path : whole ? (language === "jsonata" ? `jsonata: ${path}` : path) : `\${${path}}`;
  return { text: text.slice(0, from) + put + text.slice(to), caret: from + put.length };
}

/** *name* as one that needs no quotes: `topic_id` is topicId. */
export const plainName = (name: string): string => {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? [];
  const camel = words.map((word, index) => (index ? word[0]!.toUpperCase() + word.slice(1) : word === word.toUpperCase() ? word.toLowerCase() : word[0]!.toLowerCase() + word.slice(1))).join("");
  return /^\p{N}|^$/u.test(camel) ? `value${camel}` : camel;
};
