// The end of a test request: status, time and size; the body, the headers, the timeline, and the request as it was sent.
import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import { bytes, duration, plural, when } from "./amounts";
import { phaseWords } from "./phases";
import type { Store } from "./store";
import { Panel } from "./panel";
import { Answer } from "./answer-tools";
import { Arriving } from "./arriving";
import { Sent, Timeline } from "./exchange";
import { csvRows } from "./formats";
import { Hint } from "./hint";
import { BodyHead, FileView, HtmlView, ImageView, partOf, Table, XmlView } from "./views";
import type { Ending, Failure } from "./types";
import { Empty, Failed, Note, Tabs, useUi } from "./ui";
import { failureOf } from "./api";
import { PagesOffered } from "./suggestion";
import { isRefused, Refused, WayOn } from "./way-on";

type View = "body" | "raw" | "headers" | "timeline" | "request" | "pages" | "job" | "pin" | "arrived";

/** The latest test request of the open task, or the one chosen in the history. */
export function Response(_: object) {
  const { store } = useUi();
  const { run } = store.tests;
  if (run && run.task === store.task.name) return <Running store={store} />;
  const { shown } = store.history;
  const ending = shown ? shown.ending : store.tests.result?.ending;
  if (!ending && !shown && !store.task.root && store.task.name !== null)
    return <Empty title="This task sends nothing" text="Run the workflow (Ctrl+Shift+Enter) to see where it leads." />;
  if (!ending && !shown)
    return <Empty title="No response yet" text="Test request sends it once, and shows the whole exchange here." />;
  return (
    <div class="response">
      {shown ? (
        <Note kind="info" title={`${shown.task}, ${when(shown.at)}`}>
          <div class="row">
            <button onClick={() => void store.history.restore(shown)}>Restore these settings</button>
            <button class="link" onClick={() => { store.history.shown = null; store.update(); }}>Back to the latest</button>
          </div>
        </Note>
      ) : store.tests.stale && <Note kind="warning">The settings were changed since: this response is stale.</Note>}
      {ending && <Ended key={ending.id} ending={ending} store={store} />}
    </div>
  );
}

/** The test request under way: its phase, the seconds since it began, and the parts that have arrived. */
function Running({ store }: { store: Store }) {
  const run = store.tests.run!;
  const [, tick] = useState(0);
  useLayoutEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 100);
    return () => clearInterval(timer);
  }, []);
  const seconds = (performance.now() - run.began) / 1000;
  const { progress } = run;
  return (
    <div class="response">
      <div class="summary">
        <strong>{phaseWords(progress)}</strong> <span>{seconds.toFixed(1)} s</span>
        {progress.sent !== undefined && (
          <span class="muted">{bytes(progress.sent)} sent, {bytes(progress.received!)} received</span>
        )}
        {(progress.maxAttempts ?? 1) > 1 && <span class="muted">attempt {progress.attempt} of {progress.maxAttempts}</span>}
      </div>
      {progress.request && <p class="path small"><code>{progress.request.method} {progress.request.url}</code></p>}
      {run.arrived && <Arriving arrived={run.arrived} underWay />}
    </div>
  );
}

/** The tabs for *ending*; *pinTask* is the task that its response can be pinned to. */
function viewsOf(ending: Ending, store: Store, pinTask: string): [View, string][] {
  const isResponse = ending.event === "response";
  const views: [View, string][] = [["timeline", "Timeline"], ["request", "Request sent"]];
  if (isResponse) views.unshift(["body", "Body"], ["raw", "Raw"], ["headers", `Headers (${ending.headers?.length ?? 0})`]);
  if (ending.arrived) views.splice(isResponse ? 1 : 0, 0, ["arrived", `As it came (${ending.arrived.count})`]);
  if (ending.job) views.unshift(["job", ending.job.received ? "Callback" : `Job (${ending.job.status ?? "no state"})`]);
  if (ending.pages) views.unshift(["pages", `Pages (${ending.pages.count})`]);
  if (store.workflow.id !== null) views.push(["pin", store.pins.has(pinTask) ? "Pinned" : "Pin"]);
  return views;
}

/** What happened, what to do about it, and the exchange in tabs. */
function Ended({ ending, store }: { ending: Ending; store: Store }) {
  const [view, setView] = useState<View>(ending.job?.received ? "job" : "body");
  const isResponse = ending.event === "response";
  const pinTask = store.history.shown?.task ?? store.task.name!;
  const views = viewsOf(ending, store, pinTask);
  const shown = views.some(([name]) => name === view) ? view : views[0]![0];
  return (
    <>
      {isResponse && <Summary ending={ending} at={(store.history.shown ?? store.tests.result?.snapshot)?.at} />}
      {ending.event === "cancelled" && <Cancelled ending={ending} />}
      {ending.event === "error" && <NoResponse ending={ending} store={store} />}
      {isResponse && ending.outcome !== "success" && ending.outcome !== "status" && (
        <Note kind="warning">{ending.message!}</Note>
      )}
      {isResponse && <Hint ending={ending} store={store} />}
      {isResponse && isRefused(ending, store) && <Refused ending={ending} store={store} />}
      {isResponse && ending.anyway && store.task.refusesSettings && (
        <Note kind="info" title="A run would refuse these settings">
          <div class="row">
            <span>If the description is wrong, not you:</span>{" "}
            <button onClick={() => store.task.noteSettings()}>Always send them as written</button>
          </div>
        </Note>
      )}
      {ending.item && (
        <Note kind="info" title={`For item ${ending.item.index + 1} of ${ending.item.count}`}>
          A run does the task for each of them.
        </Note>
      )}
      {!store.history.shown && <PagesOffered suggestion={ending.suggestedPagination} />}
      {!!ending.notes?.length && (
        <Note kind="info" title="Unusual about this response">{ending.notes.map((note) => <div key={note}>{note}</div>)}</Note>
      )}
      {!!ending.differences?.length && <Differences ending={ending} />}
      {(isResponse || ending.raw) && (
        <>
          <Tabs id="exchange" label="The exchange" small tabs={views} chosen={shown} onChoose={setView} />
          <div role="tabpanel" id="exchange-panel" aria-labelledby={`exchange-tab-${shown}`} class="panel" tabIndex={0}>
            {shown === "job" && <Panel name="JobCalls" of={{ job: ending.job! }} />}
            {shown === "pages" && <Panel name="PageList" of={{ pages: ending.pages! }} />}
            {shown === "body" && <Body ending={ending} store={store} />}
            {shown === "arrived" && <Arriving arrived={ending.arrived!} />}
            {shown === "raw" && <Raw ending={ending} store={store} />}
            {shown === "headers" && <Headers headers={ending.headers ?? []} />}
            {shown === "timeline" && <Timeline ending={ending} />}
            {shown === "request" && <Sent ending={ending} store={store} />}
            {shown === "pin" && <Panel name="Pin" of={{ name: pinTask, ending }} />}
          </div>
        </>
      )}
    </>
  );
}

/** The kinds of errors found before anything is sent. */
const UNSENT = ["settings", "expression", "credential", "blocked"];

/** An error instead of a response, and what to do about it. */
function NoResponse({ ending, store }: { ending: Ending; store: Store }) {
  const isInvalid = ending.kind === "settings" && !!ending.problems?.length;
  const limit = ending.kind === "timeout" && store.config!.taskSettings.find(({ name }) => ending.pointer === `/${name}`);
  const failure: Failure = {
    title: UNSENT.includes(ending.kind!) ? "Nothing was sent" : "No response",
    detail: isInvalid ? "The settings are not valid; what is wrong stands beside each field." : ending.message!,
  };
  return (
    <>
      <Failed failure={failure}>
        {isRefused(ending, store) && <WayOn ending={ending} store={store} />}
        {ending.kind === "expression" && (
          <span>Give a sample value beside the field, a sample input under “Task”, or test the earlier task first.</span>
        )}
        {isInvalid && (
          <button onClick={() => store.validation.goToProblem()}>Show the {plural(ending.problems!.length, "problem")}</button>
        )}
        {limit && <span>The time limit is the setting “{limit.title}”.</span>}
        {ending.kind === "settings" && <button onClick={() => void store.tests.send(true)}>Send anyway</button>}
      </Failed>
      <p class="muted small">
        {ending.maybeDelivered ? "The server may have got the request." : "The server did not get the request."}{" "}
        {ending.elapsedSeconds > 0 && `After ${duration(ending.elapsedSeconds)}.`}
      </p>
    </>
  );
}

/** The number of attempts; a snapshot keeps only that number. */
const attemptsOf = ({ attempts, made = 0 }: Ending): number => attempts?.length || made;

/** Whether the server may have got a request that was cancelled. */
function deliveryOf(ending: Ending): string {
  const statuses = (ending.attempts ?? []).flatMap(({ hops }) => hops.flatMap(({ status }) => status ?? []));
  if (statuses.length) return `The server got the request: it answered ${statuses.join(", ")}.`;
  if (ending.maybeDelivered) return "The server may have got the request all the same.";
  return attemptsOf(ending) ? "The server did not get the request." : "Nothing was sent.";
}

function Cancelled({ ending }: { ending: Ending }) {
  const attempts = attemptsOf(ending);
  return (
    <div class="summary">
      <span class="status">Cancelled</span><span>{duration(ending.elapsedSeconds)}</span>
      {attempts > 0 && <span class="muted">{plural(attempts, "attempt")}</span>}
      <p class="muted">{deliveryOf(ending)}</p>
    </div>
  );
}

const Summary = ({ ending, at }: { ending: Ending; at?: string }) => (
  <div class="summary">
    <span class={`status s${String(ending.status)[0]}`}>{ending.status} {ending.reasonPhrase}</span>
    <span>{duration(ending.elapsedSeconds)}</span>
    <span>{bytes(ending.size!)}</span>
    <span class="muted">{ending.mediaType}</span>
    {attemptsOf(ending) > 1 && <span class="muted">{attemptsOf(ending)} attempts</span>}
    {at && <span class="muted">{when(at)}</span>}
  </div>
);

function Differences({ ending }: { ending: Ending }) {
  const differences = ending.differences!;
  return (
    <details class="differences" open={differences.length <= 3}>
      <summary>Differs from the documented response in {plural(differences.length, "place")}</summary>
      <ul>
        {differences.slice(0, 100).map(({ pointer, message }, index) => (
          <li key={index}>{pointer && <code>{pointer}</code>} {message}</li>
        ))}
      </ul>
    </details>
  );
}

/** The body in the view for its media type. The whole of a JSON body that was cut is loaded. */
function Body({ ending, store }: { ending: Ending; store: Store }) {
  const isJson = ending.decodedAs === "json";
  const [text, setText] = useState(isJson && ending.truncated ? null : (ending.text ?? null));
  const [failure, setFailure] = useState<Failure | null>(null);
  useLayoutEffect(() => {
    if (!isJson || !ending.truncated || !ending.body) return;
    let isMounted = true;
    store.api.send(`${ending.body}?as=decoded`).then((response) => response.text()).then(
      (whole) => { if (isMounted) setText(store.tests.mask(whole)); },
      (error: unknown) => { if (isMounted) setFailure(failureOf(error)); },
    );
    return () => { isMounted = false; };
  }, []);
  if (failure) return <><Failed failure={failure} />{!!ending.text && <Raw ending={ending} store={store} />}</>;
  if (!ending.size && !ending.text) return <p class="muted">The response has no body.</p>;
  const { shownAs, text: shown } = ending;
  if (shownAs === "image") return <ImageView ending={ending} store={store} />;
  if (shown !== undefined && shownAs === "html") return <HtmlView ending={ending} text={shown} store={store} />;
  if (shown !== undefined && shownAs === "xml") return <XmlView ending={ending} text={shown} store={store} />;
  if (shown !== undefined && shownAs === "csv") return <CsvView ending={ending} text={shown} store={store} />;
  if (isJson) {
    if (text === null) return <p class="muted" role="status">Loading {bytes(ending.decodedSize!)} …</p>;
    return <Answer text={text} ending={ending} store={store} />;
  }
  return <Raw ending={ending} store={store} />;
}

/** The body as text; a body that is no text can be downloaded. */
function Raw({ ending, store }: { ending: Ending; store: Store }) {
  const { text } = ending; // at most 256 KiB: the server cuts longer texts
  if (text === undefined) return <FileView ending={ending} store={store} />;
  return (
    <>
      <BodyHead ending={ending} store={store} note={partOf(ending, text)} copied={text} />
      <pre class="code block">{text}</pre>
    </>
  );
}

function CsvView({ ending, text, store }: { ending: Ending; text: string; store: Store }) {
  const rows = useMemo(() => csvRows(text), [text]);
  return (
    <>
      <BodyHead ending={ending} store={store} note={partOf(ending, text)} />
      <Table rows={rows} />
    </>
  );
}

const Headers = ({ headers }: { headers: [string, string][] }) => (
  <table class="lines">
    <thead class="hidden"><tr><th>Name</th><th>Value</th></tr></thead>
    <tbody>
      {headers.map(([name, value], index) => <tr key={index}><th scope="row">{name}</th><td>{value}</td></tr>)}
    </tbody>
  </table>
);
