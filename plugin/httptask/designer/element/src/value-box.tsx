// A text of the definition that may be an expression, with the tree of what it can see.
import { useState } from "preact/hooks";
import { type Asked, ExpressionInput, type TextKind } from "./expression-input";
import type { Slot } from "./slots";

export function ValueBox({ slot, pointer, id, name, described, ...rest }: {
  slot: Slot; pointer: string; id: string; name: string; described?: string; of: TextKind; placeholder: string; redraw: () => void; quiet?: boolean;
}) {
  const [asked, ask] = useState<Asked>(null);
  return <ExpressionInput {...{ slot, pointer, name, asked, ask }} control={{ id, "aria-label": name, "aria-describedby": described }} {...rest} />;
}
