// A part of the page whose code comes when it is first drawn.
import { type ComponentType, h } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import type * as Panels from "./panels";
import { Failed } from "./ui";


let panels: typeof Panels | null = null;
let loading: Promise<typeof Panels> | null = null;

let failures = 0;

/** Found next to the module that asks for it, wherever a host serves that from. A browser remembers an address that failed. */
const fetched = (): Promise<typeof Panels> =>
  failures ? import(new URL(`http-task-designer-panels.js?again=${failures}`, import.meta.url).href) : import("./panels");

const load = (): Promise<typeof Panels> => (loading ??= fetched().then(
  (module) => (panels = module),
  (error: unknown) => { loading = null; failures++; throw error; },
));

/** Done when no part is under way. */
export const loaded = (): Promise<unknown> => Promise.resolve(loading).catch(() => {});

/** The part called *name*, with its own properties. */
export function Panel<Key extends keyof typeof Panels>({ name, of }: { name: Key; of?: Parameters<(typeof Panels)[Key]>[0] }) {
  const [, setNow] = useState(panels);
  const [failed, setFailed] = useState(false);
  const begin = () => { setFailed(false); load().then(setNow, () => setFailed(true)); };
  useLayoutEffect(() => { if (!panels) begin(); }, []);
  if (panels) return h(panels[name] as ComponentType<object>, of ?? {});
  if (!failed) return <p class="muted" role="status">Loading …</p>;
  return (
    <Failed failure={{ title: "This part of the page could not be loaded", detail: "The designer’s server does not answer, or is another version by now: save what you have, then load the page again." }}>
      <button onClick={begin}>Try again</button>
    </Failed>
  );
}
