// Requests and files from other tools that are pasted or dropped on the page.
import type { Store } from "./store";

/** A curl command or a JSON document, and so no search text. The server finds out what exactly it is. */
const IS_A_REQUEST = /^\s*([$>%#]\s*)?curl(\.exe)?\s+\S|^\s*\{\s*"/i;
const IS_AN_ADDRESS = /^https?:\/\/\S+$/i;
const OF_A_DESCRIPTION = /\.(json|ya?ml)(?![^?#])|openapi|swagger|api-docs/i;
const IS_AN_ARCHIVE = /\.(zip|tar|tgz|gz)$/i;

/** The state of the dialog for pasted requests. */
export class Pasting {
  /** The text in the dialog, which is open while this is not null. */
  text: string | null = null;
  /** The file that the text was read from, if any. */
  file: File | null = null;
  /** The name of the task whose request the pasted one may replace. */
  replaces: string | null = null;
  /** How often the dialog was opened. Each time it begins anew, also where it is open already. */
  openings = 0;
  /** A description for the import panel to import: a file, or an address. */
  description: File | { source: string } | null = null;

  constructor(private readonly store: Store) {}

  isRequest = (text: string): boolean => IS_A_REQUEST.test(text) || /[\r\n]/.test(text.trim());

  /** Open the dialog with *text*; with "" it asks for a text. */
  open(text: string, replaces: string | null = null, file: File | null = null): void {
    Object.assign(this, { text, replaces, file });
    this.openings += 1;
    this.store.update();
  }

  close(): void {
    this.text = this.file = this.replaces = null;
    this.store.update();
  }

  /** Handle a paste into a text field: open the dialog if the text is a request, otherwise let the field have it. */
  pasted(event: ClipboardEvent, replaces: string | null = null): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!this.isRequest(text)) return;
    event.preventDefault();
    this.open(text, replaces);
  }

  /** Handle a file dropped on the page. It may replace the open task's request if that task has no endpoint. */
  dropped(event: DragEvent): void {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    const { picking, endpoint, root, name } = this.store.task;
    void this.read(file, picking === "change" || (!picking && root && !endpoint) ? name : null);
  }

  /** Open the dialog with the text of *file*; import an archive as a description. */
  async read(file: File, replaces: string | null = null): Promise<void> {
    if (IS_AN_ARCHIVE.test(file.name)) return this.describe(file);
    const maxBytes = this.store.config!.limits.pasted;
    // The dialog refuses a file that is too large by its size, so the text is not read.
    this.open(file.size > maxBytes ? "" : await file.text(), replaces, file);
  }

  /** Say whether *text* is the address of a page or a file, and nothing else. */
  isAddress = (text: string): boolean => IS_AN_ADDRESS.test(text.trim());

  /** Say whether the address *text* looks like that of a description of an API. */
  isOfDescription = (text: string): boolean => this.isAddress(text) && OF_A_DESCRIPTION.test(text);

  /** Hand *from* to the import panel as the description of an API. */
  describe(from: File | { source: string }): void {
    this.close();
    this.description = from;
    if (!this.store.task.picking) this.store.task.pick("new");
    this.store.update();
  }
}
