// What survives a reload, in this tab only. A page may forbid storage: then nothing is kept, and nothing breaks.
import { type Json, parse } from "./json";

export class TabStorage {
  constructor(private readonly prefix: string) {}

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
