// A page without a browser: its store, with a server that is a table of answers.
import { type Api, ApiError } from "../src/api";
import { clone, type Json, parse, takeSecretNames } from "../src/json";
import { type Slot, walk } from "../src/slots";
import { unstored } from "../src/storage";
import { Store } from "../src/store";
import type { Definition, Ending, Problem, Task } from "../src/types";

takeSecretNames("token|password");

/** What the page has in `sessionStorage`. */
export const kept = new (class extends Map<string, string> {
  /** Begin as in a new tab. */
  override clear(): void {
    super.clear();
    unstored.clear();
  }
})();
Object.assign(globalThis, {
  window: globalThis,
  CSSStyleSheet: class { replaceSync() {} }, // for the style sheet of the panels
  sessionStorage: {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, text: string) => kept.set(name, text),
    removeItem: (name: string) => kept.delete(name),
  },
});

/** A task with *headers* that leads to *nextTask*, or ends the run. */
export const task = (headers: Json, nextTask?: string): Task => ({
  type: "Http",
  httpRequest: { url: "https://a.example", method: "GET", headers },
  ...(nextTask === undefined ? { end: true } : { nextTask }),
});
export const FLOW: Definition = {
  name: "flow", startTask: "A", tasks: { A: task({ Token: "saved-secret", Via: "1" }, "B"), B: task({ Via: "2" }) },
};

/** A server with one definition. */
export class Server {
  definition: Definition = clone(FLOW);
  etag = '"1"';
  /** The problems that every validation reports. */
  problems: Problem[] = [];
  /** The test requests, as JSON texts. */
  sent: string[] = [];
  /** Called one by one during the requests to rename a task: what the user does meanwhile. */
  meanwhile: (() => void)[] = [];
  /** The end of every test request. */
  ending: Partial<Ending> = { status: 200, reasonPhrase: "OK", text: "{}", decodedAs: "json", elapsedSeconds: 0.1, outcome: "success" };

  readonly api = {
    base: "https://designer.example/",
    config: async () => ({
      newWorkflows: true, workflows: [{ id: "flow" }], methods: ["GET"], secretNames: "token|password", taskSettings: [],
    }),
    credentials: async () => ({ items: [] }),
    workflow: async () => ({ definition: clone(this.definition), etag: this.etag }),
    unreached: async () => [],
    validate: async () => ({ problems: this.problems, mediaType: null }),
    renamed: async (definition: Definition, name: string, to: string) => {
      this.meanwhile.shift()?.();
      return { definition: parse(JSON.stringify(definition).replaceAll(`"${name}"`, `"${to}"`)) as Definition, problems: [] };
    },
    save: async (_id: string, definition: Definition, etag: string) => {
      if (etag !== this.etag)
        throw new ApiError({ type: "urn:httptask:problem:changed-meanwhile", title: "Changed meanwhile", etag: this.etag });
      this.definition = clone(definition);
      this.etag = `"${Number(this.etag.slice(1, -1)) + 1}"`;
      return { definition: clone(definition), etag: this.etag };
    },
    testRequest: async (draft: unknown, _signal: AbortSignal, hear: (event: string, data: string) => void) => {
      this.sent.push(JSON.stringify(draft));
      const request = { method: "GET", url: "u", headers: [], bodyBytes: 0 };
      hear("response", JSON.stringify({ id: "1", request, raw: this.sent.at(-1), ...this.ending }));
    },
  } as unknown as Api;
}

/** Open a page with *server*, call *work* with its store, and close the page. */
export async function page(server: Server, work: (store: Store) => Promise<void> | void): Promise<void> {
  const store = new Store(server.api, () => true);
  await store.start("flow", null);
  try {
    await work(store);
  } finally {
    store.stop();
  }
}
/** The slot at *pointer* of the open task. */
export function slotAt(store: Store, pointer: string): Slot {
  for (const place of walk(store.task.root!)) if (place.pointer === pointer) return place.slot;
  throw new Error(`no field at ${pointer}`);
}
/** Type *text* into the field at *pointer*. */
export const type = (store: Store, pointer: string, text: string): void => {
  slotAt(store, pointer).text = text;
  store.task.changed(pointer);
};
/** The headers of the task *name* in the definition, once the form has been committed. */
export const headers = (store: Store, name: string): Json => {
  store.task.settled();
  const { httpRequest } = (store.workflow.working.tasks as Record<string, Task>)[name]!;
  return (httpRequest as Task).headers!;
};
