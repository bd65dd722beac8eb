// A part of the page whose code is loaded when the part is first drawn.
import { type ComponentChildren, type ComponentType, h } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { panelsLoaded } from "./panel-module";
import type * as Panels from "./panels";
import { Failed, useUi } from "./ui";

/** The exports of the module of panels that are components. */
type Drawn = Exclude<keyof typeof Panels, "askRemoval" | "dropTask" | "switchView">;

/** A component *name* of a module, its properties *of*, and what is drawn instead *until* the module is loaded. */
interface Part<Module, Key extends keyof Module> {
  name: Key;
  of?: Module[Key] extends (of: infer Of) => unknown ? Of : never;
  until?: ComponentChildren;
}

/**
 * Return a component that draws a part of the module that *load* loads. If an element of `until` has the keyboard focus when
 * the module is loaded, the element of the same id in the part gets it.
 */
export function drawnFrom<Module>(load: () => Promise<Module>) {
  let module: Module | null = null;
  return function Panel<Key extends keyof Module>({ name, of, until }: Part<Module, Key>) {
    const standIn = useRef<HTMLDivElement>(null);
    const focusedId = useRef("");
    const [, setModule] = useState(module);
    const { focus } = useUi();
    const [failed, setFailed] = useState(false);
    const take = (loaded: Module) => {
      const active = (standIn.current?.getRootNode() as ShadowRoot | undefined)?.activeElement;
      if (active && standIn.current!.contains(active)) focusedId.current = active.id;
      setModule(() => (module = loaded));
    };
    const begin = () => {
      setFailed(false);
      load().then(take, () => setFailed(true));
    };
    useLayoutEffect(() => { if (!module) begin(); }, []);
    useLayoutEffect(() => { if (focusedId.current) focus(focusedId.current); }, [module]);
    if (module) return h(module[name] as ComponentType<object>, of ?? {});
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
  };
}

/** Draws one of the panels. */
export const Panel = drawnFrom<Pick<typeof Panels, Drawn>>(panelsLoaded);
