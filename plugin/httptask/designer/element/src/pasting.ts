// What was made with another tool and is pasted or dropped here: the dialog is open while `text` is not null.
import type { Store } from "./store";

/** What is no search and no address: a command, a document. The server tells which. */
const IS_A_REQUEST = /^\s*([$>%#]\s*)?curl(\.exe)?\s+\S|^\s*\{\s*"/i;
const IS_AN_ARCHIVE = /\.(zip|tar|tgz|gz)$/i;

export class Pasting {
  text: string | null = null;
  /** Where the text came from, if from a file. */
  file: File | null = null;
  /** The task whose request it may become. */
  replaces: string | null = null;
  /** A description that the import panel is to import. */
  description: File | null = null;

  constructor(private readonly store: Store) {}

  isRequest = (text: string): boolean => IS_A_REQUEST.test(text) || /[\r\n]/.test(text.trim());

  /** Open the dialog with *text*; empty, it asks for one. */
  open(text: string, replaces: string | null = null, file: File | null = null): void {
    Object.assign(this, { text, replaces, file });
    this.store.update();
  }

  close(): void {
    this.text = this.file = this.replaces = null;
    this.store.update();
  }

  /** Somebody pasted into a field: take it where it is a request. */
  pasted(event: ClipboardEvent, replaces: string | null = null): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!this.isRequest(text)) return;
    event.preventDefault();
    this.open(text, replaces);
  }

  dropped(event: DragEvent): void {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    const { picking, endpoint, root, name } = this.store.task;
    void this.read(file, picking === "change" || (!picking && root && !endpoint) ? name : null);
  }

  async read(file: File, replaces: string | null = null): Promise<void> {
    if (IS_AN_ARCHIVE.test(file.name)) return this.describe(file);
    const most = this.store.config!.limits.pasted;
    // One that is too large is refused by the dialog without being read.
    this.open(file.size > most ? "" : await file.text(), replaces, file);
  }

  /** Import *file* as the description of an API, where the page may. */
  describe(file: File): void {
    this.close();
    this.description = file;
    if (!this.store.task.picking) this.store.task.pick("new");
    this.store.update();
  }
}
