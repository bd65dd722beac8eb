// The views of a response's body for its media type: a table, an image, a page without scripts, XML, or a file to download.
import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import { bytes } from "./amounts";
import { failureOf } from "./api";
import { indentedXml, type Rows, sorted } from "./formats";
import type { Store } from "./store";
import type { Ending } from "./types";

const ROWS_AT_ONCE = 200;
/** In bytes. A larger image is not shown. */
const LARGEST_IMAGE = 16 * 1024 * 1024;

/** The button that downloads the body; nothing if the server has no body to download. */
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

/** The line above a body: a note, and the buttons to copy and download the whole body. */
export const BodyHead = ({ ending, store, note, copied }: { ending: Ending; store: Store; note?: string; copied?: string }) => (
  <div class="row">
    {note && <span class="muted">{note}</span>}
    <span class="grow" />
    {copied !== undefined && <button class="quiet" onClick={() => void store.copying.text("The body", copied)}>Copy</button>}
    <Download ending={ending} store={store} />
  </div>
);

/** A sentence that says how much of the body *text* is; undefined if it is the whole. */
export const partOf = ({ truncated, decodedSize }: Ending, text: string): string | undefined =>
  truncated ? `The first ${bytes(text.length)} of ${bytes(decodedSize!)}.` : undefined;

/** A body that is not text and can only be downloaded. */
export const FileView = ({ ending, store }: { ending: Ending; store: Store }) => (
  <div class="file-view">
    <strong>{ending.fileName}</strong>
    <p class="muted">{bytes(ending.size!)} {ending.mediaType ? `of ${ending.mediaType}` : ""}: not text, so not shown.</p>
    <Download ending={ending} store={store} />
  </div>
);

/** An image in an `<img>`: there no script of an SVG runs, and no resource of an SVG is fetched. */
export function ImageView({ ending, store }: { ending: Ending; store: Store }) {
  const [source, setSource] = useState("");
  const isTooLarge = ending.size! > LARGEST_IMAGE;
  const [failure, setFailure] = useState(isTooLarge ? `Images of more than ${bytes(LARGEST_IMAGE)} are not drawn.` : "");
  useLayoutEffect(() => {
    if (failure) return;
    let isMounted = true;
    const reader = new FileReader();
    reader.onload = () => { if (isMounted) setSource(String(reader.result)); };
    store.api.send(`${ending.body}?as=file`).then((response) => response.arrayBuffer()).then(
      (content) => reader.readAsDataURL(new Blob([content], { type: ending.mediaType })),
      (error: unknown) => { if (isMounted) setFailure(failureOf(error).detail ?? "It cannot be loaded."); },
    );
    return () => { isMounted = false; };
  }, []);
  const image = () => {
    if (failure) return <p class="muted">{failure}</p>;
    if (!source) return <p class="muted" role="status">Loading …</p>;
    return (
      <img
        class="shown-image" src={source} alt={`The response: ${ending.fileName ?? ending.mediaType}`}
        onError={() => setFailure(`The browser cannot draw this as ${ending.mediaType}.`)}
      />
    );
  };
  return (
    <>
      <BodyHead ending={ending} store={store} note={ending.fileName} />
      {image()}
    </>
  );
}

/**
 * The elements that would run, fetch or link something. The sandbox of the frame and its policy forbid all that anyway;
 * they are removed so that the browser does not report each violation.
 */
const ACTIVE = "script, style, link, meta, base, iframe, frame, frameset, object, embed, portal, svg, math, template, "
  + "audio, video, source, track, img:not([src^='data:'])";
const ACTIVE_ATTRIBUTE = /^(on|style$|srcset$|background$|ping$|autofocus$|formaction$|action$|target$|href$|xlink)/i;
const FRAME_POLICY = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'";

/** Return *html* as a document without scripts, links, styles and external resources. */
export function harmless(html: string): string {
  const page = document.createElement("template"); // its content is inert: nothing is loaded or run
  page.innerHTML = html;
  for (const element of page.content.querySelectorAll(ACTIVE)) element.remove();
  for (const element of page.content.querySelectorAll("*"))
    for (const { name } of [...element.attributes]) if (ACTIVE_ATTRIBUTE.test(name)) element.removeAttribute(name);
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${FRAME_POLICY}">${page.innerHTML}`;
}

/** An HTML body as a page in a sandboxed frame. */
export function HtmlView({ ending, text, store }: { ending: Ending; text: string; store: Store }) {
  const page = useMemo(() => harmless(text), [text]);
  return (
    <>
      <BodyHead ending={ending} store={store} note="Without scripts, styles and anything from elsewhere." />
      <iframe class="shown-page" title="The response as a page" sandbox="" srcdoc={page} referrerpolicy="no-referrer" />
    </>
  );
}

/** An XML body, indented. */
export function XmlView({ ending, text, store }: { ending: Ending; text: string; store: Store }) {
  const shown = useMemo(() => indentedXml(text), [text]);
  return (
    <>
      <BodyHead ending={ending} store={store} note={partOf(ending, text)} copied={text} />
      <pre class="code block">{shown}</pre>
    </>
  );
}

/** A table that can be sorted by each column. */
export function Table({ rows: { columns, rows, count } }: { rows: Rows }) {
  const [limit, setLimit] = useState(ROWS_AT_ONCE);
  const [order, setOrder] = useState<{ column: number; descending: boolean } | null>(null);
  const shown = useMemo(() => (order ? sorted(rows, order.column, order.descending) : rows), [rows, order]);
  if (!columns.length) return <p class="muted">There are no rows.</p>;
  return (
    <div class="table-view">
      {count > rows.length && (
        <p class="muted small">The first {rows.length.toLocaleString("en")} of {count.toLocaleString("en")} rows.</p>
      )}
      <div class="table-box" tabIndex={0} role="region" aria-label="Table">
        <table>
          <thead>
            <tr>
              {columns.map((name, column) => {
                const isSorted = order?.column === column;
                const isDescending = isSorted && order.descending;
                return (
                  <th key={column} scope="col" aria-sort={isSorted ? (isDescending ? "descending" : "ascending") : undefined}>
                    <button class="quiet" onClick={() => setOrder({ column, descending: isSorted && !isDescending })}>
                      {name || "(no name)"}{isSorted ? (isDescending ? " ↓" : " ↑") : ""}
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {shown.slice(0, limit).map((row, index) => (
              <tr key={index}>{columns.map((_, column) => <td key={column}>{row[column]}</td>)}</tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > limit && (
        <button class="quiet" onClick={() => setLimit(limit + ROWS_AT_ONCE)}>{rows.length - limit} more rows …</button>
      )}
    </div>
  );
}
