// A pasted request before it becomes a task: which endpoint it is for, what is not carried over, its secrets.
import { useLayoutEffect, useState } from "preact/hooks";
import { failureOf, type Pasted as Read, type PastedEndpoint, type PastedTask } from "./api";
import { plural } from "./amounts";
import { isObject, type JsonObject } from "./json";
import { useModal } from "./modal";
import { KeepCredential } from "./pasted-credential";
import type { Failure, Problem } from "./types";
import { Failed, Icon, IconButton, Method, Note, typed, useUi } from "./ui";
import * as flow from "./workflow";

const FORMS: Record<string, string> = { curl: "a curl command", postman: "a Postman collection", har: "a HAR file" };
const GROUPS = ["pathParameters", "query", "headers", "cookies"];
/** Characters of a text that a page still shows. */
const MOST_SHOWN = 1_000_000;
const AT_ONCE = 100;
/** What is chosen in the place of an endpoint's id. */
const OWN = "";

export function Pasted() {
  const { store } = useUi();
  const { api, pasting } = store;
  const { file, replaces } = pasting;
  const dialog = useModal();
  const [text, setText] = useState(pasting.text!);
  const [read, setRead] = useState<Read | null>(null);
  /** Every endpoint that was offered; the text is read again for another. */
  const [offered, setOffered] = useState<PastedEndpoint[]>([]);
  const [chosen, setChosen] = useState(OWN);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const [left, setLeft] = useState(new Set<string>());
  const [names, setNames] = useState(new Map<string, string>());
  const [most, setMost] = useState(AT_ONCE);

  const attempt = async (endpoint?: string | null) => {
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      const now = await api.readPasted(text, endpoint);
      setRead(now);
      const first = now.tasks[0];
      if (endpoint === undefined && first) setOffered([...(first.endpoint ? [first.endpoint] : []), ...first.others]);
      setChosen(first?.endpoint?.id ?? OWN);
    } catch (error) {
      const refused = failureOf(error);
      // A file that is no request may be a description: its import says what is wrong with it.
      if (file && refused.recognised === false && store.config!.imports) return pasting.describe(file);
      setFailure(refused);
    }
    setBusy(false);
  };
  useLayoutEffect(() => {
    const most = store.config!.limits.pasted;
    if ((file?.size ?? text.length) > most)
      setFailure({ title: `${file?.name ?? "The text"} is too large for the page`, detail: `At most ${most.toLocaleString("en")} bytes are read here. The command httptask import-request reads more.` });
    else if (text.trim()) void attempt();
  }, []);
  // The first control of what came: a choice, or the text that has to be mended.
  useLayoutEffect(() => {
    dialog.current!.querySelector<HTMLElement>(read ? "input:checked" : "textarea")?.focus();
  }, [!!read, failure]);

  const close = () => pasting.close();
  const tasks = read?.tasks.filter(({ name }) => !left.has(name)) ?? [];
  const lone = read?.tasks.length === 1;
  const add = (into: string | null) => {
    if (!tasks.length || busy) return;
    const made = tasks.map((task) => ({ ...task, task: withNames(task.task, names) }));
    let opened = into;
    if (into !== null) store.task.exchange(into, made[0]!.task);
    else
      store.workflow.edit((definition) => made.reduce<[typeof definition, string | null]>(([now, after], { name, task }) => {
        const free = flow.freeName(now, name);
        opened ??= free;
        return [after === null ? store.task.insert(now, free, task) : flow.insert(now, free, task, after), free];
      }, [definition, null])[0], `Paste ${plural(made.length, "task")}`);
    close();
    void store.task.open(opened!);
    store.say(`${into !== null ? `The request of “${into}” was replaced` : `${plural(made.length, "task")} added`}. Not saved yet.`);
  };
  const credentials = read?.credentials.filter(({ name }) => tasks.some((task) => task.credentials.includes(name))) ?? [];
  return (
    <dialog class="credentials pasted" ref={dialog} aria-label="Paste a request" onCancel={(event) => { event.preventDefault(); close(); }} onKeyDown={(event) => event.stopPropagation()}>
      <form class="main" onSubmit={(event) => { event.preventDefault(); if (read) add(replaces); else void attempt(); }}>
        <div class="row between head-row">
          <h2>{read ? `Recognised: ${FORMS[read.form]}` : "Paste a request"}</h2>
          <IconButton icon="close" label="Close" onClick={close} />
        </div>
        <div class="scroll fields" tabIndex={-1}>
          {failure && (
            <Failed failure={failure}>
              {failure.recognised === false && store.config!.imports && text.length <= MOST_SHOWN && (
                <button type="button" onClick={() => pasting.describe(new File([text], "pasted description"))}>Import it as the description of an API</button>
              )}
            </Failed>
          )}
          {busy && <p class="muted" role="status">Reading …</p>}
          {!read && !busy && <Text text={text} onChange={setText} onFile={(chosenFile) => { close(); void pasting.read(chosenFile, replaces); }} />}
          {read && (lone ? (
            <Choice endpoints={offered} chosen={chosen} own={read.tasks[0]!} onChoose={(id) => { setChosen(id); void attempt(id === OWN ? null : id); }} />
          ) : (
            <>
            <div><button type="button" class="link" onClick={() => setLeft(new Set(left.size ? [] : read.tasks.map(({ name }) => name)))}>{left.size ? "Choose all" : "Choose none"}</button></div>
            <ul class="pasted-tasks" aria-label="Requests">
              {read.tasks.slice(0, most).map((task) => (
                <li key={task.name}>
                  <label class="row">
                    <input type="checkbox" checked={!left.has(task.name)} onChange={() => { const now = new Set(left); if (!now.delete(task.name)) now.add(task.name); setLeft(now); }} />
                    <Method method={methodOf(task)} />
                    <span class="grow"><strong>{task.name}</strong><br /><span class="muted small">{task.endpoint ? `${task.endpoint.provider} ${task.endpoint.path}` : `own request, ${urlOf(task)}`}{remarks(task.losses).length ? `; ${plural(remarks(task.losses).length, "remark")}` : ""}</span></span>
                  </label>
                </li>
              ))}
              {read.tasks.length > most && <li><button type="button" class="link" onClick={() => setMost(most + 4 * AT_ONCE)}>Show more of {plural(read.tasks.length, "request")}</button></li>}
            </ul>
            </>
          ))}
        </div>
        {read && (
          <section class="side scroll" aria-label="What is taken over" tabIndex={0}>
            <h3>What is taken over</h3>
            {lone ? <Taken task={read.tasks[0]!} /> : <p>{plural(tasks.length, "request")} of {read.tasks.length}</p>}
            {credentials.map((credential) => (
              <KeepCredential key={`${credential.name} ${chosen}`} credential={credential} keep={(name) => api.keepPasted(text, chosenFor(lone, chosen, offered), credential.name, name)} onName={(name) => setNames(new Map(names).set(credential.name, name))} />
            ))}
            <Losses losses={remarks([...read.losses, ...(lone ? read.tasks[0]!.losses : tasks.flatMap(({ name, losses }) => losses.map((loss) => ({ ...loss, message: `${name}: ${loss.message}` }))))])} />
          </section>
        )}
        <div class="row foot">
          <span class="muted small">Nothing is sent until you test.</span>
          <span class="grow" />
          <button type="button" class="quiet" onClick={close}>Close <kbd>Esc</kbd></button>
          {read ? (
            <>
              {replaces !== null && lone && <button type="button" disabled={busy} onClick={() => add(null)}>Add as another task</button>}
              <button class="primary" disabled={busy || !tasks.length}>{replaces !== null && lone ? "Use it in this task" : lone ? "Add task" : `Add ${plural(tasks.length, "task")}`} <kbd>⏎</kbd></button>
            </>
          ) : <button class="primary" disabled={busy || !text.trim()}>Read it</button>}
        </div>
      </form>
    </dialog>
  );
}

/** What the text is read again for, so that the same credentials are in it; undefined where nobody chose. */
const chosenFor = (lone: boolean, chosen: string, offered: PastedEndpoint[]): string | null | undefined =>
  !lone || !offered.length ? undefined : chosen === OWN ? null : chosen;

function withNames(task: JsonObject, names: Map<string, string>): JsonObject & { type?: string } {
  const { credentials } = task;
  if (credentials === undefined) return task;
  const renamed = [credentials].flat().map((name) => names.get(String(name)) ?? name);
  return { ...task, credentials: renamed.length > 1 ? renamed : renamed[0]! };
}

const requestOf = ({ task }: PastedTask): JsonObject => (isObject(task.httpRequest) ? task.httpRequest : {});
const methodOf = (task: PastedTask): string => String(requestOf(task).method ?? task.endpoint?.method ?? "GET");
const urlOf = (task: PastedTask): string => String(requestOf(task).url ?? "");

function Text({ text, onChange, onFile }: { text: string; onChange: (text: string) => void; onFile: (file: File) => void }) {
  return (
    <>
      {text.length > MOST_SHOWN ? <p class="muted">The text is too long to be shown here; it is still where you copied it.</p> : (
        <label class="field">
          <span>A curl command, also from a browser’s developer tools; a Postman collection 2.1; a HAR file</span>
          <textarea id="pasted-text" class="code" rows={12} value={text} spellcheck={false} autocomplete="off" onInput={typed(onChange)} />
        </label>
      )}
      <div>
        <label class="button">
          <Icon name="plus" /> Choose a file
          <input type="file" class="hidden" aria-label="File with requests" accept=".json,.har,.txt,.sh,.yaml,.yml,.zip,.tar,.tgz,.gz" onChange={({ currentTarget: input }) => { const file = input.files?.[0]; input.value = ""; if (file) onFile(file); }} />
        </label>
      </div>
    </>
  );
}

/** The endpoints that a lone request may be for, and none. */
function Choice({ endpoints, chosen, own, onChoose }: { endpoints: PastedEndpoint[]; chosen: string; own: PastedTask; onChoose: (id: string) => void }) {
  const method = methodOf(own);
  return (
    <fieldset class="pasted-tasks">
      <legend class="hidden">Which request it becomes</legend>
      {endpoints.map(({ id, title, path, provider }, index) => (
        <label class="row" key={id}>
          <input type="radio" name="endpoint" checked={chosen === id} onChange={() => onChoose(id)} />
          <Method method={method} />
          <span class="grow"><strong>{title || path}</strong>{index === 0 && chosen === id && <> <span class="chip good">fits</span></>}<br /><span class="muted small">{provider} <code>{path}</code></span></span>
        </label>
      ))}
      <label class="row">
        <input type="radio" name="endpoint" checked={chosen === OWN} onChange={() => onChoose(OWN)} />
        <Method method={method} />
        <span class="grow"><strong>Own request, exactly as pasted</strong><br /><span class="muted small">{endpoints.length ? "no description stands behind it" : "no endpoint of the catalogue fits"}</span></span>
      </label>
    </fieldset>
  );
}

/** The settings that the task begins with. */
function Taken({ task }: { task: PastedTask }) {
  const request = requestOf(task);
  const values = GROUPS.flatMap((group) => Object.entries(isObject(request[group]) ? request[group] : {}));
  const { body } = request;
  return (
    <>
      <p><Method method={methodOf(task)} /> <code class="wrap">{urlOf(task)}</code></p>
      <ul class="taken">
        {values.map(([name, value]) => <li key={name}><code>{name}</code> {typeof value === "string" ? value : JSON.stringify(value)}</li>)}
        {body !== undefined && <li>Body{isObject(body) ? `, ${plural(Object.keys(body).length, "field")}` : ""}</li>}
      </ul>
      <Losses losses={task.problems} />
    </>
  );
}

/** What is not carried over. That a secret is moved is said where it can be kept. */
const remarks = (losses: Problem[]): Problem[] => losses.filter(({ code }) => code !== "secret-moved");

function Losses({ losses }: { losses: Problem[] }) {
  const { store } = useUi();
  if (!losses.length) return null;
  const worst = losses.some(({ severity }) => severity === "error");
  return (
    <Note kind={worst ? "warning" : "info"}>
      <ul class="taken">{losses.slice(0, AT_ONCE).map((loss, index) => <li key={index}>{store.named(loss.message)}{loss.pointer && <> <code class="small">{loss.pointer}</code></>}</li>)}</ul>
      {losses.length > AT_ONCE && `and ${losses.length - AT_ONCE} more: httptask import-request --json lists all.`}
    </Note>
  );
}
