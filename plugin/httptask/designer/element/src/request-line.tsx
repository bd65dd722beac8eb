// The head of a request: its name, where it goes, with which credential, and the buttons to do it.
import { useRef, useState } from "preact/hooks";
import { plural } from "./amounts";
import { LANGUAGES } from "./copying";
import { LATER } from "./field-place";
import { isExpression } from "./json";
import { dump, type Slot } from "./slots";
import type { Store } from "./store";
import { Panel } from "./panel";
import { Suggested } from "./suggested";
import { distinct, namesIn, writeNames } from "./task-credentials";
import { TaskTitle } from "./task-title";
import { EnvironmentPicker } from "./trying";
import type { Server } from "./types";
import { Parts } from "./parts";
import { describedBy, Icon, IconButton, idOf, Method, Problems, typed, useRedraw, useUi } from "./ui";

export function Head({ store, root, request }: { store: Store; root: Slot; request: Slot }) {
  const url = request.kids[0]!;
  const item = store.task.endpoint?.item;
  const { live, colour = live ? "var(--ht-bad)" : undefined } = store.environments.current ?? {};
  return (
    <header class="head" style={colour ? { borderBottom: `2px solid ${colour}` } : undefined}>
      <div class="title-row">
        <TaskTitle />
        {item && <span class="muted of wide">{[item.api?.title ?? item.provider, item.title || item.path].join(" · ")}</span>}
        <span class="grow" />
        {store.task.endpoint && (
          <button class="quiet" aria-pressed={store.reference} title="What the API's description says (F1)" onClick={() => store.showReference(!store.reference)}><Icon name="book" />Reference</button>
        )}
        <CopyAs store={store} />
      </div>
      <div class="request-line" key={root.key}>
        <MethodControl store={store} request={request} />
        <ServerPicker store={store} url={url} />
        <LiveUrl store={store} isOwn={!store.task.form?.target && !item} />
        <TestButton id="test" />
      </div>
      <div class="facts" key={`facts-${root.key}`}>
        <CredentialPicker store={store} slot={root.kids.find(({ field }) => field.name === "credentials")!} />
        <Terms store={store} root={root} />
        {store.validation.preview?.item && <Panel name="ItemChoice" until=" " />}
        <EnvironmentPicker url={String(dump(url) ?? "")} />
        <span class="grow" />
        <Readiness store={store} />
      </div>
    </header>
  );
}

/** Sends the request, or stops the one under way. */
export function TestButton({ id }: { id?: string }) {
  const { store } = useUi();
  const { run } = store.tests;
  return (
    <button
      type="button" id={id} class={run ? "primary danger" : "primary"} disabled={!!run?.cancelling}
      onClick={() => (run ? store.tests.cancel() : void store.tests.send())}
    >
      <Icon name={run ? "stop" : "play"} />{run ? (run.cancelling ? "Cancelling" : "Cancel") : "Test request"} <kbd>{run ? "Esc" : "Ctrl ⏎"}</kbd>
    </button>
  );
}

/** Any token is a method (RFC 9110, section 9.1): the known ones are offered where the description names none. */
function MethodControl({ store, request }: { store: Store; request: Slot }) {
  const redraw = useRedraw();
  const slot = request.kids.find(({ field }) => field.name === "method")!;
  const name = String(dump(slot) ?? "GET");
  if (slot.field.kind === "const") return <Method method={name} />;
  const pointer = "/httpRequest/method";
  const id = idOf(pointer);
  const problems = store.validation.shownProblems(pointer, slot.touched);
  const write = (text: string) => {
    Object.assign(slot, { fx: isExpression(text), expr: text, text, on: true });
    store.task.changed(pointer);
    redraw();
  };
  return (
    <span class={`free-method method ${name.toLowerCase()}`}>
      <Suggested
        id={id} values={(slot.field.keys?.values as string[]).map((value) => [value] as [string])} value={slot.fx ? slot.expr : slot.text} aria-label="Method" placeholder="GET"
        aria-describedby={describedBy(id, problems)} onInput={typed(write)} onBlur={() => { slot.touched = true; setTimeout(redraw, LATER); }}
      />
      <Problems id={id} pointer={pointer} problems={problems} />
    </span>
  );
}

/** Path and query as they go out, told by the server. A value leads to its field. Of an own request all of the URL, where fields fill in more than its text says. */
function LiveUrl({ store, isOwn }: { store: Store; isOwn: boolean }) {
  const { preview } = store.validation;
  if (isOwn) {
    const parts = [...(preview?.server ?? []), ...(preview?.url ?? [])];
    if (!parts.some(({ pointer }) => pointer && pointer !== "/httpRequest/url")) return null;
    return <code class="url whole" role="group" aria-label="URL"><Parts parts={parts} store={store} /></code>;
  }
  return (
    <code class="url" role="group" aria-label="Path and query">
      {preview?.url.length ? <Parts parts={preview.url} store={store} /> : <span class="muted">{store.task.form?.target || store.task.endpoint?.item.path}</span>}
    </code>
  );
}

/** How often it is tried, and how long: each leads to its setting. */
function Terms({ store, root }: { store: Store; root: Slot }) {
  const slotOf = (name: string) => root.kids.find(({ field }) => field.name === name);
  const shown = (name: string): string => {
    const slot = slotOf(name);
    const value = slot && dump(slot);
    return isExpression(String(value ?? "")) ? "by expression" : `${String(value ?? slot?.field.default ?? "")} s`;
  };
  const go = (name: string) => () => {
    const slot = slotOf(name)!;
    slot.on = true;
    store.task.redraw();
    store.focusWanted = `f-/${name}`;
    store.update();
  };
  const retry = slotOf("retry");
  const most = retry?.on ? retry.kids.find(({ field }) => field.name === "maxAttempts") : undefined;
  const attempts = most ? Number(dump(most) ?? most.field.default ?? 0) : 1;
  return (
    <>
      {retry && <button class="quiet" onClick={go("retry")}><Icon name="retry" />{attempts ? plural(attempts, "attempt") : "Retry"}</button>}
      {slotOf("readTimeoutSeconds") && <button class="quiet wide" onClick={go("readTimeoutSeconds")}><Icon name="clock" />Read timeout {shown("readTimeoutSeconds")}</button>}
      {slotOf("totalTimeoutSeconds") && <button class="quiet" aria-label={`Total timeout ${shown("totalTimeoutSeconds")}`} onClick={go("totalTimeoutSeconds")}><Icon name="clock" /><span class="wide">Total timeout </span>{shown("totalTimeoutSeconds")}</button>}
    </>
  );
}

/** Whether it can be sent; nothing is red before a field was left, or Test pressed. */
function Readiness({ store }: { store: Store }) {
  const { errors, isAsked } = store.validation;
  if (errors.length)
    return (
      <button class={isAsked ? "chip bad" : "chip todo"} onClick={() => store.validation.goToProblem()} title="Go to the first one (F8)">
        {isAsked && <Icon name="alert" />}{plural(errors.length, "problem")}
      </button>
    );
  if (store.workflow.unreached.has(store.task.name!)) return <span class="chip bad" title="No task leads here from the start"><Icon name="alert" />never reached</span>;
  if (store.tests.lacksInput) return <button class="chip tag" onClick={() => { store.focusWanted = "sample-input"; store.update(); }}>needs a sample input</button>;
  return <span class="chip good"><Icon name="check" />All required fields are filled</span>;
}

/** Copy as curl, the usual one; the other languages are one press away. */
function CopyAs({ store }: { store: Store }) {
  const menu = useRef<HTMLDetailsElement>(null);
  const close = () => { if (menu.current) menu.current.open = false; };
  const languages = Object.entries(LANGUAGES) as [keyof typeof LANGUAGES, string][];
  return (
    <span class="menu">
      <button class="quiet wide" onClick={() => void store.copying.task("curl")}>Copy as curl</button>
      <details
        ref={menu} onFocusOut={(event) => { if (!event.currentTarget.contains(event.relatedTarget as Node)) close(); }}
        onKeyDown={(event) => { if (event.key === "Escape" && menu.current!.open) { event.stopPropagation(); close(); menu.current!.querySelector("summary")!.focus(); } }}
      >
        <summary aria-label="Copy as …" title="Copy as …, change API"><Icon name="more" /></summary>
        <div class="menu-items">
          <button class="quiet" onClick={() => { close(); void store.copying.task("json"); }}>Copy JSON</button>
          <button class="quiet" onClick={() => { close(); store.task.pick("change"); }}>Change API</button>
          {languages.map(([language, name]) => <button key={language} class="quiet" onClick={() => { close(); void store.copying.task(language); }}>{name.replace(/^an? /, "")}</button>)}
        </div>
      </details>
    </span>
  );
}

/** Where the endpoint is served: one of the documented addresses, or another. */
function ServerPicker({ store, url }: { store: Store; url: Slot }) {
  const redraw = useRedraw();
  const target = store.task.form?.target ?? "";
  const addresses = (store.task.endpoint?.servers ?? []).flatMap(variants);
  const written = url.fx ? url.expr : url.text;
  const address = target && written.endsWith(target) ? written.slice(0, written.length - target.length) : null;
  const [other, setOther] = useState(!addresses.some((each) => each.address === address));
  const id = idOf("/httpRequest/url");
  const problems = store.validation.shownProblems("/httpRequest/url", url.touched);
  const write = (text: string) => {
    url.fx = isExpression(text);
    url.expr = url.text = text;
    store.task.changed("/httpRequest/url");
    redraw();
  };
  const many = addresses.length > 1 || other;
  return (
    <>
      {addresses.length > 0 && (
        <span class="server">
          <Icon name="globe" />
          <select
            aria-label="Server" title={addresses.find((each) => each.address === address)?.description} value={other ? "" : address!}
            onChange={typed((value) => { setOther(!value); if (value) write(value + target); else store.focusWanted = "f-/httpRequest/url"; store.update(); })}
          >
            {addresses.map((each) => <option key={each.address} value={each.address}>{each.address}{many && each.description && ` (${each.description})`}</option>)}
            <option value="">another address …</option>
          </select>
        </span>
      )}
      {other && (
        <input
          id={id} class={address === null ? "code whole-url" : "code"} value={address ?? written} placeholder="https://api.example.com" aria-label={addresses.length ? "Address" : address !== null ? "Server" : "URL"}
          aria-required="true" aria-describedby={describedBy(id, problems)}
          onPaste={(event) => { if (!store.task.endpoint) store.pasting.pasted(event, store.task.name); }}
          onInput={typed((value) => write(value + (address !== null ? target : "")))} onBlur={() => { url.touched = true; setTimeout(redraw, LATER); }}
        />
      )}
      {problems.length > 0 && <span class="line-problems"><Problems id={id} pointer="/httpRequest/url" problems={problems} /></span>}
    </>
  );
}

const MOST_VARIANTS = 40;
/** The address as documented, and one for each value its variables may have. */
function variants({ url, address, description, variables }: Server): { address: string; description?: string }[] {
  let all = [url];
  for (const [name, { default: fallback = "", enum: values }] of Object.entries(variables ?? {}))
    all = all.flatMap((each) => (values ?? [fallback]).map((value) => each.replaceAll(`{${name}}`, value))).slice(0, MOST_VARIANTS);
  return [...new Set([address, ...all])].map((each) => ({ address: each, description }));
}

/** The names of credentials: each one of those that are known, or another that a store may know. */
function CredentialPicker({ store, slot }: { store: Store; slot: Slot }) {
  const redraw = useRedraw();
  const { security } = store.task.endpoint ?? {};
  const asked = security?.known && !security.optional ? security.alternatives.map(({ length }) => length) : [];
  const names = namesIn(slot);
  /** As typed, with rows that are still empty; out of date once the names were written elsewhere. */
  const [lines, setLines] = useState(names);
  const current = distinct(lines).join("\n") === names.join("\n") ? lines : names;
  const rows = current.length ? current : [""];
  const id = "f-/credentials";
  const problems = store.validation.shownProblems("/credentials", true);
  const write = (now: string[]) => {
    setLines(now);
    writeNames(store, now);
    redraw();
  };
  const several = names.length === 1 && asked.length > 0 && Math.min(...asked) > 1;
  return (
    <span class="credential">
      <button type="button" class="quiet square" aria-label="Credentials …" title="Make, change or test credentials" onClick={() => { store.credentialWish = { name: names[0] ?? "", index: 0 }; store.update(); }}><Icon name="key" /></button>
      {rows.map((name, index) => (
        <span key={index}>
          <Suggested
            id={index ? `${id}/${index}` : id} values={store.credentials.map((each) => [each.name, `${each.kind}, •••`])} value={name} placeholder={asked.length ? "none; one is asked for" : "no credential"}
            aria-label={`Credential${rows.length > 1 ? ` ${index + 1}` : ""}`} aria-describedby={describedBy(id, problems)} onFocus={() => void store.loadCredentials()}
            onInput={typed((value) => write(rows.map((each, at) => (at === index ? value : each))))}
          />
          {rows.length > 1 && <IconButton icon="close" label={`Leave out credential ${index + 1}`} onClick={() => write(rows.filter((_, at) => at !== index))} />}
        </span>
      ))}
      {rows.every(Boolean) && <IconButton icon="plus" label="And another" title="And another credential" onClick={() => { setLines([...rows, ""]); store.focusWanted = `${id}/${rows.length}`; store.update(); }} />}
      {several && <span class="muted small">The description asks for several together.</span>}
      <Problems id={id} pointer="/credentials" problems={problems} />
    </span>
  );
}
