// The sample input of the workflow: JSON text, or a form if the definition has an `inputSchema`. It is saved beside the definition.
import { ApiError, type Draft, failureOf } from "./api";
import { at, type Json, parse, same } from "./json";
import { asShownJson, namesSecret, secretPointers, withoutSecrets } from "./secrets";
import { ANY, dump, load, type Slot, withSigns } from "./slots";
import type { Store } from "./store";
import type { Problem } from "./types";

/** The sample input that tests and runs of the page use. */
export class SampleInput {
  constructor(private readonly store: Store) {}

  /** The form; null if the definition has no `inputSchema`, or an invalid one. */
  root: Slot | null = null;
  /** The problems of the schema. */
  problems: Problem[] = [];
  /** The problems for which a run would refuse this input. */
  refused: Problem[] = [];
  asJson = false;
  /** The content of the text field; signs stand in it for secrets. */
  typed = "";
  /** The input as it was loaded or saved last; "" for none. */
  private saved = "";
  /** The ETag of the file beside the definition; null without a file. */
  private etag: string | null = null;
  /** The secrets by their signs in `typed`. */
  private signs = new Map<string, Json>();
  /** Counts the calls of `open`: the form of a schema is dropped once another definition was opened. */
  private opening = 0;
  /** Counts the calls of `load`: an answer about the file is dropped once another file belongs to the page. */
  private loading = 0;

  /** The input as JSON text, secrets included; "" for none. */
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

  /** Whether the input differs from the one that was loaded or saved last. */
  get edited(): boolean {
    const { text, saved } = this;
    try {
      return text !== saved && !same(parse(text), parse(saved));
    } catch {
      return text.trim() !== saved.trim();
    }
  }

  /** Drop the input with its form, which has values even when it is empty: another workflow was opened. */
  clear(): void {
    this.root = null;
    this.typed = this.saved = "";
  }

  set text(text: string) {
    this.typed = text;
    if (this.root && !this.asJson) this.show(text);
  }

  /** The input, and the pointers of its secrets; null while the text is not JSON. */
  private read(): { value: Json; secrets: string[] } | null {
    try {
      const value = parse(this.text);
      return { value, secrets: secretPointers(load(this.root?.field ?? ANY, value)) };
    } catch {
      return null;
    }
  }

  /** The input as it may be stored for a reload: without its secrets. Text that is not JSON is dropped if it may hold one. */
  get storable(): string {
    const input = this.read();
    if (!input) return this.signs.size || namesSecret(this.typed) ? "" : this.text;
    return input.secrets.length ? JSON.stringify(withoutSecrets(input.value, input.secrets).value, null, 1) : this.text;
  }

  /** The secrets of the input, to be masked wherever they would be shown. */
  get secrets(): Json[] {
    const { value, secrets = [] } = this.read() ?? {};
    return secrets.map((pointer) => at(value, pointer)!);
  }

  private path = (id: string): string => `workflows/${encodeURIComponent(id)}/sample-input`;

  /**
   * Take the input that is kept beside the definition *id*, unless somebody typed one meanwhile. With *isMoved* the file has
   * only got another name: the input stays as it is here, with its secrets.
   */
  async load(id: string | null, isMoved = false): Promise<void> {
    const loading = ++this.loading;
    this.etag = null;
    if (id === null) return;
    try {
      const response = await this.store.api.send(this.path(id));
      const kept = parse(await response.text()) as { input?: Json; broken?: Json };
      if (loading !== this.loading) return;
      this.etag = response.headers.get("ETag");
      if (isMoved) return;
      if (kept.broken) this.store.notice = { title: "The sample input cannot be read", detail: String(kept.broken) };
      if (kept.input !== undefined) {
        const text = JSON.stringify(kept.input, null, 1);
        const { edited } = this;
        if (!edited) this.text = text;
        this.saved = edited ? text : this.text;
      }
      this.store.drafts.mark();
      this.store.validation.validateSoon(0);
      this.store.task.redraw();
    } catch {
      /* no answer of the server: the input can be typed */
    }
  }

  /** Keep the input beside the definition *id*, without its secrets, if it was changed. Return a sentence about it; "" for none. */
  async save(id: string): Promise<string> {
    if (!this.edited) return "";
    const { text, loading } = this;
    const input = this.read();
    if (!input && text.trim()) return " The sample input is not JSON, so it stays in this tab.";
    const headers = { "Content-Type": "application/json", ...(this.etag ? { "If-Match": this.etag } : { "If-None-Match": "*" }) };
    const { inputSchema } = this.store.workflow.working;
    const body = input ? { input: withoutSecrets(input.value, input.secrets).value, inputSchema } : {};
    try {
      const response = await this.store.api.send(this.path(id), { method: "PUT", headers, body: JSON.stringify(body) });
      if (loading !== this.loading) return "";
      this.etag = response.headers.get("ETag");
      this.saved = text;
      return input?.secrets.length ? " The secrets of the sample input are not kept." : "";
    } catch (error) {
      if (loading !== this.loading) return "";
      const failure = failureOf(error);
      if (!(error instanceof ApiError && error.is("sample-input-changed"))) return ` The sample input was not: ${failure.title}.`;
      this.etag = typeof failure.etag === "string" ? failure.etag : null;
      return " The sample input was changed by somebody else: save again to write yours over it.";
    }
  }

  /** Build the form of *schema*, and fill it with the input typed so far, or with the schema's samples. */
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
        const { edited } = this;
        this.root = load({ ...field, required: true }, sample);
        if (this.typed.trim()) this.show(this.typed);
        if (!edited) this.saved = this.text;
      }
      this.store.task.redraw();
    } catch {
      /* no answer of the server: the input can be written as JSON */
    }
  }

  /** The part of a validation request that has the input checked; null without a schema, or while the text is not JSON. */
  draft(): Pick<Draft, "inputSchema" | "inputs"> | null {
    const { inputSchema } = this.store.workflow.working;
    if (!this.root || inputSchema === undefined) return null;
    try {
      return { inputSchema, inputs: this.text.trim() ? { input: parse(this.text) } : {} };
    } catch {
      return null;
    }
  }

  /** Switch between the form and JSON. */
  toggle(): void {
    const { text } = this;
    this.asJson = !this.asJson;
    if (this.asJson) ({ text: this.typed, signs: this.signs } = asShownJson(this.root!, 1));
    else this.show(text);
  }

  /** Show *text* in the form; stay with JSON while it is not JSON. */
  private show(text: string): void {
    try {
      this.root = load(this.root!.field, text.trim() ? parse(text) : undefined);
    } catch {
      this.asJson = true;
    }
  }
}
