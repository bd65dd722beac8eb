// Loads the module of the parts that the first paint does not need: once, after that paint or when a part is first drawn.
import type * as Panels from "./panels";

let loading: Promise<typeof Panels> | null = null;
let failures = 0;

/**
 * Import the module from beside this one, wherever a host serves that from. A browser remembers a module URL that failed,
 * so each retry asks for another URL.
 */
const importPanels = (): Promise<typeof Panels> =>
  failures ? import(new URL(`http-task-designer-panels.js?again=${failures}`, import.meta.url).href) : import("./panels");

/** The module, loaded when it is first asked for. A failure is not kept: the next call tries again. */
export const panelsLoaded = (): Promise<typeof Panels> => (loading ??= importPanels().catch((error: unknown) => {
  loading = null;
  failures++;
  throw error;
}));

/** Settles when the module is not being loaded (any more); never rejects. */
export const loaded = (): Promise<unknown> => Promise.resolve(loading).catch(() => {});
