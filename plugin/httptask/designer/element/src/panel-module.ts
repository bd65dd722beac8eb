// The module of what the first paint does not need: fetched once, behind that paint or when something of it is asked for.
import type * as Panels from "./panels";
import { afterPaint } from "./ui";

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

/** Fetch the module while nothing else is to do: what opens first is then there at once. Who asks for it hears of a failure. */
export function prefetchPanels(): void {
  const fetch = () => void panelsLoaded().catch(() => {});
  afterPaint(() => (self.requestIdleCallback ?? setTimeout)(fetch));
}

/** Done when no part is under way. */
export const loaded = (): Promise<unknown> => Promise.resolve(loading).catch(() => {});
