// A test request under way, its ending, and the words for both.
import { failureOf } from "./api";
import { duration } from "./amounts";
import { at, isObject, type Json, type JsonObject } from "./json";
import { fromRaw } from "./slots";
import type { Arrived, Ending, SentRequest, Snapshot } from "./types";

const MOST_KEPT_TEXT = 16_384;
const MOST_ARRIVED = 500;
/** Characters of an item. Fewer than the server tells, so that what is cut here was whole when it was masked. */
const MOST_OF_ITEM = 4096;

export interface Run {
  task: string;
  /** By `performance.now()`. */
  began: number;
  cancelling: boolean;
  progress: Progress;
  arrived?: Arrived;
}
/** What the server's events say of a test request under way: the latest of each member. */
interface Progress {
  id?: string;
  phase: string;
  /** From 1; absent until the first attempt begins. */
  attempt?: number;
  maxAttempts?: number;
  sent?: number;
  received?: number;
  waitSeconds?: number;
  retryAfter?: number;
  /** In the phase `queue`: what a limit of the origin says. */
  queueReason?: string;
  /** In the phase `callback`. */
  waitUntil?: string;
  request?: SentRequest;
  raw?: string;
  curl?: string;
}
export interface Result {
  ending: Ending;
  /** Its settings as JSON text: the result is stale once the form's settings give another text. */
  key: string;
  /** Where it comes from the history: its settings are there. */
  snapshot?: Snapshot;
}

const PHASE_WORDS: Record<string, string> = {
  prepare: "Preparing", queue: "Waiting for a free connection", dns: "Looking up the host", connect: "Connecting", tls: "Securing the connection",
  send: "Sending", wait: "Waiting for the response", receive: "Receiving", retry: "Waiting before the next attempt",
};
/** The phase of a test request, in words. */
export function phaseWords({ phase, waitSeconds, retryAfter, queueReason, waitUntil }: Progress): string {
  if (phase === "callback") return `Waiting for a callback until ${new Date(waitUntil!).toLocaleTimeString()}`;
  if (phase === "queue" && queueReason) return `Waiting: ${queueReason}`;
  if (phase !== "retry" || waitSeconds === undefined) return `${PHASE_WORDS[phase] ?? phase} …`;
  const time = `Waiting ${Number(waitSeconds.toFixed(waitSeconds < 10 ? 1 : 0))} s before the next attempt`;
  return retryAfter !== undefined && retryAfter >= waitSeconds ? `${time}: the server asked for it (Retry-After)` : time;
}

/** What arrived of a streamed response, with the *news* of it: the latest items that follow each other, none of another response. */
export function withNews(before: Arrived | undefined, news: Omit<Arrived, "items"> & { items: { number: number; name?: string; text: string }[]; elapsedSeconds: number }): Arrived {
  const cut = (text: string) => (text.length > MOST_OF_ITEM ? `${text.slice(0, MOST_OF_ITEM)}…` : text);
  const items = news.items.map((item) => ({ ...item, text: cut(item.text), seconds: news.elapsedSeconds }));
  const goesOn = before && (items[0]?.number ?? news.count + 1) === before.count + 1;
  return { items: [...(goesOn ? before.items : []), ...items].slice(-MOST_ARRIVED), count: news.count, isMore: news.isMore };
}

/** The latest items of *arrived*, of so much text as the history keeps. */
function shorter(arrived: Arrived): Arrived {
  let left = MOST_KEPT_TEXT;
  const first = arrived.items.findLastIndex(({ text }) => (left -= text.length) < 0) + 1;
  return { ...arrived, items: arrived.items.slice(first) };
}

export const lost = (message: string): Ending => ({ event: "error", id: "", kind: "designer", message, elapsedSeconds: 0 });
/** The phases before the first byte of a request is sent. */
const BEFORE_SENDING = ["prepare", "queue", "dns", "connect", "proxy", "tls"];
/** The ending of a cancelled run whose server did not say how it ended. */
export const cancelled = ({ began, progress }: Run): Ending => ({
  event: "cancelled", id: progress.id ?? "", elapsedSeconds: (performance.now() - began) / 1000,
  maybeDelivered: !BEFORE_SENDING.includes(progress.phase) || (progress.attempt ?? 0) > 1,
  made: progress.attempt, request: progress.request, raw: progress.raw, curl: progress.curl,
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
  job: ending.job && JSON.stringify(ending.job).length > MOST_KEPT_TEXT ? { ...ending.job, received: undefined } : ending.job,
  arrived: ending.arrived && shorter(ending.arrived),
  truncated: ending.truncated || (ending.text?.length ?? 0) > MOST_KEPT_TEXT,
});

/** The ending in one line. */
export function sentence(ending: Ending): string {
  const seconds = duration(ending.elapsedSeconds);
  if (ending.event === "cancelled") return `Cancelled after ${seconds}.`;
  if (ending.event === "error") return ending.kind === "settings" ? "Nothing was sent: see the problems beside the fields." : `No response: ${ending.message}`;
  return `${ending.status} ${ending.reasonPhrase ?? ""} in ${seconds}${ending.outcome === "success" ? "" : `: ${ending.message ?? ending.outcome}`}`;
}

/** What a run puts out for the pages of which *body* is one; undefined for a file, and where the items are not found. */
function itemsOf(body: Json, pagination: Json | undefined): Json | undefined {
  const { collect, items } = isObject(pagination ?? null) ? (pagination as JsonObject) : {};
  if (collect === "pages") return [body];
  if (collect === "file") return undefined;
  if (Array.isArray(body)) return body;
  const way = typeof items === "string" ? /^\$((?:\.\w+)+)(?:\[\*\])?$/.exec(items)?.[1] : undefined;
  const found = items === undefined || items === null ? (isObject(body) ? Object.values(body).find(Array.isArray) : undefined) : way && at(body, way.replace(/\./g, "/"));
  return Array.isArray(found) ? found : undefined;
}

/** The call whose body and headers a run puts out; null: those of the answer; undefined: an expression makes it, or the call is not kept. */
function callOf({ job }: Ending, completion: Json | undefined) {
  const result = at(completion ?? null, "/callback/result") ?? "self";
  if (job?.stoppedBy !== "callback" || result === "original") return null;
  return result === "self" ? job.received?.at(-1) : undefined;
}

/** One answer as the settings of its own task see it: of pages the last one. Undefined for a job, whose first answer is not kept, and where some of it is missing. */
export function answerOf({ ending }: Result): JsonObject | undefined {
  const { status, headers = [], text = null, truncated, job, decodedAs } = ending;
  if (status === undefined || truncated || job) return undefined;
  const named = Object.fromEntries(headers.map(([header, value]) => [header.toLowerCase(), value]));
  return { statusCode: status, headers: named, body: decodedAs === "json" ? (fromRaw(text!) ?? null) : text };
}

/** The responses of earlier test requests, as the expressions of a later task see them. */
export function outputsOf(results: Map<string, Result>, taskOf: (name: string) => JsonObject | undefined = () => undefined): JsonObject {
  const tasks: JsonObject = {};
  for (const [name, { ending }] of results) {
    const { status, reasonPhrase = "", headers = [], text = null, elapsedSeconds } = ending;
    if (status === undefined || ending.truncated) continue;
    const read = ending.decodedAs === "json" ? (fromRaw(text!) ?? null) : text;
    const call = callOf(ending, taskOf(name)?.completion);
    const body = ending.pages ? itemsOf(read, taskOf(name)?.pagination) : call ? call.body : read;
    if (call === undefined || body === undefined) continue;
    const named = Object.fromEntries((call?.headers ?? headers).map(([header, value]) => [header.toLowerCase(), value]));
    const result = { statusCode: status, reasonPhrase, headers: named, body, url: ending.request!.url, attempts: ending.attempts?.length ?? ending.made!, elapsedSeconds };
    // What an error route sees of a failure.
    const { outcome = "success", message = "" } = ending;
    const output = outcome === "success" ? result : { error: { kind: outcome, message, maybeDelivered: true, result } };
    tasks[name] = { output: ending.item ? [output] : output };
  }
  return tasks;
}
