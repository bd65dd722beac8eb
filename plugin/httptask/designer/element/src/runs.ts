// Runs of the whole workflow: starts and stops them, follows one while it goes on, and lists those the server keeps.
import { failureOf } from "./api";
import { duration } from "./amounts";
import { type Json, parse } from "./json";
import { type Mask, maskerOf } from "./masker";
import { secretsAt } from "./secrets";
import type { Store } from "./store";
import type { Failure, RunSummary, Visit } from "./types";
import * as flow from "./workflow";

/** The run on the screen. */
export interface ShownRun {
  id: string;
  status: string;
  /** The name of the definition, or the id of one without a name. */
  definition: string;
  /** The id of the definition, or the path of its file if that is elsewhere; none for a run without a file. */
  workflow?: string;
  /** The id of the run around it. */
  inside?: string;
  /** When the run began, by `performance.now()`; of use while the run goes on. */
  began: number;
  elapsedSeconds: number;
  error?: string;
  /** Why the server has no news of the run. */
  note?: string;
  /** Stop was pressed, and the run has not ended yet. */
  stopping?: boolean;
  visits: Visit[];
}
export const isUnderWay = ({ status }: { status: string }): boolean => status === "Running" || status === "Waiting";

/** The sign for each state of a run or a visit. */
export const SIGNS: Record<string, string> = {
  InProgress: "▸", Running: "▸", Waiting: "…",
  Completed: "✓", Failed: "✕", TimedOut: "✕",
  Stopped: "■", Interrupted: "■", Cancelled: "■", Terminated: "■",
};
const STATE_WORDS: Record<string, string> = { InProgress: "running", TimedOut: "timed out" };
/** How a run ended, for the states whose word alone makes no sentence. */
const ENDS: Record<string, string> = {
  Interrupted: "was stopped: it can go on", Cancelled: "was cancelled", Terminated: "was terminated",
};
/** The state of a run or a visit in words. */
export const stateWord = (status: string): string => STATE_WORDS[status] ?? status.toLowerCase();

/** The runs that the server keeps, and the one that is shown. */
export class Runs {
  constructor(private readonly store: Store) {}

  items: RunSummary[] = [];
  shown: ShownRun | null = null;
  /** Why a run could not be started, stopped or loaded. */
  failure: Failure | null = null;
  starting = false;
  /** Ends the requests for the run that is shown. */
  private following: AbortController | null = null;

  /** Masks what was typed into secret fields. */
  mask: Mask = (text, isCut) => this.masker(text, isCut);
  private masker: Mask = (text) => text;

  get isUnderWay(): boolean {
    return !!this.shown && isUnderWay(this.shown);
  }

  /** The latest visit of each task in the run that is shown. */
  get states(): Map<string, Visit> {
    return new Map(this.shown?.visits.map((visit) => [visit.name, visit]));
  }

  /** How many seconds *visit* has taken so far, or took. */
  seconds = ({ elapsedSeconds = 0, told }: Visit): number =>
    elapsedSeconds + (told === undefined ? 0 : (performance.now() - told) / 1000);

  /** Run the definition under edit, whether saved or not, with the sample input. */
  async start(): Promise<void> {
    if (this.isUnderWay || this.starting || this.store.workflow.broken || !this.store.config) return;
    this.store.task.settled();
    this.store.drafts.keep();
    const { id, working } = this.store.workflow;
    const workflow = id === null ? {} : { workflow: id };
    const body: Record<string, unknown> = { definition: working, ...workflow, ...this.store.pins.wish };
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

  /**
   * Start a run with the input of *run*, of the definition under edit. With *visit* it begins there and takes over the answers of
   * the tasks before. A run of another workflow is repeated with the definition that it had.
   */
  again(run: ShownRun, visit?: Visit): Promise<void> {
    const { id: workflowId, working } = this.store.workflow;
    this.store.task.commit();
    const again = { run: run.id, ...(visit ? { task: visit.name, visit: visit.visit } : {}) };
    const workflow = workflowId === null ? {} : { workflow: workflowId };
    const definition = this.isOfOpenWorkflow(run) ? { definition: working, ...workflow } : {};
    return this.begin("runs", { ...definition, again, ...this.inputFor(run), ...this.store.pins.wish });
  }

  /** Let *run*, which was interrupted, go on where it stopped. */
  resume = (run: ShownRun): Promise<void> => this.begin(`runs/${run.id}/resume`, this.inputFor(run));

  /**
   * Whether *run* is one of the open workflow. A page without workflows has no others. For a run that was kept without an id its
   * name tells, unless several workflows have that name.
   */
  isOfOpenWorkflow({ definition, workflow }: ShownRun): boolean {
    const { id, working } = this.store.workflow;
    if (id === null) return true;
    if (workflow !== undefined) return workflow === id;
    const isOfOther = this.store.config!.workflows.some((other) => other.id !== id && (other.name ?? other.id) === definition);
    return definition === (working.name || id) && !isOfOther;
  }

  /** The name of the workflow of *run*, with its id if another workflow has that name. */
  titleOf({ definition, workflow }: RunSummary): string {
    const others = this.store.config!.workflows.map(({ id, name = id }) => ({ definition: name, workflow: id }));
    const isShared = [...others, ...this.items].some((other) => other.definition === definition && other.workflow !== workflow);
    return isShared && workflow !== undefined ? `${definition} (${workflow})` : definition;
  }

  /**
   * The sample input: *run* takes its secrets from it, which are not stored. Nothing while it is no JSON, and for a run of another
   * workflow: that would get, and send, the secrets of this one.
   */
  private inputFor(run: ShownRun): { input?: Json } {
    if (!this.isOfOpenWorkflow(run)) return {};
    try {
      return { input: parse(this.store.task.input) };
    } catch {
      return {};
    }
  }

  /** Show *failure* in the panel of runs. */
  private refuse(failure: Failure): void {
    this.store.show("runs");
    this.failure = failure;
    this.store.say(failure.title);
  }

  /** Start a run with a POST of *body* to *path*, then show it. */
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

  /** Show the run *id*, and follow it while it goes on. A new run is followed in any case: its end has to be reported. */
  async show(id: string, isNew = false): Promise<void> {
    this.leave();
    const following = (this.following = new AbortController());
    const { signal } = following;
    this.masker = maskerOf(this.secrets());
    try {
      const run = await this.store.api.json<RunSummary & { visits: Visit[] }>(`runs/${id}`, signal);
      if (signal.aborted) return;
      const visits = run.visits.map((visit) => this.timed(visit));
      this.shown = { ...run, visits, began: performance.now() - run.elapsedSeconds * 1000 };
      this.failure = null;
      this.store.update();
      // The run inside another run has no events of its own.
      if (isNew || (isUnderWay(run) && !run.inside)) await this.follow(this.shown, signal);
    } catch (error) {
      if (!signal.aborted) this.refuse(failureOf(error));
    }
  }

  /** Take the events of *run* until it ends. If the stream breaks off, the designer's server went away. */
  private async follow(run: ShownRun, signal: AbortSignal): Promise<void> {
    let isEnded = false;
    const response = await this.store.api.send(`runs/${run.id}/events`, { signal });
    await this.store.api.events(response, (event, data) => {
      if (signal.aborted) return;
      const news = JSON.parse(this.mask(data)) as Visit & ShownRun;
      if (event === "visit") {
        const visit = this.timed(news);
        const index = run.visits.findIndex((known) => known.name === visit.name && known.visit === visit.visit);
        if (index < 0) run.visits.push(visit);
        else run.visits[index] = visit;
        if (visit.told !== undefined) this.store.status = `“${visit.name}” is ${stateWord(visit.status)} …`;
      } else if (event === "ended") {
        isEnded = true;
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
    if (isEnded || signal.aborted) return;
    const title = "The designer's server went away during the run";
    if (this.store.config?.runsOutlive) {
      this.shown = null;
      return this.refuse({ title, detail: "The run goes on without it. Start the server again, then choose the run in the list." });
    }
    const stopped = (visit: Visit): Visit => (visit.told === undefined ? visit : { ...visit, told: undefined, status: "Stopped" });
    this.shown = { ...run, status: "Interrupted", visits: run.visits.map(stopped) };
    this.refuse({
      title,
      detail: "What had ended is kept. Start the server again, then press “Go on”: tasks that ended are not run again.",
    });
  }

  /** Return *visit*; one that goes on gets the time at which the server reported it. */
  private timed = (visit: Visit): Visit =>
    visit.status === "InProgress" || visit.status === "Waiting" ? { ...visit, told: performance.now() } : visit;

  /** The secrets of all tasks and of the sample input. */
  private secrets(): Json[] {
    const inTasks = Object.entries(this.store.drafts.secretsOf).flatMap(([name, pointers]) => {
      const task = flow.find(this.store.workflow.working, name)?.task;
      return task ? secretsAt(task, pointers) : [];
    });
    return [...inTasks, ...this.store.input.secrets];
  }

  async stop(): Promise<void> {
    const { shown } = this;
    if (!shown || !isUnderWay(shown) || shown.stopping) return;
    shown.stopping = true;
    this.store.say("Stopping the run …");
    await this.act(() => this.store.api.send(`runs/${shown.id}`, { method: "DELETE" }));
  }

  /** Complete the task of *visit*, which waits for somebody, with *output*; or only its item with the index *item*. */
  complete = (visit: Visit, output: Json, item?: number): Promise<boolean> =>
    this.act(() => this.store.api.post(`runs/${this.shown!.id}/signals`, { task: visit.name, item, output }));

  /** Call *request*, and show its failure; return whether it succeeded. */
  private async act(request: () => Promise<unknown>): Promise<boolean> {
    try {
      await request();
      return true;
    } catch (error) {
      this.refuse(failureOf(error));
      return false;
    }
  }

  /** Load the list of the runs that the server keeps. */
  load = (): Promise<boolean> => this.act(async () => {
    this.items = (await this.store.api.json<{ items: RunSummary[] }>("runs")).items;
    this.store.update();
  });

  /** Show no run; the server goes on with it. */
  leave(): void {
    this.following?.abort();
    this.shown = this.failure = null;
  }
}
