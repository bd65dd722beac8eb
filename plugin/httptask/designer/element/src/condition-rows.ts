// A condition of a Decision as rows of value, operator and value, all joined by "and".
// The server splits a condition into rows; this module edits the rows and writes the condition.
import { quoted } from "./expression-text";
import { NUMBER } from "./json";
import { ANY, load, type Slot } from "./slots";
import type { ConditionRow } from "./types";

/** How the value on the right is read; "": guessed from its text, see `readsAs`. A *word* is true, false, null or undefined. */
export type ValueKind = "" | "text" | "number" | "word" | "path";

/** A row while it is edited. */
export interface EditedRow {
  left: Slot;
  operator: string;
  right: Slot;
  as: ValueKind;
}

/** The name of each operator on the screen. Other operators are only offered where a condition has them already. */
export const OPERATORS: Record<string, string> = {
  "===": "is", "!==": "is not", ">": "is more than", ">=": "is at least", "<": "is less than", "<=": "is at most",
  there: "is there", missing: "is missing", "": "is true or filled", "!": "is false or empty",
};
/** Operators without a value on the right, and how each is written. */
const UNARY: Record<string, (left: string) => string> = {
  "": (left) => left,
  "!": (left) => `!${left}`,
  there: (left) => `${left} !== undefined`,
  missing: (left) => `${left} === undefined`,
};
/** Whether a row has no value on the right. */
export const isUnary = ({ operator }: EditedRow): boolean => operator in UNARY;

const WORDS = ["true", "false", "null", "undefined"];
/** What *typed* is, as a value in a condition. */
export function readsAs(typed: string): ValueKind {
  if (typed.startsWith("$")) return "path";
  if (NUMBER.test(typed.trim())) return "number";
  return WORDS.includes(typed.trim()) ? "word" : "text";
}

/** A slot for a value of a row: the combobox of expressions edits slots. */
const slotFor = (text: string): Slot => Object.assign(load(ANY), { fx: true, expr: text });
export const blankRow = (): EditedRow => ({ left: slotFor(""), operator: "===", right: slotFor(""), as: "" });

/** A comparison from the server as a row to edit. */
export function editedRow({ left, operator, right, text }: ConditionRow): EditedRow {
  if (right === "undefined" && /^[!=]==$/.test(operator))
    return { left: slotFor(left), operator: operator === "===" ? "missing" : "there", right: slotFor(""), as: "" };
  // Only a text that would be guessed to be something else has to be marked as text.
  const isPlain = text !== undefined && text !== "" && readsAs(text) === "text";
  return { left: slotFor(left), operator, right: slotFor(text ?? right ?? ""), as: text === undefined || isPlain ? "" : "text" };
}

/** A row as the comparison that the condition has for it. */
function written(row: EditedRow): string {
  const left = row.left.expr.trim();
  const unary = UNARY[row.operator];
  if (unary) return unary(left);
  const { expr } = row.right;
  // An empty field means that the value is still missing; an empty text has to be chosen by "as text".
  const isText = row.as === "text" || (!row.as && expr !== "" && readsAs(expr) === "text");
  // An unescaped `${` would turn the whole condition into an expression.
  return `${left} ${row.operator} ${isText ? quoted(expr).replaceAll("${", "$\\{") : expr.trim()}`;
}

/** The condition that all *rows* make; blank rows are left out. */
export const conditionOf = (rows: EditedRow[]): string =>
  rows.filter(({ left, right }) => left.expr.trim() || right.expr).map(written).join(" && ");
/** Whether one of the two values of *row* is still missing. */
export const isIncomplete = (row: EditedRow): boolean => !isUnary(row) && !row.as && !!row.left.expr.trim() !== (row.right.expr !== "");
