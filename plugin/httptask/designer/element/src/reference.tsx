// The API reference of the chosen endpoint, from its description. It scrolls to the field that has the keyboard focus.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { child, segments } from "./json";
import { GROUP_TITLES } from "./task-form";
import type { Endpoint, Row } from "./types";
import { afterPaint, Empty, Html, Method, useMost, useUi } from "./ui";

/** The group of the settings for each place of a parameter (OpenAPI's `in`). */
const GROUPS: Record<string, string> = {
  path: "pathParameters", header: "headers", query: "query", querystring: "query", cookie: "cookies",
};

/** What the description says about the open task's endpoint. */
export function Reference(_: object) {
  const { store } = useUi();
  const { endpoint } = store.task;
  const [isDue, setDue] = useState(false);
  useLayoutEffect(() => { afterPaint(() => setDue(true)); }, []); // the form beside it is painted first
  if (!isDue) return null;
  if (!endpoint)
    return <Empty text="No endpoint chosen yet: search for one (Ctrl+K)." />;
  const { item, docs, security, responses } = endpoint;
  const source = [item.api?.title ?? item.provider, item.api?.version, docs.source?.replace(/.*[/\\]/, "")];
  return (
    <article class="reference">
      <h2>{item.title || item.path}</h2>
      <p class="path"><Method method={item.method} /> <span>{item.path}</span></p>
      <p class="muted small">{source.filter(Boolean).join(" · ")}</p>
      {item.deprecated && <p><span class="tag">deprecated</span></p>}
      <Html html={docs.html} />
      {security?.known && <Security security={security} />}
      {Object.entries(GROUPS).map(([location, group]) => {
        const parameters = docs.parameters?.filter((parameter) => parameter.in === location) ?? [];
        return parameters.length > 0 && (
          <section key={location}>
            <h3>{GROUP_TITLES[group]}</h3>
            <Rows rows={parameters.map((parameter) => ({ ...parameter, depth: 0 }))} base={`/httpRequest/${group}`} />
          </section>
        );
      })}
      {docs.body && (
        <section>
          <h3>Body {docs.body.required && <span>required</span>}</h3>
          <Html html={docs.body.description} />
          {docs.body.content?.map(({ mediaType, rows }) => (
            <Content key={mediaType} mediaType={mediaType} rows={rows} base="/httpRequest/body" />
          ))}
        </section>
      )}
      {responses && responses.length > 0 && (
        <section>
          <h3>Responses</h3>
          {responses.map((response) => (
            <details key={response.status}>
              <summary>
                <span class={`status s${response.status[0]}`}>{response.status}</span>{" "}
                <Html html={response.description} class="prose" />
              </summary>
              <Rows rows={(response.headers ?? []).map((header) => ({ ...header, depth: 0 }))} />
              {response.content?.map(({ mediaType, rows }) => <Content key={mediaType} mediaType={mediaType} rows={rows} />)}
            </details>
          ))}
        </section>
      )}
    </article>
  );
}

/** One media type of a body. */
const Content = ({ mediaType, rows, base }: { mediaType: string; rows: Row[]; base?: string }) => (
  <>
    <p class="muted small"><code>{mediaType}</code></p>
    <Rows rows={rows} base={base} />
  </>
);

/**
 * The index of the row that describes the field at *pointer* or the nearest field around it; -1 if none does.
 * *base* is the pointer of the object whose fields *rows* describe; the numbers of list items are left out.
 */
function rowOf(rows: Row[], base: string, pointer: string): number {
  const fieldPath = segments(pointer).filter((name) => !/^\d+$/.test(name)).join("/");
  const path: string[] = [];
  let best = -1;
  let longest = 0;
  rows.forEach(({ name, depth }, index) => {
    path.length = depth;
    path[depth] = name ?? "";
    const rowPath = segments(path.reduce(child, base)).join("/");
    const contains = `${fieldPath}/`.toLowerCase().startsWith(`${rowPath}/`.toLowerCase());
    if (rowPath.length > longest && contains) [best, longest] = [index, rowPath.length];
  });
  return best;
}

/** Rows in the first paint; fewer than elsewhere, because each row has several lines. */
const ROWS_AT_ONCE = 12;

/** The documented fields below *base*, the current one marked; without *base* none is marked. */
function Rows({ rows, base }: { rows: (Row & { deprecated?: boolean })[]; base?: string }) {
  const { store } = useUi();
  const list = useRef<HTMLUListElement>(null);
  const limit = useMost(rows.length, ROWS_AT_ONCE);
  const current = base === undefined ? -1 : rowOf(rows, base, store.field);
  useLayoutEffect(() => {
    // The row's position is known only after the layout, which the first paint does not wait for.
    if (current >= 0) afterPaint(() => list.current?.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest" }));
  }, [current, limit]);
  return (
  <ul class="doc-rows" ref={list}>
    {rows.slice(0, limit).map((row, index) => (
      <li
        key={index} aria-current={index === current ? "true" : undefined}
        style={{ marginLeft: `${Math.min(row.depth, 8) * 14}px` }}
      >
        {row.more ? <span class="muted">… and more</span> : (
          <>
            <span class="doc-name">{row.name}</span>
            {row.required && <span class="required">*<span class="hidden"> required</span></span>}
            <span class="type">{row.type}</span>
            {row.deprecated && <span class="tag">deprecated</span>}
            <Html html={row.description} class="prose small" />
          </>
        )}
      </li>
    ))}
  </ul>
  );
}

function Security({ security }: { security: NonNullable<Endpoint["security"]> }) {
  const alternatives = security.alternatives.map((schemes) =>
    schemes.map(({ scheme, detail, type }) => `${scheme} (${detail || type})`).join(" and ") || "none");
  return (
    <section>
      <h3>Authorisation</h3>
      <p>{alternatives.join(", or ") || "none"}</p>
    </section>
  );
}
