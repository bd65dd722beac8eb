// A part of the page whose code comes when it is first drawn.
import { type ComponentChildren, type ComponentType, h } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { panelsLoaded } from "./panel-module";
import type * as Panels from "./panels";
import { Failed, useUi } from "./ui";

let panels: typeof Panels | null = null;
type Drawn = Exclude<keyof typeof Panels, "askRemoval" | "dropTask" | "switchView">;

/** The part called *name*, with its own properties; *until* it has come, something stands for it and may have the keyboard. */
export function Panel<Key extends Drawn>({ name, of, until }: { name: Key; of?: Parameters<(typeof Panels)[Key]>[0]; until?: ComponentChildren }) {
  const place = useRef<HTMLDivElement>(null);
  const held = useRef("");
  const [, setNow] = useState(panels);
  const { focus } = useUi();
  const [failed, setFailed] = useState(false);
  const begin = () => { setFailed(false); panelsLoaded().then((module) => {
    const active = (place.current?.getRootNode() as ShadowRoot | undefined)?.activeElement;
    if (active && place.current!.contains(active)) held.current = active.id;
    setNow((panels = module));
  }, () => setFailed(true)); };
  useLayoutEffect(() => { if (!panels) begin(); }, []);
  useLayoutEffect(() => { if (held.current) focus(held.current); }, [panels]);
  if (panels) return h(panels[name] as ComponentType<object>, of ?? {});
  if (until) return <div class="until" ref={place}>{until}</div>;
  if (!failed) return <p class="muted" role="status">Loading …</p>;
  return (
    <Failed failure={{ title: "This part of the page could not be loaded", detail: "The designer’s server does not answer, or is another version by now: save what you have, then load the page again." }}>
      <button onClick={begin}>Try again</button>
    </Failed>
  );
}
