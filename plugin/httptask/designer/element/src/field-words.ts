// Short texts about a field: its values, its default, an example.
import { type Json, same } from "./json";
import { choices } from "./slots";
import type { Field } from "./types";

const MOST_OF_DEFAULT = 100;

/** *value* as text: a string as it is, anything else as JSON. */
export const plain = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

/** The value number *index* of an enum, with its label where it has another one: `P1: urgent`. */
export function valueLabel({ values, labels }: Field, index: number): string {
  const value = plain((values as Json[])[index]!);
  const label = labels?.[index];
  return label && label !== value ? `${value}: ${label}` : value;
}

/** `default: 10`, from the documented default, which the API uses when nothing is sent; "" where none is documented. */
export function defaultOf(field: Field): string {
  const { default: fallback, kind } = field;
  if (fallback === undefined) return "";
  const index = kind === "enum" ? choices(field).findIndex((choice) => same(choice, fallback)) : -1;
  const text = index < 0 ? plain(fallback) : valueLabel(field, index);
  return `default: ${text.length > MOST_OF_DEFAULT ? `${text.slice(0, MOST_OF_DEFAULT)} …` : text}`;
}

/** The text of the option that leaves *field* unset; *choose* is the text for a required field. */
export function unsetLabel(field: Field, choose = ""): string {
  const fallback = defaultOf(field);
  return field.required && choose ? `${choose}${fallback && ` (${fallback})`}` : fallback || "not set";
}

/** The placeholder of an empty field: its default, an example, or its format. */
export function hintOf(field: Field): string {
  const { examples, format } = field;
  return defaultOf(field) || (examples?.length ? `for example ${plain(examples[0]!)}` : (format ?? ""));
}

/** The text content of *html*, which the server has sanitised. */
export function textOf(html: string): string {
  const box = document.createElement("template");
  box.innerHTML = html;
  return box.content.textContent!.trim();
}
