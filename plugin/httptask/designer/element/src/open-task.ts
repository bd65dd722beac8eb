// The open task: its endpoint and its form, and the way from what is typed in the form to the definition.
import { failureOf } from "./api";
import { same, segments } from "./json";
import { offRows, putOff } from "./off-rows";
import { samples, secretPointers } from "./secrets";
import { dump, expand, load, type Slot, walk } from "./slots";
import type { Store } from "./store";
import { fieldTitle, freeForm, taskField, withoutNulls, withoutRoutes, withRoutes } from "./task-form";
import type { Change, Definition, Endpoint, Failure, Form, Task, TaskType } from "./types";
import * as flow from "./workflow";

/** In milliseconds after the last key. */
const VALIDATE_AFTER = 300;
const SETTLE_AFTER = 120;

/** The place where a new task is inserted. */
interface InsertPoint {
  /** The place in words. */
  text: string;
  insert: (definition: Definition, name: string, task: Task) => Definition;
}

/** The open task. Only a task that sends a request has an endpoint, a `form` and a `root`. */
export class OpenTask {
  constructor(private readonly store: Store) {}

  name: string | null = null;
  /** The palette is open: to add a task, or to change the endpoint of the open task. */
  picking: "new" | "change" | null = null;
  /** The place where the next task is inserted; null for behind the open task. */
  insertPoint: InsertPoint | null = null;
  loading = false;
  endpoint: Endpoint | null = null;
  /** Why the endpoint of the open task could not be loaded. */
  endpointFailure: Failure | null = null;
  form: Form | null = null;
  /** The slot of the whole task. */
  root: Slot | null = null;
  /** Counts the changes after which all fields are redrawn: another task, new problems, an expanded object. */
  version = 0;
  /** The type of the open task, if that sends nothing. */
  private typeName = "";
  /** Shows the fields as JSON that were shown as JSON before; null until one was. */
  restoreViews: ((root: Slot) => void) | null = null;
  /** Called after a change in the form of a task that sends nothing, to write the change to the definition at once. */
  flowChanged: ((pointer?: string) => void) | null = null;
  /** The settings as JSON when the form was opened: while they are the same, the task stays exactly as written. "" after a change. */
  private openKey = "";
  /** The timer after which the form is committed; 0 if there is nothing to commit. */
  private settle = 0;
  /** The pointer of the field that was changed last. */
  private field: string | undefined;
  /** Counts the tasks and endpoints that were opened: an answer for an earlier one is dropped. */
  private opening = 0;
  /** The endpoint that was loaded ahead because somebody is likely to take it. */
  private expected: { id: string; loaded: ReturnType<OpenTask["loadEndpoint"]> } | null = null;

  /** The sample input as JSON; "" for none. */
  get input(): string {
    return this.store.input.text;
  }

  set input(text: string) {
    this.store.input.text = text;
  }

  /** Redraw all fields. */
  redraw(): void {
    this.version++;
    this.store.update();
  }

  /** The type of the open task, from the server. */
  private get type(): TaskType | undefined {
    const type = this.root ? "Http" : this.typeName;
    return this.store.config!.taskTypes.find(({ name }) => name === type);
  }

  /** Say whether an expression is allowed at *pointer* of the open task. */
  mayHoldExpression = (pointer: string): boolean =>
    !!this.type?.expressions.some((allowed) => `${pointer}/`.startsWith(`${allowed}/`));

  /** Say whether the setting at *pointer* of the open task is a query, which selects values from the task's answer. */
  holdsQuery = (pointer: string): boolean => !!this.type?.queries.includes(pointer);

  /** Open the palette, to add a task at *insertPoint* or to change the open task's endpoint. */
  pick(purpose: "new" | "change", insertPoint: InsertPoint | null = null): void {
    this.commit();
    this.insertPoint = insertPoint;
    this.expected = null;
    this.picking = purpose;
    this.store.focusWanted = "search";
    if (this.name === null) this.store.pane = "request";
    this.store.update();
  }

  /** Close the palette. It stays while there is no open task to go back to. */
  stopPicking(): void {
    if (this.name === null) return;
    this.picking = this.insertPoint = null;
    this.store.update();
  }

  /** Return *definition* with the new *task* at the place chosen for it. */
  insert(definition: Definition, name: string, task: Task): Definition {
    const { insertPoint } = this;
    this.insertPoint = null;
    return insertPoint ? insertPoint.insert(definition, name, task) : flow.insert(definition, name, task, this.name);
  }

  /** Load the endpoint *id* and its form; if the open task's endpoint is being changed, also that task, changed to *id*. */
  private loadEndpoint(id: string) {
    const { api, workflow } = this.store;
    const old = this.picking === "change" ? flow.find(workflow.working, this.name!)?.task : undefined;
    return Promise.all([api.endpoint(id), api.form(id), old && api.changed(id, old), old] as const);
  }

  /** Load the endpoint *id* ahead, because somebody is likely to take it. */
  expect(id: string): void {
    if (this.expected?.id === id) return;
    const loaded = this.loadEndpoint(id);
    loaded.catch(() => {}); // `take` loads it again
    this.expected = { id, loaded };
  }

  /** Take the endpoint *id* that was found: for a new task, or for the open one. */
  async take(id: string): Promise<void> {
    const opening = ++this.opening;
    const name = this.picking === "change" ? this.name : null;
    const isNarrow = this.store.isNarrow(); // asked later, it would lay out the page once more
    this.loading = true;
    this.store.update();
    try {
      const { expected } = this;
      this.expected = null;
      const loaded = expected?.id === id ? await expected.loaded.catch(() => null) : null;
      const [endpoint, { prefill, form }, change, old] = loaded ?? (await this.loadEndpoint(id));
      if (opening !== this.opening) return;
      this.commit();
      this.picking = null;
      if (change) this.change(name!, old!, change);
      else {
        const title = (prefill.description as string) || endpoint.item.title || endpoint.item.path;
        const added = flow.freeName(this.store.workflow.working, title);
        this.store.workflow.put(this.insert(this.store.workflow.working, added, prefill), `Add “${added}”`);
        this.name = added;
      }
      this.show(endpoint, form, flow.find(this.store.workflow.working, this.name!)!.task);
      this.store.tab = "preview";
      this.store.reference = !isNarrow;
      this.store.focusWanted = "first";
      this.store.drafts.keep();
      this.store.say(`${endpoint.item.method} ${endpoint.item.path} chosen.`);
      void this.store.workflow.reach();
      // A task named after the old endpoint, and not by a person, gets the name of the new one.
      if (change?.formerTitle && change.title !== change.formerTitle && flow.isNamedFor(name!, change.formerTitle))
        await this.store.workflow.rename(change.title);
    } catch (error) {
      this.store.notice = failureOf(error);
    } finally {
      if (opening === this.opening) this.loading = false;
      this.store.update();
    }
  }

  /** Replace the task *name*, which is *old*, by its change to another endpoint. *old* goes to the history. */
  private change(name: string, old: Task, { task, dropped }: Change): void {
    this.store.history.remember(name, old, { note: "another API was chosen" });
    const definition = flow.replace(this.store.workflow.working, name, withRoutes(task, old));
    this.store.workflow.put(definition, `Change the API of “${name}”`);
    if (!dropped.length) return;
    const settings = dropped.map((pointer) => segments(pointer).slice(1).join("/")).join(", ");
    this.store.notice = {
      title: "Not everything has a place in this API",
      detail: `${settings}: the settings as they were are in the history.`,
    };
  }

  /** Replace the task *name* by *task*, with the same routes. The old task goes to the history. */
  exchange(name: string, task: Task): void {
    this.commit();
    const old = flow.find(this.store.workflow.working, name)!.task;
    this.store.history.remember(name, old, { note: "a pasted request replaced it" });
    this.close();
    this.store.workflow.edit((definition) => flow.replace(definition, name, withRoutes(task, old)), `Paste into “${name}”`);
  }

  /** Add and open a task for a request without a description. */
  free(): void {
    const name = flow.freeName(this.store.workflow.working, "HTTP request");
    const task = { type: "Http", httpRequest: { url: "https://", method: "GET" } };
    this.store.workflow.edit((definition) => this.insert(definition, name, task), `Add “${name}”`);
    void this.open(name);
    this.store.focusWanted = "f-/httpRequest/url";
  }

  /** Open the task *name*; load its endpoint and form if it sends a request. */
  async open(name: string): Promise<void> {
    const opening = ++this.opening;
    this.settled();
    const item = flow.find(this.store.workflow.working, name);
    if (!item) return;
    void this.store.workflow.reach();
    this.close();
    this.name = name;
    this.picking = this.insertPoint = null;
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
        const [loaded, described] = await Promise.all([this.store.api.endpoint(id), this.store.api.form(id)]);
        [endpoint, form] = [loaded, described.form];
      } catch (error) {
        this.endpointFailure = failureOf(error);
      }
      if (opening !== this.opening) return;
      this.loading = false;
    }
    const current = flow.find(this.store.workflow.working, this.name!); // the definition may have changed meanwhile
    if (!current) return;
    this.show(endpoint, form, current.task);
    // A tab that somebody chose meanwhile stays.
    if (this.store.tab === tab) this.store.tab = this.store.tests.resultOf(name) ? "response" : "preview";
    this.store.focusWanted = "first";
    this.store.drafts.keep();
    this.store.update();
  }

  /** Close the task when there is no other one to show, and open the palette to add one. */
  leave(): void {
    this.close();
    this.name = null;
    this.pick("new");
  }

  /** Close the form. `name` stays. */
  close(): void {
    this.root = this.form = this.endpoint = this.endpointFailure = null;
    this.store.history.shown = null;
    this.store.validation.clear();
    this.store.reference = false;
    this.loading = false;
  }

  /** Show *task* in *form*, with the samples and the switched-off parameters that the draft has for it. */
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

  /** Show *task* in the open form, after its settings were changed elsewhere. */
  reshow(task: Task): void {
    if (this.root) this.show(this.endpoint, this.form!, task);
  }

  /** Return the open task as it is on the screen now. */
  value(): Task {
    const value = dump(this.root!) as Task;
    const inDefinition = flow.find(this.store.workflow.working, this.name!)?.task;
    if (!inDefinition) return value;
    const isUnchanged = JSON.stringify(value) === this.openKey;
    return isUnchanged ? inDefinition : withRoutes(value, inDefinition);
  }

  /** Handle a change of the slot at *pointer*: commit and validate soon. */
  changed = (pointer?: string): void => {
    if (pointer !== undefined) this.store.validation.edited.add(pointer);
    if (!this.root) return this.flowChanged?.(pointer);
    this.field = pointer;
    clearTimeout(this.settle);
    this.settle = window.setTimeout(this.settled, SETTLE_AFTER);
    this.store.validation.validateSoon(VALIDATE_AFTER);
    if (pointer === "/httpRequest") this.store.update(); // a request that was JSON may have a form now
  };

  /** Commit the form, and keep the draft so that it survives a reload. */
  settled = (): void => {
    this.store.drafts.keep();
    this.store.update();
  };

  /** Whether something was typed that is not in the definition yet. */
  get isSettling(): boolean {
    return this.settle !== 0;
  }

  /** Write the form to the definition, as an edit that can be undone, and its samples and secrets to the draft. */
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
    // Until the server has validated the task, the secrets known before count as secrets.
    const former = this.store.validation.answered ? [] : (this.store.drafts.secretsOf[name] ?? []);
    this.store.drafts.secretsOf[name] = [...new Set([...former, ...this.secretsHere()])];
  }

  /** The pointers of the open task's literal secrets: those of secret fields, and those that the server found. */
  secretsHere(): string[] {
    const recognised = this.store.validation.problems.filter(
      ({ code, pointer }) => code === "secret-in-the-open" && segments(pointer).length > 1,
    );
    return [...new Set([...secretPointers(this.root!), ...recognised.map(({ pointer }) => pointer)])];
  }

  /** Load the fields of the stub *slot*, and put it on the form. */
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

  /** A text that identifies everything a test request depends on: settings, samples, input, item and environment. */
  settingsKey(): string {
    const { tests, environments } = this.store;
    return JSON.stringify([dump(this.root!), samples(this.root!).texts, this.input, tests.itemIndex, environments.chosen]);
  }

  private get checkSettings(): Slot | undefined {
    return this.root?.kids.find(({ field }) => field.name === "checkSettings");
  }

  /** Whether a run would refuse the task's settings because they differ from the description. */
  get refusesSettings(): boolean {
    return !!this.checkSettings && !this.sendsAsWritten && this.store.validation.errors.length > 0;
  }

  /** Whether tests and runs send the settings even if they contradict the description. */
  get sendsAsWritten(): boolean {
    return !!this.checkSettings && dump(this.checkSettings) === "note";
  }

  /** Have runs send the settings of this task as they are written; differences from the description only become notes. */
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
