// Storage that survives a reload, in this tab only. Where a page may not store anything, nothing is kept and nothing breaks.
import { type Json, parse } from "./json";

/** JSON values in `sessionStorage`, under names that begin with *prefix*. */
export class TabStorage {
  constructor(private readonly prefix: string) {}

  /** The value under *name*; null if there is none, or if it cannot be read. */
  read<T>(name: string): T | null {
    try {
      const text = sessionStorage.getItem(this.prefix + name);
      return text ? (parse(text) as unknown as T) : null;
    } catch {
      return null;
    }
  }

  write(name: string, value: unknown): void {
    try {
      sessionStorage.setItem(this.prefix + name, JSON.stringify(value as Json));
    } catch {
      /* forbidden, or full */
    }
  }
}
