// The problems of the open task, as the server finds them, and where they are shown.
import { child, type Json, type JsonObject, same, segments } from "./json";
import { isOpen, offRows, withOff } from "./off-rows";
import { type Slot, walk } from "./slots";
import type { Store } from "./store";
import type { Preview, Problem, Task } from "./types";
import * as flow from "./workflow";

/** Where a problem at *pointer* can be seen: the deepest place on the screen on the way to it. */
export function visiblePlace(shown: Set<string>, pointer: string): string {
  const parts = segments(pointer);
  for (let length = parts.length; length > 0; length--) {
    const place = parts.slice(0, length).reduce(child, "");
    if (shown.has(place)) return place;
  }
  return "";
}

/** The sentence of `required` beside the field itself, which need not be named. */
const requiredHere = ({ where, expected, instead }: JsonObject): string =>
  `required${where ? ` where '${where}' is given` : ""}${expected ? `: expected ${expected}` : ""}${instead ? `; found '${instead}' instead` : ""}`;

/** *problems* by where on the form *root* they are shown; *groups* stand there, too. */
export function placed(problems: Problem[], root: Slot, groups: string[] = []): Map<string, Problem[]> {
  const shown = new Set([...groups, ...[...walk(root)].map(({ pointer }) => pointer)]);
  const places = new Map<string, Problem[]>();
  for (const problem of problems) {
    // What is missing is said of its object: show it where it is to be filled in.
    const missing = problem.code === "required" ? child(problem.pointer, problem.params!.name as string) : problem.pointer;
    const place = visiblePlace(shown, missing);
    const own = problem.code === "required" && place === missing ? { ...problem, message: requiredHere(problem.params!) } : problem;
    places.set(place, [...(places.get(place) ?? []), own]);
  }
  return places;
}

export class Validation {
  constructor(private readonly store: Store) {}

  problems: Problem[] = [];
  /** What the API said of single fields, in its answer to the last test request. */
  told: Problem[] = [];
  /** The server has looked at the task that is shown. */
  answered = false;
  /** What the server sends the body as; null when there is none, or an expression decides. */
  mediaType: string | null = null;
  /** What a test would send, as of the last answer. */
  preview: Preview | null = null;
  showAll = false;
  /** Where something was changed since the problems were found: what is said of it may be over. */
  readonly edited = new Set<string>();
  private placesFor: { version: number; places: Map<string, Problem[]> } = { version: -1, places: new Map() };
  private shownLast = "";
  private validating = 0;
  private checking: AbortController | null = null;

  /** Another task is shown, or none: nothing is known of it yet. */
  clear(): void {
    this.problems = [];
    this.told = [];
    this.mediaType = this.preview = null;
    this.answered = this.showAll = false;
    this.edited.clear();
  }

  validateSoon(delay: number): void {
    clearTimeout(this.validating);
    this.validating = window.setTimeout(() => void this.validate(), delay);
  }

  async validate(): Promise<void> {
    clearTimeout(this.validating);
    this.checking?.abort();
    if (!this.store.task.root || this.store.task.name === null) return;
    const { signal } = (this.checking = new AbortController());
    try {
      const { api, input, task, workflow } = this.store;
      const value = task.value();
      const within = flow.replace(workflow.working, task.name!, value);
      const { problems, mediaType, inputProblems = [], preview = null } = await api.validate(value, task.name!, within, signal, this.store.tests.surroundings(value), input.draft());
      if (signal.aborted) return;
      this.answered = true;
      this.lookAtOff(signal).catch(() => {}); // a newer one follows
      if (mediaType !== this.mediaType || !same(preview as Json, this.preview as Json)) {
        this.mediaType = mediaType;
        this.preview = preview;
        this.store.update();
      }
      // A field that came or went can move a problem that is the same.
      const shown = this.pointersShown();
      const sameInput = same(inputProblems, this.store.input.refused);
      if (sameInput && same(problems, this.problems) && !this.edited.size && shown === this.shownLast) return;
      this.shownLast = shown;
      this.problems = problems;
      this.told = this.told.filter(({ pointer }) => !this.edited.has(pointer));
      this.store.input.refused = inputProblems;
      this.edited.clear();
      this.store.drafts.keep(); // without the secrets that were found
      this.store.task.redraw();
    } catch {
      /* aborted by a newer one, or the server is away: saving and testing will say so */
    }
  }

  /** Ask whether what is switched off holds secrets: only what holds none may be stored. */
  private async lookAtOff(signal: AbortSignal): Promise<void> {
    const { api, drafts, task, workflow } = this.store;
    const rows = offRows(task.root!);
    const all = withOff(task.root!) as Task | null;
    if (!all || rows.every((row) => drafts.isOpenOff(task.name!, row))) return;
    const { problems } = await api.validate(all, task.name!, flow.replace(workflow.working, task.name!, all), signal);
    const secrets = problems.filter(({ code }) => code === "secret-in-the-open").map(({ pointer }) => pointer);
    drafts.openOff[task.name!] = rows.filter((row) => isOpen(row, rows, secrets)).map((row) => JSON.stringify(row));
    drafts.keep();
  }

  private pointersShown = (): string => [...walk(this.store.task.root!)].map(({ pointer }) => pointer).join("\n");

  /** Take the *problems* that a refusal told of, and go to the first. */
  report(problems: Problem[]): void {
    this.problems = problems;
    this.edited.clear();
    this.store.task.version++;
    this.goToProblem();
  }

  /** Take what the API said of fields, and go to the first of these *problems*. */
  tell(problems: Problem[]): void {
    this.told = problems;
    this.edited.clear();
    this.store.task.version++;
    this.goToProblem();
  }

  /** What the API said is over: it is asked again. */
  forget(): void {
    if (!this.told.length) return;
    this.told = [];
    this.store.task.redraw();
  }

  get errors(): Problem[] {
    return this.problems.filter(({ severity }) => severity === "error");
  }

  /** The problems to show at each place that is on the screen. */
  get places(): Map<string, Problem[]> {
    if (this.placesFor.version !== this.store.task.version && this.store.task.root) {
      const groups = this.store.task.form!.groups.map(({ name }) => `/httpRequest/${name}`);
      this.placesFor = { version: this.store.task.version, places: placed([...this.problems, ...this.told], this.store.task.root, groups) };
    }
    return this.placesFor.places;
  }

  /** What is shown at *pointer*: errors wait until somebody was there or asked. */
  shownProblems = (pointer: string, touched: boolean): Problem[] => {
    if (this.edited.has(pointer) || !this.store.task.root) return [];
    return (this.places.get(pointer) ?? []).filter(({ severity }) => this.showAll || touched || severity === "warning");
  };

  /** Somebody asked what is wrong: Test was pressed, or a field with a problem was left. */
  get isAsked(): boolean {
    return this.showAll || [...walk(this.store.task.root!)].some(({ slot, pointer }) => slot.touched && this.places.get(pointer)?.length);
  }

  /** Show every problem beside its field and go to the first; with *next*, to the one behind the focused field. */
  goToProblem(next = false): void {
    if (!this.store.task.root) return;
    this.showAll = true;
    const order = [...walk(this.store.task.root)].map(({ pointer }) => pointer);
    const places = [...this.places.keys()].filter((place) => this.places.get(place)!.length).sort((a, b) => order.indexOf(a) - order.indexOf(b));
    const here = next ? order.indexOf(this.store.field) : -1;
    const place = places.find((each) => order.indexOf(each) > here) ?? places[0];
    if (place !== undefined) this.store.pane = "request";
    this.store.focusWanted = place === undefined ? null : `f-${place}`;
    this.store.task.redraw();
  }

  stop(): void {
    this.checking?.abort();
    clearTimeout(this.validating);
  }
}
