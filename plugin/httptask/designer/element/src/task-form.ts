// Describes a whole HTTP task as one field, so that all its parts are loaded, dumped and walked in the same way.
import { clone, isObject, type Json, type JsonObject, segments } from "./json";
import { inOrder } from "./slots";
import type { Field, Form, Group, Task } from "./types";

const ANY: Field = { kind: "any", type: "any value" };
const OWN_NAMES: Field = { kind: "map", type: "names of your own", values: ANY };
export const GROUP_TITLES: Record<string, string> = {
  pathParameters: "Path", headers: "Headers", query: "Query", cookies: "Cookies", body: "Body",
};
/** The groups of named parameters: all but the body. */
export const PARAMETER_GROUPS = Object.keys(GROUP_TITLES).filter((name) => name !== "body");
/** User-named parameters. Their values stay text even if they look like JSON, until somebody chooses another type. */
const OWN_TEXTS: Field = { ...OWN_NAMES, values: { ...ANY, textual: true } };

/** The form of a request without a description: any parameters and any body. */
export function freeForm(methods: string[]): Form & { methods: string[] } {
  const groups = Object.entries(GROUP_TITLES).map(([name, title]): Group => ({
    name, title, field: name === "body" ? ANY : OWN_TEXTS,
  }));
  return { target: "", url: {}, method: "", inputParameters: OWN_NAMES, groups, methods };
}

/** The groups of *form* in order; those that are open take user-named entries too. */
export function groupsOf(form: Form): Group[] {
  return Object.entries(GROUP_TITLES).flatMap(([name, title]) => {
    const group = form.groups.find((candidate) => candidate.name === name);
    const isOpen = form.open?.includes(name);
    if (!group) return isOpen ? [{ name, title, field: OWN_TEXTS }] : [];
    const { field } = group;
    const lacksExtra = isOpen && field.kind === "object" && !field.extra;
    return [lacksExtra ? { ...group, field: { ...field, extra: OWN_TEXTS.values as Field } } : group];
  });
}

/** The field of a task with the request *form*; *settings* are the fields for how the task is run, from the server. */
export function taskField(form: Form & { methods?: string[] }, settings: Field[]): Field {
  const method: Field = form.method
    ? { kind: "const", name: "method", value: form.method }
    // Any token is a method (RFC 9110, section 9.1): the known methods are suggestions.
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

/** The members that say where a task leads. They are edited in the definition, not in the form. */
const ROUTES = ["nextTask", "end", "defaultTask", "choices", "onError"];

export const withoutRoutes = (task: Task): Task => Object.fromEntries(Object.entries(task).filter(([name]) => !ROUTES.includes(name)));

/** Return the settings of *task* with the routes of *source*, its members in the order of *source*. */
export function withRoutes(task: Task, source: Task): Task {
  const routes = Object.entries(source).filter(([name]) => ROUTES.includes(name));
  return inOrder({ ...withoutRoutes(task), ...Object.fromEntries(routes) }, Object.keys(source));
}

const TITLES: Record<string, string> = {
  ...GROUP_TITLES, url: "URL", method: "Method", credentials: "Credential", inputParameters: "Input parameters",
};
/** The title of the field at *pointer* of a task, as on the form: `Query › q`. */
export function fieldTitle(pointer: string): string {
  const names = segments(pointer);
  const [first = "", ...below] = names[0] === "httpRequest" && names.length > 1 ? names.slice(1) : names;
  return [Object.hasOwn(TITLES, first) ? TITLES[first] : first, ...below].join(" › ");
}

/** Copy *task* without the nulls that mean "absent". In a body and in input parameters null is a value: there it stays. */
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
