// A test request under way, how it ended, and what is said of it.
import { failureOf } from "./api";
import { duration } from "./amounts";
import type { JsonObject } from "./json";
import { fromRaw } from "./slots";
import type { Ending, SentRequest } from "./types";

const MOST_KEPT_TEXT = 16_384;

export interface Run {
  task: string;
  /** By the clock of this page. */
  began: number;
  cancelling: boolean;
  /** What the server has told of it. */
  told: Told;
}
/** The members of the events of a test request under way, the latest of each. */
interface Told {
  id?: string;
  phase: string;
  /** From 1; absent until the first attempt begins. */
  attempt?: number;
  maxAttempts?: number;
  sent?: number;
  received?: number;
  waitSeconds?: number;
  retryAfter?: number;
  request?: SentRequest;
  raw?: string;
  curl?: string;
}
export interface Result {
  ending: Ending;
  /** The settings it came of, as JSON text: another text now means that it is stale. */
  key: string;
}

const PHASE_WORDS: Record<string, string> = {
  prepare: "Preparing", queue: "Waiting for a free connection", dns: "Looking up the host", connect: "Connecting", tls: "Securing the connection",
  send: "Sending", wait: "Waiting for the response", receive: "Receiving", retry: "Waiting before the next attempt",
};
/** What goes on, in words. */
export function phaseWords({ phase, waitSeconds, retryAfter }: Told): string {
  if (phase !== "retry" || waitSeconds === undefined) return `${PHASE_WORDS[phase] ?? phase} …`;
  const time = `Waiting ${Number(waitSeconds.toFixed(waitSeconds < 10 ? 1 : 0))} s before the next attempt`;
  return retryAfter !== undefined && retryAfter >= waitSeconds ? `${time}: the server asked for it (Retry-After)` : time;
}

export const lost = (message: string): Ending => ({ event: "error", id: "", kind: "designer", message, elapsedSeconds: 0 });
/** Where nothing of the first attempt's request has gone out yet. */
const BEFORE_SENDING = ["prepare", "queue", "dns", "connect", "tls"];
/** What is known of a run whose server did not say how it ended. */
export const cancelled = ({ began, told }: Run): Ending => ({
  event: "cancelled", id: told.id ?? "", elapsedSeconds: (performance.now() - began) / 1000,
  maybeDelivered: !BEFORE_SENDING.includes(told.phase) || (told.attempt ?? 0) > 1,
  made: told.attempt, request: told.request, raw: told.raw, curl: told.curl,
});
export function refused(error: unknown): Ending {
  const { title, detail, problems } = failureOf(error);
  return { ...lost(detail ? `${title}. ${detail}` : title), problems };
}

export const smaller = (ending: Ending): Ending => ({
  ...ending,
  attempts: undefined,
  made: ending.attempts?.length ?? ending.made,
  curl: undefined,
  request: ending.request && { ...ending.request, body: undefined, bodyBase64: undefined },
  raw: ending.raw?.slice(0, MOST_KEPT_TEXT),
  text: ending.text?.slice(0, MOST_KEPT_TEXT),
  truncated: ending.truncated || (ending.text?.length ?? 0) > MOST_KEPT_TEXT,
});

/** What happened, in one line. */
export function sentence(ending: Ending): string {
  const seconds = duration(ending.elapsedSeconds);
  if (ending.event === "cancelled") return `Cancelled after ${seconds}.`;
  if (ending.event === "error") return ending.kind === "settings" ? "Nothing was sent: see the problems beside the fields." : `No response: ${ending.message}`;
  return `${ending.status} ${ending.reasonPhrase ?? ""} in ${seconds}${ending.outcome === "success" ? "" : `: ${ending.message ?? ending.outcome}`}`;
}

/** What earlier test requests were answered, as expressions of a later task see it. */
export function outputsOf(results: Map<string, Result>): JsonObject {
  const tasks: JsonObject = {};
  for (const [name, { ending }] of results) {
    const { status, reasonPhrase = "", headers = [], text = null, elapsedSeconds } = ending;
    if (status === undefined || ending.truncated) continue;
    const body = ending.decodedAs === "json" ? (fromRaw(text!) ?? null) : text;
    const named = Object.fromEntries(headers.map(([header, value]) => [header.toLowerCase(), value]));
    tasks[name] = { output: { statusCode: status, reasonPhrase, headers: named, body, url: ending.request!.url, attempts: ending.attempts?.length ?? ending.made!, elapsedSeconds } };
  }
  return tasks;
}
