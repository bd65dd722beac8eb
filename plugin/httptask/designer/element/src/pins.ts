// The pins next to the open definition: responses that answer a run instead of servers.
import { failureOf } from "./api";
import { type Json, type JsonObject, parse } from "./json";
import type { Store } from "./store";
import type { Failure } from "./types";

export class Pins {
  constructor(private readonly store: Store) {}

  tasks: JsonObject = {};
  etag: string | null = null;
  /** Why the file cannot be read. */
  broken: Failure | null = null;
  /** What a run does: it asks servers alone, pins where there are any, or nobody else. */
  mode: "" | "answer" | "offline" = "answer";
  private opening = 0;

  /** Learn which tasks of the definition *id* are pinned. */
  async open(id: string | null): Promise<void> {
    const opening = ++this.opening;
    this.tasks = {};
    this.etag = this.broken = null;
    if (id === null) return;
    try {
      const response = await this.store.api.send(this.path(id));
      if (opening === this.opening) await this.take(response);
    } catch (error) {
      if (opening === this.opening) this.broken = failureOf(error);
    }
  }

  has = (task: string): boolean => Object.hasOwn(this.tasks, task);

  path = (id: string, task?: string): string => `workflows/${encodeURIComponent(id)}/pins${task === undefined ? "" : `/${encodeURIComponent(task)}`}`;

  /** Take what the server answered: all pins there are now. */
  async take(response: Response): Promise<void> {
    const { tasks, broken } = parse(await response.text()) as { tasks: JsonObject; broken?: Json };
    this.tasks = tasks;
    this.broken = broken ? { title: "The pins cannot be read", detail: String(broken) } : null;
    this.etag = response.headers.get("ETag");
    this.store.update();
  }

  /** Let the pin of the task *name* go with its new name; if it cannot, the list of pins says that it is left. */
  async rename(name: string, free: string): Promise<void> {
    const { id } = this.store.workflow;
    if (id === null || !this.has(name)) return;
    const body = JSON.stringify({ pin: this.tasks[name] });
    try {
      for (const [task, method] of [[free, "PUT"], [name, "DELETE"]] as const)
        await this.take(await this.store.api.send(this.path(id, task), { method, body, headers: { "Content-Type": "application/json", "If-Match": this.etag ?? "" } }));
    } catch {
      /* changed in another tab, or the server is away */
    }
  }

  /** What a run is asked to do with them. */
  get wish(): { pins?: string } {
    const { mode } = this;
    return mode && (mode === "offline" || Object.keys(this.tasks).length || this.broken) ? { pins: mode } : {};
  }
}
