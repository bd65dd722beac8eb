// The server's advice about a response that refused the request, with a button to follow it.
import { useLayoutEffect, useState } from "preact/hooks";
import { plural } from "./amounts";
import type { Store } from "./store";
import type { Ending } from "./types";
import { Note } from "./ui";

/** The advice for *ending*; nothing for a response of the history, whose form is not open. */
export function Hint({ ending, store }: { ending: Ending; store: Store }) {
  const { hint, problems } = ending;
  const isCurrent = !store.history.shown && store.task.root !== null;
  if (!isCurrent || !(hint || problems?.length)) return null;
  if (problems?.length)
    return (
      <Note kind="warning" title={`The server says what is wrong with ${plural(problems.length, "field")}`}>
        <div class="row actions"><button onClick={() => store.validation.tell(problems)}>Show at the fields</button></div>
      </Note>
    );
  const { message, pointer, seconds } = hint!;
  const go = () => { store.focusWanted = `f-${pointer}`; store.update(); };
  return (
    <Note kind="warning" title={`${message[0]!.toUpperCase()}${message.slice(1)}`}>
      <div class="row actions">
        {seconds !== undefined && <TestAgain seconds={seconds} id={ending.id} store={store} />}
        {pointer !== undefined && <button onClick={go}>Go to the field</button>}
      </div>
    </Note>
  );
}

/** When each wait ends, by the id of the test request and in `performance.now()`: kept here, as the component goes when another tab is shown. */
const ends = new Map<string, number>();

/** The button that sends the test request again; disabled for as long as the server asked to wait. */
function TestAgain({ seconds, id, store }: { seconds: number; id: string; store: Store }) {
  const [, tick] = useState(0);
  const end = ends.get(id) ?? performance.now() + seconds * 1000;
  ends.set(id, end);
  const left = Math.ceil((end - performance.now()) / 1000);
  useLayoutEffect(() => {
    if (left <= 0) return;
    const timer = setInterval(() => tick((count) => count + 1), 500);
    return () => clearInterval(timer);
  }, [left <= 0]);
  return (
    <button onClick={() => void store.tests.send()} disabled={left > 0}>
      {left > 0 ? `Test again in ${left} s` : "Test again"}
    </button>
  );
}
