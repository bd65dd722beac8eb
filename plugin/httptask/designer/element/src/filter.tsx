// The part of a response that a filter selects. The server evaluates the filter, as it would in a run.
import { useLayoutEffect, useState } from "preact/hooks";
import { failureOf } from "./api";
import type { Step } from "./expression-text";
import { plural } from "./amounts";
import { nodeAt } from "./scan";
import type { Store } from "./store";
import { type Spot, Tree } from "./tree";
import type { Ending } from "./types";

/** How long after the last key the filter is evaluated, in milliseconds. */
const FILTER_AFTER = 250;

/** The server's answer. */
interface Filtered {
  /** The JSON text of the result. */
  value?: string;
  /** Why there is no result. */
  problem?: string;
}

/** The result of *expression* for the response *text* as a tree. *steps* is the path of the response in the expression. */
export function FilterResult({ text, ending, expression, steps, store, onCopy }: {
  text: string; ending: Ending; expression: string; steps: Step[]; store: Store; onCopy: (spot: Spot, from: string) => void;
}) {
  const [shown, setShown] = useState<Filtered | null>(null);
  useLayoutEffect(() => {
    const running = new AbortController();
    const timer = setTimeout(() => {
      // A complete body is sent along, because the server may have dropped the response by now. Of a cut one the server has the rest.
      const response = ending.truncated ? { test: ending.id } : { text };
      store.api.post("filter", { expression, path: steps, ...response }, running.signal).then((answer) => answer.text()).then(
        (json) => setShown(JSON.parse(store.tests.mask(json)) as Filtered),
        (error: Error) => {
          if (!running.signal.aborted) setShown({ problem: failureOf(error).detail ?? failureOf(error).title });
        },
      );
    }, FILTER_AFTER);
    return () => { clearTimeout(timer); running.abort(); };
  }, [expression, text]);
  if (!shown) return <p class="muted" role="status">Filtering …</p>;
  const { value, problem } = shown;
  if (value === undefined) return <p class="problem error" role="status">{problem}</p>;
  const root = nodeAt(value, 0);
  return (
    <>
      {root.kind === "[" && <p class="muted small" role="status">{plural(root.count, "item")}</p>}
      <Tree
        text={value} label="Filtered" tools={(spot) => <button title="Ctrl C" onClick={() => onCopy(spot, value)}>Copy value</button>}
        onKey={(event, spot) => {
          const copies = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "c" && !getSelection()?.toString();
          if (copies) onCopy(spot, value);
          return copies;
        }}
      />
    </>
  );
}
