// The workflow definition under edit: opens it, changes it, renames and removes its tasks, and has the server check it.
import { ApiError, type Checked, failureOf } from "./api";
import { plural } from "./amounts";
import { clone, type Json, same, segments } from "./json";
import { panelsLoaded } from "./panel-module";
import type { EditNote } from "./edits";
import type { Store } from "./store";
import type { Definition, Failure, Problem } from "./types";
import type { Use } from "./uses";
import { isOfName, isOfRoutes, problemsOf } from "./task-edits";
import * as flow from "./workflow";

const NO_PROBLEMS: Checked = { unreached: [], problems: [], pinProblems: [] };

/** The definition under edit. */
export class OpenWorkflow {
  constructor(private readonly store: Store) {}

  /** The task that somebody wants to remove although other tasks use it; the page shows the uses and asks. */
  removal: { name: string; uses: Use[] } | null = null;

  /** A workflow has been opened. Until then the other members mean nothing. */
  isOpen = false;
  /** Counts the calls of `open`. */
  private opening = 0;
  /** Null for a page that edits a task without a workflow. */
  id: string | null = null;
  /** The ETag of the definition on disk; null for one that was never saved. */
  etag: string | null = null;
  /** The definition as it was last saved. */
  base: Definition = { tasks: {} };
  /** The definition with the unsaved changes. It is replaced, never changed in place. */
  working: Definition = { tasks: {} };
  /** Why the definition cannot be shown. Its file is not written until somebody chooses to overwrite it. */
  broken: Failure | null = null;
  /** The tasks that no run can reach. */
  unreached = new Set<string>();
  /** The problems of the whole definition. */
  problems: Problem[] = [];
  /** The problems of its pins. */
  pinProblems: Problem[] = [];
  /** Ends the request of `reach`. */
  private reaching: AbortController | null = null;
  /** Settles once the renames and removals asked for so far are done. */
  asking: Promise<void> = Promise.resolve();

  /** Open the workflow *id* at *task*; *fresh* drops its draft. The workflow before stays until it is saved, and the server has answered. */
  async open(id: string | null, task: string | null = null, fresh = false): Promise<void> {
    const opening = ++this.opening;
    let loaded: { definition: Definition; etag: string | null } = { definition: { tasks: {} }, etag: null };
    let broken: Failure | null = null;
    const { id: former, store: { saving } } = this;
    const notSaved = saving.underWay && (await saving.ended);
    if (this.isOpen && id !== null) this.store.say(`Opening “${id}” …`);
    try {
      if (id !== null) loaded = await this.store.api.workflow(id);
    } catch (error) {
      // An unknown workflow is a new one: the first save creates it.
      if (error instanceof ApiError && error.is("unknown-workflow")) loaded.definition = { name: id!, tasks: {} };
      else broken = failureOf(error);
    }
    if (opening !== this.opening) return; // another workflow was chosen meanwhile
    if (!fresh) this.store.drafts.keep();
    this.isOpen = true;
    this.store.status = "";
    this.id = id;
    this.store.edits.clear();
    this.removal = null;
    this.store.task.root = this.store.notice = this.store.saving.conflict = this.store.task.name = null;
    this.store.input.clear();
    this.store.task.close();
    this.store.drafts.open(id, fresh);
    this.store.tests.results.clear();
    this.store.history.open();
    this.store.runs.leave();
    this.broken = broken;
    this.base = loaded.definition;
    this.etag = loaded.etag;
    this.working = clone(this.base);
    if (!this.broken) {
      this.store.drafts.restore();
      this.store.drafts.mark();
    }
    if (notSaved) {
      const { title = "", detail = "" } = this.store.notice ?? {};
      this.store.notice = { title: `“${former}” was not saved: ${notSaved.title}`, detail: `Its changes stay in this tab. ${title} ${detail}` };
    }
    this.unreached.clear();
    void this.reach();
    void this.store.input.open(this.working.inputSchema);
    void this.store.input.load(this.broken ? null : id);
    void this.store.environments.open(this.broken ? null : id);
    void this.store.pins.open(this.broken ? null : id);
    // The task asked for, else the task of the draft, else the first HTTP task.
    const firstHttp = flow.listed(this.working).find(({ type }) => type === "Http")?.name ?? null;
    const shown = [task, this.store.task.name].find((name) => name && flow.find(this.working, name)) ?? firstHttp;
    if (shown) await this.store.task.open(shown);
    else {
      this.store.task.name = null;
      this.store.task.picking = this.broken ? null : "new";
      this.store.focusWanted = "search";
      this.store.update();
    }
  }

  /** Whether the definition has unsaved changes. */
  get dirty(): boolean {
    return !same(this.working, this.base);
  }

  /** Whether something is lost if the page is closed: changes of a definition in this tab or of its sample input, or text in a panel. */
  get losesWork(): boolean {
    const { drafts, typedTexts } = this.store;
    return this.dirty || drafts.unsaved.size > 0 || [...typedTexts.values()].some(({ isUsable }) => isUsable());
  }

  /** Say whether the task *name* has unsaved changes. */
  isUnsaved(name: string): boolean {
    return !same(flow.find(this.working, name)?.task, flow.find(this.base, name)?.task);
  }

  /** Change the definition by *change*. The open form is committed before, so that it does not overwrite the change later. */
  edit(change: (definition: Definition) => Definition, title: string, note?: EditNote): void {
    this.store.task.commit();
    this.put(change(this.working), title, note);
    this.store.drafts.keep();
    void this.reach();
  }

  /** Replace the definition under edit by *definition*. An undo takes the edit *title* back. */
  put(definition: Definition, title: string, note: EditNote = {}): void {
    this.store.edits.note(definition, title, note);
    this.working = definition;
  }

  /** The number of errors of the task *name* in the server's latest answers. */
  errorsOf(name: string): number {
    const { task, validation } = this.store;
    const isValidated = task.root && task.name === name && validation.answered;
    const known = problemsOf(this.problems, name);
    const problems = isValidated ? [...validation.problems, ...known.filter((problem) => isOfRoutes(problem) || isOfName(problem))] : known;
    return problems.filter(({ severity }) => severity === "error").length;
  }

  /** The definition that `reach` asked about last. */
  private reached: Definition | null = null;

  /** Ask the server for the tasks that no run can reach, and for the definition's problems, unless it was asked already. */
  async reach(): Promise<void> {
    if (this.reached === this.working) return;
    this.reached = this.working;
    this.reaching?.abort();
    const { signal } = (this.reaching = new AbortController());
    try {
      const isBlank = same(this.working.tasks ?? {}, {});
      const answer: Checked = isBlank ? NO_PROBLEMS : await this.store.api.checked(this.working, this.id, signal);
      const { unreached, problems, pinProblems = [] } = answer;
      const before = [[...this.unreached], this.problems, this.pinProblems] as unknown as Json;
      if (signal.aborted || same([unreached, problems, pinProblems] as unknown as Json, before)) return;
      Object.assign(this, { unreached: new Set(unreached), problems, pinProblems });
      this.store.update();
    } catch {
      if (!signal.aborted) this.reached = null; // no answer of the server: the next call asks again, and saving reports it
    }
  }

  /** Have the server check the definition again, because its pins have changed. */
  recheck(): void {
    this.reached = null;
    void this.reach();
  }

  /** Swap the task *name* with the one before (-1) or behind it (1) on its line. */
  move(name: string, by: -1 | 1): void {
    if (!flow.move(this.working, name, by))
      return this.store.say(`No task is ${by < 0 ? "before" : "behind"} “${name}” on its line: change its routes instead.`);
    this.edit((definition) => flow.move(definition, name, by) ?? definition, `Move “${name}”`);
    this.store.say(`“${name}” moved ${by < 0 ? "up" : "down"}. Not saved yet.`);
  }

  /** Remove the task *name*; if other tasks use its output, show the uses and ask first. */
  askRemoval(name: string): Promise<void> {
    const removed = this.asking.then(panelsLoaded).then(({ askRemoval }) => askRemoval(this.store, name));
    return (this.asking = removed.catch((error: unknown) => {
      this.store.notice = { ...failureOf(error), title: `“${name}” was not removed` };
      this.store.update();
    }));
  }

  /** Rename the open task to *wanted*, numbered if another task has that name. */
  rename(wanted: string): Promise<void> {
    const name = this.store.task.name;
    const newName = wanted.trim().slice(0, 80);
    if (name !== null && newName && newName !== name)
      this.asking = this.asking.then(() => this.renameTo(name, flow.freeName(this.working, newName)));
    return this.asking;
  }

  /** Rename the task *name* to *free*, also in routes and expressions. The server does it, because it can read expressions. */
  private async renameTo(name: string, free: string): Promise<void> {
    for (;;) {
      this.store.task.commit();
      const before = this.working;
      const taskBefore = flow.find(before, name)?.task;
      if (!taskBefore) return; // removed meanwhile
      try {
        const { definition, problems } = await this.store.api.renamed(before, name, free);
        this.store.task.commit();
        if (this.working !== before) continue; // changed meanwhile: ask again
        this.put(definition, `Rename “${name}” to “${free}”`, { rename: [name, free] });
        this.renamed(name, free);
        const task = flow.find(definition, free)!.task;
        // The task's own expressions may name it too.
        if (this.store.task.name === free && !same(task, taskBefore)) this.store.task.reshow(task);
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

  /** Move everything that the page keeps about the task *name* to its new name *free*. */
  renamed(name: string, free: string): void {
    this.store.drafts.rename(name, free);
    this.store.tests.rename(name, free);
    this.store.history.rename(name, free);
    // If it fails, the list of pins shows the old name as left over.
    void panelsLoaded().then(({ renamePin }) => renamePin(this.store, name, free)).catch(() => {});
    if (this.store.task.name === name) this.store.task.name = free;
  }

  /** Overwrite a file that is not a definition with an empty definition. */
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
