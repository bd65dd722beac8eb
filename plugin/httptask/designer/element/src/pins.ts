// The pins of the open definition: responses that a run uses instead of sending requests.
import { failureOf } from "./api";
import { type Json, type JsonObject, parse, segments, valueText } from "./json";
import type { Store } from "./store";
import type { Failure, Problem } from "./types";

/** The pins of the open definition, as the server has them. */
export class Pins {
  constructor(private readonly store: Store) {}

  /** The pins by the names of their tasks. */
  tasks: JsonObject = {};
  etag: string | null = null;
  /** Why the file of pins cannot be read. */
  broken: Failure | null = null;
  /** How a run uses pins: "" ignores them, "answer" sends the requests without a pin, "offline" sends nothing. */
  mode: "" | "answer" | "offline" = "answer";
  /** Counts the calls of `open`: an answer is dropped once another definition was opened. */
  private opening = 0;

  /** Load the pins of the definition *id*. */
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

  /** Why the pin of *task* is refused, or may not fit any more. */
  problemsOf = (task: string): Problem[] =>
    this.store.workflow.pinProblems.filter(({ pointer }) => segments(pointer)[0] === "tasks" && segments(pointer)[1] === task);

  has = (task: string): boolean => Object.hasOwn(this.tasks, task);

  /** The URL path of all pins of the definition *id*, or of the pin of *task*. */
  path = (id: string, task?: string): string =>
    `workflows/${encodeURIComponent(id)}/pins${task === undefined ? "" : `/${encodeURIComponent(task)}`}`;

  /** Replace the pins by those in *response*, which has all pins of the definition. */
  async take(response: Response): Promise<void> {
    const { tasks, broken } = parse(await response.text()) as { tasks: JsonObject; broken?: Json };
    this.tasks = tasks;
    this.broken = broken ? { title: "The pins cannot be read", detail: valueText(broken) } : null;
    this.etag = response.headers.get("ETag");
    this.store.update();
  }

  /** The `pins` member of a request to run the definition; none where a run has nothing to do with pins. */
  get wish(): { pins?: string } {
    const { mode } = this;
    const matters = mode === "offline" || Object.keys(this.tasks).length || this.broken;
    return mode && matters ? { pins: mode } : {};
  }
}
