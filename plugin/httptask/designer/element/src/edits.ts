// Undo and redo of all edits of the open definition. The steps may hold secrets, so they are only kept in memory.
import type { Drafts } from "./drafts";
import { byName, same } from "./json";
import type { Store } from "./store";
import type { Definition } from "./types";
import * as flow from "./workflow";

const MOST_STEPS = 100;

/** Details of an edit, beside its title. */
export interface EditNote {
  /** The task whose form was edited. All that is typed until the focus leaves the field is one step. */
  form?: string;
  /** The field that was edited. */
  pointer?: string;
  /** The old and the new name of a task: its secrets, samples and switched-off parameters move along. */
  rename?: [string, string];
}
/** An edit that can be undone or redone, with the state that this brings back. */
interface Step extends EditNote {
  title: string;
  /** The definition before an edit that can be undone, or after one that can be redone. */
  definition: Definition;
  /** The task that was open in that state. */
  task: string | null;
  secretsOf: Record<string, string[]>;
  offOf: Drafts["offOf"];
}

/** The history of edits of the open definition. */
export class Edits {
  constructor(private readonly store: Store) {}

  private done: Step[] = [];
  private undone: Step[] = [];
  /** The task whose form is being typed in: further changes belong to the same step. */
  private visited: string | null = null;
  /** Something was typed since the focus moved: Ctrl Z is left to the browser, which undoes single letters. */
  typing = false;
  /** Counts undo and redo: forms that keep a state of their own are drawn anew when this changes. */
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

  /** The focus moved: what is typed from now on becomes another step. */
  leave(): void {
    if (this.store.task.isSettling) this.store.task.settled();
    this.visited = null;
    this.typing = false;
  }

  /** Add a step for the edit *title*, which is about to replace the open definition by *definition*. */
  note(definition: Definition, title: string, note: EditNote): void {
    const { done } = this;
    this.undone = [];
    if (note.form !== undefined && note.form === this.visited) {
      const [before, after] = [done.at(-1)!.definition, definition].map((state) => flow.find(state, note.form!)?.task);
      if (!same(before, after)) return;
      done.pop(); // the user took back all that was typed: nothing is left to undo
      this.visited = null;
      return;
    }
    this.visited = note.form ?? null;
    done.push({ ...note, title, ...this.here() });
    if (done.length > MOST_STEPS) done.shift();
  }

  /** Apply *change* to every step: undo must not bring back an upload that is a file by now, or the old name of the workflow. */
  rewrite(change: (definition: Definition) => Definition): void {
    for (const step of [...this.done, ...this.undone]) step.definition = change(step.definition);
  }

  undo = (): Promise<void> => this.go("Undone", true);
  redo = (): Promise<void> => this.go("Redone", false);

  /** The present state, for a step. */
  private here(): Pick<Step, "definition" | "task" | "secretsOf" | "offOf"> {
    const { workflow, task, drafts } = this.store;
    return { definition: workflow.working, task: task.name, secretsOf: byName(drafts.secretsOf), offOf: byName(drafts.offOf) };
  }

  /** Undo (*back*) or redo one step, and show the task that it changed. *word* begins the message. */
  private async go(word: string, back: boolean): Promise<void> {
    const { workflow, task, drafts } = this.store;
    await workflow.asking;
    task.commit(); // what is typed but not yet in the definition may become a step first
    const [from, to] = back ? [this.done, this.undone] : [this.undone, this.done];
    const step = from.pop();
    this.visited = null;
    if (!step) return this.store.say(`Nothing to ${back ? "undo" : "redo"}.`);
    const { title, rename } = step;
    to.push({ ...step, ...this.here() });
    const shown = this.taskOf(step);
    // Without a root, the open form cannot write its old values over the restored definition.
    const root = task.root;
    task.root = null;
    workflow.working = step.definition;
    drafts.offOf = byName(step.offOf);
    if (rename) workflow.renamed(...(back ? [rename[1], rename[0]] as const : rename));
    // The restored definition has the secrets of that time again, so no stored draft may hold them.
    for (const [name, pointers] of Object.entries(step.secretsOf))
      drafts.secretsOf[name] = [...new Set([...(drafts.secretsOf[name] ?? []), ...pointers])];
    this.shown++;
    const restored = shown === null ? undefined : flow.find(workflow.working, shown)?.task;
    const isOpen = root && shown === task.name && !task.picking;
    if (isOpen && restored?.type === "Http" && restored.endpoint === task.endpoint?.item.id) {
      // The open form fits the restored task: it stays, and only its values change.
      task.root = root;
      task.reshow(restored);
      if (step.pointer !== undefined) this.store.focusWanted = `f-${step.pointer}`;
    } else if (restored) await task.open(shown!);
    else this.store.task.leave();
    drafts.keep();
    void workflow.reach();
    this.store.say(`${word}: ${title}. Not saved yet.`);
  }

  /** The task to show after *step*: one that the step changes, preferably the open one; null where no task is left. */
  private taskOf({ definition, task }: Step): string | null {
    const { working } = this.store.workflow;
    const names = flow.listed(definition).map(({ name }) => name);
    const changed = names.filter((name) => !same(flow.find(definition, name)?.task, flow.find(working, name)?.task));
    const wanted = [this.store.task.name, task];
    const firstIn = (candidates: string[]) => wanted.find((name) => name !== null && candidates.includes(name));
    return firstIn(changed) ?? firstIn(names) ?? names[0] ?? null;
  }
}
