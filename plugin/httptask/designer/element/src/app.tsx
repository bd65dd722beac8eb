// The whole: three columns and a status line.
import { useLayoutEffect } from "preact/hooks";
import { Panel } from "./panel";
import { loaded, prefetchPanels } from "./panel-module";
import { Request } from "./request";
import { Search } from "./search";
import type { Store, Tab } from "./store";
import { type CredentialWish, namesIn, slotOf, writeNames } from "./task-credentials";
import { afterPaint, Failed, IconButton, idOf, Tabs, UiContext, useRedraw } from "./ui";
import { WorkflowPanel } from "./workflow-panel";

export function App({ store, shadow, onTheme }: { store: Store; shadow: ShadowRoot; onTheme: () => void }) {
  const redraw = useRedraw();
  useLayoutEffect(() => store.subscribe(redraw), [store]);
  useLayoutEffect(prefetchPanels, []);
  /** Drawn at once, or when a panel has come. */
  const focus = (id: string) => setTimeout(() => {
    const control = shadow.getElementById(id);
    if (control) control.focus();
    else void loaded().then(() => setTimeout(() => shadow.getElementById(id)?.focus(), 0));
  }, 0);
  useLayoutEffect(() => {
    if (store.focusWanted === null) return;
    const wanted = store.focusWanted;
    store.focusWanted = null;
    // To move the focus before would lay out every field, seen or not.
    afterPaint(() => {
      const first = wanted === "first" ? firstEmpty(shadow) : shadow.getElementById(wanted.startsWith("f-") ? idOf(wanted.slice(2)) : wanted);
      first?.focus();
      if (wanted.startsWith("f-")) first?.scrollIntoView({ block: "center" });
    });
  });
  // In one column the response stands below the form.
  useLayoutEffect(() => { if (store.tests.run) shadow.getElementById("right-panel")!.scrollIntoView({ block: "nearest" }); }, [store.tests.run]);
  return (
    <UiContext.Provider value={{ store, focus }}>
      <div class="root" spellcheck={false}>
        {store.failure || !store.config ? (
          <main class="whole">
            <h1>HTTP tasks</h1>
            {store.failure ? <Failed failure={store.failure}><button onClick={() => void store.start(store.workflow.id, store.task.name)}>Try again</button></Failed> : <p role="status">Loading …</p>}
          </main>
        ) : (
          <div class="columns">
            <WorkflowPanel />
            <main class="middle" aria-label="Task" onDragOver={holdsFiles} onDrop={(event) => store.pasting.dropped(event)}>{store.task.picking ? <Search /> : <Request />}</main>
            <Right store={store} />
          </div>
        )}
        {store.pasting.text !== null && <Panel name="Pasted" />}
        {store.credentialWish && store.task.root && <CredentialDialog store={store} wish={store.credentialWish} />}
        <footer class="statusline">
          <span class="said" role="status">{store.status}</span>
          <span class="grow" />
          {store.config && <span class="muted">httptask {store.config.version}</span>}
          <IconButton icon="theme" label="Light or dark" onClick={onTheme} />
        </footer>
      </div>
    </UiContext.Provider>
  );
}

/** A file may be dropped here; the browser would leave the page for it. */
function holdsFiles(event: DragEvent): void {
  if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
}

function CredentialDialog({ store, wish }: { store: Store; wish: CredentialWish }) {
  const use = (name: string) => {
    const names = namesIn(slotOf(store));
    names[wish.index] = name;
    writeNames(store, names);
    store.focusWanted = "test";
    store.task.redraw();
  };
  return <Panel name="Credentials" of={{ wish, onUse: use, onClose: () => { store.credentialWish = null; store.update(); } }} />;
}

/** The first required control that is still empty, else the button that sends the request. */
function firstEmpty(shadow: ShadowRoot): HTMLElement | null {
  const controls = shadow.querySelectorAll<HTMLInputElement>('.request [aria-required="true"]');
  return [...controls].find((control) => !control.value) ?? shadow.getElementById("test");
}

const PANES = { reference: "Reference", response: "Response", history: "History", runs: "RunPanel" } as const;
function Right({ store }: { store: Store }) {
  const tabs: [Tab, string][] = [["reference", "API reference"], ["response", "Response"], ["history", store.history.items.length ? `History (${store.history.items.length})` : "History"], ["runs", "Runs"]];
  const { tab } = store;
  return (
    <aside class="right" aria-label="Reference and response">
      <Tabs id="right" label="Reference and response" tabs={tabs} chosen={tab} onChoose={(chosen) => { store.tab = chosen; store.update(); }} />
      <div role="tabpanel" id="right-panel" aria-labelledby={`right-tab-${tab}`} class="scroll" tabIndex={0}>
        <Panel key={tab === "reference" ? `reference ${store.task.endpoint?.item.id}` : tab} name={PANES[tab]} />
      </div>
    </aside>
  );
}
