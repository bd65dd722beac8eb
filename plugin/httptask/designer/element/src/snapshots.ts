// The history: the settings of each test request with its response, and of what was removed or replaced.
import { smaller } from "./endings";
import { withFiles } from "./files";
import { clone, type Json, same } from "./json";
import { restored, withoutSecrets } from "./secrets";
import type { Store } from "./store";
import { withoutRoutes, withRoutes } from "./task-form";
import type { Snapshot, Task } from "./types";
import * as flow from "./workflow";

const MOST_SNAPSHOTS = 20;

export class Snapshots {
  constructor(private readonly store: Store) {}

  items: Snapshot[] = [];
  /** The entry that is shown instead of the latest response. */
  shown: Snapshot | null = null;

  /** Read the history of the workflow that was opened. */
  open(): void {
    this.items = this.store.drafts.storage.read<Snapshot[]>("history") ?? [];
  }

  rename(name: string, free: string): void {
    this.items = this.items.map((item) => (item.task === name ? { ...item, task: free } : item));
    this.keep();
  }

  nameFiles(files: Map<string, Json>): void {
    this.items = this.items.map((item) => ({ ...item, settings: withFiles(item.settings, files) }));
    this.keep();
  }

  remember(name: string, task: Task, rest: Partial<Snapshot>): void {
    const settings = withoutSecrets(task, this.store.drafts.secretsOf[name] ?? []).value;
    this.items = [{ at: new Date().toISOString(), task: name, settings, samples: this.store.drafts.openSamplesOf[name] ?? {}, ...rest }, ...this.items].slice(0, MOST_SNAPSHOTS);
    this.keep();
  }

  private keep(): void {
    this.store.drafts.storage.write("history", this.items.map(({ ending, ...rest }) => ({ ...rest, ending: ending && smaller(ending) })));
  }

  /** The latest test request of the task *name*. */
  latest = (name: string): Snapshot | undefined => this.items.find(({ task, ending }) => task === name && ending);

  /** Whether the open task has the settings and samples of *snapshot*; secrets are not kept, so they are not compared. */
  isCurrent({ task: name, settings, samples }: Snapshot): boolean {
    const { task, drafts } = this.store;
    const now = withoutSecrets(task.value(), drafts.secretsOf[name] ?? []).value;
    return same(withoutRoutes(now), withoutRoutes(settings)) && same(drafts.openSamplesOf[name] ?? {}, samples);
  }

  look(snapshot: Snapshot): void {
    this.shown = snapshot;
    this.store.show("response");
    this.store.update();
  }

  async restore(snapshot: Snapshot): Promise<void> {
    const name = snapshot.task;
    this.store.task.commit();
    const item = flow.find(this.store.workflow.working, name);
    const title = `Restore “${name}”`;
    if (!item) {
      this.store.workflow.put(flow.insert(this.store.workflow.working, name, snapshot.settings, this.store.task.name), title);
    } else {
      const task = withRoutes(clone(snapshot.settings), item.task);
      this.store.workflow.put(flow.replace(this.store.workflow.working, name, restored(task, item.task, this.store.drafts.secretsOf[name] ?? [])), title);
    }
    this.store.drafts.samplesOf[name] = this.store.drafts.openSamplesOf[name] = snapshot.samples;
    this.store.task.root = null;
    await this.store.task.open(name);
    void this.store.workflow.reach();
    if (snapshot.ending) {
      this.store.tests.results.set(name, { ending: snapshot.ending, key: this.store.task.settingsKey() });
      this.store.show("response");
    }
    this.store.say(`Settings of ${new Date(snapshot.at).toLocaleTimeString()} restored.`);
  }
}
