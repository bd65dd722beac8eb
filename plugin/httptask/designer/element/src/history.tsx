// The tab "History": the test requests of this tab of the browser, each with its settings, request and response.
import { duration, when } from "./amounts";
import { isObject, type JsonObject, valueText } from "./json";
import type { Ending, Snapshot } from "./types";
import { Empty, Method, useUi } from "./ui";

/** The CSS class for the colour of an entry: by the first digit of its status; red without a response. */
function colour({ event, status }: Ending): string {
  if (event === "cancelled") return "";
  return status === undefined ? "bad" : `s${String(status)[0]}`;
}

/** The method and the path of the request: as it was sent, else as the settings have it. */
function requestOf({ ending, settings }: Snapshot): { method: string; path: string } {
  const written = isObject(settings.httpRequest ?? null) ? (settings.httpRequest as JsonObject) : {};
  const { method, url } = ending?.request ?? { method: written.method, url: written.url };
  const path = valueText(url).replace(/^[a-z]+:\/\/[^/?#]*/i, "");
  return { method: valueText(method), path: path || "/" };
}

/** The list of the history, the latest first. A click shows the response with its settings. */
export function History(_: object) {
  const { store } = useUi();
  if (!store.history.items.length)
    return <Empty title="Nothing was tested yet" text="Every test request is kept here while this tab is open, without secrets. Ctrl Enter sends the first." />;
  return (
    <ol class="history">
      {store.history.items.map((snapshot) => {
        const { ending } = snapshot;
        const { method, path } = requestOf(snapshot);
        const differs = !!ending?.differences?.length;
        return (
          <li key={snapshot.at}>
            <button
              class={differs ? "quiet differs" : "quiet"} title={differs ? "Differs from the documented response" : undefined}
              onClick={() => store.history.look(snapshot)}
            >
              <span class={ending ? `status ${colour(ending)}` : "tag"}>{ending?.status ?? ending?.kind ?? ending?.event ?? snapshot.note}</span>
              <span class="history-asked">
                <span class="history-line">{method && <Method method={method} />} <code>{path}</code></span>
                <span class="history-name muted small">
                  {snapshot.task}{differs && <span class="hidden">, differs from the documented response</span>}
                </span>
              </span>
              <span class="history-at muted small">
                {when(snapshot.at)}{ending && <><br />{duration(ending.elapsedSeconds)}</>}
              </span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}
