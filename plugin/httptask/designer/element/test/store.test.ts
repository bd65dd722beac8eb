// The store: what survives a reload, a save, and the renaming of a task.
import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutSecretsOf, withSecretsOf } from "../src/drafts";
import { load } from "../src/slots";
import type { Task } from "../src/types";
import { removeTask } from "../src/removal";
import { FLOW, headers, kept, page, Server, slotAt, task, type } from "./server";

test("after a reload unsaved changes are back, without the secrets, which are never stored", async () => {
  kept.clear();
  const server = new Server();
  await page(server, (store) => {
    type(store, "/httpRequest/headers/Token", "typed-secret");
    type(store, "/httpRequest/headers/Via", "changed");
    store.task.settled();
    assert(store.workflow.dirty);
  });
  assert(kept.size > 0);
  assert(![...kept.values()].join().includes("secret"));
  await page(server, (store) => {
    assert.deepEqual(headers(store, "A"), { Token: "saved-secret", Via: "changed" });
    assert.equal(store.notice?.title, "Your unsaved changes are back");
  });
});

test("after a reload the page says that a secret which was not saved has to be typed again", async () => {
  kept.clear();
  const server = new Server();
  server.definition = { name: "flow", startTask: "A", tasks: { A: task({ Via: "1" }) } };
  await page(server, (store) => {
    slotAt(store, "/httpRequest/headers").own.push({ name: "Token", slot: load({ kind: "string" }, "typed-secret") });
    store.task.settled();
  });
  assert(![...kept.values()].join().includes("typed-secret"));
  await page(server, (store) => assert.equal(store.notice?.detail, "Secrets were not kept: type 1 again."));
});

test("a secret that only the server recognises is not stored either", async () => {
  kept.clear();
  const server = new Server();
  server.problems = [{ code: "secret-in-the-open", pointer: "/httpRequest/headers/Via", message: "m", severity: "warning" }];
  await page(server, async (store) => {
    type(store, "/httpRequest/headers/Via", "looks-like-a-key");
    await store.validation.validate();
  });
  assert(![...kept.values()].join().includes("looks-like-a-key"));
});

test("when a workflow is opened, no switched-off parameter counts as checked for secrets", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    store.drafts.openOff.A = [JSON.stringify({ group: "query", name: "q", value: "v", at: -1 })];
    await store.workflow.open(store.workflow.id);
    assert.deepEqual({ ...store.drafts.openOff }, {});
  });
});

test("the workflow chosen last is open, even if the server answers for it first", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    let answerSlow = (): void => {};
    store.api.workflow = async (id: string) => {
      if (id === "slow") await new Promise<void>((resolve) => { answerSlow = resolve; });
      return { definition: { name: id, tasks: {} }, etag: `"${id}"` };
    };
    const slow = store.workflow.open("slow");
    await store.workflow.open("quick");
    answerSlow();
    await slow;
    assert.deepEqual([store.workflow.id, store.workflow.working.name, store.workflow.etag], ["quick", "quick", '"quick"']);
  });
});

test("the sample of a secret field is sent and stays while the page is open, but is not stored", async () => {
  kept.clear();
  const server = new Server();
  const tasks = { A: task({ Token: "${$.input.t}", Via: "${$.input.v}" }, "B"), B: task({}) };
  server.definition = { name: "flow", startTask: "A", tasks };
  await page(server, async (store) => {
    slotAt(store, "/httpRequest/headers/Token").sample = "sampled-secret";
    slotAt(store, "/httpRequest/headers/Via").sample = "sampled";
    await store.tests.send();
    assert(server.sent[0]!.includes("sampled-secret"));
    await store.task.open("B");
    await store.task.open("A");
    assert.equal(slotAt(store, "/httpRequest/headers/Token").sample, "sampled-secret");
    assert(!JSON.stringify(store.history.items).includes("secret"));
  });
  assert(![...kept.values()].join().includes("secret"));
  await page(server, (store) => {
    assert.deepEqual(["Token", "Via"].map((name) => slotAt(store, `/httpRequest/headers/${name}`).sample), ["", "sampled"]);
  });
});

test("a test request sends the secrets that were typed; neither its result nor the history has them", async () => {
  kept.clear();
  const server = new Server();
  await page(server, async (store) => {
    type(store, "/httpRequest/headers/Token", "typed-secret");
    await store.tests.send();
    assert(server.sent[0]!.includes("typed-secret"));
    assert.equal(store.tests.result?.ending.status, 200);
    assert(!JSON.stringify([store.history.items, store.tests.result!.ending]).includes("secret"));
    assert.equal(store.status, "200 OK in 100 ms");
    assert(!store.tests.stale);
    type(store, "/httpRequest/headers/Via", "changed");
    assert(store.tests.stale, "the response is of other settings now");
  });
  assert(![...kept.values()].join().includes("secret"));
  await page(server, (store) => assert.equal(store.history.items[0]?.ending?.status, 200));
});

test("a renamed task keeps its response, its history and its place", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    await store.tests.send();
    await store.workflow.rename("Ask");
    assert.equal(store.task.name, "Ask");
    assert.equal(store.tests.result?.ending.status, 200);
    assert.equal(store.history.items[0]!.task, "Ask");
    assert.deepEqual([store.workflow.working.startTask, Object.keys(store.workflow.working.tasks!)], ["Ask", ["Ask", "B"]]);
  });
});

test("what is typed while the server renames a task is not lost", async () => {
  kept.clear();
  const server = new Server();
  await page(server, async (store) => {
    server.meanwhile = ["typed", "typed meanwhile"].map((text) => () => type(store, "/httpRequest/headers/Via", text));
    await store.workflow.rename("Ask");
    assert.deepEqual((headers(store, "Ask") as Task).Via, "typed meanwhile");
  });
});

test("a removed task can be restored from the history, without its secret", async () => {
  kept.clear();
  await page(new Server(), async (store) => {
    await removeTask(store, "A");
    assert.deepEqual([store.task.name, store.workflow.working.startTask], ["B", "B"]);
    await store.history.restore(store.history.items[0]!);
    assert.deepEqual(headers(store, "A"), { Via: "1" });
  });
});

test("somebody else's version is not overwritten until the user chooses one of the two", async () => {
  kept.clear();
  const server = new Server();
  await page(server, async (store) => {
    type(store, "/httpRequest/headers/Via", "mine");
    server.etag = '"7"';
    await store.saving.save();
    assert.equal(store.saving.conflict?.etag, '"7"');
    assert.deepEqual(server.definition, FLOW);
    assert.deepEqual((headers(store, "A") as Task).Via, "mine");
    await store.saving.save(store.saving.conflict!.etag);
    assert.equal(store.saving.conflict, null);
    assert.equal(((server.definition.tasks!.A as Task).httpRequest as { headers: Task }).headers.Via, "mine");
    assert(!store.workflow.dirty);
  });
});

test("when somebody else's version is loaded, the user's own settings go to the history", async () => {
  kept.clear();
  const server = new Server();
  await page(server, async (store) => {
    type(store, "/httpRequest/headers/Via", "mine");
    await store.saving.reload();
    assert.deepEqual((headers(store, "A") as Task).Via, "1");
    assert(JSON.stringify(store.history.items).includes("mine"));
  });
});

test("a page that may not store anything works all the same", async () => {
  const { setItem } = sessionStorage;
  sessionStorage.setItem = () => { throw new Error("forbidden"); };
  try {
    await page(new Server(), (store) => type(store, "/httpRequest/headers/Via", "2"));
  } finally {
    sessionStorage.setItem = setItem;
  }
});

test("a request whose connection broke off may have been delivered", async () => {
  const server = new Server();
  Object.assign(server.api, {
    testRequest: async (_draft: unknown, _signal: unknown, tell: (event: string, data: string) => void) => {
      tell("started", '{"id": "1"}');
      throw new TypeError("network error");
    },
  });
  await page(server, async (store) => {
    await store.tests.send();
    const { event, maybeDelivered, message } = store.tests.result!.ending;
    assert.deepEqual([event, maybeDelivered], ["error", true]);
    assert.equal(message, "The connection to the designer's server ended before the request did.");
  });
});

test("the words of a server are shown as they came, even where they are the name of a setting", async () => {
  const server = new Server();
  const message = "the server says: please retry, 'body' and 'credentials' are wrong (/httpRequest/query/q)";
  const ending = JSON.stringify({ id: "1", outcome: "body", status: 200, reasonPhrase: "OK", message, elapsedSeconds: 1, attempts: [] });
  Object.assign(server.api, {
    testRequest: async (_draft: unknown, _signal: unknown, tell: (event: string, data: string) => void) => tell("response", ending),
  });
  await page(server, async (store) => {
    await store.tests.send();
    assert(store.status.endsWith(message), store.status);
  });
});

test("secrets are taken out of a definition and put back", () => {
  const { definition, removed } = withoutSecretsOf(FLOW, { B: ["/httpRequest/headers/Via"] });
  assert.deepEqual({ ...removed }, { A: ["/httpRequest/headers/Token"], B: ["/httpRequest/headers/Via"] });
  assert.deepEqual(withSecretsOf(definition, FLOW, removed), { definition: FLOW, lost: 0 });
  assert.equal(withSecretsOf(definition, { tasks: {} }, removed).lost, 2);
  const runs = { tasks: { C: { type: "Workflow", definition: "other", inputParameters: { password: "typed", user: "Ann" } } } };
  assert.deepEqual({ ...withoutSecretsOf(runs, {}).removed }, { C: ["/inputParameters/password"] });
});
