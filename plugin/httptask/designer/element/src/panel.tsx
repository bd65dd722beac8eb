// A part of the page whose code comes when it is first drawn.
import { type ComponentType, h } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { panelsLoaded } from "./panel-module";
import type * as Panels from "./panels";
import { Failed } from "./ui";

let panels: typeof Panels | null = null;
type Drawn = Exclude<keyof typeof Panels, "askRemoval" | "dropTask">;

/** The part called *name*, with its own properties. */
export function Panel<Key extends Drawn>({ name, of }: { name: Key; of?: Parameters<(typeof Panels)[Key]>[0] }) {
  const [, setNow] = useState(panels);
  const [failed, setFailed] = useState(false);
  const begin = () => { setFailed(false); panelsLoaded().then((module) => setNow((panels = module)), () => setFailed(true)); };
  useLayoutEffect(() => { if (!panels) begin(); }, []);
  if (panels) return h(panels[name] as ComponentType<object>, of ?? {});
  if (!failed) return <p class="muted" role="status">Loading …</p>;
  return (
    <Failed failure={{ title: "This part of the page could not be loaded", detail: "The designer’s server does not answer, or is another version by now: save what you have, then load the page again." }}>
      <button onClick={begin}>Try again</button>
    </Failed>
  );
}
