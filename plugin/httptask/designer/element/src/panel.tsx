// A part of the page whose code is loaded when the part is first drawn.
import { type ComponentChildren, type ComponentType, h } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { panelsLoaded } from "./panel-module";
import type * as Panels from "./panels";
import { Failed, useUi } from "./ui";

let panels: typeof Panels | null = null;
/** The exports of the module that are components. */
type Drawn = Exclude<keyof typeof Panels, "askRemoval" | "dropTask" | "switchView">;

/**
 * The component called *name* of the module, with the properties *of*. Until the module is loaded, *until* is drawn instead.
 * If an element of *until* has the keyboard focus then, the element of the same id in the component gets it.
 */
export function Panel<Key extends Drawn>({ name, of, until }: {
  name: Key; of?: Parameters<(typeof Panels)[Key]>[0]; until?: ComponentChildren;
}) {
  const standIn = useRef<HTMLDivElement>(null);
  const focusedId = useRef("");
  const [, setModule] = useState(panels);
  const { focus } = useUi();
  const [failed, setFailed] = useState(false);
  const takeModule = (module: typeof Panels) => {
    const active = (standIn.current?.getRootNode() as ShadowRoot | undefined)?.activeElement;
    if (active && standIn.current!.contains(active)) focusedId.current = active.id;
    setModule((panels = module));
  };
  const begin = () => {
    setFailed(false);
    panelsLoaded().then(takeModule, () => setFailed(true));
  };
  useLayoutEffect(() => { if (!panels) begin(); }, []);
  useLayoutEffect(() => { if (focusedId.current) focus(focusedId.current); }, [panels]);
  if (panels) return h(panels[name] as ComponentType<object>, of ?? {});
  if (until) return <div class="until" ref={standIn}>{until}</div>;
  if (!failed) return <p class="muted" role="status">Loading …</p>;
  return (
    <Failed
      failure={{
        title: "This part of the page could not be loaded",
        detail: "The designer’s server does not answer, or is another version by now: save what you have, then load the page again.",
      }}
    >
      <button onClick={begin}>Try again</button>
    </Failed>
  );
}
