// What a test will send, live: told by the server with each validation.
import { child } from "./json";
import { masking, Parts } from "./parts";
import { Empty, useUi } from "./ui";

/** Characters of a body that is no JSON. */
const MOST_SHOWN = 20_000;

export function Preview(_: object) {
  const { store } = useUi();
  const { root, endpoint, form } = store.task;
  const { preview } = store.validation;
  if (!root && store.task.name !== null) return <Empty title="This task sends nothing" text="Run the workflow (Ctrl+Shift+Enter) to see where it leads." />;
  if (!root) return <Empty title="Nothing chosen yet" text="Add or find (Ctrl+K): search an API, paste a curl command, or start from an empty request." />;
  if (!preview) return <Empty text="The server has not looked at this request yet." />;
  const { request, body, problem } = preview;
  const shown = masking(store);
  const method = request?.method ?? endpoint?.item.method ?? form?.method ?? "";
  const values = (store.task.value().httpRequest as { headers?: object } | undefined)?.headers ?? {};
  const nameOf = (header: string) => Object.keys(values).find((name) => name.toLowerCase() === header.toLowerCase());
  return (
    <div class="preview">
      <p class="muted small">What the test will send, live as you type{preview.item && `, for item ${preview.item.index + 1} of ${preview.item.count}`}. Click a coloured value to edit it.</p>
      <div class="code http" tabIndex={0} role="group" aria-label="The request">
        <span class={`method ${method.toLowerCase()}`}>{method}</span> <span class="muted"><Parts parts={preview.server} store={store} /></span><Parts parts={preview.url} store={store} />
        {"\n"}
        {request?.headers.map(([name, value], index) => {
          const own = nameOf(name);
          return (
            <span key={index}>
              <span class="muted">{name}: </span>
              {own === undefined ? shown(value) : <Parts parts={[{ text: value, pointer: child("/httpRequest/headers", own), state: "typed" }]} store={store} />}
              {"\n"}
            </span>
          );
        })}
        {body ? <>{"\n"}<Parts parts={body} store={store} /></> : request?.body ? `\n${shown(request.body).slice(0, MOST_SHOWN)}` : ""}
      </div>
      {problem !== undefined && <p class="muted">Headers and body appear once the request can be built: {shown(store.named(problem))}</p>}
    </div>
  );
}
