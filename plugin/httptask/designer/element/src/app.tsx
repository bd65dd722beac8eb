// The whole page: top bar, three panes (tasks, request, response) and a status line. A narrow page shows one pane at a time, with tabs.
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

/** The designer, drawn from *store* into *shadow*. It redraws itself whenever the store changes. */
export function App({ store, shadow }: { store: Store; shadow: ShadowRoot }) {
  const redraw = useRedraw();
  useLayoutEffect(() => store.subscribe(redraw), [store]);
  /** How often somebody asked for the focus: tells the latest request from earlier ones. */
  const requests = useRef(0);
  /** The element may be in the page at once, or only when the module of the panels has been loaded. */
  const focus = (id: string) => setTimeout(() => {
    const control = shadow.getElementById(id);
    if (control) control.focus();
    else void loaded().then(() => setTimeout(() => shadow.getElementById(id)?.focus(), 0));
  }, 0);
  useLayoutEffect(() => {
    if (store.focusWanted === null) return;
    const wanted = store.focusWanted;
    store.focusWanted = null;
    const request = ++requests.current;
    const before = shadow.activeElement;
    // Moving the focus before the paint would make the browser lay out every field, visible or not.
    afterPaint(() => {
      // Only the latest request counts. If the user moved to another field meanwhile, the focus stays there.
      if (request !== requests.current || (shadow.activeElement && shadow.activeElement !== before)) return;
      const isField = wanted.startsWith("f-");
      const id = isField ? idOf(wanted.slice(2)) : wanted;
      const target = wanted === "first" ? firstEmpty(shadow) : shadow.getElementById(id);
      target?.focus();
      store.focusMissed = target ? null : wanted;
      if (!target) store.update(); // a form that was drawn meanwhile takes the focus from `focusMissed`
      if (isField) target?.scrollIntoView({ block: "center" });
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
  const { colour } = store.environments;
  return (
    <UiContext.Provider value={{ store, focus, problemsAt: store.validation.shownProblems, Row: FieldRow }}>
      <div class={colour ? "root targeted" : "root"} style={{ "--ht-target": colour ?? "" }} spellcheck={false}>
        {store.failure || !store.isReady ? (
          <main class="whole">
            <h1>HTTP tasks</h1>
            {store.failure ? (
              <Failed failure={store.failure}>
                <button onClick={() => void store.start(store.workflow.id, store.task.name)}>Try again</button>
              </Failed>
            ) : <p role="status">Loading …</p>}
          </main>
        ) : (
          <>
            <TopBar />
            <Notices />
            <PaneTabs store={store} />
            <main class="columns" aria-label="Task" data-pane={store.pane} onFocusIn={(event) => noteField(store, event.target as Element)}>
              <WorkflowPanel />
              <div class="middle" onDragOver={holdsFiles} onDrop={(event) => store.pasting.dropped(event)}>
                {store.task.name === null ? store.task.picking && <Panel name="Search" of={{}} until={<SearchBox store={store} />} />
                  : store.task.picking && store.task.loading ? null
                  : <Request />}
              </div>
              <Right store={store} />
            </main>
          </>
        )}
        {store.pasting.text !== null && <Panel name="Pasted" key={store.pasting.openings} />}
        {/* While a task is open, the search lies over it as a palette, but not beside the dialog for a pasted request. */}
        {store.pasting.text === null && store.isReady && store.task.picking && store.task.name !== null
          && <Panel name="Search" of={{ over: true }} until=" " />}
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
            {store.isReady && (
              <span class="hints">
                {KEYS.map(({ hint, keys }) => hint && <span key={hint}><kbd>{keys[0]}</kbd> {hint}</span>)}
              </span>
            )}
            {store.config && <span class="muted version">httptask {store.config.version}</span>}
            <IconButton icon="theme" label="Light or dark" onClick={store.switchTheme} />
          </div>
        </footer>
      </div>
    </UiContext.Provider>
  );
}

/** Stands in for the search until its module has been loaded. The search takes over what was typed here, and the focus. */
function SearchBox({ store }: { store: Store }) {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => () => {
    store.asking = (input.current!.getRootNode() as ShadowRoot).activeElement === input.current;
  }, []);
  return (
    <section class="search">
      <input
        ref={input} id="search" aria-label="Search the endpoints" value={store.asked}
        onInput={typed((text) => { store.asked = text; })} onPaste={(event) => store.pasting.pasted(event)}
      />
    </section>
  );
}

/** Accept a dragged file: by default the browser would leave the page and open the file. */
function holdsFiles(event: DragEvent): void {
  if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
}

/** The credentials dialog; the credential that was chosen there goes into the open task at the index of *wish*. */
function CredentialDialog({ store, wish }: { store: Store; wish: CredentialWish }) {
  const use = (name: string) => {
    const names = namesIn(slotOf(store));
    names[wish.index] = name;
    writeNames(store, names);
    store.focusWanted = "test";
    store.task.redraw();
  };
  const close = () => {
    store.credentialWish = null;
    store.update();
  };
  return <Panel name="Credentials" of={{ wish, onUse: use, onClose: close }} />;
}

/** The first required control that is still empty, else the button that sends the request. */
function firstEmpty(shadow: ShadowRoot): HTMLElement | null {
  const controls = shadow.querySelectorAll<HTMLInputElement>('.request [aria-required="true"]');
  return [...controls].find((control) => !control.value) ?? shadow.getElementById("test");
}

/** Remember the field that has the focus: the reference shows its documentation. */
function noteField(store: Store, focused: Element): void {
  const pointer = /^f-(\/.*)/.exec(focused.closest('[id^="f-/"]')?.id ?? "")?.[1];
  if (pointer === undefined || pointer === store.field) return;
  store.field = pointer;
  if (store.reference) store.update();
}

const SELECTORS: Record<Pane, string> = { tasks: ".workflow", request: ".form, .search", response: ".right" };

/** The pane that F6 (*step* 1) or Shift F6 (-1) moves to, counted from the pane that has the focus. */
function nextPane(shadow: ShadowRoot, step: 1 | -1): Pane {
  const focused = shadow.activeElement;
  const index = PANES.findIndex((pane) => focused && shadow.querySelector(SELECTORS[pane])?.contains(focused));
  const from = index < 0 ? 1 - Number(step === 1) : index; // from the top bar, F6 goes to the form
  return PANES[(from + step + PANES.length) % PANES.length]!;
}

/** Focus what is selected in *pane*, else its first control. */
function focusPane(shadow: ShadowRoot, pane: Pane): void {
  const part = shadow.querySelector(SELECTORS[pane]);
  const selected = part?.querySelector<HTMLElement>('[aria-current="true"], [aria-selected="true"][tabindex="0"]');
  const controls = 'button:not([disabled], [tabindex="-1"]), input, select, textarea, [tabindex="0"]';
  (selected ?? part?.querySelector<HTMLElement>(controls))?.focus();
}

/** The tabs that choose the pane of a narrow page. */
function PaneTabs({ store }: { store: Store }) {
  const { run, result } = store.tests;
  const state = run?.task === store.task.name ? "under way" : (result?.ending.status ?? "");
  const tabs: [Pane, string][] = [
    ["tasks", `Tasks ${flow.listed(store.workflow.working).length}`],
    ["request", store.task.name === null ? "Add" : "Request"],
    ["response", state ? `Response ${state}` : "Response"],
  ];
  return (
    <nav class="pane-tabs" aria-label="Parts of the page">
      {tabs.map(([pane, title]) => (
        <button key={pane} aria-pressed={store.pane === pane} onClick={() => { store.pane = pane; store.update(); }}>{title}</button>
      ))}
    </nav>
  );
}

/** The panel of each tab at the right. */
const TABS = { preview: "Preview", response: "Response", history: "History", runs: "RunPanel" } as const;

/** The right pane: a tab for each view of requests and runs; the API reference covers the pane while it is open. */
function Right({ store }: { store: Store }) {
  const count = store.history.items.length;
  const tabs: [Tab, string][] = [
    ["preview", "Preview"],
    ["response", "Response"],
    ["history", count ? `History (${count})` : "History"],
    ["runs", "Runs"],
  ];
  const { tab } = store;
  const reference = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (!store.reference || !store.isNarrow()) return;
    // On a narrow page the reference hides the focused field: it takes the focus, and gives it back when it closes.
    const root = reference.current!.getRootNode() as ShadowRoot;
    const before = root.activeElement as HTMLElement | null;
    reference.current!.focus();
    return () => { if (!root.activeElement) before?.focus(); };
  }, [store.reference]);
  /** On a narrow page the reference closes when the focus leaves it. */
  const left = ({ currentTarget, relatedTarget }: { currentTarget: Element; relatedTarget: EventTarget | null }) => {
    const hasLeft = relatedTarget && !currentTarget.contains(relatedTarget as Node);
    if (store.isNarrow() && hasLeft) store.showReference(false);
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
            <Icon name="book" />
            <strong>Reference</strong>
            <span class="muted small grow">follows the field you edit</span>
            <IconButton icon="close" label="Close the reference" title="Close (Esc)" onClick={() => store.showReference(false)} />
          </div>
          <Panel key={store.task.endpoint?.item.id} name="Reference" />
        </section>
      )}
    </section>
  );
}
