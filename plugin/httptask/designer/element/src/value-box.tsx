// The editor of a value in the definition that may be an expression, with the tree of the values the expression can name.
import { useState } from "preact/hooks";
import { type Asked, ExpressionInput, type TextKind } from "./expression-input";
import type { Slot } from "./slots";

/** An `ExpressionInput` outside of a row of the form. */
export function ValueBox({ slot, pointer, id, name, described, ...rest }: {
  slot: Slot; pointer: string; id: string; name: string; described?: string;
  of: TextKind; placeholder: string; redraw: () => void; quiet?: boolean;
}) {
  const [asked, ask] = useState<Asked>(null);
  const control = { id, "aria-label": name, "aria-describedby": described };
  return <ExpressionInput {...{ slot, pointer, name, asked, ask, control }} {...rest} />;
}
