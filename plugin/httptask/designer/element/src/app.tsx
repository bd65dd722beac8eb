// The whole: its head, three parts, and a status line. Where there is room for one part, tabs choose it.
import { useLayoutEffect, useRef } from "preact/hooks";
import { FieldRow } from "./field-row";
import { KEYS } from "./keys";
import { Notices } from "./notices";
import { Panel } from "./panel";
import { loaded } from "./panel-module";
import { Request } from "./request";
import { TestButton } from "./request-line";
import { type Pane, PANES, type Store, type Tab } from "./store";
import { type CredentialWish, namesIn, slotOf, writeNames } from "./task-credentials";
import { TopBar } from "./top-bar";
import { afterPaint, Failed, Icon, IconButton, idOf, Tabs, typed, UiContext, useRedraw } from "./ui";
import * as flow from "./workflow";
import { WorkflowPanel } from "./workflow-panel";

export function App({ store, shadow }: { store: Store; shadow: ShadowRoot }) {
  const redraw = useRedraw();
  useLayoutEffect(() => store.subscribe(redraw), [store]);
  const wishes = useRef(0);
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
    const wish = ++wishes.current;
    const before = shadow.activeElement;
    // To move the focus before would lay out every field, seen or not.
    afterPaint(() => {
      // The latest wish counts, and a person who has moved to another field meanwhile stays there.
      if (wish !== wishes.current || (shadow.activeElement && shadow.activeElement !== before)) return;
      const first = wanted === "first" ? firstEmpty(shadow) : shadow.getElementById(wanted.startsWith("f-") ? idOf(wanted.slice(2)) : wanted);
      first?.focus();
      store.focusMissed = first ? null : wanted;
      if (!first) store.update(); // a form that came meanwhile takes it
      if (wanted.startsWith("f-")) first?.scrollIntoView({ block: "center" });
    });
  });
  useLayoutEffect(() => {
    const step = store.paneWanted;
    if (step === null) return;
    store.paneWanted = null;
    store.pane = nextPane(shadow, step);
    store.update();
    afterPaint(() => focusPane(shadow, store.pane));
  });
  return (
    <UiContext.Provider value={{ store, focus, problemsAt: store.validation.shownProblems, Row: FieldRow }}>
      <div class="root" spellcheck={false}>
        {store.failure || !store.isReady ? (
          <main class="whole">
            <h1>HTTP tasks</h1>
            {store.failure ? <Failed failure={store.failure}><button onClick={() => void store.start(store.workflow.id, store.task.name)}>Try again</button></Failed> : <p role="status">Loading …</p>}
          </main>
        ) : (
          <>
            <TopBar />
            <Notices />
            <PaneTabs store={store} />
            <main class="columns" aria-label="Task" data-pane={store.pane} onFocusIn={(event) => noteField(store, event.target as Element)}>
              <WorkflowPanel />
              <div class="middle" onDragOver={holdsFiles} onDrop={(event) => store.pasting.dropped(event)}>{store.task.name === null ? store.task.picking && <Panel name="Search" of={{}} until={<SearchBox store={store} />} /> : store.task.picking && store.task.loading ? null : <Request />}</div>
              <Right store={store} />
            </main>
          </>
        )}
        {store.isReady && store.task.picking && store.task.name !== null && <Panel name="Search" of={{ over: true }} until=" " />}
        {store.pasting.text !== null && <Panel name="Pasted" />}
        {store.credentialWish && store.task.root && <CredentialDialog store={store} wish={store.credentialWish} />}
        {store.keysShown && <Panel name="KeysSheet" />}
        <footer>
          {store.isReady && (
            <div class="bottom-bar" role="group" aria-label="Save and test">
              <button disabled={store.saving.underWay} onClick={() => void store.saving.save()}><Icon name="save" />Save</button>
              {store.task.root && <TestButton />}
            </div>
          )}
          <div class="statusline">
            <span class="said" role="status">{store.status}</span>
            <span class="grow" />
            {store.isReady && <span class="hints">{KEYS.map(({ hint, keys }) => hint && <span key={hint}><kbd>{keys[0]}</kbd> {hint}</span>)}</span>}
            {store.config && <span class="muted version">httptask {store.config.version}</span>}
            <IconButton icon="theme" label="Light or dark" onClick={store.switchTheme} />
          </div>
        </footer>
      </div>
    </UiContext.Provider>
  );
}

/** Stands where the search will be; what is typed here meanwhile goes on there. */
function SearchBox({ store }: { store: Store }) {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => () => { store.asking = (input.current!.getRootNode() as ShadowRoot).activeElement === input.current; }, []);
  return <section class="search"><input ref={input} id="search" aria-label="Search the endpoints" value={store.asked} onInput={typed((text) => { store.asked = text; })} onPaste={(event) => store.pasting.pasted(event)} /></section>;
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

/** Note which field the reference follows. */
function noteField(store: Store, focused: Element): void {
  const pointer = /^f-(\/.*)/.exec(focused.closest('[id^="f-/"]')?.id ?? "")?.[1];
  if (pointer === undefined || pointer === store.field) return;
  store.field = pointer;
  if (store.reference) store.update();
}

const SELECTORS: Record<Pane, string> = { tasks: ".workflow", request: ".form, .search", response: ".right" };

/** The pane that F6 goes to from the one that has the focus. */
function nextPane(shadow: ShadowRoot, step: 1 | -1): Pane {
  const here = shadow.activeElement;
  const index = PANES.findIndex((pane) => here && shadow.querySelector(SELECTORS[pane])?.contains(here));
  const from = index < 0 ? 1 - Number(step === 1) : index; // of the head: the form is the next one
  return PANES[(from + step + PANES.length) % PANES.length]!;
}

function focusPane(shadow: ShadowRoot, pane: Pane): void {
  const part = shadow.querySelector(SELECTORS[pane]);
  const controls = 'button:not([disabled], [tabindex="-1"]), input, select, textarea, [tabindex="0"]';
  (part?.querySelector<HTMLElement>('[aria-current="true"], [aria-selected="true"][tabindex="0"]') ?? part?.querySelector<HTMLElement>(controls))?.focus();
}

function PaneTabs({ store }: { store: Store }) {
  const { run, result } = store.tests;
  const state = run?.task === store.task.name ? "under way" : (result?.ending.status ?? "");
  const tabs: [Pane, string][] = [
    ["tasks", `Tasks ${flow.listed(store.workflow.working).length}`], ["request", store.task.name === null ? "Add" : "Request"],
    ["response", state ? `Response ${state}` : "Response"],
  ];
  return (
    <nav class="pane-tabs" aria-label="Parts of the page">
      {tabs.map(([pane, title]) => <button key={pane} aria-pressed={store.pane === pane} onClick={() => { store.pane = pane; store.update(); }}>{title}</button>)}
    </nav>
  );
}

const TABS = { preview: "Preview", response: "Response", history: "History", runs: "RunPanel" } as const;

function Right({ store }: { store: Store }) {
  const count = store.history.items.length;
  const tabs: [Tab, string][] = [["preview", "Preview"], ["response", "Response"], ["history", count ? `History (${count})` : "History"], ["runs", "Runs"]];
  const { tab } = store;
  const reference = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (!store.reference || !store.isNarrow()) return;
    // A sheet hides what has the focus: it takes it, and gives it back.
    const root = reference.current!.getRootNode() as ShadowRoot;
    const before = root.activeElement as HTMLElement | null;
    reference.current!.focus();
    return () => { if (!root.activeElement) before?.focus(); };
  }, [store.reference]);
  const left = ({ currentTarget, relatedTarget }: { currentTarget: Element; relatedTarget: EventTarget | null }) => {
    if (store.isNarrow() && relatedTarget && !currentTarget.contains(relatedTarget as Node)) store.showReference(false);
  };
  return (
    <section class={store.reference ? "right covered" : "right"} aria-label="Preview and response">
      <Tabs id="right" label="Preview and response" tabs={tabs} chosen={tab} onChoose={(chosen) => store.show(chosen)} />
      <div role="tabpanel" id="right-panel" aria-labelledby={`right-tab-${tab}`} class="scroll" tabIndex={0} hidden={store.reference}>
        <Panel key={tab} name={TABS[tab]} />
      </div>
      {store.reference && (
        <section ref={reference} class="scroll" tabIndex={0} aria-label="API reference" onFocusOut={left}>
          <div class="drawer-head">
            <Icon name="book" /><strong>Reference</strong><span class="muted small grow">follows the field you edit</span>
            <IconButton icon="close" label="Close the reference" title="Close (Esc)" onClick={() => store.showReference(false)} />
          </div>
          <Panel key={store.task.endpoint?.item.id} name="Reference" />
        </section>
      )}
    </section>
  );
}
