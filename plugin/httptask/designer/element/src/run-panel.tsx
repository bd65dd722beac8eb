// The panel of runs: the run that is shown with the input and output of each visit, and the runs that the server keeps.
import { useLayoutEffect, useState } from "preact/hooks";
import { failureOf } from "./api";
import { duration, plural, when } from "./amounts";
import { type Json, type JsonObject, parse, segments } from "./json";
import { Sent, Timeline } from "./exchange";
import type { Step } from "./expression-text";
import { JsonTools } from "./answer-tools";
import { maskCuts } from "./masker";
import { canPin, PinList, pinOutput } from "./pin-panel";
import { isUnderWay, SIGNS, type ShownRun, stateWord } from "./runs";
import type { Store } from "./store";
import { Tree } from "./tree";
import { stateOf, time, useTicks, waitsForSomebody } from "./visit-words";
import { SampleInputField, usesInput } from "./trying";
import type { Ending, Failure, RunSummary, Visit, VisitDetail } from "./types";
import { forGate, keepText, leftTexts, useTypedText } from "./typed-text";
import { Empty, Failed, Icon, Note, Tabs, typed, useRedraw, useUi } from "./ui";
import * as flow from "./workflow";

/** Starts runs of the open workflow, and shows one of them. */
export function RunPanel(_: object) {
  const { store } = useUi();
  const { runs } = store;
  const redraw = useRedraw();
  useLayoutEffect(() => void runs.load(), []);
  // A task that uses the sample input has its field in the form: it is not shown twice.
  const isInForm = !!store.task.root && !store.task.picking && usesInput(store);
  const run = runs.shown;
  return (
    <div class="response runs">
      <div class="toolbar">
        <RunButton />
        <span class="muted small grow">{conditions(store, isInForm)}</span>
      </div>
      {!isInForm && <div class="settings"><SampleInputField change={() => { store.drafts.keep(); redraw(); }} /></div>}
      {store.workflow.id !== null && !store.environments.items.length && (
        <p class="muted small">
          No environments yet: a file <code>environments/test.json</code> next to the definition adds one, with other addresses and variables.
        </p>
      )}
      <PinList store={store} />
      <LeftTexts />
      {runs.failure && <Refused failure={runs.failure} store={store} />}
      {run && <Shown key={run.id} run={run} store={store} />}
      {!run && !runs.failure && !runs.items.length && (
        <Empty
          title="No run yet"
          text="Run workflow (Ctrl Shift Enter) sends every request of the workflow, and shows each task's input and output here. The latest 50 runs are kept."
        />
      )}
      <Kept store={store} />
    </div>
  );
}

/** Where and with what a run would run, as a sentence. */
function conditions(store: Store, isInForm: boolean): string {
  const { environments, pins } = store;
  const { engine } = store.config!;
  const target = environments.chosen === null ? "As the definition says" : `In the environment “${environments.chosen}”`;
  const pinMode = pins.mode === "offline" ? ", sending nothing" : ", answering with pins";
  return [
    `${target}, with the sample input`,
    pins.wish.pins ? pinMode : "",
    isInForm ? " of the form" : "",
    engine === "embedded" ? "" : `, by the engine ${engine}`,
    ".",
  ].join("");
}

/** Starts a run, or stops the one under way. */
function RunButton() {
  const { store } = useUi();
  const { shown, starting } = store.runs;
  if (shown && isUnderWay(shown))
    return (
      <button id="stop-run" class="danger" disabled={shown.stopping} onClick={() => void store.runs.stop()}>
        <Icon name="stop" />{shown.stopping ? "Stopping" : "Stop"} <kbd>Esc</kbd>
      </button>
    );
  return (
    <button id="run" disabled={starting || !!store.workflow.broken} onClick={() => void store.runs.start()}>
      <Icon name="play" />Run workflow <kbd>Ctrl ⇧ ⏎</kbd>
    </button>
  );
}

/** What was typed for a pin or for a task that waited, and cannot be used any more: it stays until it is discarded. */
function LeftTexts() {
  const { store } = useUi();
  const discard = (key: string) => { store.typedTexts.delete(key); store.update(); };
  return (
    <>
      {leftTexts(store).map(([key, { of, text }]) => (
        <Note key={key} kind="warning" title={`What you typed for ${of} cannot be used any more`}>
          <pre class="code">{text}</pre>
          <div class="row">
            <button onClick={() => void store.copying.text("The text", text)}>Copy it</button>
            <button class="quiet" onClick={() => discard(key)}>Discard it</button>
          </div>
        </Note>
      ))}
    </>
  );
}

/** Why no run was started, with a link from each problem to its task. */
function Refused({ failure, store }: { failure: Failure; store: Store }) {
  const problems = (failure.problems ?? []).filter(({ severity }) => severity === "error");
  const isInput = failure.type === "urn:httptask:problem:input";
  return (
    <Failed failure={problems.length ? { ...failure, detail: "Nothing was run." } : failure}>
      {problems.length > 0 && (
        <ul>
          {problems.slice(0, 20).map(({ pointer, message }, index) => {
            // The last segment that names a task: a pointer into a branch names the tasks around it first.
            const name = segments(pointer).findLast((part) => flow.find(store.workflow.working, part));
            const origin = name && !isInput
              ? <button class="link" onClick={() => void store.task.open(name)}>{name}</button>
              : <code>{isInput ? `input${pointer}` : pointer}</code>;
            return <li key={index}>{origin}: {message}</li>;
          })}
        </ul>
      )}
    </Failed>
  );
}

const classOf = (status: string): string => `state is-${status.toLowerCase()}`;
const Sign = ({ status }: { status: string }) => (
  <span class={classOf(status)} aria-hidden="true">{SIGNS[status] ?? "?"}</span>
);

const keyOf = ({ name, visit }: Visit): string => `${visit} ${name}`;

/** The visit to show when none is chosen: of a run that failed the last failure, otherwise the latest visit. */
function defaultVisit({ status, visits }: ShownRun): Visit | undefined {
  const failed = status === "Failed" ? visits.findLast((visit) => visit.status === "Failed") : undefined;
  return failed ?? visits.at(-1);
}

/** One run: its state, its visits, and the chosen visit in detail. */
function Shown({ run, store }: { run: ShownRun; store: Store }) {
  const goesOn = isUnderWay(run);
  useTicks(goesOn);
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = run.visits.find((visit) => keyOf(visit) === chosen) ?? defaultVisit(run);
  const seconds = goesOn ? (performance.now() - run.began) / 1000 : run.elapsedSeconds;
  const completed = run.visits.filter(({ status }) => status === "Completed").length;
  return (
    <section aria-label="The run">
      <div class="summary">
        <strong class={classOf(run.status)}>{SIGNS[run.status]} {run.status === "InProgress" ? "Running" : run.status}</strong>
        <span>{goesOn ? `${seconds.toFixed(1)} s` : duration(seconds)}</span>
        <span class="muted">{plural(completed, "task")} completed</span>
        <span class="grow" />
        {run.status === "Interrupted" && <button onClick={() => void store.runs.resume(run)}>Go on</button>}
        {!goesOn && <button class="quiet" onClick={() => void store.runs.again(run)}>Run again</button>}
      </div>
      {run.status === "Interrupted" && (
        <p class="muted small">
          It was stopped, or its server ended. Go on repeats no task that ended; Run again begins anew with the same input.
        </p>
      )}
      {run.note && (
        <Note kind="warning" title={goesOn ? "There is no news of the run" : "Not all of the run is known here"}>{run.note}</Note>
      )}
      {run.error && run.status !== "Cancelled" && (
        <Note kind="error" title={run.status === "TimedOut" ? "The run took too long" : "The run failed"}>
          {run.error}
        </Note>
      )}
      <ol class="visits" aria-label="Tasks of the run">
        {run.visits.map((visit) => (
          <li key={keyOf(visit)}>
            <button class="quiet" aria-current={visit === shown ? "true" : undefined} onClick={() => setChosen(keyOf(visit))}>
              <Sign status={visit.status} />
              <span class="history-name">{visit.name}{visit.visit > 1 && ` (visit ${visit.visit})`}</span>
              <span>{stateOf(visit)}</span>
              <span>{time(store, visit)}</span>
            </button>
          </li>
        ))}
      </ol>
      {shown && <OneVisit key={`${run.id} ${keyOf(shown)} ${shown.status}`} run={run} visit={shown} store={store} />}
    </section>
  );
}

/** What to do about a failure, by its class. */
const ADVICE: Record<string, string> = {
  credential: "Look at the task's credential.",
  settings: "Look at the task's settings.",
  expression: "Look at the task's expressions and at what the tasks before put out.",
  blocked: "The operator's rules refuse this address.",
  dns: "Look at the name of the host.",
  tls: "Look at the server's certificate.",
  timeout: "Give it more time: Read timeout and Total timeout.",
  connection: "Look whether the server runs, and try again.",
};
/** What to do about a failure with a status of the server. */
const BY_STATUS: Record<number, string> = {
  401: "The server asks for a credential, or does not accept the one it got.",
  403: "The credential may not do this.",
  404: "Look at the path and its parameters.",
  415: "Look at the media type of the body.",
  422: "The server does not accept the values: its answer says which.",
  429: "Too many requests: wait, or let the task retry.",
};

type View = "output" | "input" | "timeline" | "request";

/** Whether the server may have got the request of a failed visit; "" if there is a status code, which says so already. */
function deliveryOf({ statusCode }: Visit, maybeDelivered: boolean): string {
  if (statusCode) return "";
  return maybeDelivered ? "The server may have got the request." : "The server did not get the request.";
}

/** One visit: its output or error, its input, its attempts, and the request that was sent. */
function OneVisit({ run, visit, store }: { run: ShownRun; visit: Visit; store: Store }) {
  const [detail, setDetail] = useState<VisitDetail | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [view, setView] = useState<View>("output");
  const query = `${new URLSearchParams({ task: visit.name, visit: String(visit.visit) })}`;
  useLayoutEffect(() => {
    let isMounted = true;
    store.api.send(`runs/${run.id}/visit?${query}`).then((response) => response.text()).then(
      (text) => {
        const { exchange, ...detail } = JSON.parse(store.runs.mask(text)) as VisitDetail;
        if (isMounted) setDetail({ ...detail, exchange: exchange && maskCuts(exchange, store.runs.mask) });
      },
      (error: unknown) => { if (isMounted) setFailure(failureOf(error)); },
    );
    return () => { isMounted = false; };
  }, []);
  const { error, exchange, has = [] } = detail ?? {};
  const statusAdvice = visit.statusCode !== undefined && error ? BY_STATUS[visit.statusCode] : undefined;
  const views: [View, string][] = [["output", error ? "Error" : "Output"], ["input", "Input"]];
  if (exchange) views.push(["timeline", `Attempts (${exchange.attempts!.length})`], ["request", "Request sent"]);
  const exists = !!flow.find(store.workflow.working, visit.name);
  const goesOn = isUnderWay(run);
  /** The address of a value of the visit, `input` for example. */
  const valuePath = (of: string): string => `runs/${run.id}/value?${query}&of=${of}`;
  const [asksToReplace, setAsksToReplace] = useState(false);
  const pin = async () => {
    // A pin may be written by hand: it is not replaced by one click.
    if (store.pins.has(visit.name) && !asksToReplace) return setAsksToReplace(true);
    setAsksToReplace(false);
    try {
      const text = store.runs.mask(await (await store.api.send(valuePath("output"))).text());
      await pinOutput(store, visit.name, parse(text) as JsonObject);
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  const output = () => {
    if (error || has.includes("output"))
      return (
        <Value
          key="output" path={valuePath(error ? "error" : "output")} label={error ? "Error" : "Output"} store={store}
          task={visit.name} steps={["tasks", visit.name, "output", ...(error ? ["error"] : [])]}
        />
      );
    return <p class="muted">{visit.status === "Completed" ? "It put nothing out." : "Nothing yet."}</p>;
  };
  const input = () => {
    if (has.includes("input")) return <Value key="input" path={valuePath("input")} label="Input" store={store} task={visit.name} steps={["tasks", visit.name, "input"]} />;
    return <p class="muted">No input parameters.</p>;
  };
  return (
    <section class="visit" aria-label={`The task ${visit.name}`}>
      <div class="row">
        <h2 class="grow">{visit.name}</h2>
        {!goesOn && exists && visit.type !== "Parallel" && (
          <button
            onClick={() => void store.runs.again(run, visit)} title="A new run; the answers of the tasks before are taken over"
          >
            Run from here
          </button>
        )}
        {canPin(store, run, visit) && (
          <button class="quiet" onClick={() => void pin()} title="Runs answer with it, and send nothing">
            {asksToReplace ? `Replace the pin of “${visit.name}”` : "Pin this answer"}
          </button>
        )}
        {exists && <button class="quiet" onClick={() => void store.task.open(visit.name)}>Edit task</button>}
      </div>
      {visit.notes?.map((note) => <p key={note} class="muted small">{note}</p>)}
      {visit.status === "Waiting" && goesOn && visit.callback && (
        <Callback url={visit.callback} path={`runs/${run.id}/callback?${query}`} store={store} />
      )}
      {waitsForSomebody(visit) && goesOn && <Gate run={run} visit={visit} path={`${valuePath("input")}&item=`} store={store} />}
      {failure && <Failed failure={failure} />}
      {error && (
        <Note kind={visit.status === "Stopped" ? "warning" : "error"} title={String(error.message)}>
          <span>{statusAdvice ?? ADVICE[String(error.kind)] ?? ""} </span>
          {typeof error.maybeDelivered === "boolean" && <span class="muted">{deliveryOf(visit, error.maybeDelivered)}</span>}
        </Note>
      )}
      {detail && (
        <>
          <Tabs id="visit" label={`What ${visit.name} did`} small tabs={views} chosen={view} onChoose={setView} />
          <div role="tabpanel" id="visit-panel" aria-labelledby={`visit-tab-${view}`} class="panel" tabIndex={0}>
            {view === "output" && output()}
            {view === "input" && input()}
            {view === "timeline" && <Timeline ending={exchange as Ending} />}
            {view === "request" && <Sent ending={exchange as Ending} store={store} />}
          </div>
        </>
      )}
    </section>
  );
}

/** A value of a run, loaded from *path*, as a tree; with tools if it is a value of a *task*, which expressions have at *steps*. */
function Value({ path, label, store, task, steps = null }: {
  path: string; label: string; store: Store; task?: string; steps?: Step[] | null;
}) {
  const [text, setText] = useState<string | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  useLayoutEffect(() => {
    let isCurrent = true;
    store.api.send(path).then((response) => response.text()).then(
      (json) => { if (isCurrent) setText(store.runs.mask(json)); },
      (error: unknown) => { if (isCurrent) setFailure(failureOf(error)); },
    );
    return () => { isCurrent = false; };
  }, [path]);
  if (failure) return <Failed failure={failure} />;
  if (text === null) return <p class="muted" role="status">Loading …</p>;
  if (task === undefined) return <Tree text={text} label={label} />;
  return <JsonTools text={text} label={label} task={task} steps={steps} store={store} />;
}

/** The URL of the callback that a task waits for. Its secret part is not in *url*; only "Copy URL" reads the whole from *path*. */
function Callback({ url, path, store }: { url: string; path: string; store: Store }) {
  const copy = async () => {
    try {
      await store.copying.text("The callback URL", (await store.api.json<{ url: string }>(path)).url, url);
    } catch (error) {
      store.notice = failureOf(error);
      store.update();
    }
  };
  return (
    <p class="row">
      <span class="grow">It waits for a call of <code>{url}</code></span>
      <button class="quiet" onClick={() => void copy()}>Copy URL</button>
    </p>
  );
}

/**
 * Completes a task that waits for somebody, or one of its items, with an output. *path* followed by an item's index is the
 * address of that item's input.
 */
function Gate({ run, visit, path, store }: { run: ShownRun; visit: Visit; path: string; store: Store }) {
  const waiting = visit.items?.waiting;
  const [chosen, setChosen] = useState(`${waiting?.[0].index}`);
  const item = waiting?.find(({ index }) => `${index}` === chosen)?.index;
  const purpose = forGate(store, run, visit, item);
  const [kept, keep] = useTypedText(purpose);
  const text = kept ?? "";
  const [problem, setProblem] = useState("");
  const complete = () => {
    let output: Json = null;
    try {
      if (text.trim()) output = parse(text);
    } catch (error) {
      return setProblem(`Not JSON: ${(error as Error).message}`);
    }
    setProblem("");
    // While it is sent, the run may end already: that is no reason to call the text left over.
    if (text) keepText(store, { ...purpose, isUsable: () => true }, text);
    void store.runs.complete(visit, output, item).then((isDone) => {
      if (store.typedTexts.get(purpose.key)?.text === text) keep(isDone ? null : text); // otherwise one went on typing
    });
  };
  return (
    <div class="field single">
      {waiting && (
        <>
          <select aria-label="Item" value={item === undefined ? "" : chosen} onChange={typed(setChosen)}>
            <option value="">Which item?</option>
            {waiting.map(({ index }) => <option key={index} value={`${index}`}>Item {index}</option>)}
          </select>
          {item !== undefined && <Value key={chosen} path={path + chosen} label="Input" store={store} />}
        </>
      )}
      <div class="field-head">
        <label class="name" for="gate-output">Output of {visit.name}</label>
        <span class="type">JSON; empty for none</span>
      </div>
      <textarea
        id="gate-output" class="code" rows={2} value={text} placeholder={'{"approved": true}'} disabled={!!waiting && item === undefined}
        aria-describedby="gate-problem" onInput={typed((value) => keep(value || null))}
      />
      <p id="gate-problem" class="problem error">{problem}</p>
      <button disabled={!!waiting && item === undefined} onClick={complete}>Complete</button>
    </div>
  );
}

/** The runs that the server keeps, filtered by state and by task. */
function Kept({ store }: { store: Store }) {
  const [status, setStatus] = useState("");
  const [task, setTask] = useState("");
  const { items, shown } = store.runs;
  if (!items.length) return null;
  const statuses = [...new Set(items.map((item) => item.status))].sort();
  const tasks = [...new Set(items.flatMap((item) => item.tasks))].sort();
  const matching = items.filter((item) => (!status || item.status === status) && (!task || item.tasks.includes(task)));
  return (
    <section class="kept" aria-label="Runs">
      <div class="row">
        <h2 class="grow">Runs</h2>
        <select aria-label="Only runs in this state" value={status} onChange={typed(setStatus)}>
          <option value="">any state</option>
          {statuses.map((state) => <option key={state}>{state}</option>)}
        </select>
        {tasks.length > 0 && (
          <select aria-label="Only runs that came to this task" value={task} onChange={typed(setTask)}>
            <option value="">any task</option>
            {tasks.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        )}
      </div>
      {matching.length ? (
        <ol class="history">
          {matching.map((item) => (
            <li key={item.id}>
              <button
                class="quiet" aria-current={item.id === shown?.id ? "true" : undefined}
                onClick={() => void store.runs.show(item.id)}
              >
                <Sign status={item.status} />
                <span class="history-name">{store.runs.titleOf(item)}</span>
                <span>{where(item)}</span>
                <span>{when(item.beganAt)} · {duration(item.elapsedSeconds)}</span>
              </button>
            </li>
          ))}
        </ol>
      ) : (
        <p class="muted">
          No run matches. <button class="link" onClick={() => { setStatus(""); setTask(""); }}>Show all runs</button>
        </p>
      )}
    </section>
  );
}

const where = ({ status, at }: RunSummary): string => (at?.length ? `${stateWord(status)} at ${at.join(", ")}` : stateWord(status));
