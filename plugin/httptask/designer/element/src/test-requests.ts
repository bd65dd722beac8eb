// Test requests: what is sent, the one under way, and the latest result of each task.
import type { Draft } from "./api";
import { cancelled, lost, outputsOf, refused, type Result, type Run, sentence, withNews } from "./endings";
import { type Json, type JsonObject, parse } from "./json";
import { type Mask, maskCuts, maskerOf } from "./masker";
import { samples, secretsAt } from "./secrets";
import type { Store } from "./store";
import type { Ending, Task } from "./types";
import * as flow from "./workflow";

/** In milliseconds, until a cancelled request is given up. */
const CANCEL_PATIENCE = 1500;

export class TestRequests {
  constructor(private readonly store: Store) {}

  run: Run | null = null;
  results = new Map<string, Result>();
  /** Which item of `forEach` is tried, by the name of its task. */
  private items = new Map<string, number>();
  private running: AbortController | null = null;
  /** Hides what was typed into the secret fields of the last test request. */
  mask: Mask = (text) => text;

  get result(): Result | undefined {
    return this.store.task.name === null ? undefined : this.resultOf(this.store.task.name);
  }

  /** The last result of the task *name*: of this page, or of the history, which a reload leaves. */
  resultOf(name: string): Result | undefined {
    const kept = this.results.get(name);
    if (kept) return kept;
    const snapshot = this.store.history.latest(name);
    return snapshot && { ending: snapshot.ending!, key: "", snapshot };
  }

  /** The last answer of each task: of a test request, else of the history. */
  get answers(): Map<string, Result> {
    const answers = new Map(this.results);
    for (const { task, ending } of this.store.history.items)
      if (ending?.event === "response" && !answers.has(task)) answers.set(task, { ending, key: "" });
    return answers;
  }

  get itemIndex(): number {
    return this.items.get(this.store.task.name!) ?? 0;
  }

  chooseItem(index: number): void {
    this.items.set(this.store.task.name!, index);
    this.store.task.changed();
    this.store.update();
  }

  /** What the tasks that were tested put out, as a later task's expressions see it. */
  get outputs(): JsonObject {
    return outputsOf(this.answers, (name) => flow.find(this.store.workflow.working, name)?.task);
  }

  get stale(): boolean {
    const { result } = this;
    if (!result || !this.store.task.root) return false;
    return result.snapshot ? !this.store.history.isCurrent(result.snapshot) : result.key !== this.store.task.settingsKey();
  }

  /** Whether the task reads the workflow's input, and no sample of it was typed. */
  get lacksInput(): boolean {
    const { inputParameters } = this.store.task.value();
    return !this.store.task.input.trim() && /\$\.input\b/.test(JSON.stringify(inputParameters ?? "")) && !Object.keys(samples(this.store.task.root!).values).length;
  }

  draft(): Draft | null {
    const draft: Draft = { task: this.store.task.value(), name: this.store.task.name!, samples: samples(this.store.task.root!).values, inputs: {} };
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

  /** What the expressions of *task* are evaluated with, for a preview: a sample input that is no JSON is none. */
  surroundings(task: Task): Omit<Draft, "task" | "name"> {
    const { inputs, environment, workflow } = this.store.expressions.body(JSON.stringify(task));
    return { samples: samples(this.store.task.root!).values, inputs, environment, workflow };
  }

  /** The values of secret fields: as typed, or as the sample of their expression. */
  secrets(task: Task): Json[] {
    const { values, open } = samples(this.store.task.root!);
    const sampled = Object.keys(values).filter((pointer) => !(pointer in open));
    return [...secretsAt(task, this.store.task.secretsHere()), ...sampled.map((pointer) => values[pointer]!), ...this.store.input.secrets];
  }

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
        if (["response", "error", "cancelled"].includes(event)) ending = { ...(payload as unknown as Ending), event: event as Ending["event"] };
        else if (event === "items") {
          run.arrived = withNews(run.arrived, payload as unknown as Parameters<typeof withNews>[1]);
          this.store.update();
        } else {
          // A new phase ends the last wait.
          if (event === "phase") delete run.progress.waitSeconds, delete run.progress.retryAfter;
          Object.assign(run.progress, payload);
          if (run.cancelling && run.progress.id) void this.store.api.cancel(run.progress.id).catch(() => {});
          this.store.update();
        }
      });
    } catch (error) {
      if (!ending && run.cancelling) ending = cancelled(run);
      else if (!ending && !run.progress.id) ending = refused(error);
    }
    ending ??= { ...lost("The connection to the designer's server ended before the request did."), maybeDelivered: true };
    this.run = this.running = null;
    ending.anyway = sendAnyway;
    ending.arrived = run.arrived;
    this.ended(run.task, draft.task, ending, key);
  }

  private ended(name: string, task: Task, ending: Ending, key: string): void {
    this.results.set(name, { ending, key });
    this.store.history.remember(name, task, { ending });
    if (ending.problems?.length && name === this.store.task.name) {
      if (ending.event === "response") this.store.validation.tell(ending.problems);
      else this.store.validation.report(ending.problems);
      // What cannot be evaluated here can be given by hand.
      if (ending.kind === "expression" && this.store.focusWanted) this.store.focusWanted += "-sample";
    }
    this.store.say(this.store.named(sentence(ending)));
  }

  cancel(): void {
    const { run, running } = this;
    if (!run || run.cancelling) return;
    run.cancelling = true;
    if (run.progress.id) void this.store.api.cancel(run.progress.id).catch(() => running?.abort());
    setTimeout(() => running?.abort(), CANCEL_PATIENCE);
    this.store.say("Cancelling …");
  }

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
