// What JSX becomes: whatever text is drawn anywhere is seen as it is. Values of controls stay as they are.
import { Fragment, h as create, type ComponentChild, type VNode } from "preact";
import { seen } from "./seen";

export { Fragment };

/** Attributes that are read by people. */
const READ = ["title", "aria-label", "placeholder", "alt"];

const drawn = (child: unknown): unknown =>
  typeof child === "string" ? seen(child) : Array.isArray(child) ? child.map(drawn) : child;

export function h(type: any, props: Record<string, unknown> | null, ...children: unknown[]): VNode {
  if (typeof type !== "string" && type !== Fragment) return create(type, props, ...children as ComponentChild[]);
  const changed: Record<string, unknown> = {};
  for (const name of READ) {
    const text = props?.[name];
    if (typeof text === "string") changed[name] = seen(text);
  }
  return create(type, { ...props, ...changed }, ...children.map(drawn) as ComponentChild[]);
}
