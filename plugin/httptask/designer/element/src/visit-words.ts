// What the visits of a run do and did, in words.
import { useLayoutEffect } from "preact/hooks";
import { duration, plural, when } from "./amounts";
import { stateWord } from "./runs";
import type { Store } from "./store";
import type { Visit } from "./types";
import { useRedraw } from "./ui";

/** Redraw the component five times a second while *isTicking*. */
export function useTicks(isTicking: boolean): void {
  const redraw = useRedraw();
  useLayoutEffect(() => {
    if (!isTicking) return;
    const timer = setInterval(() => redraw(), 200);
    return () => clearInterval(timer);
  }, [isTicking]);
}

/** How long *visit* took, or has taken so far. */
export const time = (store: Store, visit: Visit): string =>
  visit.told === undefined ? duration(visit.elapsedSeconds ?? 0) : `${store.runs.seconds(visit).toFixed(1)} s`;

/** Whether a person (or a callback) has to complete the visit, or one of its items. */
export const waitsForSomebody = ({ status, awaitsSignal, items }: Visit): boolean =>
  status === "Waiting" ? !!awaitsSignal : status === "InProgress" && !!items?.waiting;

/** The state of *visit* in a few words, with its status code, attempts and items. */
export function stateOf(visit: Visit): string {
  const { status, statusCode, pinned, attempt = 0, maxAttempts = 1, attempts = 1, waitSeconds, waitUntil, callback, items } = visit;
  const waiting = callback ? "waiting for a callback" : "waits for somebody";
  const parts = [waitsForSomebody(visit) ? waiting : stateWord(status)];
  if (status === "Waiting" && waitUntil) parts.push(`until ${when(waitUntil)}`);
  if (statusCode) parts.push(String(statusCode));
  if (pinned) parts.push("pinned");
  if (status === "InProgress" && maxAttempts > 1) parts.push(`attempt ${attempt} of ${maxAttempts}`);
  if (status === "InProgress" && waitSeconds !== undefined) parts.push(`waits ${waitSeconds.toFixed(1)} s`);
  if (status !== "InProgress" && attempts > 1) parts.push(plural(attempts, "attempt"));
  if (items) parts.push(`${items.completed ?? 0} of ${plural(items.count, "item")}`);
  if (items?.failed) parts.push(`${items.failed} failed`);
  return parts.join(", ");
}

/** The attempts and the time of *visit* in a few signs: `2/3 · 1.2 s`, or `2× · 1.2 s` once it has ended. */
export function progress(store: Store, visit: Visit): string {
  const { status, attempt = 0, maxAttempts = 1, attempts = 1 } = visit;
  const made = status === "InProgress" ? (maxAttempts > 1 ? `${attempt}/${maxAttempts} · ` : "") : attempts > 1 ? `${attempts}× · ` : "";
  return made + time(store, visit);
}
