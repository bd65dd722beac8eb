// The head of a request: the task's name, method, server and URL, credential, timeouts, and the buttons to send and copy it.
import { useRef, useState } from "preact/hooks";
import { plural } from "./amounts";
import { LANGUAGES } from "./copying";
import { LATER } from "./form-field";
import { isExpression, valueText } from "./json";
import { dump, isPlain, type Slot } from "./slots";
import type { Store } from "./store";
import { Panel } from "./panel";
import { Suggested } from "./suggested";
import { distinct, namesIn, writeNames } from "./task-credentials";
import { NameProblems, TaskTitle } from "./task-title";
import { EnvironmentPicker } from "./trying";
import type { Server } from "./types";
import { Parts } from "./parts";
import { describedBy, Icon, IconButton, idOf, Method, Problems, typed, useRedraw, useUi } from "./ui";

/** The head of the task *root*; *request* is the slot of its `httpRequest`. */
export function Head({ store, root, request }: { store: Store; root: Slot; request: Slot }) {
  const url = request.kids[0]!;
  const item = store.task.endpoint?.item;
  return (
    <header class="head">
      <div class="title-row">
        <TaskTitle />
        {item && <span class="muted of wide">{[item.api?.title ?? item.provider, item.title || item.path].join(" · ")}</span>}
        <span class="grow" />
        {store.task.endpoint && (
          <button
            class="quiet" aria-pressed={store.reference} title="What the API's description says (F1)"
            onClick={() => store.showReference(!store.reference)}
          >
            <Icon name="book" />Reference
          </button>
        )}
        <CopyAs store={store} />
      </div>
      <NameProblems />
      <div class="request-line" key={root.key}>
        {isPlain(request) && (
          <>
            <MethodControl store={store} request={request} />
            <ServerPicker store={store} url={url} />
            <LiveUrl store={store} isOwn={!store.task.form?.target && !item} />
          </>
        )}
        <TestButton id="test" />
      </div>
      <div class="facts" key={`facts-${root.key}`}>
        <CredentialPicker store={store} slot={root.kids.find(({ field }) => field.name === "credentials")!} />
        <Terms store={store} root={root} />
        {store.validation.preview?.item && <Panel name="ItemChoice" until=" " />}
        <EnvironmentPicker url={valueText(dump(url))} />
        <span class="grow" />
        <Readiness store={store} />
      </div>
    </header>
  );
}

/** The button that sends the test request, or cancels the one under way. */
export function TestButton({ id }: { id?: string }) {
  const { store } = useUi();
  const { run } = store.tests;
  const title = run ? (run.cancelling ? "Cancelling" : "Cancel") : "Test request";
  return (
    <button
      type="button" id={id} class={run ? "primary danger" : "primary"} disabled={!!run?.cancelling}
      onClick={() => (run ? store.tests.cancel() : void store.tests.send())}
    >
      <Icon name={run ? "stop" : "play"} />{title} <kbd>{run ? "Esc" : "Ctrl ⏎"}</kbd>
    </button>
  );
}

/**
 * The method: fixed if the description names it, otherwise a text with the known methods as suggestions, because any token
 * is a method (RFC 9110, section 9.1).
 */
function MethodControl({ store, request }: { store: Store; request: Slot }) {
  const redraw = useRedraw();
  const slot = request.kids.find(({ field }) => field.name === "method")!;
  const name = valueText(dump(slot)) || "GET";
  if (slot.field.kind === "const") return <Method method={name} />;
  const pointer = "/httpRequest/method";
  const id = idOf(pointer);
  const problems = store.validation.shownProblems(pointer, slot.touched);
  const write = (text: string) => {
    Object.assign(slot, { fx: isExpression(text), expr: text, text, raw: null, on: true });
    store.task.changed(pointer);
    redraw();
  };
  return (
    <span class={`free-method method ${name.toLowerCase()}`}>
      <Suggested
        id={id} values={(slot.field.keys?.values as string[]).map((value) => [value] as [string])}
        value={slot.fx ? slot.expr : (slot.raw ?? slot.text)} aria-label="Method" placeholder="GET"
        aria-describedby={describedBy(id, problems)}
        onInput={typed(write)} onBlur={() => { slot.touched = true; setTimeout(redraw, LATER); }}
      />
      <Problems id={id} pointer={pointer} problems={problems} />
    </span>
  );
}

/**
 * Path and query as the test will send them, each value a link to its field. For an own request the whole URL, and only if
 * fields add to what its text says.
 */
function LiveUrl({ store, isOwn }: { store: Store; isOwn: boolean }) {
  const { preview } = store.validation;
  if (isOwn) {
    const parts = [...(preview?.server ?? []), ...(preview?.url ?? [])];
    if (!parts.some(({ pointer }) => pointer && pointer !== "/httpRequest/url")) return null;
    return <code class="url whole" role="group" aria-label="URL"><Parts parts={parts} store={store} /></code>;
  }
  return (
    <code class="url" role="group" aria-label="Path and query">
      {preview?.url.length
        ? <Parts parts={preview.url} store={store} />
        : <span class="muted">{store.task.form?.target || store.task.endpoint?.item.path}</span>}
    </code>
  );
}

/** The number of attempts and the timeouts, each a link to its setting. */
function Terms({ store, root }: { store: Store; root: Slot }) {
  const slotOf = (name: string) => root.kids.find(({ field }) => field.name === name);
  /** The value of the timeout *name* in words. */
  const timeout = (name: string): string => {
    const slot = slotOf(name);
    const value = slot && dump(slot);
    return isExpression(value) ? "by expression" : `${valueText(value ?? slot?.field.default)} s`;
  };
  const go = (name: string) => () => {
    const slot = slotOf(name)!;
    slot.on = true;
    store.task.redraw();
    store.focusWanted = `f-/${name}`;
    store.update();
  };
  const retry = slotOf("retry");
  const maxAttempts = retry?.on ? retry.kids.find(({ field }) => field.name === "maxAttempts") : undefined;
  // 0 or NaN (shown as "Retry") for a number that is not known here, an expression for example.
  const attempts = maxAttempts ? Number(dump(maxAttempts) ?? maxAttempts.field.default ?? 0) : 1;
  return (
    <>
      {retry && (
        <button class="quiet" onClick={go("retry")}>
          <Icon name="retry" />{attempts ? plural(attempts, "attempt") : "Retry"}
        </button>
      )}
      {slotOf("readTimeoutSeconds") && (
        <button class="quiet wide" onClick={go("readTimeoutSeconds")}>
          <Icon name="clock" />Read timeout {timeout("readTimeoutSeconds")}
        </button>
      )}
      {slotOf("totalTimeoutSeconds") && (
        <button
          class="quiet" aria-label={`Total timeout ${timeout("totalTimeoutSeconds")}`} onClick={go("totalTimeoutSeconds")}
        >
          <Icon name="clock" /><span class="wide">Total timeout </span>{timeout("totalTimeoutSeconds")}
        </button>
      )}
    </>
  );
}

/** Whether the request can be sent. The number of problems turns red once a field was left or Test was pressed. */
function Readiness({ store }: { store: Store }) {
  const { errors, isAsked } = store.validation;
  const showInput = () => { store.focusWanted = "sample-input"; store.update(); };
  if (errors.length)
    return (
      <button class={isAsked ? "chip bad" : "chip todo"} onClick={() => store.validation.goToProblem()} title="Go to the first one (F8)">
        {isAsked && <Icon name="alert" />}{plural(errors.length, "problem")}
      </button>
    );
  if (store.workflow.unreached.has(store.task.name!))
    return <span class="chip bad" title="No task leads here from the start"><Icon name="alert" />never reached</span>;
  const warnings = store.validation.problems.length;
  if (store.task.sendsAsWritten)
    return (
      <button class="chip tag" title="The check of the settings is “note”: go to it" onClick={() => store.goTo("/checkSettings")}>
        <Icon name="alert" />Always sends{warnings ? `, with ${plural(warnings, "warning")}` : ", whatever the description says"}
      </button>
    );
  if (store.tests.lacksInput) return <button class="chip tag" onClick={showInput}>needs a sample input</button>;
  return <span class="chip good"><Icon name="check" />All required fields are filled</span>;
}

/** The button "Copy as curl", and a menu with the other languages, the task's JSON, and "Change API". */
function CopyAs({ store }: { store: Store }) {
  const menu = useRef<HTMLDetailsElement>(null);
  const close = () => { if (menu.current) menu.current.open = false; };
  const languages = Object.entries(LANGUAGES) as [keyof typeof LANGUAGES, string][];
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !menu.current!.open) return;
    event.stopPropagation();
    close();
    menu.current!.querySelector("summary")!.focus();
  };
  return (
    <span class="menu">
      <button class="quiet wide" onClick={() => void store.copying.task("curl")}>Copy as curl</button>
      <details
        ref={menu} onFocusOut={(event) => { if (!event.currentTarget.contains(event.relatedTarget as Node)) close(); }}
        onKeyDown={onKeyDown}
      >
        <summary aria-label="Copy as …" title="Copy as …, change API"><Icon name="more" /></summary>
        <div class="menu-items">
          <button class="quiet" onClick={() => { close(); void store.copying.task("json"); }}>Copy JSON</button>
          <button class="quiet" onClick={() => { close(); store.task.pick("change"); }}>Change API</button>
          {languages.map(([language, name]) => (
            <button key={language} class="quiet" onClick={() => { close(); void store.copying.task(language); }}>
              {name.replace(/^an? /, "")}
            </button>
          ))}
        </div>
      </details>
    </span>
  );
}

/** The address of the endpoint's server: one of those in the description, or another one in a text field. */
function ServerPicker({ store, url }: { store: Store; url: Slot }) {
  const redraw = useRedraw();
  const target = store.task.form?.target ?? "";
  const addresses = (store.task.endpoint?.servers ?? []).flatMap(variants);
  const written = url.fx ? url.expr : (url.raw ?? url.text);
  /** The URL without the endpoint's target; null if the URL does not end with that. */
  const address = target && written.endsWith(target) ? written.slice(0, written.length - target.length) : null;
  const documented = addresses.find((server) => server.address === address);
  const [isOther, setOther] = useState(!documented);
  const id = idOf("/httpRequest/url");
  const problems = store.validation.shownProblems("/httpRequest/url", url.touched);
  const write = (text: string) => {
    Object.assign(url, { fx: isExpression(text), expr: text, text, raw: null });
    store.task.changed("/httpRequest/url");
    redraw();
  };
  const choose = (value: string) => {
    setOther(!value);
    if (value) write(value + target);
    else store.focusWanted = "f-/httpRequest/url";
    store.update();
  };
  const showsDescriptions = addresses.length > 1 || isOther;
  return (
    <>
      {addresses.length > 0 && (
        <span class="server">
          <Icon name="globe" />
          <select
            aria-label="Server" title={documented?.description} value={isOther ? "" : address!}
            onChange={typed(choose)}
          >
            {addresses.map((server) => (
              <option key={server.address} value={server.address}>
                {server.address}{showsDescriptions && server.description && ` (${server.description})`}
              </option>
            ))}
            <option value="">another address …</option>
          </select>
        </span>
      )}
      {isOther && (
        <input
          id={id} class={address === null ? "code whole-url" : "code"} value={address ?? written}
          placeholder="https://api.example.com" aria-label={addresses.length ? "Address" : address !== null ? "Server" : "URL"}
          aria-required="true" aria-describedby={describedBy(id, problems)}
          onPaste={(event) => { if (!store.task.endpoint) store.pasting.pasted(event, store.task.name); }}
          onInput={typed((value) => write(value + (address !== null ? target : "")))}
          onBlur={() => { url.touched = true; setTimeout(redraw, LATER); }}
        />
      )}
      {problems.length > 0 && (
        <span class="line-problems"><Problems id={id} pointer="/httpRequest/url" problems={problems} />
          {problems.some(({ code }) => code === "secret-in-the-open") && <Panel name="MoveSecret" of={{ pointer: "/httpRequest/url", slot: url }} until=" " />}
        </span>
      )}
    </>
  );
}

const MOST_VARIANTS = 40;
/** The server's address as documented, and one address for each combination of its variables' values (at most 40). */
function variants({ url, address, description, variables }: Server): { address: string; description?: string }[] {
  let urls = [url];
  for (const [name, { default: fallback = "", enum: values }] of Object.entries(variables ?? {})) {
    const filled = urls.flatMap((template) => (values ?? [fallback]).map((value) => template.replaceAll(`{${name}}`, value)));
    urls = filled.slice(0, MOST_VARIANTS);
  }
  return [...new Set([address, ...urls])].map((variant) => ({ address: variant, description }));
}

/** The names of the task's credentials: a text for each, with the known credentials as suggestions. */
function CredentialPicker({ store, slot }: { store: Store; slot: Slot }) {
  const redraw = useRedraw();
  const { security } = store.task.endpoint ?? {};
  /** How many credentials each alternative of the description needs; none if a credential is optional. */
  const neededCounts = security?.known && !security.optional ? security.alternatives.map(({ length }) => length) : [];
  const names = namesIn(slot);
  /** The names as typed, with rows that are still empty; out of date once the names were changed elsewhere. */
  const [lines, setLines] = useState(names);
  const current = distinct(lines).join("\n") === names.join("\n") ? lines : names;
  const rows = current.length ? current : [""];
  const id = "f-/credentials";
  const problems = store.validation.shownProblems("/credentials", true);
  const write = (newNames: string[]) => {
    setLines(newNames);
    writeNames(store, newNames);
    redraw();
  };
  const addRow = () => {
    setLines([...rows, ""]);
    store.focusWanted = `${id}/${rows.length}`;
    store.update();
  };
  const openDialog = () => {
    store.credentialWish = { name: names[0] ?? "", index: 0 };
    store.update();
  };
  const needsMore = names.length === 1 && neededCounts.length > 0 && Math.min(...neededCounts) > 1;
  return (
    <span class="credential">
      <button
        type="button" class="quiet square" aria-label="Credentials …" title="Make, change or test credentials" onClick={openDialog}
      >
        <Icon name="key" />
      </button>
      {rows.map((name, index) => (
        <span key={index}>
          <Suggested
            id={index ? `${id}/${index}` : id}
            values={store.credentials.map((credential) => [credential.name, `${credential.kind}, •••`])} value={name}
            placeholder={neededCounts.length ? "none; one is asked for" : "no credential"}
            aria-label={`Credential${rows.length > 1 ? ` ${index + 1}` : ""}`} aria-describedby={describedBy(id, problems)}
            onFocus={() => void store.loadCredentials()}
            onInput={typed((value) => write(rows.map((row, position) => (position === index ? value : row))))}
          />
          {rows.length > 1 && (
            <IconButton
              icon="close" label={`Leave out credential ${index + 1}`}
              onClick={() => write(rows.filter((_, position) => position !== index))}
            />
          )}
        </span>
      ))}
      {rows.every(Boolean) && <IconButton icon="plus" label="And another" title="And another credential" onClick={addRow} />}
      {needsMore && <span class="muted small">The description asks for several together.</span>}
      <Problems id={id} pointer="/credentials" problems={problems} />
    </span>
  );
}
