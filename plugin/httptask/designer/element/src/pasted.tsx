// The dialog for pasted requests. Before they become tasks it shows the endpoint each one fits, what is not carried over,
// and the secrets found in them.
import { useLayoutEffect, useState } from "preact/hooks";
import { failureOf, type Pasted as Read, type PastedEndpoint, type PastedTask } from "./api";
import { plural } from "./amounts";
import { plain } from "./field-words";
import { isObject, type JsonObject, valueText } from "./json";
import { KeepCredential } from "./pasted-credential";
import type { Failure, Problem } from "./types";
import { Failed, Icon, IconButton, Method, Note, typed, useModal, useUi } from "./ui";
import * as flow from "./workflow";

const FORMS: Record<string, string> = { curl: "a curl command", postman: "a Postman collection", har: "a HAR file" };
const GROUPS = ["pathParameters", "query", "headers", "cookies"];
/** A text of more characters is not shown. */
const MOST_SHOWN = 1_000_000;
const AT_ONCE = 100;
/** The choice of no endpoint: the request stays as it was pasted. */
const OWN = "";

/** Reads the text in `store.pasting` and turns the requests in it into tasks. */
export function Pasted() {
  const { store } = useUi();
  const { api, pasting } = store;
  const { file, replaces } = pasting;
  const dialog = useModal();
  const [text, setText] = useState(pasting.text!);
  const [read, setRead] = useState<Read | null>(null);
  /** The endpoints that fit a lone request. Choosing one reads the text again for it. */
  const [offered, setOffered] = useState<PastedEndpoint[]>([]);
  const [chosen, setChosen] = useState(OWN);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  /** The names of the requests that are not ticked. */
  const [left, setLeft] = useState(new Set<string>());
  /** The names typed for credentials, by the names they were read with. */
  const [names, setNames] = useState(new Map<string, string>());

  /** Read the text for *endpoint*: undefined for the endpoint that fits best, null for none. */
  const attempt = async (endpoint?: string | null) => {
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      const answer = await api.readPasted(text, endpoint);
      setRead(answer);
      const first = answer.tasks[0];
      if (endpoint === undefined && first) setOffered([...(first.endpoint ? [first.endpoint] : []), ...first.others]);
      setChosen(first?.endpoint?.id ?? OWN);
    } catch (error) {
      const refused = failureOf(error);
      // A file that holds no request may be a description: its import tells what is wrong with it.
      if (file && refused.recognised === false && store.config!.imports) return pasting.describe(file);
      setFailure(refused);
    }
    setBusy(false);
  };
  useLayoutEffect(() => {
    const maxBytes = store.config!.limits.pasted;
    if ((file?.size ?? text.length) > maxBytes)
      setFailure({
        title: `${file?.name ?? "The text"} is too large for the page`,
        detail: `At most ${maxBytes.toLocaleString("en")} bytes are read here. The command httptask import-request reads more.`,
      });
    else if (text.trim()) void attempt();
  }, []);
  // The keyboard focus goes to the first choice, or to the text if it could not be read.
  useLayoutEffect(() => {
    dialog.current!.querySelector<HTMLElement>(read ? "input:checked" : "textarea")?.focus();
  }, [!!read, failure]);

  const close = () => pasting.close();
  const tasks = read?.tasks.filter(({ name }) => !left.has(name)) ?? [];
  const isLone = read?.tasks.length === 1;
  /** Add the ticked requests as tasks, one behind the other; or replace the request of the task *into*. */
  const add = (into: string | null) => {
    if (!tasks.length || busy) return;
    const added = tasks.map((task) => ({ ...task, task: withNames(task.task, names) }));
    let opened = into;
    if (into !== null) store.task.exchange(into, added[0]!.task);
    else
      store.workflow.edit((definition) => {
        let edited = definition;
        let after: string | null = null;
        for (const { name, task } of added) {
          const freeName = flow.freeName(edited, name);
          opened ??= freeName;
          edited = after === null ? store.task.insert(edited, freeName, task) : flow.insert(edited, freeName, task, after);
          after = freeName;
        }
        return edited;
      }, `Paste ${plural(added.length, "task")}`);
    close();
    void store.task.open(opened!);
    const done = into !== null ? `The request of “${into}” was replaced` : `${plural(added.length, "task")} added`;
    store.say(`${done}. Not saved yet.`);
  };
  const credentials = read?.credentials.filter(({ name }) => tasks.some((task) => task.credentials.includes(name))) ?? [];
  const taskLosses = isLone
    ? read.tasks[0]!.losses
    : tasks.flatMap(({ name, losses }) => losses.map((loss) => ({ ...loss, message: `${name}: ${loss.message}` })));
  const mayImport = failure?.recognised === false && store.config!.imports && text.length <= MOST_SHOWN;
  return (
    <dialog
      class="credentials pasted" ref={dialog} aria-label="Paste a request"
      onCancel={(event) => { event.preventDefault(); close(); }} onKeyDown={(event) => event.stopPropagation()}
    >
      <form class="main" onSubmit={(event) => { event.preventDefault(); if (read) add(replaces); else void attempt(); }}>
        <div class="row between head-row">
          <h2>{read ? `Recognised: ${FORMS[read.form]}` : "Paste a request"}</h2>
          <IconButton icon="close" label="Close" onClick={close} />
        </div>
        <div class="scroll fields" tabIndex={-1}>
          {failure && (
            <Failed failure={failure}>
              {mayImport && (
                <button type="button" onClick={() => pasting.describe(new File([text], "pasted description"))}>
                  Import it as the description of an API
                </button>
              )}
            </Failed>
          )}
          {busy && <p class="muted" role="status">Reading …</p>}
          {!read && !busy && (
            <Text text={text} onChange={setText} onFile={(chosenFile) => { close(); void pasting.read(chosenFile, replaces); }} />
          )}
          {read && isLone && (
            <Choice
              endpoints={offered} chosen={chosen} own={read.tasks[0]!}
              onChoose={(id) => { setChosen(id); void attempt(id === OWN ? null : id); }}
            />
          )}
          {read && !isLone && <Requests tasks={read.tasks} left={left} setLeft={setLeft} />}
        </div>
        {read && (
          <section class="side scroll" aria-label="What is taken over" tabIndex={0}>
            <h3>What is taken over</h3>
            {isLone ? <Taken task={read.tasks[0]!} /> : <p>{plural(tasks.length, "request")} of {read.tasks.length}</p>}
            {credentials.map((credential) => (
              <KeepCredential
                key={`${credential.name} ${chosen}`} credential={credential}
                keep={(name) => api.keepPasted(text, chosenFor(isLone, chosen, offered), credential.name, name)}
                onName={(name) => setNames(new Map(names).set(credential.name, name))}
              />
            ))}
            <Losses losses={remarks([...read.losses, ...taskLosses])} />
          </section>
        )}
        <div class="row foot">
          <span class="muted small">Nothing is sent until you test.</span>
          <span class="grow" />
          <button type="button" class="quiet" onClick={close}>Close <kbd>Esc</kbd></button>
          {read ? (
            <>
              {replaces !== null && isLone && <button type="button" disabled={busy} onClick={() => add(null)}>Add as another task</button>}
              <button class="primary" disabled={busy || !tasks.length}>
                {replaces !== null && isLone ? "Use it in this task" : isLone ? "Add task" : `Add ${plural(tasks.length, "task")}`}{" "}
                <kbd>⏎</kbd>
              </button>
            </>
          ) : <button class="primary" disabled={busy || !text.trim()}>Read it</button>}
        </div>
      </form>
    </dialog>
  );
}

/** The endpoint for which the server reads the text again to find the same credentials; undefined if there was no choice. */
const chosenFor = (isLone: boolean, chosen: string, offered: PastedEndpoint[]): string | null | undefined =>
  !isLone || !offered.length ? undefined : chosen === OWN ? null : chosen;

/** Return *task* with its credentials renamed by *names*. */
function withNames(task: JsonObject, names: Map<string, string>): JsonObject & { type?: string } {
  const { credentials } = task;
  if (credentials === undefined) return task;
  const renamed = [credentials].flat().map((name) => names.get(valueText(name)) ?? name);
  return { ...task, credentials: renamed.length > 1 ? renamed : renamed[0]! };
}

const requestOf = ({ task }: PastedTask): JsonObject => (isObject(task.httpRequest) ? task.httpRequest : {});
const methodOf = (task: PastedTask): string => valueText(requestOf(task).method) || task.endpoint?.method || "GET";
const urlOf = (task: PastedTask): string => valueText(requestOf(task).url);

/** The requests of a text with several, each with a box to tick. */
function Requests({ tasks, left, setLeft }: { tasks: PastedTask[]; left: Set<string>; setLeft: (left: Set<string>) => void }) {
  const [limit, setLimit] = useState(AT_ONCE);
  const toggle = (name: string) => {
    const changed = new Set(left);
    if (!changed.delete(name)) changed.add(name);
    setLeft(changed);
  };
  const about = (task: PastedTask): string => {
    const target = task.endpoint ? `${task.endpoint.provider} ${task.endpoint.path}` : `own request, ${urlOf(task)}`;
    const count = remarks(task.losses).length;
    return count ? `${target}; ${plural(count, "remark")}` : target;
  };
  return (
    <>
      <div>
        <button type="button" class="link" onClick={() => setLeft(new Set(left.size ? [] : tasks.map(({ name }) => name)))}>
          {left.size ? "Choose all" : "Choose none"}
        </button>
      </div>
      <ul class="pasted-tasks" aria-label="Requests">
        {tasks.slice(0, limit).map((task) => (
          <li key={task.name}>
            <label class="row">
              <input type="checkbox" checked={!left.has(task.name)} onChange={() => toggle(task.name)} />
              <Method method={methodOf(task)} />
              <span class="grow"><strong>{task.name}</strong><br /><span class="muted small">{about(task)}</span></span>
            </label>
          </li>
        ))}
        {tasks.length > limit && (
          <li>
            <button type="button" class="link" onClick={() => setLimit(limit + 4 * AT_ONCE)}>
              Show more of {plural(tasks.length, "request")}
            </button>
          </li>
        )}
      </ul>
    </>
  );
}

/** The text itself, or a file to read it from. */
function Text({ text, onChange, onFile }: { text: string; onChange: (text: string) => void; onFile: (file: File) => void }) {
  const takeFile = (input: HTMLInputElement) => {
    const file = input.files?.[0];
    input.value = "";
    if (file) onFile(file);
  };
  return (
    <>
      {text.length > MOST_SHOWN ? <p class="muted">The text is too long to be shown here; it is still where you copied it.</p> : (
        <label class="field">
          <span>A curl command, also from a browser’s developer tools; a Postman collection 2.1; a HAR file</span>
          <textarea
            id="pasted-text" class="code" rows={12} value={text} spellcheck={false} autocomplete="off"
            onInput={typed(onChange)}
          />
        </label>
      )}
      <div>
        <label class="button">
          <Icon name="plus" /> Choose a file
          <input
            type="file" class="hidden" aria-label="File with requests"
            accept=".json,.har,.txt,.sh,.yaml,.yml,.zip,.tar,.tgz,.gz" onChange={({ currentTarget }) => takeFile(currentTarget)}
          />
        </label>
      </div>
    </>
  );
}

/** A choice between the endpoints that fit a lone request, and none of them. */
function Choice({ endpoints, chosen, own, onChoose }: {
  endpoints: PastedEndpoint[]; chosen: string; own: PastedTask; onChoose: (id: string) => void;
}) {
  const method = methodOf(own);
  return (
    <fieldset class="pasted-tasks">
      <legend class="hidden">Which request it becomes</legend>
      {endpoints.map(({ id, title, path, provider }, index) => (
        <label class="row" key={id}>
          <input type="radio" name="endpoint" checked={chosen === id} onChange={() => onChoose(id)} />
          <Method method={method} />
          <span class="grow">
            <strong>{title || path}</strong>
            {index === 0 && chosen === id && <> <span class="chip good">fits</span></>}
            <br />
            <span class="muted small">{provider} <code>{path}</code></span>
          </span>
        </label>
      ))}
      <label class="row">
        <input type="radio" name="endpoint" checked={chosen === OWN} onChange={() => onChoose(OWN)} />
        <Method method={method} />
        <span class="grow">
          <strong>Own request, exactly as pasted</strong>
          <br />
          <span class="muted small">{endpoints.length ? "no description stands behind it" : "no endpoint of the catalogue fits"}</span>
        </span>
      </label>
    </fieldset>
  );
}

/** The settings that a new task gets from the request. */
function Taken({ task }: { task: PastedTask }) {
  const request = requestOf(task);
  const values = GROUPS.flatMap((group) => Object.entries(isObject(request[group]) ? request[group] : {}));
  const { body } = request;
  return (
    <>
      <p><Method method={methodOf(task)} /> <code class="wrap">{urlOf(task)}</code></p>
      <ul class="taken">
        {values.map(([name, value]) => <li key={name}><code>{name}</code> {plain(value)}</li>)}
        {body !== undefined && <li>Body{isObject(body) ? `, ${plural(Object.keys(body).length, "field")}` : ""}</li>}
      </ul>
      <Losses losses={task.problems} />
    </>
  );
}

/** The losses to list: all but the moved secrets, which `KeepCredential` shows. */
const remarks = (losses: Problem[]): Problem[] => losses.filter(({ code }) => code !== "secret-moved");

function Losses({ losses }: { losses: Problem[] }) {
  if (!losses.length) return null;
  const hasErrors = losses.some(({ severity }) => severity === "error");
  return (
    <Note kind={hasErrors ? "warning" : "info"}>
      <ul class="taken">
        {losses.slice(0, AT_ONCE).map((loss, index) => (
          <li key={index}>{loss.message}{loss.pointer && <> <code class="small">{loss.pointer}</code></>}</li>
        ))}
      </ul>
      {losses.length > AT_ONCE && `and ${losses.length - AT_ONCE} more: httptask import-request --json lists all.`}
    </Note>
  );
}
