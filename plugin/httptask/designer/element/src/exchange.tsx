// How a test request went: the time of each phase, the attempts with their hops, and the request as it was sent.
import { duration } from "./amounts";
import type { Store } from "./store";
import type { Attempt, Ending, Hop, Phases } from "./types";

/** The phases of a request, in order; each has a colour in `response.css`. */
const PHASES = ["queue", "dns", "connect", "proxy", "tls", "send", "wait", "receive"];

/** A bar for the share that each phase has of the whole time. */
function Bars({ phases }: { phases: Phases }) {
  const total = Math.max(1e-9, PHASES.reduce((sum, phase) => sum + (phases[phase] ?? 0), 0));
  let before = 0;
  return (
    <table class="bars">
      <thead class="hidden"><tr><th>Phase</th><th>Part</th><th>Time</th></tr></thead>
      <tbody>
        {PHASES.filter((phase) => phases[phase] !== undefined).map((phase) => {
          const share = (phases[phase]! / total) * 100;
          const left = before;
          before += share;
          return (
            <tr key={phase}>
              <th scope="row">{phase}</th>
              <td><span class={`part ${phase}`} style={{ marginLeft: `${left}%`, width: `${Math.max(share, 0.5)}%` }} /></td>
              <td>{duration(phases[phase]!)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** The phases and the attempts of *ending*. */
export const Timeline = ({ ending }: { ending: Ending }) => (
  <div>
    <Bars phases={ending.phases ?? {}} />
    {(ending.attempts?.length ?? 0) > 0 && (
      <ol>
        {ending.attempts!.map((attempt) => <OneAttempt key={attempt.number} attempt={attempt} />)}
      </ol>
    )}
  </div>
);

/** An attempt with its hops; requests for authorisation, such as one for a token, stand before the hop that needed them. */
function OneAttempt({ attempt }: { attempt: Attempt }) {
  const { number, waitedSeconds, elapsedSeconds, outcome, error, hops, subExchanges } = attempt;
  const drawExchanges = (isHere: (beforeHop: number) => boolean) =>
    subExchanges?.filter(({ beforeHop }) => isHere(beforeHop))
      .map((exchange, index) => <OneHop key={index} hop={exchange} kind={exchange.kind} />);
  return (
    <li>
      <strong>Attempt {number}</strong>{" "}
      <span class="muted">
        {waitedSeconds > 0 && `after waiting ${duration(waitedSeconds)}, `}{duration(elapsedSeconds)}, {outcome}{error ? `: ${error}` : ""}
      </span>
      {hops.map((hop, index) => <div key={index}>
        {drawExchanges((beforeHop) => beforeHop === index)}
        <OneHop hop={hop} />
        {hop.challenged && <div class="muted small">The server asks for other authorisation: sent again with it.</div>}
      </div>)}
      {drawExchanges((beforeHop) => beforeHop >= hops.length)}
    </li>
  );
}

/** A request with the status of its response. */
const OneHop = ({ hop, kind }: { hop: Hop; kind?: string }) => (
  <div>
    {kind && <span class="muted">{kind} request </span>}
    <code>{hop.request.method} {hop.request.url}</code> <span class="muted">{hop.statusLine ?? hop.status ?? ""}</span>
    {hop.notes.map((note) => <div key={note} class="muted small">{note}</div>)}
    {hop.unparsed && <>
      <p class="muted small">What came is no response:</p>
      <pre class="code block" tabIndex={0} aria-label="What came">{hop.unparsed}</pre>
    </>}
  </div>
);

/** The request of *ending* as it was sent. */
export function Sent({ ending, store }: { ending: Ending; store: Store }) {
  const { request, raw } = ending;
  return (
    <>
      <div class="row">
        <span class="muted">{request ? `${request.method} ${request.url}` : ""}</span>
        <span class="grow" />
        {ending.curl && (
          <button class="quiet" onClick={() => void store.copying.text("The request as a curl command", ending.curl!)}>Copy as curl</button>
        )}
      </div>
      <pre class="code block">{raw}</pre>
    </>
  );
}
