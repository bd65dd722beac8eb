// Where a test request is, in words.
import { when } from "./amounts";
import type { Progress } from "./endings";

const PHASE_WORDS: Record<string, string> = {
  prepare: "Preparing",
  queue: "Waiting for a free connection",
  dns: "Looking up the host",
  connect: "Connecting",
  tls: "Securing the connection",
  send: "Sending",
  wait: "Waiting for the response",
  receive: "Receiving",
  retry: "Waiting before the next attempt",
};
/** The phase of a test request, in words. */
export function phaseWords({ phase, waitSeconds, retryAfter, queueReason, waitUntil }: Progress): string {
  if (phase === "callback") return `Waiting for a callback until ${when(waitUntil!)}`;
  if (phase === "queue" && queueReason) return `Waiting: ${queueReason}`;
  if (phase !== "retry" || waitSeconds === undefined) return `${PHASE_WORDS[phase] ?? phase} …`;
  const time = `Waiting ${Number(waitSeconds.toFixed(waitSeconds < 10 ? 1 : 0))} s before the next attempt`;
  return retryAfter !== undefined && retryAfter >= waitSeconds ? `${time}: the server asked for it (Retry-After)` : time;
}
