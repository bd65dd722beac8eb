// An asynchronous job that a task waits for: its state, its callbacks, a line for each request, and the next poll.
import { duration, plural, when } from "./amounts";
import type { Job } from "./types";

/** Why the wait ended, by `Job.stoppedBy`. */
const ENDS: Record<string, string> = {
  done: "it is done",
  callback: "a callback ended the wait",
  until: "the condition until holds",
  failed: "it failed",
  deadline: "its time is over",
  testRequest: "a test request makes two polls, and waits no longer than a request may take",
  error: "a call failed",
};

type Received = NonNullable<Job["received"]>[number];

/** A callback request, with its headers and body as they were received. */
function Call({ call }: { call: Received }) {
  const headers = call.headers.map(([name, value]) => `${name}: ${value}`);
  const body = call.body === null ? "" : JSON.stringify(call.body, null, 2);
  return (
    <>
      <p>
        <strong>{call.note ? "A call that did not end it" : "The callback"}</strong>{" "}
        {when(call.receivedAt)}: {call.method}, answered {call.status}{call.note && `; ${call.note}`}.
      </p>
      <pre class="code block" tabIndex={0} aria-label="What came">{[...headers, "", body].join("\n").trim()}</pre>
    </>
  );
}

/** How the task waited for *job*. */
export const JobCalls = ({ job }: { job: Job }) => (
  <div>
    {job.received && !job.received.length && <p>No callback came.</p>}
    {job.received?.map((call, index) => <Call key={index} call={call} />)}
    <p>
      <strong>{job.status ?? (job.received ? "Waited" : "No state yet")}</strong>{" "}
      {job.received ? `for ${duration(job.elapsedSeconds)}` : `after ${plural(job.polls, "poll")}`}: {ENDS[job.stoppedBy] ?? job.stoppedBy}.
      {job.states.length > 1 && <> States seen: {job.states.join(", ")}.</>}{" "}
      {job.received ? "The call goes to" : "The job is at"} <code>{job.url}</code>.
    </p>
    <table class="lines">
      <thead>
        <tr>
          <th scope="col">Call</th>
          <th scope="col">Request</th>
          <th scope="col">Status</th>
          <th scope="col">State</th>
          <th scope="col">Waited</th>
          <th scope="col">Time</th>
        </tr>
      </thead>
      <tbody>
        {job.calls.map((call) => (
          <tr key={call.number}>
            <td>{call.purpose}</td>
            <td><code>{call.method} {call.url}</code></td>
            <td>{call.statusCode ?? call.outcome}</td>
            <td>{call.state ?? ""}</td>
            <td>{duration(call.waitedSeconds)}</td>
            <td>{duration(call.elapsedSeconds)}</td>
          </tr>
        ))}
      </tbody>
    </table>
    {job.omitted > 0 && <p class="muted small">{plural(job.omitted, "call")} between them are not listed.</p>}
    {job.nextRequest && <>
      <p><strong>The next poll, not sent</strong></p>
      <pre class="code block" tabIndex={0} aria-label="The request of the next poll">{job.nextRequest}</pre>
    </>}
  </div>
);
