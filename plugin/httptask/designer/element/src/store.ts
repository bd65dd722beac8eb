// Everything the page knows, and everything it can do. Views read it, call it, and are told when it changed.
import { Api, ApiError, type Credential, type Draft, failureOf } from "./api";
import { savedFiles, withFiles } from "./files";
import { at, child, clone, isObject, type Json, type JsonObject, MASK, parse, same, segments, takeSecretNames } from "./json";
import {
  dump, expand, errorsOf, fromRaw, load, restored, samples, secretPointers, type Slot, visiblePlace, walk, withoutSecrets,
} from "./slots";
import { Kept } from "./storage";
import { freeForm, taskField, withoutNulls, withoutRoutes, withRoutes, withTitles } from "./task-form";
import type { Change, Config, Definition, Ending, Endpoint, Failure, Form, Problem, SentRequest, Snapshot, Task } from "./types";
import * as flow from "./workflow";

export type Tab = "reference" | "response" | "history";

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
interface KeptDraft {
  etag: string | null;
  /** Null when everything was saved. */
  working: Definition | null;
  current: string | null;
  removed: Record<string, string[]>;
  samples: Record<string, Record<string, string>>;
  input: string;
}

const MOST_SNAPSHOTS = 20;
const MOST_KEPT_TEXT = 16_384;
const VALIDATE_AFTER = 300;
const SETTLE_AFTER = 120;
const CANCEL_PATIENCE = 1500;
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

export class Store {
  config: Config | null = null;
  /** Why the page cannot work at all. */
  failure: Failure | null = null;
  workflowId: string | null = null;
  etag: string | null = null;
  base: Definition = { tasks: {} };
  working: Definition = { tasks: {} };
  /** Why the definition cannot be shown; its text stays as it is until somebody overwrites it knowingly. */
  broken: Failure | null = null;

  current: string | null = null;
  /** The middle column is the search: for a new task, or for another endpoint of the current one. */
  picking: "new" | "change" | null = null;
  loading = false;
  endpoint: Endpoint | null = null;
  /** Why there is no reference for the current task's endpoint. */
  endpointFailure: Failure | null = null;
  form: Form | null = null;
  root: Slot | null = null;
  input = "";
  /** Counts what a field cannot know by itself: another task, problems, what is expanded. */
  formVersion = 0;

  /** The tasks that no run gets to. */
  unreached = new Set<string>();
  problems: Problem[] = [];
  /** What the server sends the body as; null when there is none, or an expression decides. */
  mediaType: string | null = null;
  showAll = false;
  saving = false;
  run: Run | null = null;
  results = new Map<string, Result>();
  history: Snapshot[] = [];
  /** What of the history is looked at, instead of the latest response. */
  shown: Snapshot | null = null;
  tab: Tab = "reference";
  status = "";
  /** Said beside the workflow until it is closed. */
  notice: Failure | null = null;
  /** Somebody else saved meanwhile: what is on disk now. Nothing is written before one of the two is chosen. */
  conflict: { etag: string; detail: string } | null = null;
  credentials: Credential[] = [];

  /** What is kept of the workflow was read: from now on it may be replaced. */
  private opened = false;
  private openKey = "";
  private samplesOf: Record<string, Record<string, string>> = {};
  private secretsOf: Record<string, string[]> = {};
  private kept: Kept;
  private settle = 0;
  private validating = 0;
  private validation: AbortController | null = null;
  private reaching: AbortController | null = null;
  /** A new name that the server is still writing into the definition. */
  private renaming: Promise<void> = Promise.resolve();
  private running: AbortController | null = null;
  private opening = 0;
  private readonly listeners = new Set<() => void>();
  /** Where the keyboard should go once the page has been drawn. */
  focusWanted: string | null = null;

  constructor(
    readonly api: Api,
    readonly fire: (name: string, detail: unknown, cancelable?: boolean) => boolean,
  ) {
    this.kept = new Kept(`http-task-designer ${api.base} `);
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  update = (): void => this.listeners.forEach((listener) => listener());
  redraw(): void {
    this.formVersion++;
    this.update();
  }
  say(status: string): void {
    this.status = status;
    this.update();
  }

  // The workflow

  async start(workflow: string | null, task: string | null): Promise<void> {
    this.failure = null;
    this.update();
    try {
      this.config = await this.api.config();
      takeSecretNames(this.config.secretNames);
    } catch (error) {
      this.failure = failureOf(error);
      return this.update();
    }
    void this.loadCredentials();
    const last = this.config.newWorkflows ? this.kept.read<string>("workflow") : null;
    await this.openWorkflow(workflow ?? last ?? this.config.workflow ?? null, task);
  }

  /** Open the workflow *id*; with *fresh* what was kept of it over a reload is dropped. */
  async openWorkflow(id: string | null, task: string | null = null, fresh = false): Promise<void> {
    if (!fresh) this.keepNow();
    this.opened = false;
    this.workflowId = id;
    this.root = this.broken = this.notice = this.conflict = this.current = null;
    this.input = "";
    this.samplesOf = {};
    this.secretsOf = {};
    this.close();
    this.base = this.working = { tasks: {} };
    this.etag = null;
    new Kept(`http-task-designer ${this.api.base} `).write("workflow", id);
    this.kept = new Kept(`http-task-designer ${this.api.base} ${id ?? ""} `);
    if (fresh) this.kept.write("draft", null);
    this.results.clear();
    this.history = this.kept.read<Snapshot[]>("history") ?? [];
    if (id !== null)
      try {
        const { definition, etag } = await this.api.workflow(id);
        this.base = definition;
        this.etag = etag;
      } catch (error) {
        this.broken = failureOf(error);
        if (error instanceof ApiError && error.is("unknown-workflow")) {
          // A new one: it is made by its first save.
          this.broken = null;
          this.base = { name: id, tasks: {} };
        }
      }
    this.working = clone(this.base);
    this.opened = !this.broken;
    if (this.opened) this.takeKept();
    this.unreached.clear();
    void this.reach();
    const names = flow.listed(this.working);
    const first = names.find(({ type }) => type === "Http")?.name ?? null;
    const wanted = [task, this.current].find((name) => name && flow.find(this.working, name)) ?? first;
    if (wanted) await this.openTask(wanted);
    else {
      this.current = null;
      this.picking = this.broken ? null : "new";
      this.focusWanted = "search";
      this.update();
    }
  }

  /** Take back what was not saved before a reload. Secrets were never kept; what is on disk of them is taken from there. */
  private takeKept(): void {
    const kept = this.kept.read<KeptDraft>("draft");
    if (!kept) return;
    this.current = kept.current;
    this.input = kept.input ?? "";
    this.samplesOf = kept.samples;
    this.secretsOf = kept.removed;
    let { working } = kept;
    if (!isObject(working)) return;
    let lost = 0;
    for (const [name, pointers] of Object.entries(kept.removed)) {
      const source = flow.find(this.base, name)?.task;
      const task = flow.find(working, name)?.task;
      if (task) working = flow.replace(working, name, restored(clone(task), source, pointers));
      lost += pointers.filter((pointer) => at(source, pointer) === undefined).length;
    }
    if (same(working, this.base) && !lost) return;
    this.working = working;
    const moved = kept.etag !== this.etag;
    this.etag = kept.etag;
    this.notice = {
      title: "Your unsaved changes are back",
      detail: (moved ? "The definition was changed on disk meanwhile: saving will ask which one to keep. " : "") + (lost ? `Secrets were not kept: type ${lost} again.` : ""),
    };
  }

  get dirty(): boolean {
    return !same(this.working, this.base);
  }
  isUnsaved(name: string): boolean {
    return !same(flow.find(this.working, name)?.task, flow.find(this.base, name)?.task);
  }

  /** Change the definition. What stands on the screen is brought into it first: a form never writes over such a change. */
  private edit(change: (definition: Definition) => Definition): void {
    this.commit();
    this.working = change(this.working);
    this.keepNow();
    void this.reach();
  }

  /** Ask which tasks no run gets to. The rule is the server's. */
  private async reach(): Promise<void> {
    this.reaching?.abort();
    const { signal } = (this.reaching = new AbortController());
    try {
      const names = flow.listed(this.working).length ? await this.api.unreached(this.working, signal) : [];
      if (signal.aborted || same(names, [...this.unreached])) return;
      this.unreached = new Set(names);
      this.update();
    } catch {
      /* aborted by a newer one, or the server is away: saving will say so */
    }
  }

  move(name: string, by: -1 | 1): void {
    if (!flow.move(this.working, name, by)) return;
    this.edit((definition) => flow.move(definition, name, by) ?? definition);
    this.say(`“${name}” moved ${by < 0 ? "up" : "down"}. Not saved yet.`);
  }

  async remove(name: string): Promise<void> {
    this.commit();
    const task = flow.find(this.working, name)?.task;
    const outcome = flow.remove(this.working, name);
    if (typeof outcome === "string") {
      this.notice = { title: `“${name}” was not removed`, detail: outcome };
      return this.update();
    }
    if (task) this.remember(name, task, { note: "removed" });
    if (name === this.current) this.root = null;
    this.edit(() => outcome);
    this.results.delete(name);
    this.say(`“${name}” removed: not saved yet, and kept in the history.`);
    const next = flow.listed(this.working).find(({ type }) => type === "Http")?.name;
    if (name !== this.current) return this.update();
    this.close();
    if (next) await this.openTask(next);
    else this.pick("new");
  }

  rename(wanted: string): Promise<void> {
    const name = this.current;
    const clean = wanted.trim().slice(0, 80);
    if (name !== null && clean && clean !== name)
      this.renaming = this.renaming.then(() => this.renameTo(name, flow.freeName(this.working, clean)));
    return this.renaming;
  }

  /** Call the task *name* *free*, in routes and expressions: the server reads those. */
  private async renameTo(name: string, free: string): Promise<void> {
    for (;;) {
      this.commit();
      const asked = this.working;
      const shown = flow.find(asked, name)?.task;
      if (!shown) return; // removed meanwhile
      try {
        const { definition, problems } = await this.api.renamed(asked, name, free);
        this.commit();
        if (this.working !== asked) continue; // changed meanwhile: ask again
        this.working = definition;
        this.renamed(name, free);
        const task = flow.find(definition, free)!.task;
        if (this.current === free && this.root && !same(task, shown)) this.show(this.endpoint, this.form!, task);
        if (problems.length)
          this.notice = {
            title: `Look at ${plural(problems.length, "expression")}: they may still name “${name}”`,
            detail: problems.map(({ pointer }) => segments(pointer).filter((part) => part !== "tasks").join("/")).join("; "),
          };
      } catch (error) {
        this.notice = { ...failureOf(error), title: `“${name}” was not renamed` };
      }
      this.settled();
      return void this.reach();
    }
  }

  /** What is kept of the task *name* is kept of *free* from now on. */
  private renamed(name: string, free: string): void {
    for (const kept of [this.samplesOf, this.secretsOf] as Record<string, unknown>[]) {
      if (name in kept) kept[free] = kept[name];
      delete kept[name];
    }
    const result = this.results.get(name);
    if (result) this.results.set(free, result);
    this.results.delete(name);
    this.history = this.history.map((each) => (each.task === name ? { ...each, task: free } : each));
    this.keepHistory();
    if (this.run?.task === name) this.run.task = free;
    if (this.current === name) this.current = free;
  }

  // The task

  pick(how: "new" | "change"): void {
    this.commit();
    this.picking = how;
    this.focusWanted = "search";
    this.update();
  }
  stopPicking(): void {
    if (this.current === null) return;
    this.picking = null;
    this.focusWanted = "test";
    this.update();
  }

  /** Take the endpoint that was found: as a new task, or for the current one. */
  async take(id: string): Promise<void> {
    const opening = ++this.opening;
    const name = this.picking === "change" ? this.current : null;
    this.loading = true;
    this.update();
    try {
      const old = name === null ? undefined : flow.find(this.working, name)?.task;
      const [endpoint, { prefill, form }, change] = await Promise.all([this.api.endpoint(id), this.api.form(id), old && this.api.changed(id, old)]);
      if (opening !== this.opening) return;
      this.commit();
      this.picking = null;
      if (change) this.change(name!, old!, change);
      else {
        const added = flow.freeName(this.working, (prefill.description as string) || endpoint.item.title || endpoint.item.path);
        this.working = flow.insert(this.working, added, prefill, this.current);
        this.current = added;
      }
      this.show(endpoint, form, flow.find(this.working, this.current!)!.task);
      this.tab = "reference";
      this.focusWanted = "first";
      this.keepNow();
      this.say(`${endpoint.item.method} ${endpoint.item.path} chosen.`);
      void this.reach();
      if (change?.formerTitle && change.title !== change.formerTitle && flow.isNamedFor(name!, change.formerTitle)) await this.rename(change.title);
    } catch (error) {
      this.notice = failureOf(error);
    } finally {
      if (opening === this.opening) this.loading = false;
      this.update();
    }
  }

  /** Put the task for another endpoint in the place of *old*, which stays in the history. */
  private change(name: string, old: Task, { task, dropped }: Change): void {
    this.remember(name, old, { note: "another API was chosen" });
    this.working = flow.replace(this.working, name, withRoutes(task, old));
    if (dropped.length)
      this.notice = {
        title: "Not everything has a place in this API",
        detail: `${dropped.map((pointer) => segments(pointer).slice(1).join("/")).join(", ")}: the settings as they were are in the history.`,
      };
  }

  /** A request that no description tells about. */
  free(): void {
    const name = flow.freeName(this.working, "HTTP request");
    this.edit((definition) => flow.insert(definition, name, { type: "Http", httpRequest: { url: "https://", method: "GET" } }, this.current));
    void this.openTask(name);
    this.focusWanted = "f-/httpRequest/url";
  }

  async openTask(name: string): Promise<void> {
    const opening = ++this.opening;
    this.settled();
    const item = flow.find(this.working, name);
    if (!item) return;
    this.close();
    this.current = name;
    this.picking = null;
    if (item.type !== "Http") return this.redraw();
    const id = item.task.endpoint;
    let form: Form = freeForm(this.config?.methods ?? []);
    let endpoint: Endpoint | null = null;
    if (typeof id === "string") {
      this.loading = true;
      this.update();
      try {
        const [found, described] = await Promise.all([this.api.endpoint(id), this.api.form(id)]);
        [endpoint, form] = [found, described.form];
      } catch (error) {
        this.endpointFailure = failureOf(error);
      }
      if (opening !== this.opening) return;
      this.loading = false;
    }
    const now = flow.find(this.working, this.current!); // it may have moved meanwhile
    if (!now) return;
    this.show(endpoint, form, now.task);
    this.tab = this.results.has(name) ? "response" : "reference";
    this.focusWanted = "first";
    this.keepNow();
    this.update();
  }

  private close(): void {
    this.root = this.form = this.endpoint = this.endpointFailure = null;
    this.shown = null;
    this.problems = [];
    this.edited.clear();
    this.showAll = false;
    this.loading = false;
  }

  private show(endpoint: Endpoint | null, form: Form, task: Task): void {
    this.endpoint = endpoint;
    this.form = form;
    this.root = load(taskField(form, this.config!.taskSettings), withoutNulls(withoutRoutes(task)));
    this.problems = [];
    this.mediaType = null;
    this.showAll = false;
    this.shown = null;
    const texts = this.samplesOf[this.current!] ?? {};
    for (const { slot, pointer } of walk(this.root)) if (texts[pointer]) slot.sample = texts[pointer];
    this.openKey = JSON.stringify(dump(this.root));
    this.formVersion++;
    this.validateSoon(0);
  }

  /** The current task as it stands on the screen, now. */
  task(): Task {
    const value = dump(this.root!) as Task;
    const written = flow.find(this.working, this.current!)?.task;
    if (!written) return value;
    return JSON.stringify(value) === this.openKey ? written : withRoutes(value, written);
  }

  /** Somebody changed a slot. */
  changed = (pointer?: string): void => {
    if (pointer !== undefined) this.edited.add(pointer);
    clearTimeout(this.settle);
    this.settle = window.setTimeout(this.settled, SETTLE_AFTER);
    this.validateSoon(VALIDATE_AFTER);
  };

  /** Bring what stands on the screen into the definition, and keep it over a reload. */
  settled = (): void => {
    this.keepNow();
    this.update();
  };

  private commit(): void {
    clearTimeout(this.settle);
    const name = this.current;
    if (!this.root || name === null) return;
    const task = this.task();
    if (!same(task, flow.find(this.working, name)?.task)) {
      this.working = flow.replace(this.working, name, task);
      this.openKey = "";
    }
    this.samplesOf[name] = samples(this.root).texts;
    this.secretsOf[name] = this.secretsHere();
  }

  /** The pointers of the current task's literal secrets: by their fields, and by what the server found in their values. */
  private secretsHere(): string[] {
    const found = this.problems.filter(({ code, pointer }) => code === "secret-in-the-open" && segments(pointer).length > 2);
    return [...new Set([...secretPointers(this.root!), ...found.map(({ pointer }) => pointer)])];
  }

  /** Keep the unsaved changes over a reload: never a secret. */
  keepNow(): void {
    this.commit();
    if (!this.opened) return;
    let working = this.working;
    const removed: Record<string, string[]> = {};
    for (const { name, task, type } of flow.listed(working)) {
      const clean = withoutSecrets(task, this.secretsOf[name] ?? []);
      if (type !== "Http" || !clean.removed.length) continue;
      removed[name] = clean.removed;
      working = flow.replace(working, name, clean.value);
    }
    const draft: KeptDraft = { etag: this.etag, working: this.dirty ? working : null, current: this.current, removed, samples: this.samplesOf, input: this.input };
    this.kept.write("draft", draft);
  }

  async expandLink(slot: Slot): Promise<void> {
    const { link } = slot.field;
    if (!link || !this.endpoint) return;
    try {
      const field = await this.api.field(this.endpoint.item.id, link);
      if (slot.field.link) expand(slot, field);
      slot.on = true;
    } catch (error) {
      this.notice = failureOf(error);
    }
    this.redraw();
  }

  async loadCredentials(): Promise<void> {
    try {
      this.credentials = (await this.api.credentials()).items;
    } catch {
      this.credentials = []; // names can still be typed
    }
    this.update();
  }

  /** Ask how many endpoints there are now. */
  async recount(): Promise<void> {
    try {
      const { endpoints, onlyShipped } = await this.api.config();
      this.config = { ...this.config!, endpoints, onlyShipped };
      this.update();
    } catch {
      /* the server is away: the search says so */
    }
  }

  // Validation

  private validateSoon(delay: number): void {
    clearTimeout(this.validating);
    this.validating = window.setTimeout(() => void this.validate(), delay);
  }

  private async validate(): Promise<void> {
    clearTimeout(this.validating);
    this.validation?.abort();
    if (!this.root || this.current === null) return;
    const { signal } = (this.validation = new AbortController());
    try {
      const { problems, mediaType } = await this.api.validate(this.task(), this.current, signal);
      if (signal.aborted) return;
      if (mediaType !== this.mediaType) {
        this.mediaType = mediaType;
        this.update();
      }
      // A field that came or went can move a problem that is the same.
      const shown = this.pointersShown();
      if (same(problems, this.problems) && !this.edited.size && shown === this.shownLast) return;
      this.shownLast = shown;
      this.problems = problems;
      this.edited.clear();
      this.keepNow(); // without the secrets that were found
      this.redraw();
    } catch {
      /* aborted by a newer one, or the server is away: saving and testing will say so */
    }
  }

  /** Where something was changed since the problems were found: what is said of it may be over. */
  private readonly edited = new Set<string>();
  private shownLast = "";
  private pointersShown = (): string => [...walk(this.root!)].map(({ pointer }) => pointer).join("\n");

  /** *text* of the server with every field called as the form calls it. */
  named = (text: string): string => {
    for (const { name, title } of this.config!.taskSettings) text = text.replace(new RegExp(`\\b${name!}\\b`, "g"), title!);
    return withTitles(text);
  };

  get errors(): Problem[] {
    return errorsOf(this.problems);
  }

  private placesFor: { version: number; places: Map<string, Problem[]> } = { version: -1, places: new Map() };
  /** The problems to show at each place that is on the screen. */
  get places(): Map<string, Problem[]> {
    if (this.placesFor.version !== this.formVersion && this.root) {
      const shown = new Set<string>();
      for (const { pointer } of walk(this.root)) shown.add(pointer);
      for (const { name } of this.form!.groups) shown.add(`/httpRequest/${name}`);
      const places = new Map<string, Problem[]>();
      for (const problem of this.problems) {
        // What is missing is said of its object: show it where it is to be filled in.
        const [, name] = /^'(.*?)' is required/.exec(problem.message) ?? [];
        const place = visiblePlace(shown, name === undefined ? problem.pointer : child(problem.pointer, name));
        const own = place.endsWith(`/${name}`) ? { ...problem, message: problem.message.replace(/^.*?' is /, "") } : problem;
        places.set(place, [...(places.get(place) ?? []), own]);
      }
      this.placesFor = { version: this.formVersion, places };
    }
    return this.placesFor.places;
  }
  /** What is shown at *pointer*: errors wait until somebody was there or asked. */
  shownProblems(pointer: string, touched: boolean): Problem[] {
    if (this.edited.has(pointer)) return [];
    return (this.places.get(pointer) ?? []).filter(({ severity }) => this.showAll || touched || severity === "warning");
  }

  /** Show every problem beside its field and go to the first. */
  goToProblem(): void {
    this.showAll = true;
    const order = [...walk(this.root!)].map(({ pointer }) => pointer);
    const first = [...this.places.keys()].filter((place) => this.places.get(place)!.length).sort((a, b) => order.indexOf(a) - order.indexOf(b))[0];
    this.focusWanted = first === undefined ? null : `f-${first}`;
    this.redraw();
  }

  // The test request

  get result(): Result | undefined {
    return this.current === null ? undefined : this.results.get(this.current);
  }
  get stale(): boolean {
    return !!this.result && !!this.root && this.result.key !== this.settingsKey();
  }
  private settingsKey(): string {
    return JSON.stringify([dump(this.root!), samples(this.root!).texts, this.input]);
  }

  /** Whether a test request would lack the workflow's input, for which nothing stands yet. */
  get lacksInput(): boolean {
    const { inputParameters } = this.task();
    return !this.input.trim() && /\$\.input\b/.test(JSON.stringify(inputParameters ?? "")) && !Object.keys(samples(this.root!).values).length;
  }

  draft(): Draft | null {
    const draft: Draft = { task: this.task(), name: this.current!, samples: samples(this.root!).values, inputs: {} };
    if (JSON.stringify(draft.task.inputParameters ?? "").includes("tasks")) draft.inputs.tasks = this.outputs();
    if (this.input.trim())
      try {
        draft.inputs.input = parse(this.input);
      } catch {
        this.notice = { title: "The sample input is not JSON", detail: "Mend it under “Task”, or empty it. Nothing was sent." };
        this.update();
        return null;
      }
    return draft;
  }

  /** What earlier test requests were answered, as expressions of a later task see it. */
  private outputs(): JsonObject {
    const tasks: JsonObject = {};
    for (const [name, { ending }] of this.results) {
      const { status, reasonPhrase = "", headers = [], text = null, elapsedSeconds } = ending;
      if (status === undefined || ending.truncated) continue;
      const body = ending.decodedAs === "json" ? (fromRaw(text!) ?? null) : text;
      const named = Object.fromEntries(headers.map(([header, value]) => [header.toLowerCase(), value]));
      tasks[name] = { output: { statusCode: status, reasonPhrase, headers: named, body, url: ending.request!.url, attempts: ending.attempts?.length ?? ending.made!, elapsedSeconds } };
    }
    return tasks;
  }

  /** Hides what was typed into secret fields, in whatever comes back. */
  private masker(): (text: string) => string {
    const task = this.task();
    const forms = this.secretsHere().flatMap((pointer) => {
      const value = at(task, pointer);
      const secret = typeof value === "string" ? value : JSON.stringify(value ?? "");
      if (secret.length < 4) return [];
      const inJson = JSON.stringify(secret).slice(1, -1);
      return [secret, inJson, JSON.stringify(inJson).slice(1, -1), encodeURIComponent(secret), encodeURIComponent(secret).replace(/%20/g, "+")];
    });
    const longest = [...new Set(forms)].sort((a, b) => b.length - a.length);
    return (text) => longest.reduce((masked, form) => masked.replaceAll(form, MASK), text);
  }
  mask: (text: string) => string = (text) => text;

  async test(sendAnyway = false): Promise<void> {
    if (this.run || !this.root || this.current === null || this.picking) return;
    this.settled();
    const draft = this.draft();
    if (!draft) return;
    const name = this.current;
    const key = this.settingsKey();
    const mask = (this.mask = this.masker());
    const run: Run = { task: name, began: performance.now(), cancelling: false, told: { phase: "prepare" } };
    this.run = run;
    this.running = new AbortController();
    this.tab = "response";
    this.shown = null;
    this.say("Sending the test request …");
    let ending: Ending | null = null;
    try {
      await this.api.testRequest({ ...draft, sendAnyway }, this.running.signal, (event, data) => {
        const said = JSON.parse(mask(data)) as Record<string, unknown>;
        if (["response", "error", "cancelled"].includes(event)) ending = { ...(said as unknown as Ending), event: event as Ending["event"] };
        else {
          // Another wait, or none: what was said of the last one is over.
          if (event === "phase") delete run.told.waitSeconds, delete run.told.retryAfter;
          Object.assign(run.told, said);
          if (run.cancelling && run.told.id) void this.api.cancel(run.told.id).catch(() => {});
          this.update();
        }
      });
      ending ??= lost("The designer's server went away before the request ended. It may have been sent.");
    } catch (error) {
      if (!ending) ending = run.cancelling ? cancelled(run) : refused(error);
    }
    this.run = this.running = null;
    ending.anyway = sendAnyway;
    this.ended(run.task, draft.task, ending, key);
  }

  private ended(name: string, task: Task, ending: Ending, key: string): void {
    this.results.set(name, { ending, key });
    this.remember(name, task, { ending });
    if (ending.problems?.length && name === this.current) {
      this.problems = ending.problems;
      this.edited.clear();
      this.formVersion++;
      this.goToProblem();
      // What cannot be evaluated here can be given by hand.
      if (ending.kind === "expression" && this.focusWanted) this.focusWanted += "-sample";
    }
    this.say(this.named(sentence(ending)));
  }

  private get checkSettings(): Slot | undefined {
    return this.root?.kids.find(({ field }) => field.name === "checkSettings");
  }
  /** Whether the task's settings are refused for what its description says, in a run. */
  get refusesSettings(): boolean {
    return !!this.checkSettings && dump(this.checkSettings) !== "note" && this.errors.length > 0;
  }
  /** From now on the settings of this task are sent as they are written; the differences are notes. */
  noteSettings(): void {
    Object.assign(this.checkSettings!, { on: true, text: '"note"' });
    this.changed();
    this.redraw();
    this.say("The settings are sent as they are written from now on. Not saved yet.");
  }

  cancel(): void {
    const { run, running } = this;
    if (!run || run.cancelling) return;
    run.cancelling = true;
    if (run.told.id) void this.api.cancel(run.told.id).catch(() => running?.abort());
    setTimeout(() => running?.abort(), CANCEL_PATIENCE);
    this.say("Cancelling …");
  }

  // The history

  private remember(name: string, task: Task, rest: Partial<Snapshot>): void {
    const settings = withoutSecrets(task, this.secretsOf[name] ?? []).value;
    this.history = [{ at: new Date().toISOString(), task: name, settings, samples: this.samplesOf[name] ?? {}, ...rest }, ...this.history].slice(0, MOST_SNAPSHOTS);
    this.keepHistory();
  }
  private keepHistory(): void {
    this.kept.write("history", this.history.map(({ ending, ...each }) => ({ ...each, ending: ending && smaller(ending) })));
  }

  look(snapshot: Snapshot): void {
    this.shown = snapshot;
    this.tab = "response";
    this.update();
  }

  async restore(snapshot: Snapshot): Promise<void> {
    const name = snapshot.task;
    const item = flow.find(this.working, name);
    this.commit();
    if (!item) {
      this.working = flow.insert(this.working, name, snapshot.settings, this.current);
    } else {
      const task = withRoutes(clone(snapshot.settings), item.task);
      this.working = flow.replace(this.working, name, restored(task, item.task, this.secretsOf[name] ?? []));
    }
    this.samplesOf[name] = snapshot.samples;
    this.root = null;
    await this.openTask(name);
    void this.reach();
    if (snapshot.ending) {
      this.results.set(name, { ending: snapshot.ending, key: this.settingsKey() });
      this.tab = "response";
    }
    this.say(`Settings of ${new Date(snapshot.at).toLocaleTimeString()} restored.`);
  }

  // Saving and copying

  async save(over?: string): Promise<void> {
    if (this.saving || this.picking || (!this.root && this.workflowId === null)) return;
    await this.renaming;
    this.settled();
    this.conflict = null;
    const name = this.current;
    const task = name === null ? null : flow.find(this.working, name)?.task;
    const previous = name !== null && flow.find(this.base, name) ? name : null;
    const definition = this.workflowId === null ? null : this.working;
    if (task) {
      const goesOn = this.fire("task-save", { workflow: this.workflowId, name, previousName: previous, task: clone(task), definition: definition && clone(definition) }, true);
      if (!goesOn || definition === null) {
        this.base = clone(this.working);
        this.keepNow();
        return this.say(`Task “${name}” handed over.`);
      }
    }
    if (definition === null) return;
    this.saving = true;
    this.say("Saving …");
    try {
      const saved = await this.api.save(this.workflowId!, definition, over ?? this.etag);
      this.etag = saved.etag;
      const files = savedFiles(definition, saved.definition);
      if (files.size) this.keepFiles(files);
      await this.validate(); // what is said below is said of what was saved
      const { workflows } = this.config!;
      if (workflows.every(({ id }) => id !== this.workflowId)) workflows.push({ id: this.workflowId! });
      this.base = withFiles(clone(definition), files);
      this.broken = this.notice = null;
      this.keepNow();
      const count = this.errors.length;
      const [lost] = this.unreached;
      this.say(count ? `Saved, with ${plural(count, "problem")} still to mend.` : lost ? `Saved, but no run gets to “${lost}”.` : `Saved to “${this.workflowId}”.`);
      this.fire("workflow-saved", { workflow: this.workflowId, etag: this.etag, definition: clone(definition) });
    } catch (error) {
      const failure = failureOf(error);
      if (error instanceof ApiError && error.is("changed-meanwhile"))
        [this.conflict, this.focusWanted] = [{ etag: String(failure.etag ?? "*"), detail: failure.detail ?? "" }, "conflict"];
      else this.notice = { ...failure, title: `Not saved: ${failure.title}` };
      this.status = "Not saved.";
    } finally {
      this.saving = false;
      this.update();
    }
  }

  /** Name the files of every task as they are named from now on: uploads end with the designer. */
  private keepFiles(files: Map<string, Json>): void {
    this.commit();
    const fresh = !this.stale;
    const shown = this.current === null ? undefined : flow.find(this.working, this.current)?.task;
    this.working = withFiles(this.working, files);
    this.history = this.history.map((each) => ({ ...each, settings: withFiles(each.settings, files) }));
    this.keepHistory();
    const task = shown && withFiles(shown, files);
    if (!this.root || !task || same(task, shown)) return;
    this.show(this.endpoint, this.form!, task);
    if (this.result && fresh) this.result.key = this.settingsKey();
  }

  /** Take what is on disk; the settings that were not saved stay in the history. */
  async reload(): Promise<void> {
    this.commit();
    for (const { name, task, type } of flow.listed(this.working))
      if (type === "Http" && this.isUnsaved(name)) this.remember(name, task, { note: "not saved" });
    this.root = this.conflict = null;
    await this.openWorkflow(this.workflowId, this.current, true);
    this.say("Loaded what is on disk. Your own settings are in the history.");
  }

  /** Write an empty definition over a file that is none. */
  async overwriteBroken(): Promise<void> {
    const etag = String(this.broken?.etag ?? "*");
    try {
      this.etag = (await this.api.save(this.workflowId!, { name: this.workflowId!, tasks: {} }, etag)).etag;
      await this.openWorkflow(this.workflowId);
    } catch (error) {
      this.broken = failureOf(error);
      this.update();
    }
  }

  async copy(what: "json" | "curl"): Promise<void> {
    this.settled();
    const masked = withoutSecrets(this.task(), this.secretsHere(), MASK).value;
    try {
      if (what === "json") return await this.toClipboard("The task as JSON", JSON.stringify(masked, null, 2));
      const draft = this.draft();
      if (draft) await this.toClipboard("The request as a curl command", await this.api.curl({ ...draft, task: masked }));
    } catch (error) {
      const failure = failureOf(error);
      if (failure.problems) {
        this.problems = failure.problems;
        this.edited.clear();
        this.formVersion++;
        this.goToProblem();
      }
      this.notice = { ...failure, title: `Not copied: ${failure.title}` };
      this.update();
    }
  }

  async toClipboard(title: string, text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.say(`${title}: copied.`);
    } catch {
      this.notice = { title: `The browser does not let this page copy. ${title}:`, detail: text };
      this.update();
    }
  }

  stop(): void {
    this.keepNow();
    this.running?.abort();
    this.validation?.abort();
    this.reaching?.abort();
    clearTimeout(this.validating);
    clearTimeout(this.settle);
  }
}

export const plural = (count: number, noun: string): string => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

const lost = (message: string): Ending => ({ event: "error", id: "", kind: "designer", message, elapsedSeconds: 0 });
/** Where nothing of the first attempt's request has gone out yet. */
const BEFORE_SENDING = ["prepare", "queue", "dns", "connect", "tls"];
/** What is known of a run whose server did not say how it ended. */
const cancelled = ({ began, told }: Run): Ending => ({
  event: "cancelled", id: told.id ?? "", elapsedSeconds: (performance.now() - began) / 1000,
  maybeDelivered: !BEFORE_SENDING.includes(told.phase) || (told.attempt ?? 0) > 1,
  made: told.attempt, request: told.request, raw: told.raw, curl: told.curl,
});
function refused(error: unknown): Ending {
  const { title, detail, problems } = failureOf(error);
  return { ...lost(detail ? `${title}. ${detail}` : title), problems };
}

const smaller = (ending: Ending): Ending => ({
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

export const duration = (seconds: number): string =>
  seconds < 1 ? `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms` : `${seconds.toFixed(2)} s`;
export const bytes = (count: number): string =>
  count < 1e3 ? `${count} B` : count < 1e6 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`;
