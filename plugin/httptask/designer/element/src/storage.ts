// Storage that survives a reload, in this tab only. What the browser does not store stays until the page is closed.
import { type Json, parse } from "./json";

/** The JSON texts that the browser did not store, by their names. */
export const unstored = new Map<string, string>();

/** The end of the key that marks a stored value as older than the latest. */
const OLDER = " older";

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
      sessionStorage.removeItem(this.prefix + name + OLDER);
      unstored.delete(this.prefix + name);
      return true;
    } catch {
      unstored.set(this.prefix + name, text); // storing is forbidden, or the storage is full
      this.mark(name);
      return false;
    }
  }

  /** Whether the browser did not store the latest value under *name*: a reload loses it. */
  isUnstored = (name: string): boolean => unstored.has(this.prefix + name);

  /** Whether the value under *name* is older than the one that was written last: the browser had no room for that before a reload. */
  isOlder = (name: string): boolean => {
    try {
      return !this.isUnstored(name) && sessionStorage.getItem(this.prefix + name + OLDER) !== null;
    } catch {
      return false;
    }
  };

  /** Mark the stored value under *name* as older than the latest; remove it where there is no room even for that. */
  private mark(name: string): void {
    const key = this.prefix + name;
    try {
      if (sessionStorage.getItem(key) !== null) sessionStorage.setItem(key + OLDER, "1");
    } catch {
      try {
        sessionStorage.removeItem(key);
      } catch {
        /* storing is forbidden: nothing is stored */
      }
    }
  }
}
