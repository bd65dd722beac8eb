// The workflow definition under edit: read, changed, its tasks renamed, and its routes watched.
import { ApiError, failureOf } from "./api";
import { plural } from "./amounts";
import { clone, same, segments } from "./json";
import { panelsLoaded } from "./panel-module";
import type { EditNote } from "./edits";
import type { Store } from "./store";
import type { Definition, Failure, Problem } from "./types";
import type { Use } from "./uses";
import { problemsOf } from "./task-edits";
import * as flow from "./workflow";

export class OpenWorkflow {
  constructor(private readonly store: Store) {}

  /** A task that is to go although others use it, once somebody has seen which. */
  removal: { name: string; uses: Use[] } | null = null;

  /** Whether one has been opened: before that, nothing here says anything about a workflow. */
  isOpen = false;
  private opening = 0;
  id: string | null = null;
  etag: string | null = null;
  base: Definition = { tasks: {} };
  working: Definition = { tasks: {} };
  /** Why the definition cannot be shown. Its file stays as it is until somebody chooses to overwrite it. */
  broken: Failure | null = null;
  /** The tasks that no run gets to. */
  unreached = new Set<string>();
  /** What is wrong with the definition as a whole. */
  problems: Problem[] = [];
  private reaching: AbortController | null = null;
  /** Settles once the server has answered about the last new name, or the last removal. */
  asking: Promise<void> = Promise.resolve();

  /** Open the workflow *id*; *fresh* drops its draft. Until the server has answered, the one before it stays. */
  async open(id: string | null, task: string | null = null, fresh = false): Promise<void> {
    const opening = ++this.opening;
    let found: { definition: Definition; etag: string | null } = { definition: { tasks: {} }, etag: null };
    let broken: Failure | null = null;
    if (this.isOpen && id !== null) this.store.say(`Opening “${id}” …`);
    try {
      if (id !== null) found = await this.store.api.workflow(id);
    } catch (error) {
      // One that is unknown is new: it is made by its first save.
      if (error instanceof ApiError && error.is("unknown-workflow")) found.definition = { name: id!, tasks: {} };
      else broken = failureOf(error);
    }
    if (opening !== this.opening) return; // another one was chosen meanwhile
    if (!fresh) this.store.drafts.keep();
    this.isOpen = true;
    this.store.status = "";
    this.id = id;
    this.store.edits.clear();
    this.removal = null;
    this.store.task.root = this.store.notice = this.store.saving.conflict = this.store.task.name = null;
    this.store.task.input = "";
    this.store.task.close();
    this.store.drafts.open(id, fresh);
    this.store.tests.results.clear();
    this.store.history.open();
    this.store.runs.leave();
    this.broken = broken;
    this.base = found.definition;
    this.etag = found.etag;
    this.working = clone(this.base);
    if (!this.broken) this.store.drafts.restore();
    this.unreached.clear();
    void this.reach();
    void this.store.input.open(this.working.inputSchema);
    void this.store.environments.open(this.broken ? null : id);
    void this.store.pins.open(this.broken ? null : id);
    const names = flow.listed(this.working);
    const first = names.find(({ type }) => type === "Http")?.name ?? null;
    const wanted = [task, this.store.task.name].find((name) => name && flow.find(this.working, name)) ?? first;
    if (wanted) await this.store.task.open(wanted);
    else {
      this.store.task.name = null;
      this.store.task.picking = this.broken ? null : "new";
      this.store.focusWanted = "search";
      this.store.update();
    }
  }

  get dirty(): boolean {
    return !same(this.working, this.base);
  }

  isUnsaved(name: string): boolean {
    return !same(flow.find(this.working, name)?.task, flow.find(this.base, name)?.task);
  }

  /** Change the definition. What stands on the screen is brought into it first: a form never writes over such a change. */
  edit(change: (definition: Definition) => Definition, title: string, note?: EditNote): void {
    this.store.task.commit();
    this.put(change(this.working), title, note);
    this.store.drafts.keep();
    void this.reach();
  }

  /** Let *definition* be the one under edit. The edit *title* can be undone. */
  put(definition: Definition, title: string, note: EditNote = {}): void {
    this.store.edits.note(definition, title, note);
    this.working = definition;
  }

  /** How many errors the task *name* has, as far as the server has told. */
  errorsOf(name: string): number {
    const { task, validation } = this.store;
    const problems = task.root && task.name === name && validation.answered ? validation.problems : problemsOf(this.problems, name);
    return problems.filter(({ severity }) => severity === "error").length;
  }

  /** The definition that was asked about last. */
  private reached: Definition | null = null;

  /** Ask which tasks no run gets to, and what is wrong, if that was not asked of this definition. The rule is the server's. */
  async reach(): Promise<void> {
    if (this.reached === this.working) return;
    this.reached = this.working;
    this.reaching?.abort();
    const { signal } = (this.reaching = new AbortController());
    try {
      const { unreached, problems } = flow.listed(this.working).length ? await this.store.api.checked(this.working, this.id, signal) : { unreached: [], problems: [] };
      if (signal.aborted || (same(unreached, [...this.unreached]) && same(problems, this.problems))) return;
      this.unreached = new Set(unreached);
      this.problems = problems;
      this.store.update();
    } catch {
      if (!signal.aborted) this.reached = null; // the server is away: saving will say so
    }
  }

  move(name: string, by: -1 | 1): void {
    if (!flow.move(this.working, name, by)) return;
    this.edit((definition) => flow.move(definition, name, by) ?? definition, `Move “${name}”`);
    this.store.say(`“${name}” moved ${by < 0 ? "up" : "down"}. Not saved yet.`);
  }

  /** Remove the task *name*; where expressions use it, show them first. */
  askRemoval(name: string): Promise<void> {
    return (this.asking = this.asking.then(panelsLoaded).then(({ askRemoval }) => askRemoval(this.store, name)).catch((error: unknown) => {
      this.store.notice = { ...failureOf(error), title: `“${name}” was not removed` };
      this.store.update();
    }));
  }

  rename(wanted: string): Promise<void> {
    const name = this.store.task.name;
    const clean = wanted.trim().slice(0, 80);
    if (name !== null && clean && clean !== name)
      this.asking = this.asking.then(() => this.renameTo(name, flow.freeName(this.working, clean)));
    return this.asking;
  }

  /** Rename the task *name* to *free*, in routes and expressions: the server reads those. */
  private async renameTo(name: string, free: string): Promise<void> {
    for (;;) {
      this.store.task.commit();
      const asked = this.working;
      const shown = flow.find(asked, name)?.task;
      if (!shown) return; // removed meanwhile
      try {
        const { definition, problems } = await this.store.api.renamed(asked, name, free);
        this.store.task.commit();
        if (this.working !== asked) continue; // changed meanwhile: ask again
        this.put(definition, `Rename “${name}” to “${free}”`, { rename: [name, free] });
        this.renamed(name, free);
        const task = flow.find(definition, free)!.task;
        if (this.store.task.name === free && !same(task, shown)) this.store.task.reshow(task);
        if (problems.length)
          this.store.notice = {
            title: `Look at ${plural(problems.length, "expression")}: they may still name “${name}”`,
            detail: problems.map(({ pointer }) => segments(pointer).filter((part) => part !== "tasks").join("/")).join("; "),
          };
      } catch (error) {
        this.store.notice = { ...failureOf(error), title: `“${name}” was not renamed` };
      }
      this.store.task.settled();
      return void this.reach();
    }
  }

  /** Move everything known about the task *name* to the name *free*. */
  renamed(name: string, free: string): void {
    this.store.drafts.rename(name, free);
    this.store.tests.rename(name, free);
    this.store.history.rename(name, free);
    void this.store.pins.rename(name, free);
    if (this.store.task.name === name) this.store.task.name = free;
  }

  /** The open workflow was *saved* under another name: what was not saved stays so. */
  becomes(id: string, { definition, etag }: { definition: Definition; etag: string }): void {
    const named = (other: Definition): Definition => ({ ...other, name: definition.name! });
    this.id = id;
    this.etag = etag;
    this.base = definition;
    this.working = named(this.working);
    this.store.edits.rewrite(named);
    this.store.drafts.move(id);
    void this.store.pins.open(id);
  }

  /** Write an empty definition over a file that is none. */
  async overwriteBroken(): Promise<void> {
    const etag = String(this.broken?.etag ?? "*");
    try {
      this.etag = (await this.store.api.save(this.id!, { name: this.id!, tasks: {} }, etag)).etag;
      await this.open(this.id);
    } catch (error) {
      this.broken = failureOf(error);
      this.store.update();
    }
  }

  stop(): void {
    this.reaching?.abort();
  }
}
