// Everything the page knows, and everything it can do. Views read it, call it, and are told when it changed.
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
import { withTitles } from "./task-form";
import { TestRequests } from "./test-requests";
import type { Config, Failure } from "./types";
import { Validation, visiblePlace } from "./validation";

export type Tab = "preview" | "response" | "history" | "runs";
/** The parts of the page, in the order of F6; where there is no room for all, one is shown. */
export const PANES = ["tasks", "request", "response"] as const;
export type Pane = (typeof PANES)[number];

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
  /** The one that is shown where there is room for one. */
  pane: Pane = "request";
  /** The pane that F6 goes to, until the page has gone there. */
  paneWanted: 1 | -1 | null = null;
  /** Whether there is room for one part only. */
  isNarrow: () => boolean = () => false;
  /** The reference lies over the right pane; where there is one part only, it is a sheet over that. */
  reference = false;
  keysShown = false;
  /** From light to dark, or back. */
  switchTheme: () => void = () => {};
  /** What was typed into the search before its code had come. */
  asked = "";
  /** The keyboard was there when it went. */
  asking = false;
  /** The pointer of the field that has the focus, or had it last. */
  field = "";
  status = "";
  /** Shown beside the workflow until somebody closes it. */
  notice: Failure | null = null;
  credentials: Credential[] = [];
  /** The credential that the dialog is open for. */
  credentialWish: CredentialWish | null = null;
  private readonly listeners = new Set<() => void>();
  /** Where the keyboard should go once the page has been drawn. */
  focusWanted: string | null = null;
  /** It was not there: a form that is still to come takes it there. */
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

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  update = (): void => this.listeners.forEach((listener) => listener());

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

  /** Go to the field at *pointer*, or to the one that it is a part of. */
  goTo(pointer: string): void {
    if (!this.task.root) return;
    const shown = new Set([...walk(this.task.root)].map((each) => each.pointer));
    this.pane = "request";
    this.focusWanted = `f-${visiblePlace(shown, pointer)}`;
    this.update();
  }

  /** Open the task *name*, show what is wrong with it, and go to the field at *pointer*. */
  async openAt(name: string, pointer: string): Promise<void> {
    await this.task.open(name);
    this.validation.showAll = true;
    if (this.task.name === name) this.goTo(pointer);
  }

  say(status: string): void {
    this.status = status;
    this.update();
  }

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

  /** *text* of the server with every field called as the form calls it. */
  named = (text: string): string => {
    for (const { name, title } of this.config!.taskSettings) text = text.replace(new RegExp(`\\b${name!}\\b`, "g"), title!);
    return withTitles(text);
  };

  stop(): void {
    this.drafts.keep();
    this.runs.leave();
    for (const part of [this.tests, this.validation, this.workflow, this.task]) part.stop();
  }
}
