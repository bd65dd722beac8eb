// The sample input: as JSON, or in a form where the definition describes its input.
import type { Draft } from "./api";
import { type Json, parse } from "./json";
import { dump, load, type Slot } from "./slots";
import type { Store } from "./store";
import type { Problem } from "./types";

export class SampleInput {
  constructor(private readonly store: Store) {}

  /** The form; null where the definition has no `inputSchema`, or one that is wrong. */
  root: Slot | null = null;
  /** What is wrong with the schema. */
  problems: Problem[] = [];
  /** Why a run would not take this input. */
  refused: Problem[] = [];
  asJson = false;
  private typed = "";
  private opening = 0;

  /** The input as JSON; "" for none. */
  get text(): string {
    if (!this.root || this.asJson) return this.typed;
    const value = dump(this.root);
    return value === undefined ? "" : JSON.stringify(value, null, 1);
  }

  set text(text: string) {
    this.typed = text;
    if (this.root && !this.asJson) this.show(text);
  }

  /** Make the form of *schema*, and fill it with what was typed, or with the schema's samples. */
  async open(schema: Json | undefined): Promise<void> {
    const opening = ++this.opening;
    this.root = null;
    this.problems = this.refused = [];
    this.asJson = false;
    if (schema === undefined || schema === null) return;
    try {
      const { field, sample, problems } = await this.store.api.inputForm(schema);
      if (opening !== this.opening) return;
      this.problems = problems;
      if (field) {
        this.root = load({ ...field, required: true }, sample);
        if (this.typed.trim()) this.show(this.typed);
      }
      this.store.task.redraw();
    } catch {
      /* the server is away: the input can be written as JSON */
    }
  }

  /** What is sent to have the input checked; null where nothing describes it, or it is no JSON yet. */
  draft(): Pick<Draft, "inputSchema" | "inputs"> | null {
    const { inputSchema } = this.store.workflow.working;
    if (!this.root || inputSchema === undefined) return null;
    try {
      return { inputSchema, inputs: this.text.trim() ? { input: parse(this.text) } : {} };
    } catch {
      return null;
    }
  }

  toggle(): void {
    this.typed = this.text;
    this.asJson = !this.asJson;
    if (!this.asJson) this.show(this.typed);
  }

  private show(text: string): void {
    try {
      this.root = load(this.root!.field, text.trim() ? parse(text) : undefined);
    } catch {
      this.asJson = true; // not JSON yet
    }
  }
}
