// What a field is said to be: its values, its default, and its type, in a few words.
import { type Json, same } from "./json";
import { choices } from "./slots";
import type { Field } from "./types";

const MOST_OF_DEFAULT = 100;

export const plain = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

/** A value of an enum, with what its description calls it. */
export function called({ values, labels }: Field, index: number): string {
  const value = plain((values as Json[])[index]!);
  const label = labels?.[index];
  return label && label !== value ? `${value}: ${label}` : value;
}

/** The documented default, in words; it is what the API takes where nothing is sent. "" where there is none. */
export function defaultOf(field: Field): string {
  const { default: fallback, kind } = field;
  if (fallback === undefined) return "";
  const index = kind === "enum" ? choices(field).findIndex((choice) => same(choice, fallback)) : -1;
  const text = index < 0 ? plain(fallback) : called(field, index);
  return `default: ${text.length > MOST_OF_DEFAULT ? `${text.slice(0, MOST_OF_DEFAULT)} …` : text}`;
}

/** What stands for no choice. */
export function unset(field: Field, choose = ""): string {
  const fallback = defaultOf(field);
  return field.required && choose ? `${choose}${fallback && ` (${fallback})`}` : fallback || "not set";
}

export function hintOf(field: Field): string {
  const { examples, format } = field;
  return defaultOf(field) || (examples?.length ? `for example ${plain(examples[0]!)}` : (format ?? ""));
}

/** The text of sanitised HTML. */
export function textOf(html: string): string {
  const box = document.createElement("template");
  box.innerHTML = html;
  return box.content.textContent!.trim();
}
