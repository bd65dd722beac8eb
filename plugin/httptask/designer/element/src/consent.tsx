// Shown while the server waits for a person's consent (OAuth 2): where to give it, the code to enter, and the time that is left.
import { useLayoutEffect, useState } from "preact/hooks";
import type { ConsentRequest } from "./api";
import type { Store } from "./store";

/** How often the remaining time is drawn, in milliseconds. */
const TICK = 250;

/** The pending consent *asked*. The dialog around it asks the server how it ended, and reports that. */
export function Consent({ asked, store, onCancel }: { asked: ConsentRequest; store: Store; onCancel: () => void }) {
  const [, tick] = useState(0);
  useLayoutEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), TICK);
    return () => clearInterval(timer);
  }, []);
  const left = Math.max(0, Math.ceil(asked.expiresIn - (performance.now() - asked.began) / 1000));
  const { userCode, verificationUri, url } = asked;
  return (
    <section class="consent union" aria-label="Consent">
      {userCode ? (
        <>
          <p>
            On any device that has a browser, open{" "}
            <a href={verificationUri} target="_blank" rel="noopener noreferrer">{verificationUri}</a> and enter the code
          </p>
          <div class="row">
            <output class="user-code" aria-label="Code">{userCode}</output>
            <button type="button" class="quiet" onClick={() => void store.copying.text("The code", userCode)}>Copy code</button>
            {url !== verificationUri && <a href={url} target="_blank" rel="noopener noreferrer">Open with the code filled in</a>}
          </div>
        </>
      ) : (
        <p>
          A window asks for your consent. Where none has opened: <a href={url} target="_blank" rel="noopener noreferrer">open the page</a>
        </p>
      )}
      <div class="row between">
        <span class="muted" role="timer">{left > 0 ? `Waiting for your consent; ${clock(left)} left` : "The time is over …"}</span>
        <button type="button" onClick={onCancel}>Cancel</button>
      </div>
    </section>
  );
}

/** `9:05`, from seconds. */
const clock = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
