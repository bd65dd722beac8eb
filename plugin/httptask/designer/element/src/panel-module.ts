// Loads the modules of the parts that the first paint does not need: the panels once, after that paint or when one is first
// drawn, and the rarely used dialogs when one is first drawn.
import type * as Panels from "./panels";

/** Settles when no module is being loaded that was asked for so far. */
let pending: Promise<unknown> = Promise.resolve();

/**
 * Return a function that loads a module: once, when it is first called. A failure is not kept: the next call tries again.
 * *first* imports the module, which is the file *name* beside this one, wherever a host serves that from. A browser remembers
 * a module URL that failed, so each retry asks for another URL.
 */
export function lazily<Module>(name: string, first: () => Promise<Module>): () => Promise<Module> {
  let loading: Promise<Module> | null = null;
  let failures = 0;
  return () => {
    if (loading) return loading;
    const imported = failures ? import(new URL(`${name}?again=${failures}`, import.meta.url).href) as Promise<Module> : first();
    loading = imported.catch((error: unknown) => {
      loading = null;
      failures++;
      throw error;
    });
    pending = Promise.allSettled([pending, loading]);
    return loading;
  };
}

/** The module of the panels. */
export const panelsLoaded = lazily<typeof Panels>("http-task-designer-panels.js", () => import("./panels"));

/** Settles when no module is being loaded (any more); never rejects. */
export const loaded = (): Promise<unknown> => pending;
