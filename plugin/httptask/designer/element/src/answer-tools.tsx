// The JSON body of a response with its tools: find, filter, compare, show as a table, copy a value or its path, use a value in a later task.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Change } from "./compare";
import { comparable, Comparison } from "./comparison";
import { jsonPath, type Step } from "./expression-text";
import { FilterResult } from "./filter";
import { expressionOf, hitsIn, isFilter, MOST_HITS } from "./find";
import { listIn, listRows } from "./formats";
import { segments } from "./json";
import { type Node, nodeAt, offsetOf } from "./scan";
import type { Store } from "./store";
import { type Mark, type Spot, Tree, type Wanted } from "./tree";
import type { Ending } from "./types";
import { afterPaint, IconButton, typed } from "./ui";
import { type Used, UseIn } from "./use-in";
import { Download, Table } from "./views";

/** How long after the last key the search starts, in milliseconds. */
const FIND_AFTER = 200;

/**
 * The path, from `$`, at which a run of the workflow has the body that *ending* shows.
 * Null for a paginated task: a test request shows the last page, while a run has the items of all pages there.
 */
function stepsOf(task: string, { pages, item, outcome }: Ending): Step[] | null {
  if (pages) return null;
  return ["tasks", task, "output", ...(item ? [item.index] : []), ...(outcome === "success" ? [] : ["error", "result"]), "body"];
}

/** *pointer* into the JSON *text* as path steps: an item of a list is a number, a member a string. */
function stepsIn(text: string, pointer: string): Step[] {
  let value: unknown = JSON.parse(text);
  return segments(pointer).map((part): Step => {
    const step = Array.isArray(value) ? Number(part) : part;
    value = (value as Record<string, unknown>)[part];
    return step;
  });
}

/** The body *text* of the response *ending* as a tree with its tools. */
export function Answer({ text, ending, store }: { text: string; ending: Ending; store: Store }) {
  const task = store.history.shown?.task ?? store.task.name!;
  return <JsonTools text={text} label="Response body" task={task} steps={stepsOf(task, ending)} ending={ending} store={store} />;
}

/** The JSON *text* as a tree with its tools. Filters and comparison are for the body of a response, *ending*. */
export function JsonTools({ text, label, task, steps, ending, store }: {
  text: string;
  label: string;
  /** The task that the value belongs to. */
  task: string;
  /** The path at which a run has the value; null if no path leads there. */
  steps: Step[] | null;
  ending?: Ending;
  store: Store;
}) {
  /** Differences to the response that was chosen for comparison. */
  const [changes, setChanges] = useState<Change[]>([]);
  /** The value that the dialog "Use in …" is open for. */
  const [used, setUsed] = useState<Used | null>(null);
  /** What is typed into the box: words to find, or a filter. */
  const [query, setQuery] = useState("");
  /** Offsets in *text*. */
  const [hits, setHits] = useState<number[]>([]);
  /** The index in `hits` of the current one. */
  const [hit, setHit] = useState(0);
  /** The offset that the tree scrolls to. */
  const [wanted, setWanted] = useState<Wanted | null>(null);
  /** The list in the body that can be shown as a table. */
  const [list, setList] = useState<Node | null>(null);
  const [asTable, setAsTable] = useState(false);
  // Looking for a list in a large body takes time: the tree is painted first.
  useLayoutEffect(() => { afterPaint(() => setList(listIn(text))); }, [text]);
  const rows = useMemo(() => (asTable && list ? listRows(text, list) : null), [asTable, list]);
  const box = useRef<HTMLInputElement>(null);
  const filters = ending !== undefined && isFilter(query);
  const marks = useMemo(() => {
    const byPointer = new Map<string, Mark[]>();
    const add = (pointer: string, mark: Mark) => byPointer.set(pointer, [...(byPointer.get(pointer) ?? []), mark]);
    for (const { kind, pointer, message } of ending?.differences ?? [])
      if (pointer) add(pointer, { kind: "differs", text: kind === "undocumented" ? "not documented" : message });
    for (const change of changes) add(change.pointer, { kind: "compared", text: change.text });
    return byPointer;
  }, [ending, changes]);
  const others = ending ? comparable(task, ending, store) : [];

  /** Go to the hit number *to*; behind the last one comes the first. */
  const go = (to: number, among = hits) => {
    if (!among.length) return;
    const next = (to + among.length) % among.length;
    setHit(next);
    setWanted({ offset: among[next]! });
  };
  useLayoutEffect(() => {
    if (!query || filters) return setHits([]);
    const timer = setTimeout(() => {
      const offsets = hitsIn(text, query);
      setHits(offsets);
      go(0, offsets);
    }, FIND_AFTER);
    return () => clearTimeout(timer);
  }, [query, text]);

  /** Copy the value at a spot of *source*; a string is copied without its quotes. */
  const copyValue = ({ node }: Spot, source = text) => {
    const json = source.slice(node.start, node.end);
    void store.copying.text("The value", node.kind === '"' ? (JSON.parse(json) as string) : json);
  };
  /** Call *act* with the path at which a run has the value; say why where there is no such path. */
  const withPath = ({ pointer }: Spot, act: (path: Step[]) => void) => {
    if (steps) act([...steps, ...stepsIn(text, pointer)]);
    else store.say("This response is one page. A run joins the items of all pages, so the path would differ.");
  };
  const copyPath = (spot: Spot) => withPath(spot, (path) => void store.copying.text("The path", jsonPath(path)));
  const use = (spot: Spot) => withPath(spot, (path) => {
    const name = String(path.findLast((step) => typeof step === "string"));
    setUsed({ expression: jsonPath(path), name });
  });
  const expression = () => expressionOf(query, steps ?? ["page"], nodeAt(text, 0).kind === "[");

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "F8") {
      const way = event.shiftKey ? "Previous" : "Next";
      const button = (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`[aria-label="${way} difference"]`);
      if (!button) return; // without a comparison F8 means the next problem: the page handles it
      button.click();
      return event.preventDefault();
    }
    const isFind = event.key.toLowerCase() === "f" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    if (!isFind) return;
    event.preventDefault();
    box.current?.select();
    box.current?.focus();
  };
  return (
    <div class="answer" onKeyDown={onKeyDown}>
      <div class="find" role="search">
        <input
          ref={box} class="code" type="text" autocomplete="off"
          aria-label={ending ? "Find, or filter" : "Find"} title="Ctrl F"
          placeholder={ending ? "Find, or filter: $.items[0], jsonata: …" : "Find"}
          value={query} onInput={typed(setQuery)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) go(hit + (event.shiftKey ? -1 : 1));
            else if (event.key === "Escape" && query) setQuery("");
            else return;
            event.preventDefault();
            event.stopPropagation();
          }}
        />
        {query && !filters && <>
          <span class="muted small" role="status">
            {hits.length ? `${hit + 1} of ${hits.length.toLocaleString("en")}${hits.length === MOST_HITS ? " or more" : ""}` : "nothing found"}
          </span>
          <IconButton icon="up" label="Previous" title="Previous (Shift Enter)" onClick={() => go(hit - 1)} />
          <IconButton icon="down" label="Next" title="Next (Enter)" onClick={() => go(hit + 1)} />
        </>}
        {filters && steps && <button onClick={() => setUsed({ expression: expression(), name: "filtered" })}>Use as expression …</button>}
        {list && !query && <button aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>Table</button>}
        {ending && <Download ending={ending} store={store} />}
      </div>
      {others.length > 0 && !filters && (
        <Comparison
          text={text} task={task} others={others} store={store} onChanges={setChanges}
          onGo={({ pointer }) => {
            setAsTable(false);
            setWanted({ offset: offsetOf(text, nodeAt(text, 0), segments(pointer)) });
          }}
        />
      )}
      {used && <UseIn key={used.expression} used={used} from={task} store={store} onClose={() => setUsed(null)} />}
      {filters && (
        <FilterResult
          text={text} ending={ending} expression={expression()} steps={steps ?? ["page"]} store={store} onCopy={copyValue}
        />
      )}
      {rows && !query && <Table rows={rows} />}
      <div hidden={filters || (!!rows && !query)}>
        <Tree
          text={text} label={label} marks={marks} wanted={wanted}
          query={filters ? "" : query} seeking={!!query || changes.length > 0}
          tools={(spot) => <>
            <button title="Ctrl C" onClick={() => copyValue(spot)}>Copy value</button>
            <button title="Ctrl Shift P" onClick={() => copyPath(spot)}>Copy path</button>
            <button title="U" onClick={() => use(spot)}>Use in …</button>
          </>}
          onKey={(event, spot) => {
            const command = event.ctrlKey || event.metaKey;
            const key = event.key.toLowerCase();
            const act = command && key === "c" && !getSelection()?.toString() ? copyValue
              : command && event.shiftKey && key === "p" ? copyPath
              : !command && !event.altKey && key === "u" ? use : null;
            act?.(spot);
            return !!act;
          }}
        />
      </div>
    </div>
  );
}

