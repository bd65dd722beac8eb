// The request a test would send. The server returns it with each validation, so it follows the typing.
import { child } from "./json";
import { masking, Parts } from "./parts";
import { Empty, useUi } from "./ui";

/** How many characters of a body that is not JSON are shown. */
const MOST_SHOWN = 20_000;

/** The preview of the open task's request. */
export function Preview(_: object) {
  const { store } = useUi();
  const { root, endpoint, form } = store.task;
  const { preview } = store.validation;
  if (!root && store.task.name !== null)
    return <Empty title="This task sends nothing" text="Run the workflow (Ctrl+Shift+Enter) to see where it leads." />;
  if (!root)
    return (
      <Empty
        title="Nothing chosen yet"
        text="Add or find (Ctrl+K): search an API, paste a curl command, or start from an empty request."
      />
    );
  if (!preview) return <Empty text="The server has not looked at this request yet." />;
  const { request, body, problem } = preview;
  const masked = masking(store);
  const method = request?.method ?? endpoint?.item.method ?? form?.method ?? "";
  const headers = (store.task.value().httpRequest as { headers?: object } | undefined)?.headers ?? {};
  /** The name under which the settings have *header*; undefined if they do not have it. */
  const nameInSettings = (header: string) => Object.keys(headers).find((name) => name.toLowerCase() === header.toLowerCase());
  return (
    <div class="preview">
      <p class="muted small">
        What the test will send, live as you type
        {preview.item && `, for item ${preview.item.index + 1} of ${preview.item.count}`}
        . Click a coloured value to edit it.
      </p>
      <div class="code http" tabIndex={0} role="group" aria-label="The request">
        <span class={`method ${method.toLowerCase()}`}>{method}</span>{" "}
        <span class="muted"><Parts parts={preview.server} store={store} /></span>
        <Parts parts={preview.url} store={store} />
        {"\n"}
        {request?.headers.map(([name, value], index) => {
          const key = nameInSettings(name);
          const pointer = key === undefined ? undefined : child("/httpRequest/headers", key);
          return (
            <span key={index}>
              <span class="muted">{name}: </span>
              {pointer === undefined ? masked(value) : <Parts parts={[{ text: value, pointer, state: "typed" }]} store={store} />}
              {"\n"}
            </span>
          );
        })}
        {body ? <>{"\n"}<Parts parts={body} store={store} /></> : request?.body ? `\n${masked(request.body).slice(0, MOST_SHOWN)}` : ""}
      </div>
      {problem !== undefined && (
        <p class="muted">Headers and body appear once the request can be built: {masked(problem)}</p>
      )}
    </div>
  );
}
