// A query of an answer: a text with the tree of what it selects from, and what it finds there below.
import { useState } from "preact/hooks";
import { ExpressionInput } from "./expression-input";
import { controlProps, type Place } from "./field-place";
import { hintOf } from "./field-words";
import { ANY, load } from "./slots";

export function QueryBox(place: Place) {
  const { slot, pointer, name, redraw, asked, ask } = place;
  const [box] = useState(() => load(ANY));
  Object.assign(box, { fx: true, expr: slot.text });
  const write = () => {
    Object.assign(slot, { text: box.expr, empty: false });
    redraw();
  };
  return <ExpressionInput {...{ pointer, name, asked, ask }} slot={box} redraw={write} control={controlProps(place)} of="query" placeholder={hintOf(slot.field) || "$.items"} />;
}
