// The sample input: as JSON, or in a form where the definition describes its input.
import type { Draft } from "./api";
import { at, type Json, parse } from "./json";
import { asShownJson, namesSecret, secretPointers, withoutSecrets } from "./secrets";
import { ANY, dump, load, type Slot, withSigns } from "./slots";
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
  /** As it stands in the text field, where signs stand for secrets. */
  typed = "";
  private signs = new Map<string, Json>();
  private opening = 0;

  /** The input as JSON; "" for none. */
  get text(): string {
    if (this.root && !this.asJson) {
      const value = dump(this.root);
      return value === undefined ? "" : JSON.stringify(value, null, 1);
    }
    if (!this.signs.size || !this.typed.trim()) return this.typed;
    try {
      return JSON.stringify(withSigns(parse(this.typed), this.signs), null, 1);
    } catch {
      return this.typed; // not JSON yet
    }
  }

  set text(text: string) {
    this.typed = text;
    if (this.root && !this.asJson) this.show(text);
  }

  /** The input, and where its secrets are; null where it is no JSON yet. */
  private read(): { value: Json; secrets: string[] } | null {
    try {
      const value = parse(this.text);
      return { value, secrets: secretPointers(load(this.root?.field ?? ANY, value)) };
    } catch {
      return null;
    }
  }

  /** What a reload may find of the input: nothing of its secrets. */
  get storable(): string {
    const read = this.read();
    if (!read) return this.signs.size || namesSecret(this.typed) ? "" : this.text;
    return read.secrets.length ? JSON.stringify(withoutSecrets(read.value, read.secrets).value, null, 1) : this.text;
  }

  /** The secrets in it, to be masked wherever they are seen. */
  get secrets(): Json[] {
    const { value, secrets = [] } = this.read() ?? {};
    return secrets.map((pointer) => at(value, pointer)!);
  }

  /** Make the form of *schema*, and fill it with what was typed, or with the schema's samples. */
  async open(schema: Json | undefined): Promise<void> {
    const opening = ++this.opening;
    if (this.asJson) this.typed = this.text;
    this.signs = new Map();
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
    const { text } = this;
    this.asJson = !this.asJson;
    if (this.asJson) ({ text: this.typed, signs: this.signs } = asShownJson(this.root!, 1));
    else this.show(text);
  }

  private show(text: string): void {
    try {
      this.root = load(this.root!.field, text.trim() ? parse(text) : undefined);
    } catch {
      this.asJson = true; // not JSON yet
    }
  }
}
