// Compares the response that is shown with an earlier one of the same task, and leads from difference to difference.
import { useLayoutEffect, useState } from "preact/hooks";
import { failureOf } from "./api";
import { bytes, plural, when } from "./amounts";
import { type Change, changesFrom, MOST_CHANGES } from "./compare";
import { parse } from "./json";
import type { Store } from "./store";
import type { Ending, Snapshot } from "./types";
import { IconButton, typed } from "./ui";

/** How many characters each of the two responses may have. */
const LARGEST = 4 * 1024 * 1024;

/** The whole body of a response; where the page has only its beginning, the server is asked. Secrets are masked. */
async function textOf({ text, truncated, body }: Ending, store: Store): Promise<string> {
  if (!truncated) return text ?? "";
  return store.tests.mask(await (await store.api.send(`${body}?as=decoded`)).text());
}

/** The other JSON responses of the history that *ending* can be compared with: first those of *task*, the latest first. */
export function comparable(task: string, { id }: Ending, store: Store): Snapshot[] {
  const others = store.history.items.filter(({ ending }) => ending?.decodedAs === "json" && ending.id !== id);
  return [...others.filter((snapshot) => snapshot.task === task), ...others.filter((snapshot) => snapshot.task !== task)];
}

/** Offers the *others* for comparison with *text*, a response of *task*. *onChanges* gets the differences, *onGo* the one that the user goes to. */
export function Comparison({ text, task, others, store, onChanges, onGo }: {
  text: string; task: string; others: Snapshot[]; store: Store; onChanges: (changes: Change[]) => void; onGo: (change: Change) => void;
}) {
  const [chosen, setChosen] = useState("");
  const [changes, setChanges] = useState<Change[] | null>(null);
  /** The index in `changes` of the current difference. */
  const [current, setCurrent] = useState(0);
  const [problem, setProblem] = useState("");
  const take = (differences: Change[] | null, why = "") => {
    setChanges(differences);
    setProblem(why);
    setCurrent(0);
    onChanges(differences ?? []);
  };
  useLayoutEffect(() => {
    const other = others.find(({ at: moment }) => moment === chosen)?.ending;
    if (!other) return take(null);
    let wanted = true;
    textOf(other, store).then((earlier) => {
      if (!wanted) return;
      if (Math.max(text.length, earlier.length) > LARGEST)
        return take(null, `Responses of more than ${bytes(LARGEST)} are not compared.`);
      try {
        take(changesFrom(parse(earlier), parse(text)));
      } catch {
        take(null, "That response is not JSON.");
      }
    }, (error: unknown) => {
      if (wanted) take(null, `Only the beginning of that response is kept: ${failureOf(error).detail ?? failureOf(error).title}`);
    });
    return () => { wanted = false; };
  }, [chosen, text]);
  const go = (to: number) => {
    if (!changes?.length) return;
    const next = (to + changes.length) % changes.length;
    setCurrent(next);
    onGo(changes[next]!);
  };
  return (
    <div class="compare">
      <select aria-label="Compare with" value={chosen} onChange={typed(setChosen)}>
        <option value="">⇄ Compare with …</option>
        {others.map(({ at: moment, task: other, ending }, index) => {
          const whose = other !== task ? `${other}, ` : index ? "" : "the one before, ";
          return <option key={moment} value={moment}>{whose}{when(moment)}, {ending!.status}</option>;
        })}
      </select>
      {changes && (
        <span class="muted small" role="status">
          {changes.length ? `${changes.length === MOST_CHANGES ? "The first " : ""}${plural(changes.length, "difference")}` : "No difference"}
        </span>
      )}
      {!!changes?.length && <>
        <IconButton icon="up" label="Previous difference" title="Previous difference (Shift F8)" onClick={() => go(current - 1)} />
        <IconButton icon="down" label="Next difference" title="Next difference (F8)" onClick={() => go(current + 1)} />
      </>}
      {problem && <span class="problem error">{problem}</span>}
    </div>
  );
}
