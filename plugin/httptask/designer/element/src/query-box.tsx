// The editor of a setting that holds a query, an expression that selects values from a task's answer.
import { useState } from "preact/hooks";
import { ExpressionInput } from "./expression-input";
import { controlProps, type FieldProps } from "./form-field";
import { hintOf } from "./field-words";
import { ANY, load } from "./slots";

/** The setting's text is edited through a slot that holds the same text as an expression. */
export function QueryBox(props: FieldProps) {
  const { slot, pointer, name, redraw, asked, ask } = props;
  const [box] = useState(() => load(ANY));
  Object.assign(box, { fx: true, expr: slot.text });
  const write = () => {
    Object.assign(slot, { text: box.expr, empty: false });
    redraw();
  };
  return (
    <ExpressionInput
      {...{ pointer, name, asked, ask }} slot={box} redraw={write}
      control={controlProps(props)} of="query" placeholder={hintOf(slot.field) || "$.items"}
    />
  );
}
