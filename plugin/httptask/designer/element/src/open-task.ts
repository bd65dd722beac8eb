// The task that is open: its endpoint, its form, and how what is typed there gets into the definition.
import { failureOf } from "./api";
import { same, segments } from "./json";
import { offRows, putOff } from "./off-rows";
import { samples, secretPointers } from "./secrets";
import { dump, expand, load, type Slot, walk } from "./slots";
import type { Store } from "./store";
import { fieldTitle, freeForm, taskField, withoutNulls, withoutRoutes, withRoutes } from "./task-form";
import type { Change, Definition, Endpoint, Failure, Form, Task, TaskType } from "./types";
import * as flow from "./workflow";

/** In milliseconds, after the last key. */
const VALIDATE_AFTER = 300;
const SETTLE_AFTER = 120;

/** Where a new task goes. */
interface InsertPoint {
  /** In words. */
  text: string;
  insert: (definition: Definition, name: string, task: Task) => Definition;
}

export class OpenTask {
  constructor(private readonly store: Store) {}

  name: string | null = null;
  /** The middle column is the search: for a new task, or for another endpoint of the current one. */
  picking: "new" | "change" | null = null;
  /** Where the next task is put; null: behind the current one. */
  place: InsertPoint | null = null;
  loading = false;
  endpoint: Endpoint | null = null;
  /** Why there is no reference for the current task's endpoint. */
  endpointFailure: Failure | null = null;
  form: Form | null = null;
  root: Slot | null = null;
  /** Counts changes that fields have to be drawn again for: another task, new problems, an expanded object. */
  version = 0;
  /** Of a task that sends nothing. */
  private typeName = "";
  /** Shows as JSON again what was shown as JSON, once something was. */
  restoreViews: ((root: Slot) => void) | null = null;
  /** Told of a change in the form of a task that sends nothing, which stands in the definition at once. */
  flowChanged: ((pointer?: string) => void) | null = null;
  private openKey = "";
  private settle = 0;
  /** The pointer of the field that was changed last. */
  private field: string | undefined;
  private opening = 0;
  /** What was asked ahead, of an endpoint that is not taken yet. */
  private expected: { id: string; told: ReturnType<OpenTask["asked"]> } | null = null;

  /** The sample input as JSON; "" for none. */
  get input(): string {
    return this.store.input.text;
  }

  set input(text: string) {
    this.store.input.text = text;
  }

  redraw(): void {
    this.version++;
    this.store.update();
  }

  /** Of the open task's type, as the server has it. */
  private get type(): TaskType | undefined {
    const type = this.root ? "Http" : this.typeName;
    return this.store.config!.taskTypes.find(({ name }) => name === type);
  }

  /** Whether an expression can stand at *pointer* of the open task. */
  mayHoldExpression = (pointer: string): boolean => !!this.type?.expressions.some((at) => `${pointer}/`.startsWith(`${at}/`));

  /** Whether a query of an answer stands at *pointer* of the open task. */
  holdsQuery = (pointer: string): boolean => !!this.type?.queries.includes(pointer);

  pick(how: "new" | "change", place: InsertPoint | null = null): void {
    this.commit();
    this.place = place;
    this.expected = null;
    this.picking = how;
    this.store.focusWanted = "search";
    if (this.name === null) this.store.pane = "request";
    this.store.update();
  }

  stopPicking(): void {
    if (this.name === null) return;
    this.picking = this.place = null;
    this.store.update();
  }

  /** *definition* with the new task *name* where it was asked for. */
  insert(definition: Definition, name: string, task: Task): Definition {
    const { place } = this;
    this.place = null;
    return place ? place.insert(definition, name, task) : flow.insert(definition, name, task, this.name);
  }

  /** What is asked for the endpoint *id*, and for the open task where that is to be changed. */
  private asked(id: string) {
    const { api, workflow } = this.store;
    const old = this.picking === "change" ? flow.find(workflow.working, this.name!)?.task : undefined;
    return Promise.all([api.endpoint(id), api.form(id), old && api.changed(id, old), old] as const);
  }

  /** Ask for the endpoint *id*, which somebody is likely to take. */
  expect(id: string): void {
    if (this.expected?.id === id) return;
    const told = this.asked(id);
    told.catch(() => {}); // whoever takes it asks again
    this.expected = { id, told };
  }

  /** Take the endpoint that was found: as a new task, or for the current one. */
  async take(id: string): Promise<void> {
    const opening = ++this.opening;
    const name = this.picking === "change" ? this.name : null;
    this.loading = true;
    this.store.update();
    try {
      const { expected } = this;
      this.expected = null;
      const told = expected?.id === id ? await expected.told.catch(() => null) : null;
      const [endpoint, { prefill, form }, change, old] = told ?? (await this.asked(id));
      if (opening !== this.opening) return;
      this.commit();
      this.picking = null;
      if (change) this.change(name!, old!, change);
      else {
        const added = flow.freeName(this.store.workflow.working, (prefill.description as string) || endpoint.item.title || endpoint.item.path);
        this.store.workflow.put(this.insert(this.store.workflow.working, added, prefill), `Add “${added}”`);
        this.name = added;
      }
      this.show(endpoint, form, flow.find(this.store.workflow.working, this.name!)!.task);
      this.store.tab = "preview";
      this.store.reference = !this.store.isNarrow();
      this.store.focusWanted = "first";
      this.store.drafts.keep();
      this.store.say(`${endpoint.item.method} ${endpoint.item.path} chosen.`);
      void this.store.workflow.reach();
      if (change?.formerTitle && change.title !== change.formerTitle && flow.isNamedFor(name!, change.formerTitle)) await this.store.workflow.rename(change.title);
    } catch (error) {
      this.store.notice = failureOf(error);
    } finally {
      if (opening === this.opening) this.loading = false;
      this.store.update();
    }
  }

  /** Replace *old* by the task for another endpoint; *old* goes to the history. */
  private change(name: string, old: Task, { task, dropped }: Change): void {
    this.store.history.remember(name, old, { note: "another API was chosen" });
    this.store.workflow.put(flow.replace(this.store.workflow.working, name, withRoutes(task, old)), `Change the API of “${name}”`);
    if (dropped.length)
      this.store.notice = {
        title: "Not everything has a place in this API",
        detail: `${dropped.map((pointer) => segments(pointer).slice(1).join("/")).join(", ")}: the settings as they were are in the history.`,
      };
  }

  /** Put *task* in the place of the task *name*, which goes to the history. */
  exchange(name: string, task: Task): void {
    this.commit();
    const old = flow.find(this.store.workflow.working, name)!.task;
    this.store.history.remember(name, old, { note: "a pasted request replaced it" });
    this.close();
    this.store.workflow.edit((definition) => flow.replace(definition, name, withRoutes(task, old)), `Paste into “${name}”`);
  }

  /** Add a request that no description tells about. */
  free(): void {
    const name = flow.freeName(this.store.workflow.working, "HTTP request");
    this.store.workflow.edit((definition) => this.insert(definition, name, { type: "Http", httpRequest: { url: "https://", method: "GET" } }), `Add “${name}”`);
    void this.open(name);
    this.store.focusWanted = "f-/httpRequest/url";
  }

  async open(name: string): Promise<void> {
    const opening = ++this.opening;
    this.settled();
    const item = flow.find(this.store.workflow.working, name);
    if (!item) return;
    void this.store.workflow.reach();
    this.close();
    this.name = name;
    this.picking = this.place = null;
    this.store.pane = "request";
    this.typeName = item.type;
    if (item.type !== "Http") return this.redraw();
    const id = item.task.endpoint;
    const { tab } = this.store;
    let form: Form = freeForm(this.store.config?.methods ?? []);
    let endpoint: Endpoint | null = null;
    if (typeof id === "string") {
      this.loading = true;
      this.store.update();
      try {
        const [found, described] = await Promise.all([this.store.api.endpoint(id), this.store.api.form(id)]);
        [endpoint, form] = [found, described.form];
      } catch (error) {
        this.endpointFailure = failureOf(error);
      }
      if (opening !== this.opening) return;
      this.loading = false;
    }
    const now = flow.find(this.store.workflow.working, this.name!); // it may have moved meanwhile
    if (!now) return;
    this.show(endpoint, form, now.task);
    // Who chose a tab meanwhile, keeps it.
    if (this.store.tab === tab) this.store.tab = this.store.tests.resultOf(name) ? "response" : "preview";
    this.store.focusWanted = "first";
    this.store.drafts.keep();
    this.store.update();
  }

  /** There is no task to show: offer to add one. */
  leave(): void {
    this.close();
    this.name = null;
    this.pick("new");
  }

  close(): void {
    this.root = this.form = this.endpoint = this.endpointFailure = null;
    this.store.history.shown = null;
    this.store.validation.clear();
    this.store.reference = false;
    this.loading = false;
  }

  private show(endpoint: Endpoint | null, form: Form, task: Task): void {
    this.endpoint = endpoint;
    this.form = form;
    this.root = load(taskField(form, this.store.config!.taskSettings), withoutNulls(withoutRoutes(task)));
    this.store.validation.clear();
    this.store.history.shown = null;
    const texts = this.store.drafts.samplesOf[this.name!] ?? {};
    for (const { slot, pointer } of walk(this.root, "", undefined, true)) if (texts[pointer]) slot.sample = texts[pointer];
    putOff(this.root, this.store.drafts.offOf[this.name!] ?? []);
    this.restoreViews?.(this.root);
    this.openKey = JSON.stringify(dump(this.root));
    this.version++;
    this.store.validation.validateSoon(0);
  }

  /** Show *task* in the form that is open: its settings were changed elsewhere. */
  reshow(task: Task): void {
    if (this.root) this.show(this.endpoint, this.form!, task);
  }

  /** The current task as it stands on the screen, now. */
  value(): Task {
    const value = dump(this.root!) as Task;
    const written = flow.find(this.store.workflow.working, this.name!)?.task;
    if (!written) return value;
    return JSON.stringify(value) === this.openKey ? written : withRoutes(value, written);
  }

  /** Somebody changed a slot. */
  changed = (pointer?: string): void => {
    if (pointer !== undefined) this.store.validation.edited.add(pointer);
    if (!this.root) return this.flowChanged?.(pointer);
    this.field = pointer;
    clearTimeout(this.settle);
    this.settle = window.setTimeout(this.settled, SETTLE_AFTER);
    this.store.validation.validateSoon(VALIDATE_AFTER);
  };

  /** Bring what stands on the screen into the definition, and keep it over a reload. */
  settled = (): void => {
    this.store.drafts.keep();
    this.store.update();
  };

  /** Something was typed that does not stand in the definition yet. */
  get isSettling(): boolean {
    return this.settle !== 0;
  }

  commit(): void {
    clearTimeout(this.settle);
    this.settle = 0;
    const name = this.name;
    if (!this.root || name === null) return;
    const task = this.value();
    if (!same(task, flow.find(this.store.workflow.working, name)?.task)) {
      const { field } = this;
      const title = `Change “${name}”${field === undefined ? "" : `: ${fieldTitle(field)}`}`;
      this.store.workflow.put(flow.replace(this.store.workflow.working, name, task), title, { form: name, pointer: field });
      this.openKey = "";
    }
    this.store.drafts.offOf[name] = offRows(this.root);
    const { texts, open } = samples(this.root);
    this.store.drafts.samplesOf[name] = texts;
    this.store.drafts.openSamplesOf[name] = open;
    // What was a secret is one until the server says otherwise.
    const former = this.store.validation.answered ? [] : (this.store.drafts.secretsOf[name] ?? []);
    this.store.drafts.secretsOf[name] = [...new Set([...former, ...this.secretsHere()])];
  }

  /** The pointers of the current task's literal secrets: by their fields, and by what the server found in their values. */
  secretsHere(): string[] {
    const found = this.store.validation.problems.filter(({ code, pointer }) => code === "secret-in-the-open" && segments(pointer).length > 1);
    return [...new Set([...secretPointers(this.root!), ...found.map(({ pointer }) => pointer)])];
  }

  async expandLink(slot: Slot): Promise<void> {
    const { link } = slot.field;
    if (!link || !this.endpoint) return;
    try {
      const field = await this.store.api.field(this.endpoint.item.id, link);
      if (slot.field.link) expand(slot, field);
      slot.on = true;
    } catch (error) {
      this.store.notice = failureOf(error);
    }
    this.redraw();
  }

  settingsKey(): string {
    return JSON.stringify([dump(this.root!), samples(this.root!).texts, this.input, this.store.tests.itemIndex, this.store.environments.chosen]);
  }

  private get checkSettings(): Slot | undefined {
    return this.root?.kids.find(({ field }) => field.name === "checkSettings");
  }

  /** Whether the task's settings are refused for what its description says, in a run. */
  get refusesSettings(): boolean {
    return !!this.checkSettings && dump(this.checkSettings) !== "note" && this.store.validation.errors.length > 0;
  }

  /** From now on the settings of this task are sent as they are written; the differences are notes. */
  noteSettings(): void {
    Object.assign(this.checkSettings!, { on: true, text: '"note"' });
    this.changed();
    this.redraw();
    this.store.say("The settings are sent as they are written from now on. Not saved yet.");
  }

  stop(): void {
    clearTimeout(this.settle);
  }
}
