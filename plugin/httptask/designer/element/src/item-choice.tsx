// Chooses the item of `forEach` that the URL, the preview and the test request are made for.
import { typed, useUi } from "./ui";

/** The number of the item, from 1. Only drawn while the preview has an item. */
export function ItemChoice(_: object) {
  const { store } = useUi();
  const { count } = store.validation.preview!.item!;
  const choose = (text: string) => {
    const number = Number(text);
    if (Number.isInteger(number) && number > 0) store.tests.chooseItem(Math.min(number, count) - 1);
  };
  return (
    <label class="item-choice">
      For item{" "}
      <input
        type="number" id="item-choice" class="code" aria-label="Item of For each that is tried"
        min={1} max={count} value={Math.min(store.tests.itemIndex, count - 1) + 1} onInput={typed(choose)}
      />{" "}
      of {count}
    </label>
  );
}
