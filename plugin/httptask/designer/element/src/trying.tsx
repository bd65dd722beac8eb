// The conditions of test requests and runs: the environment they go to, and the sample input.
import { FieldRow } from "./field-row";
import { isObject } from "./json";
import { Fields } from "./objects";
import type { Store } from "./store";
import { Icon, Problems, typed, useRedraw, useUi } from "./ui";

/** The choice of the environment; *url* is the open task's URL in the definition. Nothing if there are no environments. */
export function EnvironmentPicker({ url }: { url: string }) {
  const { store } = useUi();
  const { items, current, chosen, colour } = store.environments;
  if (!items.length) return null;
  const address = store.environments.address(url);
  return (
    <div class="picker environment" style={colour ? { borderColor: colour } : undefined}>
      <label>
        <span>Environment</span>
        {colour && <i class="swatch" style={{ background: colour }} aria-hidden="true" />}
        <select
          aria-label="Environment" value={chosen ?? ""} aria-describedby="environment-address"
          onChange={typed((value) => store.environments.choose(value || null))}
        >
          <option value="">none: as the definition says</option>
          {items.map(({ name, description, broken }) => (
            <option key={name} value={name} disabled={!!broken}>
              {name}{broken ? " (its file is broken)" : description && ` (${description})`}
            </option>
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

/** The sample input, which expressions see as `$.input` in tests and runs of the page: as JSON, or in a form. */
export function SampleInputField({ change }: { change: () => void }) {
  const { store } = useUi();
  const redraw = useRedraw();
  const { root, asJson, problems, refused } = store.input;
  const isForm = !!root && !asJson;
  const group = isForm ? { role: "group" as const, "aria-labelledby": "sample-input-name", id: "sample-input", tabIndex: -1 } : {};
  const changeAndRedraw = () => { change(); redraw(); };
  const control = () => {
    if (!isForm)
      return (
        <div class="control">
          <textarea
            id="sample-input" class="code" rows={3} value={store.input.typed} placeholder={'{"rfi": {"id": 7}}'}
            onInput={typed((value) => { store.task.input = value; change(); })}
          />
        </div>
      );
    const hasFields = root.field.kind === "object" && root.raw === null && !root.isNull;
    return (
      <div class="below">
        {hasFields
          ? <Fields key={root.key} slot={root} pointer="/input" id="sample-input" redraw={changeAndRedraw} />
          : <FieldRow key={root.key} slot={root} pointer="/input" name="Input" />}
      </div>
    );
  };
  return (
    <div class={isForm ? "field headed" : "field"} {...group}>
      <div class="lab">
        <label class="name" id="sample-input-name" for="sample-input" title="Saved beside the definition, without secrets">Sample input</label>
        <span class="type">{isForm ? "" : "JSON, "}seen as <code>$.input</code>, for tests and runs here</span>
        {root && (
          <button class="link" onClick={() => { store.input.toggle(); change(); redraw(); }}>
            {asJson ? "Use the form" : "Write it as JSON"}
          </button>
        )}
      </div>
      {control()}
      <div class="problems">
        <Problems id="sample-input" pointer="/inputSchema" problems={problems} />
        <Problems id="refused-input" pointer="" problems={refused} />
      </div>
    </div>
  );
}

/** Say whether the form of the open task shows the sample input: there is one, or the task has input parameters. */
export function usesInput(store: Store): boolean {
  if (store.task.input !== "" || store.input.root !== null) return true;
  const { inputParameters = null } = store.task.value();
  return isObject(inputParameters) && Object.keys(inputParameters).length > 0;
}
