// The module of what the first paint does not need: fetched once, behind that paint or when something of it is asked for.
import type * as Panels from "./panels";

let loading: Promise<typeof Panels> | null = null;
let failures = 0;

/** Found next to the module that asks for it, wherever a host serves that from. A browser remembers an address that failed. */
const fetched = (): Promise<typeof Panels> =>
  failures ? import(new URL(`http-task-designer-panels.js?again=${failures}`, import.meta.url).href) : import("./panels");

export const panelsLoaded = (): Promise<typeof Panels> => (loading ??= fetched().catch((error: unknown) => {
  loading = null;
  failures++;
  throw error;
}));

/** Done when no part is under way. */
export const loaded = (): Promise<unknown> => Promise.resolve(loading).catch(() => {});
