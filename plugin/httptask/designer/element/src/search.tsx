// The palette: one search box for endpoints, task types, the tasks of the workflow, and commands.
import { type ComponentChildren, Fragment } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { failureOf } from "./api";
import { type PaletteItem, paletteItems } from "./palette";
import { Panel } from "./panel";
import { plural } from "./amounts";
import type { Failure, Found } from "./types";
import { Empty, Failed, Icon, IconButton, Marked, Method, Note, typed, useModal, useUi } from "./ui";

/** In milliseconds without a key, before a search is sent. */
const TYPING_PAUSE = 60;
/** In milliseconds on an endpoint, before it is loaded ahead: arrows and the pointer pass over many that nobody takes. */
const PASSED_BY = 60;
/** Before anything is typed, endpoints are listed only if there are at most this many. */
const FEW = 8;

/** The hue of a provider in degrees: the same everywhere, because it is computed from the name. */
const hueOf = (name: string): number => [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)!) % 360, 7);

/** The palette: a dialog if *over*, otherwise a part of the page (while the workflow has no task). */
export function Search({ over }: { over?: boolean }) {
  const { store } = useUi();
  const dialog = useModal();
  useLayoutEffect(() => dialog.current?.querySelector<HTMLElement>("#search")!.focus(), []);
  if (!over) return <Box />;
  const close = () => store.task.stopPicking();
  return (
    <dialog
      ref={dialog} class="palette" aria-label={store.task.picking === "change" ? "Choose another API" : "Add or find"}
      onCancel={(event) => { event.preventDefault(); close(); }} onKeyDown={(event) => event.stopPropagation()}
      onClick={(event) => { if (event.target === dialog.current) close(); }}
      onDragOver={(event) => event.preventDefault()} onDrop={(event) => store.pasting.dropped(event)}
    >
      <Box><IconButton icon="close" label="Close" title="Close (Esc)" onClick={close} /></Box>
    </dialog>
  );
}

/** The search box and its results; *children* stand beside the title. */
function Box({ children }: { children?: ComponentChildren }) {
  const { store } = useUi();
  const [query, setQuery] = useState(store.asked);
  const [items, setItems] = useState<Found[] | null>(null);
  const [total, setTotal] = useState<number | null>(0);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [active, setActive] = useState(0);
  const box = useRef<HTMLElement>(null);
  /** The query that `items` answer. */
  const answered = useRef<string | null>(null);
  /** Enter was pressed before the query was answered: the first result is taken when it comes. */
  const entered = useRef(false);
  const { name, insertPoint, picking } = store.task;
  const isChange = picking === "change";
  const replaces = isChange ? name : null;
  const count = store.config?.endpoints ?? 0;
  const words = query.trim().toLowerCase();
  const isRequest = store.pasting.isRequest(query);
  const isAddress = store.pasting.isAddress(query) && !isChange;
  /** The address is probably that of a description, and Enter imports it. */
  const enterImports = isAddress && !!store.config?.imports && store.pasting.isOfDescription(query);
  const endpoints = items && !isRequest && (words || isChange || items.length <= FEW) ? items : [];
  const others = !isChange && !isRequest ? paletteItems(store, words) : [];
  const startsAsTyped = ({ title }: PaletteItem) => words.length > 1 && title.toLowerCase().startsWith(words);
  /** First the items whose titles start with the query, then endpoints, then the other items. */
  const choices: (Found | PaletteItem)[] = [
    ...others.filter(startsAsTyped), ...endpoints, ...others.filter((item) => !startsAsTyped(item)),
  ];

  const take = (choice: Found | PaletteItem | undefined) => {
    if (!choice) return;
    if ("id" in choice) return void store.task.take(choice.id);
    const root = box.current!.getRootNode() as ShadowRoot;
    if (name !== null) store.task.picking = null; // closes the dialog; task.insertPoint stays for the task that is added
    store.update();
    setTimeout(() => choice.act(root.activeElement ?? document.body), 0); // once the focus is back on the page
  };
  const ask = async (signal?: AbortSignal) => {
    try {
      const page = await store.api.search(query, signal);
      if (signal?.aborted) return;
      setItems(page.items);
      setTotal(page.total);
      setFailure(null);
      setActive(0);
      answered.current = query;
      if (entered.current) take(page.items[0] ?? others[0]);
    } catch (error) {
      if (signal?.aborted) return;
      entered.current = false;
      setFailure(failureOf(error));
    }
  };
  useLayoutEffect(() => {
    if (store.asking) box.current!.querySelector("input")!.focus(); // at once, so that no key gets lost
    store.asked = "";
    store.asking = false;
  }, []);
  useLayoutEffect(() => {
    entered.current = false;
    if (isRequest) return; // a pasted request may hold a secret: it is never sent as a search
    if (store.task.loading) return; // the endpoint that was picked goes first
    const search = new AbortController();
    const timer = setTimeout(() => void ask(search.signal), items ? TYPING_PAUSE : 0);
    return () => {
      clearTimeout(timer);
      search.abort();
    };
  }, [query, store.task.loading]);

  const activeChoice = choices[active];
  /** Whether somebody will probably take the active endpoint: it is listed for what is typed. */
  const isLikely = answered.current === query && (words || endpoints.length <= FEW);
  const expected = isLikely && activeChoice && "id" in activeChoice ? activeChoice.id : null;
  useLayoutEffect(() => {
    if (expected === null || store.task.loading) return;
    const timer = setTimeout(() => store.task.expect(expected), active ? PASSED_BY : 0);
    return () => clearTimeout(timer);
  }, [expected]);

  const paste = (text: string) => {
    setQuery("");
    store.pasting.open(text, replaces);
  };
  const importAddress = () => {
    setQuery("");
    store.pasting.describe({ source: query.trim() });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setActive(Math.max(0, Math.min(choices.length - 1, active + step)));
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.isComposing) {
      event.preventDefault();
      if (isRequest) return paste(query);
      if (enterImports) return importAddress();
      // The listed endpoints may still be those of the query before.
      const isCurrent = answered.current === query;
      if (isCurrent || (activeChoice && !("id" in activeChoice) && startsAsTyped(activeChoice))) take(activeChoice);
      else entered.current = true;
    }
  };
  const status = (): string => {
    if (isRequest) return "Enter reads this command.";
    if (enterImports) return "Enter imports this description.";
    if (failure) return "";
    if (items === null) return "Searching …";
    if (!endpoints.length) return count && !words ? `${plural(count, "endpoint")}: type to search` : "";
    return endpoints.length === total ? plural(total, "endpoint") : `${endpoints.length} shown of ${total ?? "many"}`;
  };
  return (
    <section class="search" ref={box}>
      <div class="union">
        <div class="row between">
          <h2>{isChange ? "Choose another API" : `Add a task${insertPoint?.text ?? (name === null ? "" : ` after “${name}”`)}, or find`}</h2>
          {children}
        </div>
        {name === null && (
          <p class="muted">
            {count
              ? `Say what you want to do: ${plural(count, "endpoint")} can be searched.`
              : "The catalogue is empty: import an API, or start from an own request."}
          </p>
        )}
        <input
          id="search" role="combobox" aria-expanded={choices.length > 0} aria-controls="found" aria-autocomplete="list" autocomplete="off"
          aria-activedescendant={choices.length ? `found-${active}` : undefined} aria-label="Search the endpoints"
          placeholder="send an email, DELETE /droplets, wait, save; or paste curl"
          value={query} onInput={typed((text) => { setQuery(text); setActive(0); })}
          onKeyDown={onKeyDown} onPaste={(event) => store.pasting.pasted(event, replaces)}
        />
        <div class="row between">
          <span class="muted" role="status">{status()}</span>
          <button class="link" onClick={() => paste("")}>Paste curl, Postman or HAR</button>
        </div>
      </div>
      {isAddress && <AddressOffer address={query.trim()} onImport={importAddress} />}
      {store.config?.imports && <Panel name="Imports" of={{ onChange: () => void ask() }} />}
      {failure && <Failed failure={failure}><button onClick={() => void ask()}>Try again</button></Failed>}
      {items !== null && !choices.length && !failure && !isAddress && (
        <Empty title={`Nothing found for “${query}”`} text="Try other words, a part of the path, or the provider’s name." />
      )}
      <div class="found" role="listbox" id="found" aria-label="Found" hidden={!choices.length}>
        {choices.map((choice, index) => {
          const isEndpoint = "id" in choice;
          const isFirst = groupOf(choice) !== (index ? groupOf(choices[index - 1]!) : "");
          return (
            <Fragment key={isEndpoint ? choice.id : choice.group + choice.title}>
            {isFirst && <div class="caption" aria-hidden="true">{groupOf(choice)}</div>}
            <div
              role="option" id={`found-${index}`} aria-selected={index === active}
              ref={(element) => { if (index === active && active > 0) element?.scrollIntoView({ block: "nearest" }); }}
              onClick={() => take(choice)} onMouseMove={() => { if (active !== index) setActive(index); }}
            >
              {isEndpoint ? <Endpoint item={choice} /> : <Other item={choice} />}
            </div>
            </Fragment>
          );
        })}
      </div>
      {store.task.loading && <Empty text="Loading the form …" />}
    </section>
  );
}

/** What to do with an address that was pasted into the search: import the description there, or why not. */
function AddressOffer({ address, onImport }: { address: string; onImport: () => void }) {
  const { store } = useUi();
  if (!store.config!.imports)
    return (
      <Note kind="info" title="Descriptions cannot be imported on this page">
        Whoever runs the designer can allow it with <code>--import</code>, or run <code>httptask import {address}</code> there.
      </Note>
    );
  return (
    <Note kind="info" title="An address">
      <div class="row">
        <span>If it leads to the description of an API (OpenAPI):</span> <button onClick={onImport}>Import the description</button>
      </div>
    </Note>
  );
}

const groupOf = (choice: Found | PaletteItem): string => ("id" in choice ? "Endpoints" : choice.group);

const Endpoint = ({ item }: { item: Found }) => (
  <>
    <span class="letter" style={{ "--hue": hueOf(item.provider) }} aria-hidden="true">
      {[...item.provider][0]?.toUpperCase()}
    </span>
    <Method method={item.method} />
    <span class="found-text">
      <span><Marked text={item.title || item.path} ranges={item.title ? item.highlights?.title : undefined} /></span>
      <span class="found-path"><Marked text={item.path} ranges={item.highlights?.path} /></span>
    </span>
    <span class="provider"><Marked text={item.provider} ranges={item.highlights?.provider} /></span>
  </>
);

const ICONS = { Add: "plus", "Go to": "right", Do: "play" };
const Other = ({ item: { group, title, about, keys } }: { item: PaletteItem }) => (
  <>
    <Icon name={ICONS[group]} />
    <span class="grow">
      <span class="hidden">{group} </span><span class="called">{title}</span> <span class="muted small">{about}</span>
    </span>
    {keys && <kbd>{keys}</kbd>}
  </>
);
