// The JSX factory: makes invisible and bidirectional control characters visible in all text that is drawn.
// Values of controls are not changed, as they are sent back.
import { Fragment, h as create, type ComponentChild, type VNode } from "preact";
import { seen } from "./seen";

export { Fragment };

/** Attributes with text for people. */
const TEXT_ATTRIBUTES = ["title", "aria-label", "placeholder", "alt"];

const drawn = (child: unknown): unknown =>
  typeof child === "string" ? seen(child) : Array.isArray(child) ? child.map(drawn) : child;

/** Create an element; text in children and in the attributes for people goes through `seen`. Components get their properties unchanged. */
export function h(type: any, props: Record<string, unknown> | null, ...children: unknown[]): VNode {
  if (typeof type !== "string" && type !== Fragment) return create(type, props, ...children as ComponentChild[]);
  const changed: Record<string, unknown> = {};
  for (const name of TEXT_ATTRIBUTES) {
    const text = props?.[name];
    if (typeof text === "string") changed[name] = seen(text);
  }
  return create(type, { ...props, ...changed }, ...children.map(drawn) as ComponentChild[]);
}
