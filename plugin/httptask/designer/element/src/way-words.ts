// What the ways out of a task say in the picture: the condition of a Decision's choice, or that it is the way otherwise.
import { isObject, type JsonObject } from "./json";
import type { Task } from "./types";
import { type Route, text } from "./workflow";

/** The path to an answer of an earlier task, before the name that tells what is compared. */
const ANSWER = /\$\.(tasks(\.\w+|\[(['"]).*?\3\])\.output\.|output\.|input\.|variables\.)?/g;

/** The condition *when*, an expression, as it is read: `status is 201`. It stays as it is where less would be unclear: with two paths, or
 * with a `$.` inside a text. The operators inside a filter stay, too.
 */
export function conditionWords(when: string): string {
  const condition = when.replace(/^\s*\$\{(jsonata:)?\s*([^]*?)\s*\}\s*$/, "$2");
  if (condition.split("$.").length > 2 || /["'][^"']*\$\.[^"']*["']/.test(condition)) return condition;
  const short = condition.replace(ANSWER, "").replace(/\bstatusCode\b/g, "status");
  return short.includes("[?") ? short : short.replace(/ ={1,3} /g, " is ").replace(/ !={1,2} /g, " is not ");
}

/** What *route*, a way out of *task*, says; "" for the only way. */
export function wayWords(task: Task, { to, onError }: Route): string {
  if (onError) return "on error";
  if (task.type !== "Decision") return "";
  const choices = Array.isArray(task.choices) ? task.choices.filter(isObject) : [];
  const conditions = choices.filter(({ nextTask }) => nextTask === to).map((choice: JsonObject) => conditionWords(text(choice.condition) ?? ""));
  return [...conditions, ...(task.defaultTask === to ? ["otherwise"] : [])].filter(Boolean).join(" or ");
}
