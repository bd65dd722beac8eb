// A test request under way, how it ended (also in words), and what expressions can read of its response.
import { failureOf } from "./api";
import { duration } from "./amounts";
import { at, isObject, type Json, type JsonObject } from "./json";
import { fromRaw, put } from "./slots";
import type { Arrived, Ending, SentRequest, Snapshot } from "./types";

/** How many characters of a body the history keeps. */
const MOST_KEPT_TEXT = 16_384;
/** How many items of a stream are shown. */
const MOST_ARRIVED = 500;
/** How many characters of an item are shown. Fewer than the server sends: secrets are masked before an item is cut. */
const MOST_OF_ITEM = 4096;

/** A test request under way. */
export interface Run {
  task: string;
  /** When it was started, by `performance.now()`. */
  began: number;
  cancelling: boolean;
  progress: Progress;
  arrived?: Arrived;
}
/** The events of a test request, merged: each member has its latest value. */
export interface Progress {
  id?: string;
  phase: string;
  /** The number of the attempt, from 1; absent before the first attempt. */
  attempt?: number;
  maxAttempts?: number;
  sent?: number;
  received?: number;
  waitSeconds?: number;
  retryAfter?: number;
  /** In the phase `queue`: the limit for the origin that makes the request wait. */
  queueReason?: string;
  /** In the phase `callback`: when the wait ends. */
  waitUntil?: string;
  request?: SentRequest;
  raw?: string;
  curl?: string;
}
/** A test request that has ended. */
export interface Result {
  ending: Ending;
  /** The settings that were sent, as JSON text: the result is stale once the form has other settings. */
  key: string;
  /** The entry of the history that the result comes from; the settings are in the entry then, and `key` is empty. */
  snapshot?: Snapshot;
}

/** An event that reports new items of a stream. */
type News = Omit<Arrived, "items"> & { items: { number: number; name?: string; text: string }[]; elapsedSeconds: number };

/**
 * The items *before* and those of *news*, at most the latest `MOST_ARRIVED`.
 * Where the numbers do not continue, another response began (after a retry, say): the items before are dropped.
 */
export function withNews(before: Arrived | undefined, news: News): Arrived {
  const cut = (text: string) => (text.length > MOST_OF_ITEM ? `${text.slice(0, MOST_OF_ITEM)}…` : text);
  const items = news.items.map((item) => ({ ...item, text: cut(item.text), seconds: news.elapsedSeconds }));
  const goesOn = before && (items[0]?.number ?? news.count + 1) === before.count + 1;
  return { items: [...(goesOn ? before.items : []), ...items].slice(-MOST_ARRIVED), count: news.count, isMore: news.isMore };
}

/** *arrived* with only the latest items, as many as fit in the text that the history keeps. */
function shorter(arrived: Arrived): Arrived {
  let left = MOST_KEPT_TEXT;
  const first = arrived.items.findLastIndex(({ text }) => (left -= text.length) < 0) + 1;
  return { ...arrived, items: arrived.items.slice(first) };
}

/** The ending of a test request that got no answer from the designer's server. */
export const lost = (message: string): Ending => ({ event: "error", id: "", kind: "designer", message, elapsedSeconds: 0 });
/** The phases in which no byte of the request has been sent yet. */
const BEFORE_SENDING = ["prepare", "queue", "dns", "connect", "proxy", "tls"];
/** The ending of a cancelled test request for which the server sent no last event. */
export const cancelled = ({ began, progress }: Run): Ending => ({
  event: "cancelled", id: progress.id ?? "", elapsedSeconds: (performance.now() - began) / 1000,
  maybeDelivered: !BEFORE_SENDING.includes(progress.phase) || (progress.attempt ?? 0) > 1,
  made: progress.attempt, request: progress.request, raw: progress.raw, curl: progress.curl,
});
/** The ending of a test request that the server refused, or that failed in the page. */
export function refused(error: unknown): Ending {
  const { title, detail, problems } = failureOf(error);
  return { ...lost(detail ? `${title}. ${detail}` : title), problems };
}

/** *ending* as the history keeps it: without the attempts and the request's body, and with long texts cut. */
export const smaller = (ending: Ending): Ending => ({
  ...ending,
  attempts: undefined,
  made: ending.attempts?.length ?? ending.made,
  curl: undefined,
  request: ending.request && { ...ending.request, body: undefined, bodyBase64: undefined },
  raw: ending.raw?.slice(0, MOST_KEPT_TEXT),
  text: ending.text?.slice(0, MOST_KEPT_TEXT),
  job: ending.job && JSON.stringify(ending.job).length > MOST_KEPT_TEXT ? { ...ending.job, received: undefined, firstAnswer: undefined } : ending.job,
  arrived: ending.arrived && shorter(ending.arrived),
  truncated: ending.truncated || (ending.text?.length ?? 0) > MOST_KEPT_TEXT,
});

/** *ending* in one line, for the user. */
export function sentence(ending: Ending): string {
  const seconds = duration(ending.elapsedSeconds);
  if (ending.event === "cancelled") return `Cancelled after ${seconds}.`;
  if (ending.event === "error")
    return ending.kind === "settings" ? "Nothing was sent: see the problems beside the fields." : `No response: ${ending.message}`;
  const failure = ending.outcome === "success" ? "" : `: ${ending.message ?? ending.outcome}`;
  return `${ending.status} ${ending.reasonPhrase ?? ""} in ${seconds}${failure}`;
}

/**
 * The body that a run would have for a paginated task whose page *body* is the only one.
 * Undefined where the pages are collected into a file, and where the items are not found.
 */
function itemsOf(body: Json, pagination: Json | undefined): Json | undefined {
  const { collect, items } = isObject(pagination ?? null) ? (pagination as JsonObject) : {};
  if (collect === "pages") return [body];
  if (collect === "file") return undefined;
  if (Array.isArray(body)) return body;
  // Without `items` the first list in the body is meant. Of the paths in `items`, only plain member names are read here.
  const path = typeof items === "string" ? /^\$((?:\.\w+)+)(?:\[\*\])?$/.exec(items)?.[1] : undefined;
  const firstList = isObject(body) ? Object.values(body).find(Array.isArray) : undefined;
  const list = items === undefined || items === null ? firstList : path && at(body, path.replace(/\./g, "/"));
  return Array.isArray(list) ? list : undefined;
}

/**
 * The callback whose body and headers become the output of a run.
 * Null: the output is the response itself. Undefined: the output is not known here, because an expression makes it or the callback was not kept.
 */
function callOf({ job }: Ending, completion: Json | undefined) {
  const result = at(completion ?? null, "/callback/result") ?? "self";
  if (job?.stoppedBy !== "callback" || result === "original") return null;
  return result === "self" ? job.received?.at(-1) : undefined;
}

/** *headers* as expressions read them: by lowercase name, several values joined; those of `set-cookie` are a list. */
function headersByName(headers: [string, string][]): JsonObject {
  const values: JsonObject = {};
  for (const [header, value] of headers) {
    const name = header.toLowerCase();
    const earlier = Object.hasOwn(values, name) ? values[name] : undefined;
    if (name === "set-cookie") put(values, name, Array.isArray(earlier) ? [...earlier, value] : [value]);
    else put(values, name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return values;
}

/**
 * The response as the expressions of its own task see it (in pagination and completion); for pages the last one, for a job that of the last poll.
 * Undefined where the body is cut.
 */
export function answerOf({ ending }: Result): JsonObject | undefined {
  const { status, headers = [], text = null, truncated, job, decodedAs } = ending;
  if (status === undefined || truncated || (job && job.calls.at(-1)?.purpose !== "poll")) return undefined;
  const named = headersByName(headers);
  return { statusCode: status, headers: named, body: decodedAs === "json" ? (fromRaw(text!) ?? null) : text };
}

/** The responses of earlier test requests as outputs of their tasks, as the expressions of a later task see them. */
export function outputsOf(
  results: Map<string, Result>, taskOf: (name: string) => JsonObject | undefined = () => undefined,
): JsonObject {
  const tasks: JsonObject = {};
  for (const [name, { ending }] of results) {
    const { status, reasonPhrase = "", headers = [], text = null, elapsedSeconds } = ending;
    if (status === undefined || ending.truncated) continue;
    const decoded = ending.decodedAs === "json" ? (fromRaw(text!) ?? null) : text;
    const call = callOf(ending, taskOf(name)?.completion);
    const body = ending.pages ? itemsOf(decoded, taskOf(name)?.pagination) : call ? call.body : decoded;
    if (call === undefined || body === undefined) continue;
    const named = headersByName(call?.headers ?? headers);
    const attempts = ending.attempts?.length ?? ending.made!;
    const result = { statusCode: status, reasonPhrase, headers: named, body, url: ending.request!.url, attempts, elapsedSeconds };
    // A failed response becomes the output that an error route sees.
    const { outcome = "success", message = "" } = ending;
    const output = outcome === "success" ? result : { error: { kind: outcome, message, maybeDelivered: true, result } };
    tasks[name] = { output: ending.item ? [output] : output };
  }
  return tasks;
}
