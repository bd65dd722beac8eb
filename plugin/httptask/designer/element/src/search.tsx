// The palette: one box for endpoints, kinds of tasks, the tasks that are there, and commands; arrows and Enter.
import { type ComponentChildren, Fragment } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { failureOf } from "./api";
import { useModal } from "./modal";
import { type PaletteItem, paletteItems } from "./palette";
import { Panel } from "./panel";
import { plural } from "./amounts";
import type { Failure, Found } from "./types";
import { Empty, Failed, Icon, IconButton, Marked, Method, typed, useUi } from "./ui";

const TYPING_PAUSE = 60;
/** In milliseconds: arrows and the pointer pass over endpoints that nobody takes. */
const PASSED_BY = 60;
/** Of more endpoints than this, none is listed before somebody has asked for one. */
const FEW = 8;

/** The hue of a provider, in degrees: the same wherever its name stands. */
const hueOf = (name: string): number => [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)!) % 360, 7);

/** Over the page, which gets the keyboard back; where there is no task yet, in its middle. */
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

function Box({ children }: { children?: ComponentChildren }) {
  const { store } = useUi();
  const [query, setQuery] = useState(store.asked);
  const [items, setItems] = useState<Found[] | null>(null);
  const [total, setTotal] = useState<number | null>(0);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [active, setActive] = useState(0);
  const box = useRef<HTMLElement>(null);
  const answered = useRef<string | null>(null);
  const entered = useRef(false);
  const { name, place, picking } = store.task;
  const changing = picking === "change";
  const replaces = changing ? name : null;
  const count = store.config?.endpoints ?? 0;
  const wanted = query.trim().toLowerCase();
  const isRequest = store.pasting.isRequest(query);
  const endpoints = items && !isRequest && (wanted || changing || items.length <= FEW) ? items : [];
  const others = !changing && !isRequest ? paletteItems(store, wanted) : [];
  const begins = ({ title }: PaletteItem) => wanted.length > 1 && title.toLowerCase().startsWith(wanted);
  /** What is called as was typed, then endpoints, then what else has the words. */
  const choices: (Found | PaletteItem)[] = [...others.filter(begins), ...endpoints, ...others.filter((item) => !begins(item))];

  const take = (chosen: Found | PaletteItem | undefined) => {
    if (!chosen) return;
    if ("id" in chosen) return void store.task.take(chosen.id);
    const root = box.current!.getRootNode() as ShadowRoot;
    if (name !== null) store.task.picking = null; // its place is kept for what is added
    store.update();
    setTimeout(() => chosen.act(root.activeElement ?? document.body), 0); // the page has the keyboard back
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
    if (store.asking) box.current!.querySelector("input")!.focus(); // at once: no key gets lost
    store.asked = "";
    store.asking = false;
  }, []);
  useLayoutEffect(() => {
    entered.current = false;
    if (isRequest) return; // it may hold a secret: no search sends it
    const asked = new AbortController();
    const timer = setTimeout(() => void ask(asked.signal), items ? TYPING_PAUSE : 0);
    return () => {
      clearTimeout(timer);
      asked.abort();
    };
  }, [query]);

  const likely = choices[active];
  const expected = likely && "id" in likely ? likely.id : null;
  useLayoutEffect(() => {
    if (expected === null || store.task.loading) return;
    const timer = setTimeout(() => store.task.expect(expected), active ? PASSED_BY : 0);
    return () => clearTimeout(timer);
  }, [expected]);

  const paste = (text: string) => {
    setQuery("");
    store.pasting.open(text, replaces);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setActive(Math.max(0, Math.min(choices.length - 1, active + step)));
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.isComposing) {
      event.preventDefault();
      if (isRequest) return paste(query);
      const chosen = choices[active];
      // An endpoint that is listed may still belong to what stood here before: then the first result is taken when it comes.
      if (answered.current === query || (chosen && !("id" in chosen) && begins(chosen))) take(chosen);
      else entered.current = true;
    }
  };
  const found = endpoints.length;
  return (
    <section class="search" ref={box}>
      <div class="union">
        <div class="row between">
          <h2>{changing ? "Choose another API" : `Add a task${place?.text ?? (name === null ? "" : ` after “${name}”`)}, or find`}</h2>
          {children}
        </div>
        {name === null && (
          <p class="muted">
            {count ? `Say what you want to do: ${plural(count, "endpoint")} can be searched.` : "The catalogue is empty: import an API, or start from an own request."}
          </p>
        )}
        <input
          id="search" role="combobox" aria-expanded={choices.length > 0} aria-controls="found" aria-autocomplete="list" autocomplete="off"
          aria-activedescendant={choices.length ? `found-${active}` : undefined} aria-label="Search the endpoints" placeholder="send an email, DELETE /droplets, wait, save; or paste curl"
          value={query} onInput={typed((text) => { setQuery(text); setActive(0); })} onKeyDown={onKeyDown} onPaste={(event) => store.pasting.pasted(event, replaces)}
        />
        <div class="row between">
          <span class="muted" role="status">
            {isRequest ? "Enter reads this command." : items === null && !failure ? "Searching …" : failure ? "" : !found ? (count && !wanted ? `${plural(count, "endpoint")}: type to search` : "") : found === total ? plural(total, "endpoint") : `${found} shown of ${total ?? "many"}`}
          </span>
          <button class="link" onClick={() => paste("")}>Paste curl, Postman or HAR</button>
        </div>
      </div>
      {store.config?.imports && <Panel name="Imports" of={{ onChange: () => void ask() }} />}
      {failure && <Failed failure={failure}><button onClick={() => void ask()}>Try again</button></Failed>}
      {items !== null && !choices.length && !failure && (
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

const groupOf = (choice: Found | PaletteItem): string => ("id" in choice ? "Endpoints" : choice.group);

const Endpoint = ({ item }: { item: Found }) => (
  <>
    <span class="letter" style={{ "--hue": hueOf(item.provider) }} aria-hidden="true">{[...item.provider][0]?.toUpperCase()}</span>
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
    <span class="grow"><span class="hidden">{group} </span><span class="called">{title}</span> <span class="muted small">{about}</span></span>
    {keys && <kbd>{keys}</kbd>}
  </>
);
