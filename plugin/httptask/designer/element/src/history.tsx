// What was tried: each with its settings, its request and its response.
import { duration } from "./amounts";
import { Empty, useUi } from "./ui";

export function History(_: object) {
  const { store } = useUi();
  if (!store.history.items.length)
    return <Empty text="Every test request is kept here while this tab is open, without secrets." />;
  return (
    <ol class="history">
      {store.history.items.map((snapshot) => {
        const { ending } = snapshot;
        return (
          <li key={snapshot.at}>
            <button class="quiet" onClick={() => store.history.look(snapshot)}>
              <span class={`status s${String(ending?.status)[0]}`}>{ending?.status ?? ending?.kind ?? ending?.event ?? snapshot.note}</span>
              <span class="history-name">{snapshot.task}</span>
              <span>{new Date(snapshot.at).toLocaleTimeString()}{ending && ` · ${duration(ending.elapsedSeconds)}`}</span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}
