// Unsaved changes survive a reload; their secrets do not.
import { at, clone, isExpression, isObject, same } from "./json";
import type { OffRow } from "./off-rows";
import { restored, withoutSecrets } from "./secrets";
import { TabStorage } from "./storage";
import type { Store } from "./store";
import type { Definition } from "./types";
import * as flow from "./workflow";

/** Pointers of secrets, by the name of their task. */
type SecretsOf = Record<string, string[]>;
/** Samples by their pointers, by the name of their task. */
type SamplesOf = Record<string, Record<string, string>>;

interface Draft {
  etag: string | null;
  /** Null when everything was saved. */
  working: Definition | null;
  current: string | null;
  removed: SecretsOf;
  samples: SamplesOf;
  off: Record<string, OffRow[]>;
  input: string;
}

/** *definition* without the secrets of its tasks, and the pointers of those secrets. */
export function withoutSecretsOf(definition: Definition, secretsOf: SecretsOf): { definition: Definition; removed: SecretsOf } {
  const removed: SecretsOf = {};
  for (const { name, task } of flow.listed(definition)) {
    const clean = withoutSecrets(task, secretsOf[name] ?? []);
    if (!clean.removed.length) continue;
    removed[name] = clean.removed;
    definition = flow.replace(definition, name, clean.value);
  }
  return { definition, removed };
}

/** *definition* with the secrets at the pointers *removed* taken from *base*; `lost` counts those that *base* lacks. */
export function withSecretsOf(definition: Definition, base: Definition, removed: SecretsOf): { definition: Definition; lost: number } {
  let lost = 0;
  for (const [name, pointers] of Object.entries(removed)) {
    const source = flow.find(base, name)?.task;
    const task = flow.find(definition, name)?.task;
    const whole = task && restored(clone(task), source, pointers);
    if (whole) definition = flow.replace(definition, name, whole);
    lost += pointers.filter((pointer) => at(source, pointer) === undefined || !same(at(source, pointer), at(whole, pointer))).length;
  }
  return { definition, lost };
}

export class Drafts {
  /** The stored draft was read: from now on it may be replaced. */
  private opened = false;
  samplesOf: SamplesOf = {};
  /** The samples that may be stored: without those of secret fields. */
  openSamplesOf: SamplesOf = {};
  secretsOf: Record<string, string[]> = {};
  /** The parameters that are switched off, by the name of their task. */
  offOf: Record<string, OffRow[]> = {};
  /** Those of them that may be stored, as JSON: the server found no secret in them. What is open in one task may be a secret in another. */
  openOff: Record<string, string[]> = {};
  /** Of the open workflow, or of the page while none is open. */
  storage: TabStorage;

  constructor(private readonly store: Store) {
    this.storage = this.storageOf("");
  }

  private storageOf(workflow: string): TabStorage {
    return new TabStorage(`http-task-designer ${this.store.api.base} ${workflow}`);
  }

  /** Switch to the storage of the workflow *id*; *fresh* drops its draft. */
  open(id: string | null, fresh: boolean): void {
    this.opened = false;
    this.samplesOf = {};
    this.openSamplesOf = {};
    this.secretsOf = {};
    this.offOf = {};
    this.openOff = {};
    this.storageOf("").write("workflow", id);
    this.storage = this.storageOf(`${id ?? ""} `);
    if (fresh) this.storage.write("draft", null);
  }

  /** Keep what belongs to the open workflow under its new id. */
  move(id: string): void {
    const former = this.storage;
    this.storage = this.storageOf(`${id} `);
    for (const name of ["history", "environment"]) this.storage.write(name, former.read(name));
    former.write("draft", null);
    this.storageOf("").write("workflow", id);
    this.keep();
  }

  rename(name: string, free: string): void {
    for (const perTask of [this.samplesOf, this.openSamplesOf, this.secretsOf, this.offOf, this.openOff] as Record<string, unknown>[]) {
      if (name in perTask) perTask[free] = perTask[name];
      delete perTask[name];
    }
  }

  /** Take back the changes that were not saved before a reload. Secrets were never stored: they come from the definition on disk. */
  restore(): void {
    this.opened = true;
    const draft = this.storage.read<Draft>("draft");
    if (!draft) return;
    this.store.task.name = draft.current;
    this.store.task.input = draft.input ?? "";
    this.samplesOf = draft.samples;
    this.openSamplesOf = { ...draft.samples };
    this.secretsOf = draft.removed;
    this.offOf = draft.off ?? {};
    this.openOff = Object.fromEntries(Object.entries(this.offOf).map(([name, rows]) => [name, rows.map((row) => JSON.stringify(row))]));
    if (!isObject(draft.working)) return;
    const { definition: working, lost } = withSecretsOf(draft.working, this.store.workflow.base, draft.removed);
    if (same(working, this.store.workflow.base) && !lost) return;
    this.store.workflow.working = working;
    const moved = draft.etag !== this.store.workflow.etag;
    this.store.workflow.etag = draft.etag;
    this.store.notice = {
      title: "Your unsaved changes are back",
      detail: (moved ? "The definition was changed on disk meanwhile: saving will ask which one to keep. " : "") + (lost ? `Secrets were not kept: type ${lost} again.` : ""),
    };
  }

  /** Store the unsaved changes for a reload, without their secrets. */
  keep(): void {
    this.store.task.commit();
    if (!this.opened) return;
    const { etag, dirty, working } = this.store.workflow;
    const { name: current } = this.store.task;
    const input = this.store.input.storable;
    const { definition, removed } = withoutSecretsOf(working, this.secretsOf);
    const draft: Draft = { etag, working: dirty ? definition : null, current, removed, samples: this.openSamplesOf, off: this.storableOff(), input };
    this.storage.write("draft", draft);
  }

  /** Whether the server found no secret in *row* of the task *name*. */
  isOpenOff = (name: string, row: OffRow): boolean => !!this.openOff[name]?.includes(JSON.stringify(row));

  private storableOff(): Record<string, OffRow[]> {
    const clean = (name: string, row: OffRow): OffRow => (isExpression(row.value) || this.isOpenOff(name, row) ? row : { ...row, value: undefined });
    return Object.fromEntries(Object.entries(this.offOf).filter(([, rows]) => rows.length).map(([name, rows]) => [name, rows.map((row) => clean(name, row))]));
  }
}
