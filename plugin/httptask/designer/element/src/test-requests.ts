// Test requests: builds what is sent, follows the one under way, and keeps the latest result of each task.
import type { Draft } from "./api";
import { cancelled, lost, outputsOf, refused, type Result, type Run, sentence, withNews } from "./endings";
import { type Json, type JsonObject, parse } from "./json";
import { type Mask, maskCuts, maskerOf } from "./masker";
import { samples, secretsAt } from "./secrets";
import type { Store } from "./store";
import type { Ending, Task } from "./types";
import * as flow from "./workflow";

/** In milliseconds. The page stops waiting this long after a cancel, whether the server has answered or not. */
const CANCEL_PATIENCE = 1500;

/** The test request under way, and the results of those before. */
export class TestRequests {
  constructor(private readonly store: Store) {}

  /** The test request under way. */
  run: Run | null = null;
  /** The latest results since the page was loaded, by task. */
  results = new Map<string, Result>();
  /** The index of the `forEach` item that a test is made for, by task. */
  private items = new Map<string, number>();
  /** Ends the connection of the test request under way. */
  private running: AbortController | null = null;
  /** Masks the secrets of the last test request. */
  mask: Mask = (text) => text;

  /** The latest result of the open task. */
  get result(): Result | undefined {
    return this.store.task.name === null ? undefined : this.resultOf(this.store.task.name);
  }

  /** The latest result of the task *name*; after a reload of the page, the one in the history. */
  resultOf(name: string): Result | undefined {
    const result = this.results.get(name);
    if (result) return result;
    const snapshot = this.store.history.latest(name);
    return snapshot && { ending: snapshot.ending!, key: "", snapshot };
  }

  /** The latest response of each task; after a reload of the page, the one in the history. */
  get answers(): Map<string, Result> {
    const answers = new Map(this.results);
    for (const { task, ending } of this.store.history.items)
      if (ending?.event === "response" && !answers.has(task)) answers.set(task, { ending, key: "" });
    return answers;
  }

  /** The index of the `forEach` item that a test of the open task is made for. */
  get itemIndex(): number {
    return this.items.get(this.store.task.name!) ?? 0;
  }

  chooseItem(index: number): void {
    this.items.set(this.store.task.name!, index);
    this.store.task.changed();
    this.store.update();
  }

  /** The outputs of the tasks that were tested, by task, as the expressions of later tasks see them. */
  get outputs(): JsonObject {
    return outputsOf(this.answers, (name) => flow.find(this.store.workflow.working, name)?.task);
  }

  /** Whether the settings of the open task were changed since its latest result. */
  get stale(): boolean {
    const { result } = this;
    if (!result || !this.store.task.root) return false;
    return result.snapshot ? !this.store.history.isCurrent(result.snapshot) : result.key !== this.store.task.settingsKey();
  }

  /** Whether the open task reads the workflow's input although neither a sample input nor any sample of a field was typed. */
  get lacksInput(): boolean {
    const { inputParameters } = this.store.task.value();
    if (this.store.task.input.trim() || !/\$\.input\b/.test(JSON.stringify(inputParameters ?? ""))) return false;
    return !Object.keys(samples(this.store.task.root!).values).length;
  }

  /** Build the test request of the open task; null, with a notice, if the sample input is not JSON. */
  draft(): Draft | null {
    const { task } = this.store;
    const draft: Draft = { task: task.value(), name: task.name!, samples: samples(task.root!).values, inputs: {} };
    if (JSON.stringify([draft.task.inputParameters, draft.task.forEach]).includes("tasks")) draft.inputs.tasks = this.outputs;
    if (this.itemIndex) draft.inputs.itemIndex = this.itemIndex;
    const { chosen } = this.store.environments;
    const { id, working } = this.store.workflow;
    if (chosen !== null && id !== null) Object.assign(draft, { environment: chosen, workflow: id });
    if (working.inputSchema !== undefined) draft.inputSchema = working.inputSchema;
    if (this.store.task.input.trim())
      try {
        draft.inputs.input = parse(this.store.task.input);
      } catch {
        this.store.notice = { title: "The sample input is not JSON", detail: "Mend it under “Task”, or empty it. Nothing was sent." };
        this.store.update();
        return null;
      }
    return draft;
  }

  /** The values for the expressions of *task* in a preview. A sample input that is not JSON (yet) is left out. */
  surroundings(task: Task): Omit<Draft, "task" | "name"> {
    const { inputs, environment, workflow } = this.store.expressions.body(JSON.stringify(task));
    return { samples: samples(this.store.task.root!).values, inputs, environment, workflow };
  }

  /** The secrets of the open task: literal values, samples of expressions in secret fields, and those of the sample input. */
  secrets(task: Task): Json[] {
    const { values, open } = samples(this.store.task.root!);
    const secretSamples = Object.keys(values).filter((pointer) => !(pointer in open)).map((pointer) => values[pointer]!);
    return [...secretsAt(task, this.store.task.secretsHere()), ...secretSamples, ...this.store.input.secrets];
  }

  /** Send the test request of the open task, and follow it to its end; *sendAnyway* although its settings are not valid. */
  async send(sendAnyway = false): Promise<void> {
    if (this.run || !this.store.task.root || this.store.task.name === null || this.store.task.picking) return;
    this.store.task.settled();
    const draft = this.draft();
    if (!draft) return;
    const name = this.store.task.name;
    const key = this.store.task.settingsKey();
    const mask = (this.mask = maskerOf(this.secrets(draft.task)));
    const run: Run = { task: name, began: performance.now(), cancelling: false, progress: { phase: "prepare" } };
    this.run = run;
    this.running = new AbortController();
    this.store.show("response");
    this.store.history.shown = null;
    this.store.validation.forget();
    this.store.say("Sending the test request …");
    let ending: Ending | null = null;
    try {
      await this.store.api.testRequest({ ...draft, sendAnyway }, this.running.signal, (event, data) => {
        const payload = maskCuts(JSON.parse(mask(data)) as Record<string, unknown>, mask);
        if (["response", "error", "cancelled"].includes(event)) {
          ending = { ...(payload as unknown as Ending), event: event as Ending["event"] };
        } else if (event === "items") {
          run.arrived = withNews(run.arrived, payload as unknown as Parameters<typeof withNews>[1]);
          this.store.update();
        } else {
          // A new phase ends the wait before the next attempt.
          if (event === "phase") delete run.progress.waitSeconds, delete run.progress.retryAfter;
          Object.assign(run.progress, payload);
          // Cancel was pressed before the server had named the request.
          if (run.cancelling && run.progress.id) void this.store.api.cancel(run.progress.id).catch(() => {});
          this.store.update();
        }
      });
    } catch (error) {
      if (!ending && run.cancelling) ending = cancelled(run);
      else if (!ending && !run.progress.id) ending = refused(error);
    }
    // A stream that breaks off after it had begun has no ending.
    ending ??= { ...lost("The connection to the designer's server ended before the request did."), maybeDelivered: true };
    this.run = this.running = null;
    ending.anyway = sendAnyway;
    ending.arrived = run.arrived;
    this.ended(run.task, draft.task, ending, key);
  }

  /** Keep the *ending* of the test of the task *name*, and show its problems. *key* identifies the settings that were sent. */
  private ended(name: string, task: Task, ending: Ending, key: string): void {
    this.results.set(name, { ending, key });
    this.store.history.remember(name, task, { ending });
    if (ending.problems?.length && name === this.store.task.name) {
      if (ending.event === "response") this.store.validation.tell(ending.problems);
      else this.store.validation.report(ending.problems);
      // An expression that cannot be evaluated here can get a sample: the focus goes to its field.
      if (ending.kind === "expression" && this.store.focusWanted) this.store.focusWanted += "-sample";
    }
    this.store.say(sentence(ending));
  }

  /** Cancel the test request under way; how far it came is reported by its ending. */
  cancel(): void {
    const { run, running } = this;
    if (!run || run.cancelling) return;
    run.cancelling = true;
    if (run.progress.id) void this.store.api.cancel(run.progress.id).catch(() => running?.abort());
    setTimeout(() => running?.abort(), CANCEL_PATIENCE);
    this.store.say("Cancelling …");
  }

  /** Move the results of the task *name* to its new name *free*. */
  rename(name: string, free: string): void {
    const result = this.results.get(name);
    if (result) this.results.set(free, result);
    this.results.delete(name);
    this.items.set(free, this.items.get(name) ?? 0);
    if (this.run?.task === name) this.run.task = free;
  }

  stop(): void {
    this.running?.abort();
  }
}
