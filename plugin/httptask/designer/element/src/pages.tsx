// The pages a list was read in: a summary, one line for each page, and the request of the next page.
import { bytes, duration, plural } from "./amounts";
import type { Pages } from "./types";

/** Why no further page was read, by the server's `stoppedBy`. */
const ENDS: Record<string, string> = {
  next: "no page names a next one",
  empty: "a page has no items",
  total: "the total came",
  more: "the server says that there is no more",
  until: "the condition until holds",
  testRequest: "a test request reads two pages",
  error: "a page failed",
};

/** How many items and pages were read, and why no more; then each page. */
export const PageList = ({ pages }: { pages: Pages }) => (
  <div>
    <p>
      <strong>{plural(pages.items, "item")}</strong> on {plural(pages.count, "page")}, {bytes(pages.bytes)}
      {pages.duplicates > 0 && `, ${plural(pages.duplicates, "double")} dropped`};{" "}
      {pages.complete ? "complete" : "not complete"}: {ENDS[pages.stoppedBy] ?? `${pages.stoppedBy} is reached`}.
      {pages.cursor !== null && (
        <> The next one is at <code>{typeof pages.cursor === "string" ? pages.cursor : JSON.stringify(pages.cursor)}</code>.</>
      )}
    </p>
    {pages.note && <p class="muted small">{pages.note}</p>}
    <table class="lines">
      <thead>
        <tr>
          <th scope="col">Page</th>
          <th scope="col">Request</th>
          <th scope="col">Status</th>
          <th scope="col">Items</th>
          <th scope="col">Time</th>
        </tr>
      </thead>
      <tbody>
        {pages.calls.map((call) => (
          <tr key={call.number}>
            <td>{call.number}</td>
            <td><code>{call.method} {call.url}</code></td>
            <td>{call.statusCode ?? call.outcome}</td>
            <td>{call.items}</td>
            <td>{duration(call.elapsedSeconds)}</td>
          </tr>
        ))}
      </tbody>
    </table>
    {pages.omitted > 0 && <p class="muted small">{plural(pages.omitted, "page")} between them are not listed.</p>}
    {pages.nextRequest && <>
      <p><strong>The next page, not sent</strong></p>
      <pre class="code block" tabIndex={0} aria-label="The request of the next page">{pages.nextRequest}</pre>
    </>}
  </div>
);
