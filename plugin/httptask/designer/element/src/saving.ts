// Saving the definition, and what happens when somebody else saved it meanwhile.
import { ApiError, failureOf } from "./api";
import { plural } from "./amounts";
import { savedFiles, withFiles } from "./files";
import { clone, type Json, same } from "./json";
import type { Store } from "./store";
import * as flow from "./workflow";

export class Saving {
  constructor(private readonly store: Store) {}

  underWay = false;
  /** The definition on disk, where somebody else saved meanwhile. Nothing is written before one of the two is chosen. */
  conflict: { etag: string; detail: string } | null = null;

  async save(over?: string): Promise<void> {
    if (this.underWay || this.store.task.picking || (!this.store.task.root && this.store.workflow.id === null)) return;
    await this.store.workflow.asking;
    this.store.task.settled();
    this.conflict = null;
    const name = this.store.task.name;
    const task = name === null ? null : flow.find(this.store.workflow.working, name)?.task;
    const previous = name !== null && flow.find(this.store.workflow.base, name) ? name : null;
    const definition = this.store.workflow.id === null ? null : this.store.workflow.working;
    if (task) {
      const goesOn = this.store.fire("task-save", { workflow: this.store.workflow.id, name, previousName: previous, task: clone(task), definition: definition && clone(definition) }, true);
      if (!goesOn || definition === null) {
        this.store.workflow.base = clone(this.store.workflow.working);
        this.store.drafts.keep();
        return this.store.say(`Task “${name}” handed over.`);
      }
    }
    if (definition === null) return;
    this.underWay = true;
    this.store.say("Saving …");
    try {
      const saved = await this.store.api.save(this.store.workflow.id!, definition, over ?? this.store.workflow.etag);
      this.store.workflow.etag = saved.etag;
      const files = savedFiles(definition, saved.definition);
      if (files.size) this.keepFiles(files);
      await this.store.validation.validate(); // what is said below is said of what was saved
      const { workflows } = this.store.config!;
      if (workflows.every(({ id }) => id !== this.store.workflow.id)) workflows.push({ id: this.store.workflow.id! });
      this.store.workflow.base = withFiles(clone(definition), files);
      this.store.workflow.broken = this.store.notice = null;
      this.store.drafts.keep();
      const count = this.store.validation.errors.length;
      const [lost] = this.store.workflow.unreached;
      this.store.say(count ? `Saved, with ${plural(count, "problem")} still to mend.` : lost ? `Saved, but no run gets to “${lost}”.` : `Saved to “${this.store.workflow.id}”.`);
      this.store.fire("workflow-saved", { workflow: this.store.workflow.id, etag: this.store.workflow.etag, definition: clone(definition) });
    } catch (error) {
      const failure = failureOf(error);
      if (error instanceof ApiError && error.is("changed-meanwhile"))
        [this.conflict, this.store.focusWanted] = [{ etag: String(failure.etag ?? "*"), detail: failure.detail ?? "" }, "conflict"];
      else this.store.notice = { ...failure, title: `Not saved: ${failure.title}` };
      this.store.status = "Not saved.";
    } finally {
      this.underWay = false;
      this.store.update();
    }
  }

  /** Replace uploads by the paths they were saved under, in every task: an upload ends with the designer's process. */
  private keepFiles(files: Map<string, Json>): void {
    this.store.task.commit();
    const fresh = !this.store.tests.stale;
    const shown = this.store.task.name === null ? undefined : flow.find(this.store.workflow.working, this.store.task.name)?.task;
    this.store.workflow.working = withFiles(this.store.workflow.working, files);
    this.store.history.nameFiles(files);
    this.store.edits.rewrite((step) => withFiles(step, files));
    const task = shown && withFiles(shown, files);
    if (!this.store.task.root || !task || same(task, shown)) return;
    this.store.task.reshow(task);
    if (this.store.tests.result && fresh) this.store.tests.result.key = this.store.task.settingsKey();
  }

  /** Take what is on disk; the settings that were not saved stay in the history. */
  async reload(): Promise<void> {
    this.store.task.commit();
    for (const { name, task, type } of flow.listed(this.store.workflow.working))
      if (type === "Http" && this.store.workflow.isUnsaved(name)) this.store.history.remember(name, task, { note: "not saved" });
    this.store.task.root = this.conflict = null;
    await this.store.workflow.open(this.store.workflow.id, this.store.task.name, true);
    this.store.say("Loaded what is on disk. Your own settings are in the history.");
  }
}
