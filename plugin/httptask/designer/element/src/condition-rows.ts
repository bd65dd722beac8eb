// A condition as rows of value, operator and value. The server tells which conditions are; here they are written.
import { quoted } from "./expression-text";
import { NUMBER } from "./json";
import { ANY, load, type Slot } from "./slots";
import type { ConditionRow } from "./types";

/** What the value on the right is taken for; "": what it reads as. */
export type As = "" | "text" | "number" | "word" | "path";

export interface EditedRow {
  left: Slot;
  operator: string;
  right: Slot;
  as: As;
}

/** What each operator is called. Those of no words are offered where a condition has them. */
export const OPERATORS: Record<string, string> = {
  "===": "is", "!==": "is not", ">": "is more than", ">=": "is at least", "<": "is less than", "<=": "is at most",
  there: "is there", missing: "is missing", "": "is true or filled", "!": "is false or empty",
};
/** Operators that take no value on the right. */
const ALONE: Record<string, (left: string) => string> = {
  "": (left) => left, "!": (left) => `!${left}`, there: (left) => `${left} !== undefined`, missing: (left) => `${left} === undefined`,
};
export const isAlone = ({ operator }: EditedRow): boolean => operator in ALONE;

const WORDS = ["true", "false", "null", "undefined"];
/** What *typed* reads as. */
export const readsAs = (typed: string): As =>
  typed.startsWith("$") ? "path" : NUMBER.test(typed.trim()) ? "number" : WORDS.includes(typed.trim()) ? "word" : "text";

const box = (text: string): Slot => Object.assign(load(ANY), { fx: true, expr: text });
export const blankRow = (): EditedRow => ({ left: box(""), operator: "===", right: box(""), as: "" });

export function editedRow({ left, operator, right, text }: ConditionRow): EditedRow {
  if (right === "undefined" && /^[!=]==$/.test(operator)) return { left: box(left), operator: operator === "===" ? "missing" : "there", right: box(""), as: "" };
  const isPlain = text !== undefined && text !== "" && readsAs(text) === "text";
  return { left: box(left), operator, right: box(text ?? right ?? ""), as: text === undefined || isPlain ? "" : "text" };
}

function written(row: EditedRow): string {
  const left = row.left.expr.trim();
  const alone = ALONE[row.operator];
  if (alone) return alone(left);
  const { expr } = row.right;
  // Nothing is no value yet; an empty text is chosen.
  const isText = row.as === "text" || (!row.as && expr !== "" && readsAs(expr) === "text");
  // A `${` would make an expression of the condition.
  return `${left} ${row.operator} ${isText ? quoted(expr).replaceAll("${", "$\\{") : expr.trim()}`;
}

/** The condition that *rows* say together. */
export const conditionOf = (rows: EditedRow[]): string => rows.filter(({ left, right }) => left.expr.trim() || right.expr).map(written).join(" && ");
/** Whether a value of *row* is still to come. */
export const isBegun = (row: EditedRow): boolean => !isAlone(row) && !row.as && !!row.left.expr.trim() !== (row.right.expr !== "");
