// Unsaved changes, kept in this tab's storage so that they survive a reload. Secrets are left out.
import { at, byName, clone, isExpression, isObject, same } from "./json";
import type { OffRow } from "./off-rows";
import { restored, withoutSecrets } from "./secrets";
import { TabStorage } from "./storage";
import type { Store } from "./store";
import type { Definition } from "./types";
import * as flow from "./workflow";

/** The pointers of secrets, by the name of the task. */
type SecretsOf = Record<string, string[]>;
/** Samples by the pointer of the field, by the name of the task. */
type SamplesOf = Record<string, Record<string, string>>;

/** What is stored for a reload, as the value `draft` of the workflow's storage. */
export interface Draft {
  /** The version of the definition that the changes were made to. */
  etag: string | null;
  /** The definition with its unsaved changes; null when everything was saved. */
  working: Definition | null;
  /** The name of the open task. */
  current: string | null;
  /** The secrets that were left out of `working`. */
  removed: SecretsOf;
  samples: SamplesOf;
  /** The parameters that are switched off, by the name of the task. */
  off: Record<string, OffRow[]>;
  /** The sample input as typed; "" if it is the one that is kept beside the definition. */
  input: string;
}

/** *definition* without the secrets of its tasks, and the pointers of what was removed. *secretsOf* are the known secrets. */
export function withoutSecretsOf(definition: Definition, secretsOf: SecretsOf): { definition: Definition; removed: SecretsOf } {
  const removed: SecretsOf = byName();
  const copy = clone(definition);
  // Innermost first: the copy of a Parallel has what is left of its branches. A broken definition may use a name twice.
  for (const { name, task, flow: scope } of flow.listed(copy).reverse()) {
    const clean = withoutSecrets(task, secretsOf[name] ?? []);
    if (!clean.removed.length) continue;
    removed[name] = [...(removed[name] ?? []), ...clean.removed];
    scope.tasks![name] = clean.value;
  }
  return { definition: copy, removed };
}

/** *definition* with the secrets at the pointers *removed* put back from *base*; `lost` counts secrets that *base* does not have. */
export function withSecretsOf(definition: Definition, base: Definition, removed: SecretsOf): { definition: Definition; lost: number } {
  let lost = 0;
  for (const [name, pointers] of Object.entries(removed)) {
    const source = flow.find(base, name)?.task;
    const task = flow.find(definition, name)?.task;
    const completed = task && restored(clone(task), source, pointers);
    if (completed) definition = flow.replace(definition, name, completed);
    const isLost = (pointer: string) => at(source, pointer) === undefined || !same(at(source, pointer), at(completed, pointer));
    lost += pointers.filter(isLost).length;
  }
  return { definition, lost };
}

/** What the page knows of each task beside the definition, and its storage over a reload. */
export class Drafts {
  /** The stored draft has been read: from now on it may be overwritten. */
  private opened = false;
  samplesOf: SamplesOf = byName();
  /** The samples that may be stored: those of secret fields are missing. */
  openSamplesOf: SamplesOf = byName();
  /** The pointers of the known secrets, by the name of the task. */
  secretsOf: SecretsOf = byName();
  /** The parameters that are switched off, by the name of the task. */
  offOf: Record<string, OffRow[]> = byName();
  /**
   * The switched-off parameters that may be stored, as JSON, because the server found no secret in them.
   * Kept for each task: the same parameter may be a secret in another one.
   */
  openOff: Record<string, string[]> = byName();
  /** The storage of the open workflow, or of the page while none is open. */
  storage: TabStorage;

  /** The ids of the workflows with unsaved changes in this tab, also of those that are not open. */
  readonly unsaved: Set<string>;

  constructor(private readonly store: Store) {
    this.storage = this.storageOf("");
    this.unsaved = new Set(this.storage.read<string[]>("unsaved"));
  }

  /** The storage of the workflow whose id, and a space, are *workflow*; with "" the storage of the page. */
  storageOf(workflow: string): TabStorage {
    return new TabStorage(`http-task-designer ${this.store.api.base} ${workflow}`);
  }

  /** Switch to the storage of the workflow *id*; *fresh* drops the draft in it. */
  open(id: string | null, fresh: boolean): void {
    this.opened = false;
    this.samplesOf = byName();
    this.openSamplesOf = byName();
    this.secretsOf = byName();
    this.offOf = byName();
    this.openOff = byName();
    this.storageOf("").write("workflow", id);
    this.storage = this.storageOf(`${id ?? ""} `);
    if (fresh) this.storage.write("draft", null);
  }

  /** Move what is known of the task *name* to its new name. */
  rename(name: string, newName: string): void {
    for (const perTask of [this.samplesOf, this.openSamplesOf, this.secretsOf, this.offOf, this.openOff] as Record<string, unknown>[]) {
      if (name in perTask) perTask[newName] = perTask[name];
      delete perTask[name];
    }
  }

  /** Bring back the changes that a reload left unsaved. Their secrets were never stored: they are taken from the definition on disk. */
  restore(): void {
    this.opened = true;
    const draft = this.storage.read<Draft>("draft");
    const isOlder = this.storage.isOlder("draft");
    if (!draft) return;
    this.store.task.name = draft.current;
    if (draft.input) this.store.task.input = draft.input;
    this.samplesOf = byName(draft.samples);
    this.openSamplesOf = byName(draft.samples);
    this.secretsOf = byName(draft.removed);
    this.offOf = byName(draft.off);
    // What was stored had been found free of secrets.
    const stored = Object.entries(this.offOf);
    this.openOff = byName(Object.fromEntries(stored.map(([name, rows]) => [name, rows.map((row) => JSON.stringify(row))])));
    if (!isObject(draft.working)) return;
    const { definition: working, lost } = withSecretsOf(draft.working, this.store.workflow.base, draft.removed);
    if (same(working, this.store.workflow.base) && !lost) return;
    this.store.workflow.working = working;
    const moved = draft.etag !== this.store.workflow.etag;
    this.store.workflow.etag = draft.etag;
    const aboutDisk = moved ? "The definition was changed on disk meanwhile: saving will ask which one to keep. " : "";
    const aboutSecrets = lost ? `Secrets were not kept: type ${lost} again.` : "";
    const aboutRoom = isOlder ? "Not the latest ones: the browser had no room for them. " : "";
    this.store.notice = { title: "Your unsaved changes are back", detail: aboutRoom + aboutDisk + aboutSecrets };
  }

  /** Store the unsaved changes for a reload, without their secrets. */
  keep(): void {
    this.store.task.commit();
    if (!this.opened) return;
    const { etag, dirty, working } = this.store.workflow;
    const { name: current } = this.store.task;
    const { storable, edited } = this.store.input;
    const input = edited ? storable : "";
    const { definition, removed } = withoutSecretsOf(working, this.secretsOf);
    const draft: Draft = {
      etag, working: dirty ? definition : null, current, removed, samples: this.openSamplesOf, off: this.storableOff(), input,
    };
    const { overflows } = this;
    this.storage.write("draft", draft);
    this.mark();
    if (overflows !== this.overflows) this.store.update();
  }

  /** Whether a reload would lose unsaved changes, because the browser has no room for them. */
  get overflows(): boolean {
    return [...this.unsaved].some((id) => this.storageOf(`${id} `).isUnstored("draft"));
  }

  /** Note whether the open workflow has unsaved changes. */
  mark(): void {
    const { id, dirty } = this.store.workflow;
    if (id !== null) this.note(id, dirty || this.store.input.edited);
  }

  /** Note whether the workflow *id* has unsaved changes. */
  note(id: string, isUnsaved: boolean): void {
    if (isUnsaved === this.unsaved.has(id)) return;
    if (isUnsaved) this.unsaved.add(id);
    else this.unsaved.delete(id);
    this.storageOf("").write("unsaved", [...this.unsaved]);
  }

  /** Whether *row* of the task *name* may be stored: the server found no secret in it. */
  isOpenOff = (name: string, row: OffRow): boolean => !!this.openOff[name]?.includes(JSON.stringify(row));

  /** The switched-off parameters, without the values that may be secrets. */
  private storableOff(): Record<string, OffRow[]> {
    const clean = (name: string, row: OffRow): OffRow => {
      const isStorable = isExpression(row.value) || this.isOpenOff(name, row);
      return isStorable ? row : { ...row, value: undefined };
    };
    const filled = Object.entries(this.offOf).filter(([, rows]) => rows.length);
    return Object.fromEntries(filled.map(([name, rows]) => [name, rows.map((row) => clean(name, row))]));
  }
}
