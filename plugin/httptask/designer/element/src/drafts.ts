// What of the unsaved changes survives a reload: all but the secrets.
import { at, clone, isObject, same } from "./json";
import { restored, withoutSecrets } from "./slots";
import { Kept } from "./storage";
import type { Store } from "./store";
import type { Definition } from "./types";
import * as flow from "./workflow";

/** Pointers of secrets, by the name of their task. */
type SecretsOf = Record<string, string[]>;

interface Draft {
  etag: string | null;
  /** Null when everything was saved. */
  working: Definition | null;
  current: string | null;
  removed: SecretsOf;
  samples: Record<string, Record<string, string>>;
  input: string;
}

/** *definition* without the secrets of its HTTP tasks, and the pointers of what was left out. */
export function withoutSecretsOf(definition: Definition, secretsOf: SecretsOf): { definition: Definition; removed: SecretsOf } {
  const removed: SecretsOf = {};
  for (const { name, task, type } of flow.listed(definition)) {
    const clean = withoutSecrets(task, secretsOf[name] ?? []);
    if (type !== "Http" || !clean.removed.length) continue;
    removed[name] = clean.removed;
    definition = flow.replace(definition, name, clean.value);
  }
  return { definition, removed };
}

/** *definition* with the secrets at *removed* as *base* has them, and how many it does not have. */
export function withSecretsOf(definition: Definition, base: Definition, removed: SecretsOf): { definition: Definition; lost: number } {
  let lost = 0;
  for (const [name, pointers] of Object.entries(removed)) {
    const source = flow.find(base, name)?.task;
    const task = flow.find(definition, name)?.task;
    if (task) definition = flow.replace(definition, name, restored(clone(task), source, pointers));
    lost += pointers.filter((pointer) => at(source, pointer) === undefined).length;
  }
  return { definition, lost };
}

export class Drafts {
  /** What is kept of the workflow was read: from now on it may be replaced. */
  private opened = false;
  samplesOf: Record<string, Record<string, string>> = {};
  secretsOf: Record<string, string[]> = {};
  /** What outlives a reload: of the open workflow, or of the page while none is open. */
  kept: Kept;

  constructor(private readonly store: Store) {
    this.kept = this.storage("");
  }

  private storage(workflow: string): Kept {
    return new Kept(`http-task-designer ${this.store.api.base} ${workflow}`);
  }

  /** Turn to what is kept of the workflow *id*; with *fresh* drop its draft. */
  open(id: string | null, fresh: boolean): void {
    this.opened = false;
    this.samplesOf = {};
    this.secretsOf = {};
    this.storage("").write("workflow", id);
    this.kept = this.storage(`${id ?? ""} `);
    if (fresh) this.kept.write("draft", null);
  }

  rename(name: string, free: string): void {
    for (const perTask of [this.samplesOf, this.secretsOf] as Record<string, unknown>[]) {
      if (name in perTask) perTask[free] = perTask[name];
      delete perTask[name];
    }
  }

  /** Take back what was not saved before a reload. Secrets were never kept; what is on disk of them is taken from there. */
  restore(): void {
    this.opened = true;
    const kept = this.kept.read<Draft>("draft");
    if (!kept) return;
    this.store.task.name = kept.current;
    this.store.task.input = kept.input ?? "";
    this.samplesOf = kept.samples;
    this.secretsOf = kept.removed;
    if (!isObject(kept.working)) return;
    const { definition: working, lost } = withSecretsOf(kept.working, this.store.workflow.base, kept.removed);
    if (same(working, this.store.workflow.base) && !lost) return;
    this.store.workflow.working = working;
    const moved = kept.etag !== this.store.workflow.etag;
    this.store.workflow.etag = kept.etag;
    this.store.notice = {
      title: "Your unsaved changes are back",
      detail: (moved ? "The definition was changed on disk meanwhile: saving will ask which one to keep. " : "") + (lost ? `Secrets were not kept: type ${lost} again.` : ""),
    };
  }

  /** Keep the unsaved changes over a reload: never a secret. */
  keep(): void {
    this.store.task.commit();
    if (!this.opened) return;
    const { etag, dirty, working } = this.store.workflow;
    const { name: current, input } = this.store.task;
    const { definition, removed } = withoutSecretsOf(working, this.secretsOf);
    const draft: Draft = { etag, working: dirty ? definition : null, current, removed, samples: this.samplesOf, input };
    this.kept.write("draft", draft);
  }
}
