// The API reference of the chosen endpoint, as its description says it. It follows the field that has the focus.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { child, segments } from "./json";
import { GROUP_TITLES } from "./task-form";
import type { Endpoint, Row } from "./types";
import { afterPaint, Empty, Html, Method, useMost, useUi } from "./ui";

/** Where a parameter is sent (OpenAPI's `in`), and the group of the settings that it stands in. */
const GROUPS: Record<string, string> = { path: "pathParameters", header: "headers", query: "query", querystring: "query", cookie: "cookies" };

export function Reference(_: object) {
  const { store } = useUi();
  const { endpoint } = store.task;
  const [isDue, setDue] = useState(false);
  useLayoutEffect(() => { afterPaint(() => setDue(true)); }, []); // the form beside it goes first
  if (!isDue) return null;
  if (!endpoint)
    return <Empty text="No endpoint chosen yet: search for one (Ctrl+K)." />;
  const { item, docs, security, responses } = endpoint;
  return (
    <article class="reference">
      <h2>{item.title || item.path}</h2>
      <p class="path"><Method method={item.method} /> <span>{item.path}</span></p>
      <p class="muted small">{[item.api?.title ?? item.provider, item.api?.version, docs.source?.replace(/.*[/\\]/, "")].filter(Boolean).join(" · ")}</p>
      {item.deprecated && <p><span class="tag">deprecated</span></p>}
      <Html html={docs.html} />
      {security?.known && <Security security={security} />}
      {Object.entries(GROUPS).map(([location, group]) => {
        const parameters = docs.parameters?.filter((each) => each.in === location) ?? [];
        return parameters.length > 0 && (
          <section key={location}>
            <h3>{GROUP_TITLES[group]}</h3>
            <Rows rows={parameters.map((each) => ({ ...each, depth: 0 }))} base={`/httpRequest/${group}`} />
          </section>
        );
      })}
      {docs.body && (
        <section>
          <h3>Body {docs.body.required && <span>required</span>}</h3>
          <Html html={docs.body.description} />
          {docs.body.content?.map(({ mediaType, rows }) => <Content key={mediaType} mediaType={mediaType} rows={rows} base="/httpRequest/body" />)}
        </section>
      )}
      {responses && responses.length > 0 && (
        <section>
          <h3>Responses</h3>
          {responses.map((response) => (
            <details key={response.status}>
              <summary><span class={`status s${response.status[0]}`}>{response.status}</span> <Html html={response.description} class="prose" /></summary>
              <Rows rows={(response.headers ?? []).map((each) => ({ ...each, depth: 0 }))} />
              {response.content?.map(({ mediaType, rows }) => <Content key={mediaType} mediaType={mediaType} rows={rows} />)}
            </details>
          ))}
        </section>
      )}
    </article>
  );
}

const Content = ({ mediaType, rows, base }: { mediaType: string; rows: Row[]; base?: string }) => (
  <>
    <p class="muted small"><code>{mediaType}</code></p>
    <Rows rows={rows} base={base} />
  </>
);

/** The row of the field at *pointer*, or of the one it is a part of; -1: none. The fields stand below *base*. */
function rowOf(rows: Row[], base: string, pointer: string): number {
  const wanted = segments(pointer).filter((name) => !/^\d+$/.test(name)).join("/");
  const path: string[] = [];
  let best = -1;
  let longest = 0;
  rows.forEach(({ name, depth }, index) => {
    path.length = depth;
    path[depth] = name ?? "";
    const rowPath = segments(path.reduce(child, base)).join("/");
    if (rowPath.length > longest && `${wanted}/`.toLowerCase().startsWith(`${rowPath}/`.toLowerCase())) [best, longest] = [index, rowPath.length];
  });
  return best;
}

/** Rows have some lines each. */
const ROWS_AT_ONCE = 12;

function Rows({ rows, base }: { rows: (Row & { deprecated?: boolean })[]; base?: string }) {
  const { store } = useUi();
  const list = useRef<HTMLUListElement>(null);
  const most = useMost(rows.length, ROWS_AT_ONCE);
  const current = base === undefined ? -1 : rowOf(rows, base, store.field);
  useLayoutEffect(() => {
    // Where it stands is not known before everything is laid out, which the first paint does not wait for.
    if (current >= 0) afterPaint(() => list.current?.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest" }));
  }, [current, most]);
  return (
  <ul class="doc-rows" ref={list}>
    {rows.slice(0, most).map((row, index) => (
      <li key={index} aria-current={index === current ? "true" : undefined} style={{ marginLeft: `${Math.min(row.depth, 8) * 14}px` }}>
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

const Security = ({ security }: { security: NonNullable<Endpoint["security"]> }) => (
  <section>
    <h3>Authorisation</h3>
    <p>
      {security.alternatives.map((all) => all.map(({ scheme, detail, type }) => `${scheme} (${detail || type})`).join(" and ") || "none").join(", or ") || "none"}
    </p>
  </section>
);
