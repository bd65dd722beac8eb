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

/** What *route*, a way out of *task*, says, with each condition written by *write*; "" for the only way. */
export function wayWords(task: Task, { to, onError }: Route, write = conditionWords): string {
  if (onError) return "on error";
  if (task.type !== "Decision") return "";
  const choices = Array.isArray(task.choices) ? task.choices.filter(isObject) : [];
  const conditions = choices.filter(({ nextTask }) => nextTask === to).map((choice: JsonObject) => write(text(choice.condition) ?? ""));
  return [...conditions, ...(task.defaultTask === to ? ["otherwise"] : [])].filter(Boolean).join(" or ");
}

/** A way in the picture: what it says, shortened (`way`) and with its whole condition. */
export interface Way {
  from: string;
  to: string;
  way: string;
  whole: string;
}

/** The label at each task that ways with words lead to: their words, and for the tooltip each way with its whole condition. */
export function wayLabels(ways: Way[]): Map<string, { words: string; title: string }> {
  const labels = new Map<string, { words: string; title: string }>();
  for (const target of new Set(ways.filter(({ way }) => way).map(({ to }) => to))) {
    const here = ways.filter(({ to, way }) => to === target && way);
    const words = [...new Set(here.map(({ way }) => way))].join(" / ");
    const title = [...new Set(here.map(({ from, whole }) => `${from}: ${whole}`))].join("\n");
    labels.set(target, { words, title });
  }
  return labels;
}
