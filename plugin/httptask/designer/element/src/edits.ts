// Undo and redo of every edit of the open definition. The steps live in this tab's memory alone: they may hold secrets.
import type { Drafts } from "./drafts";
import { same } from "./json";
import type { Store } from "./store";
import type { Definition } from "./types";
import * as flow from "./workflow";

const MOST_STEPS = 100;

/** What an edit was, for its step. */
export interface EditNote {
  /** The task whose form was typed in: one visit of a field is one step. */
  form?: string;
  /** The field that was typed in. */
  pointer?: string;
  /** The former and the new name of a task: what is known about it goes along. */
  rename?: [string, string];
}
interface Step extends EditNote {
  title: string;
  /** The definition on the other side of this edit. */
  definition: Definition;
  /** The task that was open there. */
  task: string | null;
  secretsOf: Record<string, string[]>;
  offOf: Drafts["offOf"];
}

export class Edits {
  constructor(private readonly store: Store) {}

  private done: Step[] = [];
  private undone: Step[] = [];
  /** The task whose form is being typed in: what follows belongs to the same step. */
  private visited: string | null = null;
  /** Something was typed since the focus moved: there the browser undoes letters. */
  typing = false;
  /** Counts the steps that were shown, for forms that have to be drawn anew. */
  shown = 0;

  get undoTitle(): string | undefined {
    return this.done.at(-1)?.title;
  }

  get redoTitle(): string | undefined {
    return this.undone.at(-1)?.title;
  }

  clear(): void {
    this.done = [];
    this.undone = [];
    this.visited = null;
  }

  /** The focus moved: what is typed from now on is another step. */
  leave(): void {
    if (this.store.task.isSettling) this.store.task.settled();
    this.visited = null;
    this.typing = false;
  }

  /** Note the edit *title*, which is about to make *definition* of the one that is open. */
  note(definition: Definition, title: string, note: EditNote): void {
    const { done } = this;
    this.undone = [];
    if (note.form !== undefined && note.form === this.visited) {
      const [before, after] = [done.at(-1)!.definition, definition].map((each) => flow.find(each, note.form!)?.task);
      if (!same(before, after)) return;
      done.pop(); // typed, and taken back
      this.visited = null;
      return;
    }
    this.visited = note.form ?? null;
    done.push({ ...note, title, ...this.here() });
    if (done.length > MOST_STEPS) done.shift();
  }

  /** Change what no step may bring back: an upload that has become a file, the name of the workflow. */
  rewrite(change: (definition: Definition) => Definition): void {
    for (const step of [...this.done, ...this.undone]) step.definition = change(step.definition);
  }

  undo = (): Promise<void> => this.go("Undone", true);
  redo = (): Promise<void> => this.go("Redone", false);

  private here(): Pick<Step, "definition" | "task" | "secretsOf" | "offOf"> {
    return { definition: this.store.workflow.working, task: this.store.task.name, secretsOf: { ...this.store.drafts.secretsOf }, offOf: { ...this.store.drafts.offOf } };
  }

  private async go(word: string, back: boolean): Promise<void> {
    const { workflow, task, drafts } = this.store;
    await workflow.asking;
    task.commit(); // may be a step of its own
    const [from, to] = back ? [this.done, this.undone] : [this.undone, this.done];
    const step = from.pop();
    this.visited = null;
    if (!step) return this.store.say(`Nothing to ${back ? "undo" : "redo"}.`);
    const { title, rename } = step;
    to.push({ ...step, ...this.here() });
    const shown = this.taskOf(step);
    // The form must not be written over what is shown now.
    const root = task.root;
    task.root = null;
    workflow.working = step.definition;
    drafts.offOf = step.offOf;
    if (rename) workflow.renamed(...(back ? [rename[1], rename[0]] as const : rename));
    // A secret that was known then is one still: no draft may hold it.
    for (const [name, pointers] of Object.entries(step.secretsOf)) drafts.secretsOf[name] = [...new Set([...(drafts.secretsOf[name] ?? []), ...pointers])];
    this.shown++;
    const now = shown === null ? undefined : flow.find(workflow.working, shown)?.task;
    if (root && now && shown === task.name && !task.picking && now.type === "Http" && now.endpoint === task.endpoint?.item.id) {
      task.root = root;
      task.reshow(now);
      if (step.pointer !== undefined) this.store.focusWanted = `f-${step.pointer}`;
    } else if (now) await task.open(shown!);
    else this.store.task.leave();
    drafts.keep();
    void workflow.reach();
    this.store.say(`${word}: ${title}. Not saved yet.`);
  }

  /** The task to show with *step*: the one that it changes, the open one first. */
  private taskOf({ definition, task }: Step): string | null {
    const { working } = this.store.workflow;
    const names = flow.listed(definition).map(({ name }) => name);
    const changed = names.filter((name) => !same(flow.find(definition, name)?.task, flow.find(working, name)?.task));
    const wanted = [this.store.task.name, task];
    return wanted.find((name) => name !== null && changed.includes(name)) ?? wanted.find((name) => name !== null && names.includes(name)) ?? names[0] ?? null;
  }
}
