// The history: the settings and the response of each test request, and the settings of tasks that were removed or replaced.
import { when } from "./amounts";
import { smaller } from "./endings";
import { withFiles } from "./files";
import { clone, type Json, same } from "./json";
import { restored, withoutSecrets } from "./secrets";
import type { Store } from "./store";
import { withoutRoutes, withRoutes } from "./task-form";
import type { Snapshot, Task } from "./types";
import * as flow from "./workflow";

const MOST_SNAPSHOTS = 20;

/** The history of the open workflow; its secrets are left out. */
export class Snapshots {
  constructor(private readonly store: Store) {}

  items: Snapshot[] = [];
  /** The entry that is shown instead of the latest response. */
  shown: Snapshot | null = null;

  /** Read the stored history of the workflow that was just opened. */
  open(): void {
    this.items = this.store.drafts.storage.read<Snapshot[]>("history") ?? [];
  }

  /** Move the entries of the task *name* to its new name *free*. */
  rename(name: string, free: string): void {
    this.items = this.items.map((item) => (item.task === name ? { ...item, task: free } : item));
    this.keep();
  }

  /** Replace uploads by the paths in *files*, under which they were saved. */
  nameFiles(files: Map<string, Json>): void {
    this.items = this.items.map((item) => ({ ...item, settings: withFiles(item.settings, files) }));
    this.keep();
  }

  /** Add an entry for *task*, with its response or a note in *rest*. The oldest entry goes. */
  remember(name: string, task: Task, rest: Partial<Snapshot>): void {
    const { secretsOf, openSamplesOf } = this.store.drafts;
    const settings = withoutSecrets(task, secretsOf[name] ?? []).value;
    const snapshot = { at: new Date().toISOString(), task: name, settings, samples: openSamplesOf[name] ?? {}, ...rest };
    this.items = [snapshot, ...this.items].slice(0, MOST_SNAPSHOTS);
    this.keep();
  }

  private keep(): void {
    const stored = this.items.map(({ ending, ...rest }) => ({ ...rest, ending: ending && smaller(ending) }));
    this.store.drafts.storage.write("history", stored);
  }

  /** The latest test request of the task *name*. */
  latest = (name: string): Snapshot | undefined => this.items.find(({ task, ending }) => task === name && ending);

  /** Say whether the open task has the settings and samples of *snapshot*. Secrets are not compared: snapshots have none. */
  isCurrent({ task: name, settings, samples }: Snapshot): boolean {
    const { task, drafts } = this.store;
    const current = withoutSecrets(task.value(), drafts.secretsOf[name] ?? []).value;
    return same(withoutRoutes(current), withoutRoutes(settings)) && same(drafts.openSamplesOf[name] ?? {}, samples);
  }

  /** Show the response of *snapshot* instead of the latest one. */
  look(snapshot: Snapshot): void {
    this.shown = snapshot;
    this.store.show("response");
    this.store.update();
  }

  /** Give the task of *snapshot* its settings of that time, with the routes and secrets it has now; add it if it was removed. */
  async restore(snapshot: Snapshot): Promise<void> {
    const name = snapshot.task;
    this.store.task.commit();
    const { working } = this.store.workflow;
    const item = flow.find(working, name);
    const title = `Restore “${name}”`;
    if (!item) {
      this.store.workflow.put(flow.insert(working, name, snapshot.settings, this.store.task.name), title);
    } else {
      const settings = withRoutes(clone(snapshot.settings), item.task);
      const task = restored(settings, item.task, this.store.drafts.secretsOf[name] ?? []);
      this.store.workflow.put(flow.replace(working, name, task), title);
    }
    this.store.drafts.samplesOf[name] = this.store.drafts.openSamplesOf[name] = snapshot.samples;
    this.store.task.root = null;
    await this.store.task.open(name);
    void this.store.workflow.reach();
    if (snapshot.ending) {
      this.store.tests.results.set(name, { ending: snapshot.ending, key: this.store.task.settingsKey() });
      this.store.show("response");
    }
    this.store.say(`Settings of ${when(snapshot.at)} restored.`);
  }
}
