// What a test request is tried with: the environment it goes to, and the sample input.
import { FieldRow } from "./field-row";
import { isObject } from "./json";
import { Fields } from "./objects";
import type { Store } from "./store";
import { Icon, Problems, typed, useRedraw, useUi } from "./ui";

/** Which environment test requests go to; its colour stands beside its name. */
export function EnvironmentPicker({ url }: { url: string }) {
  const { store } = useUi();
  const { items, current, chosen } = store.environments;
  if (!items.length) return null;
  const address = store.environments.address(url);
  return (
    <div class="picker environment" style={current?.colour ? { borderColor: current.colour } : undefined}>
      <label>
        <span>Environment</span>
        {current?.colour && <i class="swatch" style={{ background: current.colour }} aria-hidden="true" />}
        <select
          aria-label="Environment" value={chosen ?? ""} aria-describedby="environment-address"
          onChange={typed((value) => store.environments.choose(value || null))}
        >
          <option value="">none: as the definition says</option>
          {items.map(({ name, description, broken }) => (
            <option key={name} value={name} disabled={!!broken}>{name}{broken ? " (its file is broken)" : description && ` (${description})`}</option>
          ))}
        </select>
        {current?.live && <span class="tag is-failed" title="What is sent there is real">live</span>}
      </label>
      {items.map(({ name, broken }) => broken && (
        <p key={name} class="problem warning"><Icon name="alert" /><span>{name}: {broken}</span></p>
      ))}
      <span id="environment-address" class="muted small">
        {chosen !== null && (address === url ? "This request goes where the definition says." : `This request goes to ${address}`)}
      </span>
    </div>
  );
}

/** The input that expressions see as `$.input`, for tests and for runs of the page. */
export function SampleInputField({ change }: { change: () => void }) {
  const { store } = useUi();
  const redraw = useRedraw();
  const { root, asJson, problems, refused } = store.input;
  const asForm = !!root && !asJson;
  return (
    <div class={asForm ? "field headed" : "field"} {...(asForm ? { role: "group", "aria-labelledby": "sample-input-name", id: "sample-input", tabIndex: -1 } : {})}>
      <div class="lab">
        <label class="name" id="sample-input-name" for="sample-input">Sample input</label>
        <span class="type">{asForm ? "" : "JSON, "}seen as <code>$.input</code>, for tests and runs here</span>
        {root && <button class="link" onClick={() => { store.input.toggle(); change(); redraw(); }}>{asJson ? "Use the form" : "Write it as JSON"}</button>}
      </div>
      {!asForm ? (
        <div class="control"><textarea
          id="sample-input" class="code" rows={3} value={store.input.typed} placeholder={'{"rfi": {"id": 7}}'}
          onInput={typed((value) => { store.task.input = value; change(); })}
        /></div>
      ) : root.field.kind === "object" && root.raw === null && !root.isNull ? (
        <div class="below"><Fields key={root.key} slot={root} pointer="/input" id="sample-input" redraw={() => { change(); redraw(); }} /></div>
      ) : <div class="below"><FieldRow key={root.key} slot={root} pointer="/input" name="Input" /></div>}
      <div class="problems">
        <Problems id="sample-input" pointer="/inputSchema" problems={problems} />
        <Problems id="refused-input" pointer="" problems={refused} />
      </div>
    </div>
  );
}

export const usesInput = (store: Store): boolean =>
  store.task.input !== "" || store.input.root !== null || (isObject(store.task.value().inputParameters ?? null) && Object.keys(store.task.value().inputParameters as object).length > 0);
