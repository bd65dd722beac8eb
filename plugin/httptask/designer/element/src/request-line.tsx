// The head of a request: its name, where it goes, with which credential, and the buttons to do it.
import { useRef, useState } from "preact/hooks";
import { plural } from "./amounts";
import { LANGUAGES } from "./copying";
import { Suggested } from "./editors";
import { isExpression } from "./json";
import { dump, type Slot } from "./slots";
import type { Store } from "./store";
import { distinct, namesIn, writeNames } from "./task-credentials";
import { TaskTitle } from "./task-title";
import { EnvironmentPicker } from "./trying";
import type { Server } from "./types";
import { describedBy, Icon, IconButton, idOf, Method, Problems, typed, useRedraw } from "./ui";

export function Head({ store, root, request }: { store: Store; root: Slot; request: Slot }) {
  const { run } = store.tests;
  const { name: current } = store.task;
  const method = request.kids.find(({ field }) => field.name === "method")!;
  const name = String(dump(method) ?? "GET");
  const count = store.validation.errors.length;
  const path = store.task.form?.target || String(dump(request.kids[0]!) ?? "").replace(/^https?:\/\/[^/]*/, "");
  return (
    <header class="head">
      <div class="title-row">
        <TaskTitle />
        {count > 0 ? (
          <button class="chip bad" onClick={() => store.validation.goToProblem()} title="Go to the first one">
            <Icon name="alert" />{plural(count, "problem")}
          </button>
        ) : store.workflow.unreached.has(current!) ? <span class="chip bad" title="No task leads here from the start"><Icon name="alert" />never reached</span>
          : store.tests.lacksInput ? (
          <button class="chip tag" onClick={() => { store.focusWanted = "sample-input"; store.update(); }}>needs a sample input</button>
        ) : <span class="chip good">ready</span>}
      </div>
      <div class="path">
        <Method method={name} /> <span class="grow">{path}</span>
        <button class="link" onClick={() => store.task.pick("change")}>Change API</button>
      </div>
      <div class="toolbar">
        <button
          type="button" id="test" class={run ? "primary danger" : "primary"} disabled={!!run?.cancelling}
          onClick={() => (run ? store.tests.cancel() : void store.tests.send())}
        >
          <Icon name={run ? "stop" : "play"} />{run ? (run.cancelling ? "Cancelling" : "Cancel") : "Test request"} <kbd>{run ? "Esc" : "Ctrl ⏎"}</kbd>
        </button>
        <button disabled={store.saving.underWay} onClick={() => void store.saving.save()}>Save task <kbd>Ctrl S</kbd></button>
        <span class="grow" />
        <button class="quiet" onClick={() => void store.copying.task("json")}>Copy JSON</button>
        <CopyAs store={store} />
      </div>
      <div class="pickers" key={root.key}>
        <ServerPicker store={store} url={request.kids[0]!} />
        <EnvironmentPicker url={String(dump(request.kids[0]!) ?? "")} />
        <CredentialPicker store={store} slot={root.kids.find(({ field }) => field.name === "credentials")!} />
      </div>
    </header>
  );
}

/** Copy as curl, the usual one; the other languages are one press away. */
function CopyAs({ store }: { store: Store }) {
  const menu = useRef<HTMLDetailsElement>(null);
  const close = () => { menu.current!.open = false; };
  const others = Object.entries(LANGUAGES).filter(([language]) => language !== "curl") as [keyof typeof LANGUAGES, string][];
  return (
    <span class="menu">
      <button class="quiet" onClick={() => void store.copying.task("curl")}>Copy as curl</button>
      <details
        ref={menu} onFocusOut={(event) => { if (!event.currentTarget.contains(event.relatedTarget as Node)) close(); }}
        onKeyDown={(event) => { if (event.key === "Escape" && menu.current!.open) { event.stopPropagation(); close(); menu.current!.querySelector("summary")!.focus(); } }}
      >
        <summary aria-label="Copy as …" title="Copy as …">…</summary>
        <div class="menu-items">
          {others.map(([language, name]) => <button key={language} class="quiet" onClick={() => { close(); void store.copying.task(language); }}>{name.replace(/^an? /, "")}</button>)}
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
  return (
    <div class="picker">
      {addresses.length > 0 && (
        <label>
          <span>Server</span>
          <select
            aria-label="Server" value={other ? "" : address!}
            onChange={typed((value) => { const chosen = value; setOther(!chosen); if (chosen) write(chosen + target); })}
          >
            {addresses.map((each) => <option key={each.address} value={each.address}>{each.address}{each.description && ` (${each.description})`}</option>)}
            <option value="">another address …</option>
          </select>
        </label>
      )}
      {other && (
        <label>
          <span>{addresses.length ? "Address" : address !== null ? "Server" : "URL"}</span>
          <input
            id={id} class="code" value={address ?? written} placeholder="https://api.example.com"
            aria-required="true" aria-describedby={describedBy(id, problems)}
            onPaste={(event) => { if (!store.task.endpoint) store.pasting.pasted(event, store.task.name); }}
            onInput={typed((value) => write(value + (address !== null ? target : "")))} onBlur={() => { url.touched = true; setTimeout(redraw, 250); }}
          />
        </label>
      )}
      <Problems id={id} pointer="/httpRequest/url" problems={problems} />
    </div>
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
    <div class="picker">
      {rows.map((name, index) => (
        <label key={index}>
          <span>Credential{rows.length > 1 ? ` ${index + 1}` : ""}</span>
          <Suggested
            id={index ? `${id}/${index}` : id} values={store.credentials.map((each) => [each.name, `${each.kind}, •••`])} value={name} placeholder={asked.length ? "none; one is asked for" : "none"}
            aria-describedby={describedBy(id, problems)} onFocus={() => void store.loadCredentials()}
            onInput={typed((value) => write(rows.map((each, at) => (at === index ? value : each))))}
          />
          {rows.length > 1 && <IconButton icon="close" label={`Leave out credential ${index + 1}`} onClick={() => write(rows.filter((_, at) => at !== index))} />}
        </label>
      ))}
      {several && <span class="muted small">The description asks for several together.</span>}
      <button type="button" class="link" onClick={() => { store.credentialWish = { name: names[0] ?? "", index: 0 }; store.update(); }}>Credentials …</button>
      {rows.every(Boolean) && <button type="button" class="link" onClick={() => { setLines([...rows, ""]); store.focusWanted = `${id}/${rows.length}`; store.update(); }}>And another</button>}
      <Problems id={id} pointer="/credentials" problems={problems} />
    </div>
  );
}
