// The state of the page and its actions. Views read the store, call its methods, and redraw when it changes.
import { type Api, type Credential, failureOf } from "./api";
import { Copying } from "./copying";
import { Drafts } from "./drafts";
import { Edits } from "./edits";
import { Environments } from "./environments";
import { Expressions } from "./expressions";
import { takeSecretNames } from "./json";
import { OpenTask } from "./open-task";
import { OpenWorkflow } from "./open-workflow";
import { Pasting } from "./pasting";
import { Pins } from "./pins";
import { SampleInput } from "./sample-input";
import { Runs } from "./runs";
import { Saving } from "./saving";
import { walk } from "./slots";
import { Snapshots } from "./snapshots";
import type { CredentialWish } from "./task-credentials";
import { TestRequests } from "./test-requests";
import type { Config, Failure, TypedText } from "./types";
import { Validation, visiblePointer } from "./validation";

export type Tab = "preview" | "response" | "history" | "runs";
/** The panes of the page in the order of F6. A narrow page shows one of them. */
export const PANES = ["tasks", "request", "response"] as const;
export type Pane = (typeof PANES)[number];

/** The state of one page; each part of it is in a class of its own. */
export class Store {
  readonly drafts: Drafts;
  readonly edits: Edits;
  readonly workflow: OpenWorkflow;
  readonly task: OpenTask;
  readonly validation: Validation;
  readonly tests: TestRequests;
  readonly history: Snapshots;
  readonly runs: Runs;
  readonly saving: Saving;
  readonly copying: Copying;
  readonly environments: Environments;
  readonly input: SampleInput;
  readonly expressions: Expressions;
  readonly pasting: Pasting;
  readonly pins: Pins;

  config: Config | null = null;
  /** Why the page cannot work at all. */
  failure: Failure | null = null;
  tab: Tab = "preview";
  /** The pane that a narrow page shows. */
  pane: Pane = "request";
  /** F6 (1) or Shift+F6 (-1) was pressed; null again once the page has moved the focus. */
  paneWanted: 1 | -1 | null = null;
  /** Whether the page shows one pane only. */
  isNarrow: () => boolean = () => false;
  /** The reference is shown over the right pane, or over the one pane of a narrow page. */
  reference = false;
  keysShown = false;
  /** Switch between light and dark. */
  switchTheme: () => void = () => {};
  /** The text typed into the stand-in of the search box before its code was loaded. */
  asked = "";
  /** That stand-in had the keyboard focus when it was replaced. */
  asking = false;
  /** The pointer of the field that has the keyboard focus, or had it last. */
  field = "";
  /** What was typed into panels and is not sent or saved yet; see `useTypedText`. */
  readonly typedTexts = new Map<string, TypedText>();
  /** The message in the status line. */
  status = "";
  /** A message above the panes, until somebody closes it. */
  notice: Failure | null = null;
  credentials: Credential[] = [];
  /** The credential for which the dialog is open. */
  credentialWish: CredentialWish | null = null;
  private readonly listeners = new Set<() => void>();
  /** The id of the element that gets the keyboard focus after the next redraw. */
  focusWanted: string | null = null;
  /** Such an id that was not found: a form that is still loading moves the focus there. */
  focusMissed: string | null = null;

  constructor(
    readonly api: Api,
    readonly fire: (name: string, detail: unknown, cancelable?: boolean) => boolean,
  ) {
    this.drafts = new Drafts(this);
    this.edits = new Edits(this);
    this.workflow = new OpenWorkflow(this);
    this.task = new OpenTask(this);
    this.validation = new Validation(this);
    this.tests = new TestRequests(this);
    this.history = new Snapshots(this);
    this.runs = new Runs(this);
    this.saving = new Saving(this);
    this.copying = new Copying(this);
    this.environments = new Environments(this);
    this.input = new SampleInput(this);
    this.expressions = new Expressions(this);
    this.pasting = new Pasting(this);
    this.pins = new Pins(this);
  }

  /** Whether the page knows what it edits. */
  get isReady(): boolean {
    return this.config !== null && this.workflow.isOpen;
  }

  /** Call *listener* after each change; return the function that ends this. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  update = (): void => this.listeners.forEach((listener) => listener());

  /** Show *tab* in the right pane. */
  show(tab: Tab): void {
    this.tab = tab;
    this.reference = false;
    this.pane = "response";
    this.update();
  }

  showReference(isShown: boolean): void {
    this.reference = isShown;
    this.update();
  }

  showKeys(areShown: boolean): void {
    this.keysShown = areShown;
    this.update();
  }

  movePane(step: 1 | -1): void {
    this.paneWanted = step;
    this.update();
  }

  /** Move the keyboard focus to the field at *pointer*, or to the nearest field around it that is on the form. */
  goTo(pointer: string): void {
    if (!this.task.root) return;
    const shown = new Set([...walk(this.task.root)].map(({ pointer: visible }) => visible));
    this.pane = "request";
    this.focusWanted = `f-${visiblePointer(shown, pointer)}`;
    this.update();
  }

  /** Open the task *name*, show all its problems, and go to the field at *pointer*. */
  async openAt(name: string, pointer: string): Promise<void> {
    await this.task.open(name);
    this.validation.showAll = true;
    if (this.task.name === name) this.goTo(pointer);
  }

  /** Show *status* in the status line. */
  say(status: string): void {
    this.status = status;
    this.update();
  }

  /** Load the configuration, and open *workflow* (null: the one opened last, or the server's default) at *task*. */
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
    const last = this.config.newWorkflows ? this.drafts.storage.read<string>("workflow") : null;
    await this.workflow.open(workflow ?? last ?? this.config.workflow ?? null, task);
  }

  async loadCredentials(): Promise<void> {
    try {
      this.credentials = (await this.api.credentials()).items;
    } catch {
      this.credentials = []; // the names of credentials can still be typed
    }
    this.update();
  }

  /** Load the number of endpoints again. */
  async recount(): Promise<void> {
    try {
      const { endpoints, onlyShipped } = await this.api.config();
      this.config = { ...this.config!, endpoints, onlyShipped };
      this.update();
    } catch {
      /* no answer of the server: the search reports it */
    }
  }

  stop(): void {
    this.drafts.keep();
    this.runs.leave();
    for (const part of [this.tests, this.validation, this.workflow, this.task]) part.stop();
  }
}
