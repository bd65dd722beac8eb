// Saves the definition, and handles the conflict when somebody else saved it meanwhile.
import { ApiError, failureOf } from "./api";
import { plural } from "./amounts";
import { savedFiles, withFiles } from "./files";
import { clone, type Json, same } from "./json";
import type { Store } from "./store";
import type { Failure } from "./types";
import * as flow from "./workflow";

/** The state of saving the open definition. */
export class Saving {
  constructor(private readonly store: Store) {}

  underWay = false;
  /** The end of the save that was begun last, with the failure if it failed. */
  ended: Promise<Failure | void> = Promise.resolve();
  /** Set when somebody else saved meanwhile, with the ETag of their version. Nothing is written until one version is chosen. */
  conflict: { etag: string; detail: string } | null = null;

  /**
   * Save the definition; with *over* over the version on disk that has this ETag. The page's host hears of it first (event
   * `task-save`) and can save the task itself; a page without a definition leaves that to the host.
   */
  async save(over?: string): Promise<void> {
    if (this.underWay || this.store.task.picking || (!this.store.task.root && this.store.workflow.id === null)) return;
    this.underWay = true;
    await (this.ended = this.write(over).finally(() => {
      this.underWay = false;
      this.store.update();
    }));
  }

  private async write(over?: string): Promise<Failure | void> {
    await this.store.workflow.asking;
    this.store.task.settled();
    this.conflict = null;
    const workflow = this.store.workflow.id;
    const name = this.store.task.name;
    const task = name === null ? null : flow.find(this.store.workflow.working, name)?.task;
    const previousName = name !== null && flow.find(this.store.workflow.base, name) ? name : null;
    const definition = workflow === null ? null : this.store.workflow.working;
    if (task) {
      const detail = { workflow, name, previousName, task: clone(task), definition: definition && clone(definition) };
      const goesOn = this.store.fire("task-save", detail, true);
      if (!goesOn || definition === null) {
        this.store.workflow.base = clone(this.store.workflow.working);
        this.store.drafts.keep();
        return this.store.say(`Task “${name}” handed over.`);
      }
    }
    if (definition === null) return;
    this.store.say("Saving …");
    try {
      const saved = await this.store.api.save(this.store.workflow.id!, definition, over ?? this.store.workflow.etag);
      this.store.workflow.etag = saved.etag;
      const files = savedFiles(definition, saved.definition);
      if (files.size) this.keepFiles(files);
      await this.store.validation.validate(); // the message below has to count the problems of what was saved
      const { workflows } = this.store.config!;
      if (workflows.every(({ id }) => id !== this.store.workflow.id)) workflows.push({ id: this.store.workflow.id! });
      this.store.workflow.base = withFiles(clone(definition), files);
      this.store.workflow.broken = this.store.notice = null;
      const aboutInput = await this.store.input.save(this.store.workflow.id!);
      this.store.drafts.keep();
      this.store.say(this.savedMessage() + aboutInput);
      const { id, etag } = this.store.workflow;
      this.store.fire("workflow-saved", { workflow: id, etag, definition: clone(definition) });
    } catch (error) {
      const failure = failureOf(error);
      if (error instanceof ApiError && error.is("changed-meanwhile"))
        [this.conflict, this.store.focusWanted] = [{ etag: String(failure.etag ?? "*"), detail: failure.detail ?? "" }, "conflict"];
      else this.store.notice = { ...failure, title: `Not saved: ${failure.title}` };
      this.store.status = "Not saved.";
      return failure;
    }
  }

  private savedMessage(): string {
    const count = this.store.validation.errors.length;
    if (count) return `Saved, with ${plural(count, "problem")} still to mend.`;
    const [unreached] = this.store.workflow.unreached;
    if (unreached) return `Saved, but no run gets to “${unreached}”.`;
    return `Saved to “${this.store.workflow.id}”.`;
  }

  /** Replace uploads in all tasks by the paths they were saved under, because an upload ends with the designer's process. */
  private keepFiles(files: Map<string, Json>): void {
    this.store.task.commit();
    const isFresh = !this.store.tests.stale;
    const { name } = this.store.task;
    const shown = name === null ? undefined : flow.find(this.store.workflow.working, name)?.task;
    this.store.workflow.working = withFiles(this.store.workflow.working, files);
    this.store.history.nameFiles(files);
    this.store.edits.rewrite((step) => withFiles(step, files));
    const task = shown && withFiles(shown, files);
    if (!this.store.task.root || !task || same(task, shown)) return;
    this.store.task.reshow(task);
    // The response is still that of these settings.
    if (this.store.tests.result && isFresh) this.store.tests.result.key = this.store.task.settingsKey();
  }

  /** Load the definition from disk. The settings that were not saved stay in the history. */
  async reload(): Promise<void> {
    this.store.task.commit();
    for (const { name, task, type } of flow.listed(this.store.workflow.working))
      if (type === "Http" && this.store.workflow.isUnsaved(name)) this.store.history.remember(name, task, { note: "not saved" });
    this.store.task.root = this.conflict = null;
    await this.store.workflow.open(this.store.workflow.id, this.store.task.name, true);
    this.store.say("Loaded what is on disk. Your own settings are in the history.");
  }
}
