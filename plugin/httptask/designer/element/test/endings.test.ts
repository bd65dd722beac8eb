import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, duration, plural } from "../src/amounts";
import { ApiError } from "../src/api";
import { cancelled, outputsOf, refused, sentence, smaller, type Run, withNews } from "../src/endings";
import { phaseWords } from "../src/phases";
import { maskerOf } from "../src/masker";
import type { Arrived, Ending } from "../src/types";

const SENT = { method: "POST", url: "https://a.example/x", headers: [], bodyBytes: 3, body: "abc" };
const ENDING: Ending = {
  event: "response", id: "1", outcome: "success", status: 200, reasonPhrase: "OK", headers: [["X-Id", "7"]], decodedAs: "json",
  text: '{"n": 12345678901234567890}', elapsedSeconds: 0.25, made: 2, request: SENT,
};
const run = (progress: Run["progress"]): Run => ({ task: "A", began: performance.now(), cancelling: true, progress });

/** The output of a task that ended with *ending* and has the settings *settings*. */
const outputOf = (ending: Ending, settings?: object) => {
  const outputs = outputsOf(new Map([["A", { ending, key: "" }]]), () => settings as never);
  return (outputs as { A?: { output: any } }).A?.output;
};

test("repeated headers are joined as in a run, and cookies are a list", () => {
  const headers: [string, string][] = [["Link", "<a>"], ["Set-Cookie", "a=1"], ["link", "<b>"], ["set-cookie", "b=2"]];
  assert.deepEqual(outputOf({ ...ENDING, headers }).headers, { link: "<a>, <b>", "set-cookie": ["a=1", "b=2"] });
});

test("a later task sees the body of the callback, if the callback is the result", () => {
  const received = [{ note: "early", body: 1, headers: [] }, { note: "", body: { rows: 5 }, headers: [["x-of", "call"]] }];
  const job = { stoppedBy: "callback", received } as unknown as Ending["job"];
  const output = (completion: object, called = job) => outputOf({ ...ENDING, job: called }, { completion });
  assert.deepEqual([output({ mode: "callback" }).body, output({ mode: "callback" }).headers], [{ rows: 5 }, { "x-of": "call" }]);
  assert.deepEqual(Object.keys(output({ mode: "callback", callback: { result: "original" } }).body), ["n"]);
  assert.equal(output({ mode: "callback", callback: { result: "${$.body.rows}" } }), undefined);
  // The history does not keep a long callback, so the output is not known any more.
  const long = { ...job!, received: [{ ...job!.received![1]!, body: "x".repeat(20_000) }] };
  assert.equal(output({ mode: "callback" }, smaller({ ...ENDING, job: long }).job), undefined);
});

test("a cancelled request tells whether the server may have received it", () => {
  const delivered = (progress: Run["progress"]) => cancelled(run(progress)).maybeDelivered;
  for (const phase of ["prepare", "queue", "dns", "connect", "tls"]) {
    assert.equal(delivered({ phase, attempt: 1 }), false, phase);
    assert.equal(delivered({ phase, attempt: 2 }), true, `${phase} of a second attempt`);
  }
  for (const phase of ["send", "wait", "receive", "retry"]) assert.equal(delivered({ phase, attempt: 1 }), true, phase);
});

test("a refusal keeps its problems, and its message has the title and the detail", () => {
  const problems = [{ pointer: "/httpRequest", message: "m", severity: "error" as const }];
  const ending = refused(new ApiError({ title: "Refused", detail: "Too large", problems }));
  assert.deepEqual([ending.message, ending.problems], ["Refused. Too large", problems]);
  assert.equal(sentence(ending), "No response: Refused. Too large");
});

test("an ending is described in one line", () => {
  assert.equal(sentence(ENDING), "200 OK in 250 ms");
  const failed: Ending = { ...ENDING, status: 503, reasonPhrase: undefined, outcome: "failure", message: "not a success" };
  assert.equal(sentence(failed), "503  in 250 ms: not a success");
  assert.equal(sentence({ event: "cancelled", id: "1", elapsedSeconds: 1.5 }), "Cancelled after 1.50 s.");
  const invalid: Ending = { event: "error", id: "1", kind: "settings", elapsedSeconds: 0 };
  assert.equal(sentence(invalid), "Nothing was sent: see the problems beside the fields.");
});

test("the wait before the next attempt tells how long it is, and whether the server asked for it", () => {
  assert.equal(phaseWords({ phase: "retry", waitSeconds: 1.25 }), "Waiting 1.3 s before the next attempt");
  assert.equal(
    phaseWords({ phase: "retry", waitSeconds: 30, retryAfter: 30 }),
    "Waiting 30 s before the next attempt: the server asked for it (Retry-After)",
  );
  assert.equal(phaseWords({ phase: "queue" }), "Waiting for a free connection …");
  assert.equal(phaseWords({ phase: "of a newer server" }), "of a newer server …");
});

test("expressions of a later task see earlier responses with all digits of numbers, but no response that was cut", () => {
  const cut = { ...ENDING, truncated: true };
  const outputs = outputsOf(new Map([
    ["A", { ending: ENDING, key: "" }],
    ["B", { ending: cut, key: "" }],
    ["C", { ending: cancelled(run({ phase: "dns" })), key: "" }],
  ]));
  assert.equal(JSON.stringify(outputs),
    '{"A":{"output":{"statusCode":200,"reasonPhrase":"OK","headers":{"x-id":"7"},"body":{"n":12345678901234567890},"url":"https://a.example/x","attempts":2,"elapsedSeconds":0.25}}}');
});

test("a later task sees a failure, an item and pages in the shape that they have in a run", () => {
  const pages = { pages: {} } as unknown as Partial<Ending>;
  const seen = (more: Partial<Ending>, settings?: object) =>
    outputOf({ ...ENDING, text: '{"data": {"all": [1]}, "list": [2]}', ...more }, settings);
  const failed = seen({ outcome: "status", message: "404", status: 404 });
  assert.deepEqual([failed.error.kind, failed.error.result.statusCode, failed.body], ["status", 404, undefined]);
  assert.equal(seen({ item: { index: 0, count: 3 } })[0].statusCode, 200);
  assert.deepEqual(seen(pages).body, [2]);
  assert.deepEqual(seen(pages, { pagination: { items: "$.data.all" } }).body, [1]);
  assert.deepEqual(seen({ ...pages, text: "[3]" }, { pagination: { items: "$" } }).body, [3]);
  assert.equal(seen(pages, { pagination: { collect: "pages" } }).body.length, 1);
  assert.equal(seen(pages, { pagination: { collect: "file" } }), undefined);
  assert.equal(seen(pages, { pagination: { items: "$.nothing" } }), undefined);
});

test("the history stays small: long texts are cut and marked as cut, request bodies and curl commands are left out", () => {
  const long = smaller({ ...ENDING, text: "x".repeat(100_000), raw: "y".repeat(100_000), curl: "curl", attempts: [] });
  assert(JSON.stringify(long).length < 40_000);
  assert.deepEqual([long.truncated, long.curl, long.request!.body, long.made], [true, undefined, undefined, 0]);
  assert.equal(smaller(ENDING).text, ENDING.text);
  assert(!smaller(ENDING).truncated);
});

test("a secret is masked as it is, in JSON, in JSON inside of JSON, and in a URL", () => {
  const secret = 'p"ä\\ss word';
  const mask = maskerOf([secret, 12345]);
  const json = JSON.stringify({ sent: secret });
  const inUrls = [`?q=${encodeURIComponent(secret)}`, String(new URLSearchParams({ q: secret }))];
  const texts = [secret, json, JSON.stringify(json), ...inUrls, "key 12345"];
  for (const text of texts) assert(/^[^äs]*(sent)?[^äs]*$/.test(mask(text)) && !mask(text).includes("12345"), mask(text));
  assert.deepEqual(JSON.parse(mask(json)), { sent: "•••" });
});

test("of a secret that contains another one nothing stays readable; a very short secret is not masked", () => {
  assert.equal(maskerOf(["abcd", "abcdef"])("abcdef"), "•••");
  assert.equal(maskerOf(["abc", ""])("abc abcd"), "abc abcd");
});

test("an item of a stream is cut after it was masked: no part of a secret is left at its end", () => {
  const sent = "x".repeat(4090) + "s3cret-of-the-page".repeat(70).slice(0, 1030) + "…"; // as the server cuts it
  const news = { items: [{ number: 1, text: maskerOf(["s3cret-of-the-page"])(sent) }], count: 1, isMore: false, elapsedSeconds: 1 };
  assert.equal(withNews(undefined, news).items[0]!.text, "x".repeat(4090) + "••••••…");
});

test("counts, durations and sizes are written with their units", () => {
  assert.deepEqual([plural(1, "problem"), plural(2500, "endpoint")], ["1 problem", "2,500 endpoints"]);
  assert.deepEqual([0.0012, 0.25, 61].map(duration), ["1.2 ms", "250 ms", "61.00 s"]);
  assert.deepEqual([999, 1500, 2_500_000].map(bytes), ["999 B", "1.5 kB", "2.5 MB"]);
});

test("the latest items of a stream are kept, each with its time; another response starts again", () => {
  const news = (first: number, last: number, elapsedSeconds: number) => ({
    items: Array.from({ length: last - first + 1 }, (_, index) => ({ number: first + index, text: "x".repeat(100) })),
    count: last,
    isMore: false,
    elapsedSeconds,
  });
  const arrived = [news(1, 2, 0.1), news(3, 3, 0.2)].reduce<Arrived | undefined>(withNews, undefined)!;
  assert.deepEqual(arrived.items.map(({ number, seconds }) => [number, seconds]), [[1, 0.1], [2, 0.1], [3, 0.2]]);
  assert.deepEqual(withNews(arrived, news(4, 900, 3)).items.map(({ number }) => number).slice(0, 1), [401]);
  // The numbers do not continue: items were skipped, or belong to another response.
  assert.deepEqual(withNews(arrived, news(51, 150, 3)).items.length, 100);
  assert.deepEqual(withNews(arrived, { ...news(1, 0, 4), isMore: true }).items, []);
  assert.deepEqual(withNews(arrived, { ...news(1, 0, 4), count: 3, isMore: true }).items.length, 3);
  assert.deepEqual(withNews(arrived, news(1, 1, 5)), { items: [{ number: 1, text: "x".repeat(100), seconds: 5 }], count: 1, isMore: false });
  const kept = smaller({ event: "cancelled", id: "", elapsedSeconds: 1, arrived: withNews(undefined, news(1, 400, 1)) }).arrived!;
  assert.deepEqual([kept.count, kept.items.length, kept.items.at(-1)!.number], [400, 163, 400]);
});
