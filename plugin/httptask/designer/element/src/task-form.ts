// A whole task as one field, so that every part of it is loaded, dumped and walked the same way.
import { clone, isObject, type Json, type JsonObject } from "./json";
import { inOrder } from "./slots";
import type { Field, Form, Group, Task } from "./types";

const ANY: Field = { kind: "any", type: "any value" };
const OWN_NAMES: Field = { kind: "map", type: "names of your own", values: ANY };
export const GROUP_TITLES: Record<string, string> = {
  pathParameters: "Path", headers: "Headers", query: "Query", cookies: "Cookies", body: "Body",
};
const seconds = (name: string, title: string, fallback: number, integer: boolean): Field => ({
  kind: "number", name, title, integer, type: "seconds", default: fallback,
});

/** How the task is run; every one optional. */
export const RUN_FIELDS: Field[] = [
  {
    kind: "object", name: "retry", title: "Retry", type: "attempts when a request fails",
    fields: [
      { kind: "number", integer: true, name: "maxAttempts", required: true },
      { kind: "number", name: "intervalSeconds", type: "seconds before the second attempt" },
      { kind: "number", name: "backoffRate", type: "factor, for each further attempt" },
    ],
  },
  seconds("connectionTimeoutSeconds", "Time to connect", 5, true),
  seconds("readTimeoutSeconds", "Longest silence", 10, true),
  seconds("totalTimeoutSeconds", "Time for everything", 300, false),
];

/** The form of a request that no description tells about. */
export function freeForm(methods: string[]): Form & { methods: string[] } {
  const groups = Object.entries(GROUP_TITLES).map(([name, title]): Group => ({
    name, title, field: name === "body" ? { ...ANY, type: "any value" } : OWN_NAMES,
  }));
  return { target: "", url: {}, method: "", inputParameters: OWN_NAMES, groups, methods };
}

/** Every group that can be filled in, in order: those of the form, and those that are open to names of one's own. */
export function groupsOf(form: Form): Group[] {
  return Object.entries(GROUP_TITLES).flatMap(([name, title]) => {
    const group = form.groups.find((each) => each.name === name);
    if (group) return [group];
    return form.open?.includes(name) ? [{ name, title, field: OWN_NAMES }] : [];
  });
}

export function taskField(form: Form & { methods?: string[] }): Field {
  const method: Field = form.method
    ? { kind: "const", name: "method", value: form.method }
    : { kind: "enum", name: "method", values: form.methods ?? [] };
  const groups = groupsOf(form).map(({ name, required, field }): Field => ({ ...field, name, required: required ?? false, group: true }));
  return {
    kind: "object",
    required: true,
    fields: [
      { kind: "string", name: "description", title: "Description", type: "text", multiline: true },
      { kind: "string", name: "credentials", type: "name" },
      { ...form.inputParameters, name: "inputParameters", title: "Input parameters" },
      { kind: "object", name: "httpRequest", required: true, fields: [{ kind: "string", name: "url", required: true }, method, ...groups] },
      ...RUN_FIELDS,
    ],
  };
}

/** Where a task leads: the definition owns that, no form does. */
const ROUTES = ["nextTask", "end", "defaultTask", "choices"];

export const withoutRoutes = (task: Task): Task => Object.fromEntries(Object.entries(task).filter(([name]) => !ROUTES.includes(name)));

/** The settings of *task* with the routes of *source*, in the order that *source* has. */
export function withRoutes(task: Task, source: Task): Task {
  const routes = Object.entries(source).filter(([name]) => ROUTES.includes(name));
  return inOrder({ ...withoutRoutes(task), ...Object.fromEntries(routes) }, Object.keys(source));
}

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
  for (const name of ["pathParameters", "query", "headers", "cookies"]) drop(request[name]);
  return copy;
}
