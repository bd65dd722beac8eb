// Runs of the whole workflow: started and stopped here, followed while they go on, and those that are kept.
import { failureOf } from "./api";
import { duration } from "./amounts";
import { type Json, parse } from "./json";
import { type Mask, maskerOf } from "./masker";
import { secretsAt } from "./secrets";
import type { Store } from "./store";
import type { Failure, RunSummary, Visit } from "./types";
import * as flow from "./workflow";

/** A run on the screen. */
export interface ShownRun {
  id: string;
  status: string;
  /** By `performance.now()`, while it goes on. */
  began: number;
  elapsedSeconds: number;
  error?: string;
  /** Why there is no news of it. */
  note?: string;
  /** Somebody pressed Stop. */
  stopping?: boolean;
  visits: Visit[];
}
export const isUnderWay = ({ status }: { status: string }): boolean => status === "Running" || status === "Waiting";

export const SIGNS: Record<string, string> = {
  InProgress: "▸", Running: "▸", Waiting: "…", Completed: "✓", Failed: "✕", TimedOut: "✕", Stopped: "■", Interrupted: "■", Cancelled: "■", Terminated: "■",
};
const STATE_WORDS: Record<string, string> = { InProgress: "running", TimedOut: "timed out" };
/** How a run ended, where its state does not say it. */
const ENDS: Record<string, string> = { Interrupted: "was stopped: it can go on", Cancelled: "was cancelled", Terminated: "was terminated" };
export const stateWord = (status: string): string => STATE_WORDS[status] ?? status.toLowerCase();

export class Runs {
  constructor(private readonly store: Store) {}

  items: RunSummary[] = [];
  shown: ShownRun | null = null;
  /** Why a run was not started, stopped or loaded. */
  failure: Failure | null = null;
  starting = false;
  private following: AbortController | null = null;

  /** Hides what was typed into secret fields. */
  mask: Mask = (text, isCut) => this.masker(text, isCut);
  private masker: Mask = (text) => text;

  get isUnderWay(): boolean {
    return !!this.shown && isUnderWay(this.shown);
  }

  /** The latest visit of each task in the run that is shown. */
  get states(): Map<string, Visit> {
    return new Map(this.shown?.visits.map((visit) => [visit.name, visit]));
  }

  /** How long *visit* takes, or took. */
  seconds = ({ elapsedSeconds = 0, told }: Visit): number => elapsedSeconds + (told === undefined ? 0 : (performance.now() - told) / 1000);

  /** Run the definition as it stands here. */
  async start(): Promise<void> {
    if (this.isUnderWay || this.starting || this.store.workflow.broken || !this.store.config) return;
    this.store.task.settled();
    this.store.drafts.keep();
    const { id, working } = this.store.workflow;
    const body: Record<string, unknown> = { definition: working, ...(id === null ? {} : { workflow: id }), ...this.store.pins.wish };
    const { chosen } = this.store.environments;
    if (chosen !== null) body.environment = chosen;
    const text = this.store.task.input.trim();
    try {
      if (text) body.input = parse(text);
    } catch {
      return this.refuse({ title: "The sample input is not JSON", detail: "Mend it, or empty it. Nothing was run." });
    }
    await this.begin("runs", body);
  }

  /** Run the run *id* again, with its input; from *visit* on with what had ended before. */
  again(id: string, visit?: Visit): Promise<void> {
    const { id: workflow, working } = this.store.workflow;
    this.store.task.commit();
    const again = { run: id, ...(visit ? { task: visit.name, visit: visit.visit } : {}) };
    return this.begin("runs", { definition: working, ...(workflow === null ? {} : { workflow }), again, ...this.store.pins.wish });
  }

  resume = (id: string): Promise<void> => this.begin(`runs/${id}/resume`, {});

  private refuse(failure: Failure): void {
    this.store.show("runs");
    this.failure = failure;
    this.store.say(failure.title);
  }

  private async begin(path: string, body: Record<string, unknown>): Promise<void> {
    if (this.starting) return;
    this.starting = true;
    this.failure = null;
    this.store.show("runs");
    this.store.say("Starting the run …");
    try {
      const { id } = (await (await this.store.api.post(path, body)).json()) as { id: string };
      this.starting = false;
      void this.load();
      await this.show(id, true);
    } catch (error) {
      this.refuse(failureOf(error));
    } finally {
      this.starting = false;
      this.store.update();
    }
  }

  /** Show the run *id*, and follow it while it goes on; one that has just begun may have ended already. */
  async show(id: string, isNew = false): Promise<void> {
    this.leave();
    const following = (this.following = new AbortController());
    const { signal } = following;
    this.masker = maskerOf(this.secrets());
    try {
      const run = await this.store.api.json<RunSummary & { visits: Visit[] }>(`runs/${id}`, signal);
      if (signal.aborted) return;
      this.shown = { ...run, visits: run.visits.map((visit) => this.timed(visit)), began: performance.now() - run.elapsedSeconds * 1000 };
      this.failure = null;
      this.store.update();
      if (isNew || (isUnderWay(run) && !run.inside)) await this.follow(this.shown, signal);
    } catch (error) {
      if (!signal.aborted) this.refuse(failureOf(error));
    }
  }

  private async follow(run: ShownRun, signal: AbortSignal): Promise<void> {
    let ended = false;
    const response = await this.store.api.send(`runs/${run.id}/events`, { signal });
    await this.store.api.events(response, (event, data) => {
      if (signal.aborted) return;
      const news = JSON.parse(this.mask(data)) as Visit & ShownRun;
      if (event === "visit") {
        const visit = this.timed(news);
        const index = run.visits.findIndex((each) => each.name === visit.name && each.visit === visit.visit);
        if (index < 0) run.visits.push(visit);
        else run.visits[index] = visit;
        if (visit.told !== undefined) this.store.status = `“${visit.name}” is ${stateWord(visit.status)} …`;
      } else if (event === "ended") {
        ended = true;
        const { status, elapsedSeconds, error } = news;
        Object.assign(run, { status, elapsedSeconds, error, note: undefined, stopping: false });
        this.store.say(`The run ${ENDS[status] ?? stateWord(status)} after ${duration(elapsedSeconds)}.`);
        void this.load();
      } else {
        run.began = performance.now() - news.elapsedSeconds * 1000;
        run.note = news.note;
      }
      this.store.update();
    }).catch(() => {});
    if (ended || signal.aborted) return;
    if (this.store.config?.runsOutlive) {
      this.shown = null;
      return this.refuse({ title: "The designer's server went away during the run", detail: "The run goes on without it. Start the server again, then choose the run in the list." });
    }
    this.shown = { ...run, status: "Interrupted", visits: run.visits.map((visit) => (visit.told === undefined ? visit : { ...visit, told: undefined, status: "Stopped" })) };
    this.refuse({ title: "The designer's server went away during the run", detail: "What had ended is kept. Start the server again, then press “Go on”: tasks that ended are not run again." });
  }

  /** *visit* with the time at which it was told, while it goes on. */
  private timed = (visit: Visit): Visit => (visit.status === "InProgress" || visit.status === "Waiting" ? { ...visit, told: performance.now() } : visit);

  private secrets(): Json[] {
    const ofTasks = Object.entries(this.store.drafts.secretsOf).flatMap(([name, pointers]) => {
      const task = flow.find(this.store.workflow.working, name)?.task;
      return task ? secretsAt(task, pointers) : [];
    });
    return [...ofTasks, ...this.store.input.secrets];
  }

  async stop(): Promise<void> {
    const { shown } = this;
    if (!shown || !isUnderWay(shown) || shown.stopping) return;
    shown.stopping = true;
    this.store.say("Stopping the run …");
    await this.act(() => this.store.api.send(`runs/${shown.id}`, { method: "DELETE" }));
  }

  /** Complete the task of *visit*, or an *item* of it, which waits for somebody. */
  complete = (visit: Visit, output: Json, item?: number): Promise<void> =>
    this.act(() => this.store.api.post(`runs/${this.shown!.id}/signals`, { task: visit.name, item, output }));

  private async act(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.refuse(failureOf(error));
    }
  }

  /** Learn which runs are kept. */
  load = (): Promise<void> => this.act(async () => {
    this.items = (await this.store.api.json<{ items: RunSummary[] }>("runs")).items;
    this.store.update();
  });

  /** Look at no run any more; the server goes on with it. */
  leave(): void {
    this.following?.abort();
    this.shown = this.failure = null;
  }
}
