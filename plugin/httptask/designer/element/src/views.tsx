// The body of a response as its media type has it: a table, an image, a page without scripts, XML, or a file to download.
import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import { bytes } from "./amounts";
import { failureOf } from "./api";
import { indentedXml, type Rows, sorted } from "./formats";
import type { Store } from "./store";
import type { Ending } from "./types";

const ROWS_AT_ONCE = 200;
/** Bytes of an image that is drawn. */
const LARGEST_IMAGE = 16 * 1024 * 1024;

export function Download({ ending, store }: { ending: Ending; store: Store }) {
  const [failure, setFailure] = useState("");
  if (!ending.body || !ending.size) return null;
  const save = async () => {
    try {
      const blob = await (await store.api.send(`${ending.body}?as=file`)).blob();
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = ending.fileName ?? `response-${ending.status}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    } catch (error) {
      setFailure(failureOf(error).detail ?? "It cannot be downloaded.");
    }
  };
  return (
    <>
      <button class="quiet" title={ending.fileName} onClick={() => void save()}>Download</button>
      {failure && <span class="problem error">{failure}</span>}
    </>
  );
}

/** Over a body: what is said of it, and what can be done with the whole. */
export const BodyHead = ({ ending, store, note, copied }: { ending: Ending; store: Store; note?: string; copied?: string }) => (
  <div class="row">
    {note && <span class="muted">{note}</span>}
    <span class="grow" />
    {copied !== undefined && <button class="quiet" onClick={() => void store.copying.text("The body", copied)}>Copy</button>}
    <Download ending={ending} store={store} />
  </div>
);

/** How much of the body *text* is; nothing where it is all. */
export const partOf = ({ truncated, decodedSize }: Ending, text: string): string | undefined =>
  truncated ? `The first ${bytes(text.length)} of ${bytes(decodedSize!)}.` : undefined;

/** A body that is only for download. */
export const FileView = ({ ending, store }: { ending: Ending; store: Store }) => (
  <div class="file-view">
    <strong>{ending.fileName}</strong>
    <p class="muted">{bytes(ending.size!)} {ending.mediaType ? `of ${ending.mediaType}` : ""}: not text, so not shown.</p>
    <Download ending={ending} store={store} />
  </div>
);

/** An image: as `<img>` nothing in it runs or is fetched, whatever an SVG says. */
export function ImageView({ ending, store }: { ending: Ending; store: Store }) {
  const [source, setSource] = useState("");
  const [failure, setFailure] = useState(ending.size! > LARGEST_IMAGE ? `Images of more than ${bytes(LARGEST_IMAGE)} are not drawn.` : "");
  useLayoutEffect(() => {
    if (failure) return;
    let wanted = true;
    const reader = new FileReader();
    reader.onload = () => { if (wanted) setSource(String(reader.result)); };
    store.api.send(`${ending.body}?as=file`).then((response) => response.arrayBuffer()).then(
      (content) => reader.readAsDataURL(new Blob([content], { type: ending.mediaType })),
      (error: unknown) => { if (wanted) setFailure(failureOf(error).detail ?? "It cannot be loaded."); },
    );
    return () => { wanted = false; };
  }, []);
  return (
    <>
      <BodyHead ending={ending} store={store} note={ending.fileName} />
      {failure ? <p class="muted">{failure}</p> : source
        ? <img class="shown-image" src={source} alt={`The response: ${ending.fileName ?? ending.mediaType}`} onError={() => setFailure(`The browser cannot draw this as ${ending.mediaType}.`)} />
        : <p class="muted" role="status">Loading …</p>}
    </>
  );
}

/** What would run, fetch, or lead elsewhere. The frame and its policy allow none of it; without it the browser need not say so. */
const ACTIVE = "script, style, link, meta, base, iframe, frame, frameset, object, embed, portal, svg, math, template, audio, video, source, track, img:not([src^='data:'])";
const ACTIVE_ATTRIBUTE = /^(on|style$|srcset$|background$|ping$|autofocus$|formaction$|action$|target$|href$|xlink)/i;
const FRAME_POLICY = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'";

/** *html* as a page of its own without scripts, links and anything from elsewhere. */
export function harmless(html: string): string {
  const page = document.createElement("template"); // loads nothing, runs nothing
  page.innerHTML = html;
  for (const element of page.content.querySelectorAll(ACTIVE)) element.remove();
  for (const element of page.content.querySelectorAll("*"))
    for (const { name } of [...element.attributes]) if (ACTIVE_ATTRIBUTE.test(name)) element.removeAttribute(name);
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${FRAME_POLICY}">${page.innerHTML}`;
}

export function HtmlView({ ending, text, store }: { ending: Ending; text: string; store: Store }) {
  const page = useMemo(() => harmless(text), [text]);
  return (
    <>
      <BodyHead ending={ending} store={store} note="Without scripts, styles and anything from elsewhere." />
      <iframe class="shown-page" title="The response as a page" sandbox="" srcdoc={page} referrerpolicy="no-referrer" />
    </>
  );
}

export function XmlView({ ending, text, store }: { ending: Ending; text: string; store: Store }) {
  const shown = useMemo(() => indentedXml(text), [text]);
  return (
    <>
      <BodyHead ending={ending} store={store} note={partOf(ending, text)} copied={text} />
      <pre class="code block">{shown}</pre>
    </>
  );
}

/** Rows with a button for the order of each column. */
export function Table({ rows: { columns, rows, count } }: { rows: Rows }) {
  const [most, setMost] = useState(ROWS_AT_ONCE);
  const [order, setOrder] = useState<{ column: number; descending: boolean } | null>(null);
  const shown = useMemo(() => (order ? sorted(rows, order.column, order.descending) : rows), [rows, order]);
  if (!columns.length) return <p class="muted">There are no rows.</p>;
  return (
    <div class="table-view">
      {count > rows.length && <p class="muted small">The first {rows.length.toLocaleString("en")} of {count.toLocaleString("en")} rows.</p>}
      <div class="table-box" tabIndex={0} role="region" aria-label="Table">
        <table>
          <thead>
            <tr>
              {columns.map((name, column) => {
                const here = order?.column === column ? order : null;
                return (
                  <th key={column} scope="col" aria-sort={here ? (here.descending ? "descending" : "ascending") : undefined}>
                    <button class="quiet" onClick={() => setOrder({ column, descending: !!here && !here.descending })}>{name || "(no name)"}{here ? (here.descending ? " ↓" : " ↑") : ""}</button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>{shown.slice(0, most).map((row, index) => <tr key={index}>{columns.map((_, column) => <td key={column}>{row[column]}</td>)}</tr>)}</tbody>
        </table>
      </div>
      {rows.length > most && <button class="quiet" onClick={() => setMost(most + ROWS_AT_ONCE)}>{rows.length - most} more rows …</button>}
    </div>
  );
}
