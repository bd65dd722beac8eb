// The search: one box, results as you type, arrows and Enter.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { failureOf } from "./api";
import { Panel } from "./panel";
import { plural } from "./amounts";
import type { Failure, Found } from "./types";
import { Empty, Failed, Marked, Method, typed, useUi } from "./ui";

const TYPING_PAUSE = 60;

/** The hue of a provider, in degrees: the same wherever its name stands. */
const hueOf = (name: string): number => [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)!) % 360, 7);

export function Search() {
  const { store } = useUi();
  const [query, setQuery] = useState("");
  const [items, setItems] = useState<Found[] | null>(null);
  const [total, setTotal] = useState<number | null>(0);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [active, setActive] = useState(0);
  const answered = useRef<string | null>(null);
  const entered = useRef(false);
  const changing = store.task.picking === "change";
  const count = store.config?.endpoints ?? 0;

  const take = (found: Found | undefined) => found && void store.task.take(found.id);
  const ask = async (signal?: AbortSignal) => {
    try {
      const page = await store.api.search(query, signal);
      if (signal?.aborted) return;
      setItems(page.items);
      setTotal(page.total);
      setFailure(null);
      setActive(0);
      answered.current = query;
      if (entered.current) take(page.items[0]);
    } catch (error) {
      if (signal?.aborted) return;
      entered.current = false;
      setFailure(failureOf(error));
    }
  };
  useLayoutEffect(() => {
    entered.current = false;
    if (store.pasting.isRequest(query)) return; // it may hold a secret: no search sends it
    const asked = new AbortController();
    const timer = setTimeout(() => void ask(asked.signal), items ? TYPING_PAUSE : 0);
    return () => {
      clearTimeout(timer);
      asked.abort();
    };
  }, [query]);

  const replaces = changing ? store.task.name : null;
  const paste = (text: string) => {
    setQuery("");
    store.pasting.open(text, replaces);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const next = active + step;
      setActive(Math.max(0, Math.min((items?.length ?? 1) - 1, next)));
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.isComposing) {
      event.preventDefault();
      if (store.pasting.isRequest(query)) return paste(query);
      // What is listed may still belong to what stood here before: then the first result is taken when it comes.
      if (answered.current === query) take(items?.[active]);
      else entered.current = true;
    }
  };
  const found = items?.length ?? 0;
  return (
    <section class="search">
      <div class="union">
        <div class="row between">
          <h2>{changing ? "Choose another API" : `Add an HTTP task${store.task.place?.text ?? ""}`}</h2>
          {store.task.name !== null && <button class="quiet" onClick={() => store.task.stopPicking()}>Back <kbd>Esc</kbd></button>}
        </div>
        <p class="muted">
          {count ? `Say what you want to do: ${plural(count, "endpoint")} can be searched.` : "The catalogue is empty: import an API, or start from an empty request."}
        </p>
        <input
          id="search" role="combobox" aria-expanded={found > 0} aria-controls="found" aria-autocomplete="list" autocomplete="off"
          aria-activedescendant={found ? `found-${active}` : undefined} aria-label="Search the endpoints" placeholder="send an email, create a customer, DELETE /droplets …"
          value={query} onInput={typed(setQuery)} onKeyDown={onKeyDown} onPaste={(event) => store.pasting.pasted(event, replaces)}
        />
        <div class="row between">
          <span class="muted" role="status">
            {store.pasting.isRequest(query) ? "Enter reads this command." : items === null && !failure ? "Searching …" : failure ? "" : !found ? "" : found === total ? plural(total, "endpoint") : `${found} shown of ${total ?? "many"}`}
          </span>
          <span class="grow" />
          <button class="link" onClick={() => paste("")}>Paste curl, Postman or HAR</button>
          <button class="link" onClick={() => store.task.free()}>Start from an empty request</button>
        </div>
      </div>
      {store.config?.imports && <Panel name="Imports" of={{ onChange: () => void ask() }} />}
      {failure && <Failed failure={failure}><button onClick={() => void ask()}>Try again</button></Failed>}
      {items !== null && !found && !failure && (
        <Empty title={`Nothing found for “${query}”`} text="Try other words, a part of the path, or the provider’s name." />
      )}
      <div class="found" role="listbox" id="found" aria-label="Endpoints found" hidden={!found}>
        {items?.map((item, index) => (
          <div
            key={item.id} role="option" id={`found-${index}`} aria-selected={index === active}
            ref={(element) => { if (index === active && active > 0) element?.scrollIntoView({ block: "nearest" }); }}
            onClick={() => take(item)} onMouseMove={() => { if (active !== index) setActive(index); }}
          >
            <span class="letter" style={{ "--hue": hueOf(item.provider) }} aria-hidden="true">{[...item.provider][0]?.toUpperCase()}</span>
            <Method method={item.method} />
            <span class="found-text">
              <span><Marked text={item.title || item.path} ranges={item.title ? item.highlights?.title : undefined} /></span>
              <span class="found-path"><Marked text={item.path} ranges={item.highlights?.path} /></span>
            </span>
            <span class="provider"><Marked text={item.provider} ranges={item.highlights?.provider} /></span>
          </div>
        ))}
      </div>
      {store.task.loading && <Empty text="Loading the form …" />}
    </section>
  );
}
