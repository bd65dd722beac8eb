// Validates the open task on the server as it changes, and decides at which field each problem is shown, and when.
import { child, type Json, type JsonObject, same, segments } from "./json";
import { isOpen, offRows, withOff } from "./off-rows";
import { type Slot, walk } from "./slots";
import type { Store } from "./store";
import type { Preview, Problem, Task } from "./types";
import * as flow from "./workflow";

/** The pointer at which a problem at *pointer* is shown: the nearest of *shown* on the way up from it; "" if there is none. */
export function visiblePointer(shown: Set<string>, pointer: string): string {
  const parts = segments(pointer);
  for (let length = parts.length; length > 0; length--) {
    const visible = parts.slice(0, length).reduce(child, "");
    if (shown.has(visible)) return visible;
  }
  return "";
}

/** The message of a `required` problem that is shown at the missing field itself: it need not name the field. */
const requiredHere = ({ where, expected, instead }: JsonObject): string =>
  `required${where ? ` where '${where}' is given` : ""}${expected ? `: expected ${expected}` : ""}${instead ? `; found '${instead}' instead` : ""}`;

/** Sort *problems* by the pointer at which the form *root* shows them; *groups* are further pointers on the form. */
export function byVisiblePointer(problems: Problem[], root: Slot, groups: string[] = []): Map<string, Problem[]> {
  const shown = new Set([...groups, ...[...walk(root)].map(({ pointer }) => pointer)]);
  const sorted = new Map<string, Problem[]>();
  for (const problem of problems) {
    // The pointer of a `required` problem is that of the object; the problem is shown at the missing field.
    const isRequired = problem.code === "required";
    const pointer = isRequired ? child(problem.pointer, problem.params!.name as string) : problem.pointer;
    const visible = visiblePointer(shown, pointer);
    const shownProblem = isRequired && visible === pointer ? { ...problem, message: requiredHere(problem.params!) } : problem;
    sorted.set(visible, [...(sorted.get(visible) ?? []), shownProblem]);
  }
  return sorted;
}

/** The problems of the open task. */
export class Validation {
  constructor(private readonly store: Store) {}

  problems: Problem[] = [];
  /** The problems of single fields that the API named in its response to the latest test request. */
  told: Problem[] = [];
  /** The server has validated the open task at least once. */
  answered = false;
  /** The media type that the body is sent as; null without a body, or if an expression decides. */
  mediaType: string | null = null;
  /** The request that a test would send, from the latest validation. */
  preview: Preview | null = null;
  /** All problems are shown, also at fields that nobody has been in. */
  showAll = false;
  /** The pointers that were changed since the latest validation: their problems may be out of date, and are not shown. */
  readonly edited = new Set<string>();
  private computed: { version: number; byPointer: Map<string, Problem[]> } = { version: -1, byPointer: new Map() };
  /** The pointers on the form at the latest validation, one per line. */
  private shownLast = "";
  /** The timer of the next validation. */
  private validating = 0;
  /** Ends the validation under way. */
  private checking: AbortController | null = null;

  /** Forget the problems of the task that was shown before. */
  clear(): void {
    this.problems = [];
    this.told = [];
    this.mediaType = this.preview = null;
    this.answered = this.showAll = false;
    this.edited.clear();
  }

  /** Validate in *delay* milliseconds, unless this is called again before. */
  validateSoon(delay: number): void {
    clearTimeout(this.validating);
    this.validating = window.setTimeout(() => void this.validate(), delay);
  }

  /** Validate the open task and its sample input now, and show what has changed. */
  async validate(): Promise<void> {
    clearTimeout(this.validating);
    this.checking?.abort();
    if (!this.store.task.root || this.store.task.name === null) return;
    const { signal } = (this.checking = new AbortController());
    try {
      const { api, input, task, workflow } = this.store;
      const value = task.value();
      const definition = flow.replace(workflow.working, task.name!, value);
      const surroundings = this.store.tests.surroundings(value);
      const answer = await api.validate(value, task.name!, definition, signal, surroundings, input.draft());
      const { problems, mediaType, inputProblems = [], preview = null } = answer;
      if (signal.aborted) return;
      this.answered = true;
      this.lookAtOff(signal).catch(() => {}); // the next validation asks again
      if (mediaType !== this.mediaType || !same(preview as Json, this.preview as Json)) {
        this.mediaType = mediaType;
        this.preview = preview;
        this.store.update();
      }
      // A field added to or removed from the form can move a problem that has not changed.
      const shown = this.pointersShown();
      const isSame = same(inputProblems, this.store.input.refused) && same(problems, this.problems);
      if (isSame && !this.edited.size && shown === this.shownLast) return;
      this.shownLast = shown;
      this.problems = problems;
      this.told = this.told.filter(({ pointer }) => !this.edited.has(pointer));
      this.store.input.refused = inputProblems;
      this.edited.clear();
      this.store.drafts.keep(); // again, now without the secrets that the server found
      this.store.task.redraw();
    } catch {
      /* aborted by a newer validation, or no answer of the server: saving and testing report that */
    }
  }

  /** Ask the server whether switched-off parameters hold secrets, because only those without may be stored. */
  private async lookAtOff(signal: AbortSignal): Promise<void> {
    const { api, drafts, task, workflow } = this.store;
    const rows = offRows(task.root!);
    const all = withOff(task.root!) as Task | null;
    if (!all || rows.every((row) => drafts.isOpenOff(task.name!, row))) return;
    const definition = flow.replace(workflow.working, task.name!, all);
    const { problems } = await api.validate(all, task.name!, definition, signal);
    const secrets = problems.filter(({ code }) => code === "secret-in-the-open").map(({ pointer }) => pointer);
    drafts.openOff[task.name!] = rows.filter((row) => isOpen(row, rows, secrets)).map((row) => JSON.stringify(row));
    drafts.keep();
  }

  private pointersShown = (): string => [...walk(this.store.task.root!)].map(({ pointer }) => pointer).join("\n");

  /** Show the *problems* for which a test request was refused, and go to the first. */
  report(problems: Problem[]): void {
    this.problems = problems;
    this.edited.clear();
    this.store.task.version++;
    this.goToProblem();
  }

  /** Show the *problems* of fields that the API named in its response, and go to the first. */
  tell(problems: Problem[]): void {
    this.told = problems;
    this.edited.clear();
    this.store.task.version++;
    this.goToProblem();
  }

  /** Drop the problems that the API named, because a new test request begins. */
  forget(): void {
    if (!this.told.length) return;
    this.told = [];
    this.store.task.redraw();
  }

  get errors(): Problem[] {
    return this.problems.filter(({ severity }) => severity === "error");
  }

  /** The problems by the pointers of the form at which they are shown. Computed once for each version of the form. */
  get byPointer(): Map<string, Problem[]> {
    const { version, root, form } = this.store.task;
    if (this.computed.version !== version && root) {
      const groups = form!.groups.map(({ name }) => `/httpRequest/${name}`);
      this.computed = { version, byPointer: byVisiblePointer([...this.problems, ...this.told], root, groups) };
    }
    return this.computed.byPointer;
  }

  /** The problems to show at *pointer*. Errors are held back until the field was *touched*, or all problems were asked for. */
  shownProblems = (pointer: string, touched: boolean): Problem[] => {
    if (this.edited.has(pointer) || !this.store.task.root) return [];
    return (this.byPointer.get(pointer) ?? []).filter(({ severity }) => this.showAll || touched || severity === "warning");
  };

  /** Whether errors are target: Test was pressed, or somebody left a field that has a problem. */
  get isAsked(): boolean {
    if (this.showAll) return true;
    return [...walk(this.store.task.root!)].some(({ slot, pointer }) => slot.touched && this.byPointer.get(pointer)?.length);
  }

  /** Show all problems at their fields, and go to the first one; with *next*, to the first one behind the focused field. */
  goToProblem(next = false): void {
    if (!this.store.task.root) return;
    this.showAll = true;
    const order = [...walk(this.store.task.root)].map(({ pointer }) => pointer);
    const pointers = [...this.byPointer.keys()]
      .filter((pointer) => this.byPointer.get(pointer)!.length)
      .sort((a, b) => order.indexOf(a) - order.indexOf(b));
    const focused = next ? order.indexOf(this.store.field) : -1;
    const target = pointers.find((candidate) => order.indexOf(candidate) > focused) ?? pointers[0];
    if (target !== undefined) this.store.pane = "request";
    this.store.focusWanted = target === undefined ? null : `f-${target}`;
    this.store.task.redraw();
  }

  stop(): void {
    this.checking?.abort();
    clearTimeout(this.validating);
  }
}
