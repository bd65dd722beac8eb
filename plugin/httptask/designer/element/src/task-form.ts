// A whole task as one field, so that every part of it is loaded, dumped and walked the same way.
import { clone, isObject, type Json, type JsonObject, segments } from "./json";
import { inOrder } from "./slots";
import type { Field, Form, Group, Task } from "./types";

const ANY: Field = { kind: "any", type: "any value" };
const OWN_NAMES: Field = { kind: "map", type: "names of your own", values: ANY };
export const GROUP_TITLES: Record<string, string> = {
  pathParameters: "Path", headers: "Headers", query: "Query", cookies: "Cookies", body: "Body",
};
/** All but the body: what has a name and a value. */
export const PARAMETER_GROUPS = Object.keys(GROUP_TITLES).filter((name) => name !== "body");
/** What is written as text: JSON there is text until somebody says that it is not. */
const OWN_TEXTS: Field = { ...OWN_NAMES, values: { ...ANY, textual: true } };

/** The form of a request that no description tells about. */
export function freeForm(methods: string[]): Form & { methods: string[] } {
  const groups = Object.entries(GROUP_TITLES).map(([name, title]): Group => ({
    name, title, field: name === "body" ? ANY : OWN_TEXTS,
  }));
  return { target: "", url: {}, method: "", inputParameters: OWN_NAMES, groups, methods };
}

/** Every group that can be filled in, in order: those of the form, and those that are open to names of one's own. */
export function groupsOf(form: Form): Group[] {
  return Object.entries(GROUP_TITLES).flatMap(([name, title]) => {
    const group = form.groups.find((each) => each.name === name);
    const isOpen = form.open?.includes(name);
    if (!group) return isOpen ? [{ name, title, field: OWN_TEXTS }] : [];
    const { field } = group;
    return [isOpen && field.kind === "object" && !field.extra ? { ...group, field: { ...field, extra: OWN_TEXTS.values as Field } } : group];
  });
}

/** *settings* are the fields of how the task is run, as the server has them. */
export function taskField(form: Form & { methods?: string[] }, settings: Field[]): Field {
  const method: Field = form.method
    ? { kind: "const", name: "method", value: form.method }
    // Any token is a method (RFC 9110, section 9.1): the known ones are offered.
    : { kind: "string", name: "method", required: true, type: "text", keys: { kind: "enum", values: form.methods ?? [] } };
  const groups = groupsOf(form).map(({ name, required, field }): Field => ({ ...field, name, required: required ?? false, group: true }));
  return {
    kind: "object",
    required: true,
    fields: [
      { kind: "string", name: "description", title: "Description", type: "text", multiline: true },
      { kind: "string", name: "credentials", type: "name" },
      { ...form.inputParameters, name: "inputParameters", title: "Input parameters" },
      { kind: "object", name: "httpRequest", required: true, fields: [{ kind: "string", name: "url", required: true }, method, ...groups] },
      ...settings,
    ],
  };
}

/** Where a task leads: the definition owns that, no form does. */
const ROUTES = ["nextTask", "end", "defaultTask", "choices", "onError"];

export const withoutRoutes = (task: Task): Task => Object.fromEntries(Object.entries(task).filter(([name]) => !ROUTES.includes(name)));

/** The settings of *task* with the routes of *source*, in the order that *source* has. */
export function withRoutes(task: Task, source: Task): Task {
  const routes = Object.entries(source).filter(([name]) => ROUTES.includes(name));
  return inOrder({ ...withoutRoutes(task), ...Object.fromEntries(routes) }, Object.keys(source));
}

const TITLES: Record<string, string> = { ...GROUP_TITLES, url: "URL", method: "Method", credentials: "Credential", inputParameters: "Input parameters" };
/** *text* with pointers into a task, and the quoted names of its parts, as the form has them: `/httpRequest/query/q` is Query › q. */
export const withTitles = (text: string): string =>
  text
    .replace(/\/(?:httpRequest\/(pathParameters|query|headers|cookies|body|url|method)|(inputParameters|credentials))((?:\/[^\s/:,;"]+)*)(?![\w/])/g,
      (_all, group: string | undefined, part: string | undefined, rest: string) => [TITLES[(group ?? part)!], ...segments(rest)].join(" › "))
    .replace(/'(pathParameters|query|headers|cookies|body|credentials|inputParameters)'/g, (_all, name: string) => `“${TITLES[name]}”`);

/** The field at *pointer* of a task as the form has it: Query › q. */
export const fieldTitle = (pointer: string): string => withTitles(pointer).replace(/^\//, "").replaceAll("/", " › ");

/** *task* without the nulls that mean "absent"; inside a body and inside input parameters they are values. */
export function withoutNulls(task: Task): Task {
  const copy = clone(task);
  const drop = (value: Json | undefined): void => {
    if (!isObject(value)) return;
    for (const [name, item] of Object.entries(value)) if (item === null) delete value[name];
  };
  drop(copy);
  drop(copy.httpRequest);
  drop(copy.retry);
  const request = (copy.httpRequest ?? {}) as JsonObject;
  for (const name of PARAMETER_GROUPS) drop(request[name]);
  return copy;
}
