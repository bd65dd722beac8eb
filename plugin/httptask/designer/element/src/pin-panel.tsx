// The panels for pins: pin the response of a test request or the documented example, write a pin by hand, and unpin.
import { useState } from "preact/hooks";
import { ApiError, failureOf } from "./api";
import { plural } from "./amounts";
import { isObject, type Json, type JsonObject, parse, same, segments, valueText } from "./json";
import type { Store } from "./store";
import type { ShownRun } from "./runs";
import type { Ending, Failure, Visit } from "./types";
import { forPin, moveTypedPins, useTypedText } from "./typed-text";
import { Failed, Note, typed, useUi } from "./ui";
import * as flow from "./workflow";

/** How many problems of a pin are listed. */
const MOST_PROBLEMS = 5;

/** Describe *pin* in a few words. */
export function described(pin: Json): string {
  if (Array.isArray(pin)) return `${plural(pin.length, "response")} in turn`;
  if (!isObject(pin)) return "not a pin";
  if (pin.example) return "the documented example";
  if (isObject(pin.error)) return `an error, ${valueText(pin.error.class)}`;
  return `a response, ${valueText(pin.status) || 200}`;
}

/**
 * Write *body*, a JSON text, as the pin of *task*; null removes the pin. If the pins changed meanwhile, try once more, but
 * only if this task's pin is unchanged: another tab's change of the same pin is never overwritten.
 */
async function change(store: Store, task: string, body: string | null): Promise<void> {
  const { pins, workflow } = store;
  if (workflow.id === null)
    throw new ApiError({
      title: "There is no place for pins", detail: "This page keeps no definitions: open it with a folder of them.",
    });
  for (let mayRetry = true; ; mayRetry = false) {
    const before = pins.tasks[task];
    const condition: Record<string, string> = pins.etag ? { "If-Match": pins.etag } : { "If-None-Match": "*" };
    const headers: Record<string, string> = { "Content-Type": "application/json", ...condition };
    const method = body === null ? "DELETE" : "PUT";
    try {
      await pins.take(await store.api.send(pins.path(workflow.id, task), { method, headers, body }));
      workflow.recheck();
      return store.say(body === null ? `“${task}” is not pinned any more.` : `“${task}” is pinned: runs answer with it.`);
    } catch (error) {
      if (!(error instanceof ApiError && error.is("pins-changed"))) throw error;
      await pins.open(workflow.id);
      workflow.recheck();
      if (!mayRetry || !same(pins.tasks[task], before)) throw error;
    }
  }
}

/** Move the pin of the task *name*, and the text for it, to the new name *free*. */
export async function renamePin(store: Store, name: string, free: string): Promise<void> {
  const { pins, api, workflow: { id } } = store;
  moveTypedPins(store, id, id, [name, free]);
  if (id === null || !pins.has(name)) return;
  const body = JSON.stringify({ pin: pins.tasks[name] });
  try {
    for (const [task, method] of [[free, "PUT"], [name, "DELETE"]] as const) {
      const headers = { "Content-Type": "application/json", "If-Match": pins.etag ?? "" };
      await pins.take(await api.send(pins.path(id, task), { method, body, headers }));
    }
    store.workflow.recheck();
  } catch {
    /* changed in another tab, or the server is away */
  }
}

/** Return *ending* as the JSON text of a pin: with the whole body, but without what was typed into secret fields. */
async function responseOf(ending: Ending, store: Store, endpoint: unknown): Promise<string> {
  const { status, headers, decodedAs, size, truncated, body, id } = ending;
  let { text } = ending;
  if (truncated && body) text = store.tests.mask(await (await store.api.send(`${body}?as=decoded`)).text());
  // A body that is no text stays on the server, which finds it by the id of the test request.
  const content = text !== undefined ? { text } : size ? { test: id } : {};
  const source = typeof endpoint === "string" ? { endpoint } : {};
  return JSON.stringify({ response: { status, headers, decodedAs, ...content, ...source } });
}

/**
 * Whether the output of *visit* can become a pin: it is one answer of a server, to a task of the open workflow. The name of a
 * task says too little, because another workflow may have a task of the same name.
 */
export function canPin(store: Store, run: ShownRun, { name, type, status, items, pinned }: Visit): boolean {
  const isAnswer = type === "Http" && status === "Completed" && !items && !pinned;
  return isAnswer && store.workflow.id !== null && store.runs.isOfOpenWorkflow(run) && !!flow.find(store.workflow.working, name);
}

/** Pin the *output* that the HTTP task *name* had in a run: its status, headers and body. */
export function pinOutput(store: Store, name: string, output: JsonObject): Promise<void> {
  const { statusCode: status, headers, body } = output;
  const endpoint = flow.find(store.workflow.working, name)?.task.endpoint;
  const source = typeof endpoint === "string" ? { endpoint } : {};
  const content = typeof body === "string" ? { text: body } : { decodedAs: "json", text: JSON.stringify(body ?? null) };
  const response = { status, headers: isObject(headers ?? null) ? Object.entries(headers as JsonObject) : [], ...content, ...source };
  return change(store, name, JSON.stringify({ response }));
}

/** The pin of the task *name*. *ending* is the end of a test request; its response can be pinned. */
export function Pin({ name, ending }: { name: string; ending?: Ending }) {
  const { store, focus } = useUi();
  const pin = store.pins.has(name) ? store.pins.tasks[name] : undefined;
  const [typedText, setTyped] = useTypedText(forPin(store, store.workflow.id, name));
  /** The editor is shown. What was typed into it stays when it is closed. */
  const [isEdited, setEdited] = useState(typedText !== null);
  const [failure, setFailure] = useState<Failure | null>(store.pins.broken);
  const item = flow.find(store.workflow.working, name);
  const endpoint = item?.task.endpoint;
  const problems = store.pins.problemsOf(name);
  const isRefused = problems.some(({ severity }) => severity === "error");
  const act = (make: () => string | null | Promise<string>, isTyped = false) => async () => {
    setFailure(null);
    try {
      await change(store, name, await make());
      if (isTyped) setTyped(null);
      setEdited(false);
    } catch (error) {
      setFailure(error instanceof SyntaxError ? { title: "Not JSON", detail: error.message } : failureOf(error));
    }
  };
  const template = { status: 200, headers: { "Content-Type": "application/json" }, body: {} };
  const start = JSON.stringify(pin ?? template, null, 2);
  const text = typedText ?? start;
  const write = () => { setEdited(true); focus(`pin-text-${name}`); };
  const example = () =>
    JSON.stringify({ pin: { example: true, ...(typeof endpoint === "string" ? { endpoint } : {}) }, endpoint });
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    setEdited(false);
  };
  return (
    <section class="pin" aria-label={`The pin of ${name}`}>
      <p>
        {pin === undefined
          ? <>Not pinned: a run sends the request of “{name}”.</>
          : isRefused ? <><strong>Pinned</strong>: {described(pin)}. A run refuses this pin.</>
          : <><strong>Pinned</strong>: a run answers with {described(pin)}, and sends nothing.</>}
      </p>
      {problems.length > 0 && (
        <Note kind={isRefused ? "error" : "warning"} title={isRefused ? "This pin cannot be used" : "This pin may not fit any more"}>
          <ul>
            {problems.slice(0, MOST_PROBLEMS).map(({ pointer, message, suggestion }, index) => (
              <li key={index}>
                {segments(pointer).length > 2 && <code>{segments(pointer).slice(2).join("/")}</code>}{" "}
                {message}{suggestion && <>; did you mean <code>{suggestion}</code>?</>}
              </li>
            ))}
          </ul>
          {item
            ? "Test the request and pin its response, take the documented example, edit the pin, or unpin."
            : "Unpin it, or give a task this name."}
        </Note>
      )}
      {failure && <Failed failure={failure} />}
      {!isEdited ? (
        <div class="row">
          {ending?.event === "response" && <button onClick={act(() => responseOf(ending, store, endpoint))}>Pin this response</button>}
          {!ending && item && name !== store.task.name && (
            <button class="quiet" onClick={() => void store.task.open(name)}>Open the task</button>
          )}
          {typeof endpoint === "string" && <button onClick={act(example)}>Use the documented example</button>}
          <button class="quiet" onClick={write}>{typedText !== null ? "Go on editing" : pin === undefined ? "Write a pin" : "Edit"}</button>
          {typedText !== null && <button class="quiet" onClick={() => setTyped(null)}>Discard what was typed</button>}
          {pin !== undefined && <button class="quiet" onClick={act(() => null)}>Unpin</button>}
        </div>
      ) : (
        <div class="field single">
          <div class="field-head">
            <label class="name" for={`pin-text-${name}`}>Pin of {name}</label>
            <span class="type">JSON; a list answers one request after another</span>
          </div>
          <textarea
            id={`pin-text-${name}`} class="code" rows={10} spellcheck={false}
            value={text} onInput={typed((value) => setTyped(value === start ? null : value))} onKeyDown={onKeyDown}
          />
          <div class="row">
            <button onClick={act(() => { parse(text); return `{"pin": ${text}}`; }, true)}>Save the pin</button>
            <button class="quiet" onClick={() => setEdited(false)}>Close</button>
          </div>
        </div>
      )}
    </section>
  );
}

/** How runs use pins, and the pin of each task. */
export function PinList({ store }: { store: Store }) {
  const { pins } = store;
  const senders = new Set(store.config!.taskTypes.flatMap(({ name, sends }) => (sends ? [name] : [])));
  const names = flow.listed(store.workflow.working).flatMap(({ name, type }) => (senders.has(type) ? [name] : []));
  const others = Object.keys(pins.tasks).filter((name) => !names.includes(name));
  const choose = (mode: string) => { pins.mode = mode as typeof pins.mode; store.update(); };
  if (store.workflow.id === null) return null;
  return (
    <details class="pins">
      <summary>Pins ({Object.keys(pins.tasks).length})</summary>
      <label>A run <select aria-label="What a run does with pins" value={pins.mode} onChange={typed(choose)}>
        <option value="answer">answers with pins, and sends the other requests</option>
        <option value="offline">answers with pins, and sends nothing</option>
        <option value="">sends every request</option>
      </select></label>
      {[...others, ...names].map((name) => <Pin key={name} name={name} />)}
      {!names.length && !others.length && (
        <p class="muted">No task of this workflow sends a request, so there is nothing to pin yet. Add one with Ctrl K.</p>
      )}
    </details>
  );
}
