import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../src/json";
import { canPin, renamePin } from "../src/pin-panel";
import { Pins } from "../src/pins";
import type { ShownRun } from "../src/runs";
import type { Store } from "../src/store";
import type { Visit } from "../src/types";
import { page, Server } from "./server";

/** A store with a server that has the pins *tasks* and adds each request to *asked*. */
function server(tasks: JsonObject, asked: string[] = []): Store {
  let version = 1;
  const send = async (path: string, { method = "GET", body, headers }: RequestInit = {}): Promise<Response> => {
    const name = decodeURIComponent(path.split("/pins/")[1] ?? "");
    asked.push(`${method} ${name} ${(headers as Record<string, string> | undefined)?.["If-Match"] ?? ""}`.trim());
    if (method === "PUT") tasks[name] = (JSON.parse(String(body)) as JsonObject).pin!;
    if (method === "DELETE") delete tasks[name];
    return new Response(JSON.stringify({ tasks }), { headers: { ETag: `"${version++}"` } });
  };
  const workflow = { id: "flow", recheck: () => {} };
  return { api: { send }, update: () => {}, typedTexts: new Map(), workflow } as unknown as Store;
}

test("a run answers with pins if there are any; in the offline mode it is asked to in any case", async () => {
  const none = new Pins(server({}));
  await none.open("flow");
  assert.deepEqual(none.wish, {});
  none.mode = "offline";
  assert.deepEqual(none.wish, { pins: "offline" });
  const one = new Pins(server({ Get: { status: 204 } }));
  await one.open("flow");
  assert.deepEqual(one.wish, { pins: "answer" });
  one.mode = "";
  assert.deepEqual(one.wish, {});
});

test("a task named like a member of Object.prototype is not pinned by that", async () => {
  const pins = new Pins(server({ Get: { status: 204 } }));
  await pins.open("flow");
  assert.deepEqual(["Get", "constructor", "toString"].map(pins.has), [true, false, false]);
});

test("the pin of a renamed task is moved, each request with the newest entity tag", async () => {
  const asked: string[] = [];
  const store = server({ Get: { status: 204 } }, asked);
  const pins = new Pins(store);
  Object.assign(store, { pins });
  await pins.open("flow");
  await renamePin(store, "Get", "Get/all");
  await renamePin(store, "Other", "Another");
  assert.deepEqual(pins.tasks, { "Get/all": { status: 204 } });
  assert.deepEqual(asked, ["GET", 'PUT Get/all "1"', 'DELETE Get "2"']);
});

test("only one answer of a server to a task of the open workflow can be pinned", async () => {
  await page(new Server(), (store) => {
    const run = { id: "1", definition: "flow", workflow: "flow", status: "Completed", visits: [] } as unknown as ShownRun;
    const visit: Visit = { name: "A", visit: 1, type: "Http", status: "Completed" };
    assert(canPin(store, run, visit));
    assert(!canPin(store, { ...run, workflow: "other" }, visit), "the task of this name in another workflow");
    const others: Partial<Visit>[] = [{ pinned: 1 }, { items: { count: 2 } }, { name: "Gone" }, { status: "Failed" }, { type: "Wait" }];
    for (const change of others) assert(!canPin(store, run, { ...visit, ...change }), JSON.stringify(change));
  });
});
