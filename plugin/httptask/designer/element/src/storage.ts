// Storage that survives a reload, in this tab only. What the browser does not store stays until the page is closed.
import { type Json, parse } from "./json";

/** The JSON texts that the browser did not store, by their names. */
export const unstored = new Map<string, string>();

/** JSON values in `sessionStorage`, under names that begin with *prefix*. */
export class TabStorage {
  constructor(private readonly prefix: string) {}

  /** The value under *name*; null if there is none, or if it cannot be read. */
  read<T>(name: string): T | null {
    try {
      const text = unstored.get(this.prefix + name) ?? sessionStorage.getItem(this.prefix + name);
      return text ? (parse(text) as unknown as T) : null;
    } catch {
      return null;
    }
  }

  /** Keep *value*; return whether it survives a reload. */
  write(name: string, value: unknown): boolean {
    const text = JSON.stringify(value as Json);
    try {
      sessionStorage.setItem(this.prefix + name, text);
      unstored.delete(this.prefix + name);
      return true;
    } catch {
      unstored.set(this.prefix + name, text); // storing is forbidden, or the storage is full
      return false;
    }
  }
}
