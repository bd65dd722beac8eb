// What a filter picks out of a response, as the server evaluates it.
import { useLayoutEffect, useState } from "preact/hooks";
import { failureOf } from "./api";
import type { Step } from "./expression-text";
import { plural } from "./amounts";
import { nodeAt } from "./scan";
import type { Store } from "./store";
import { type Spot, Tree } from "./tree";
import type { Ending } from "./types";

const FILTER_AFTER = 250;

/** What the server says of a filter: the JSON text of what it picks out, or why it picks nothing. */
interface Filtered {
  value?: string;
  problem?: string;
}

export function FilterResult({ text, ending, expression, steps, store, onCopy }: {
  text: string; ending: Ending; expression: string; steps: Step[]; store: Store; onCopy: (spot: Spot, from: string) => void;
}) {
  const [shown, setShown] = useState<Filtered | null>(null);
  useLayoutEffect(() => {
    const running = new AbortController();
    const timer = setTimeout(() => {
      // What came whole is sent along: the history knows answers that the server has forgotten.
      const answer = ending.truncated ? { test: ending.id } : { text };
      store.api.post("filter", { expression, path: steps, ...answer }, running.signal).then((response) => response.text()).then(
        (json) => setShown(JSON.parse(store.tests.mask(json)) as Filtered),
        (error: Error) => { if (!running.signal.aborted) setShown({ problem: failureOf(error).detail ?? failureOf(error).title }); },
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
