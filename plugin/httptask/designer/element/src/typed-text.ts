// Text that was typed into a panel and is not sent or saved yet: it stays when the panel is closed.
import { useRedraw, useUi } from "./ui";

/** The text typed under *key*, null if there is none, and the function that changes it. */
export function useTypedText(key: string): [string | null, (text: string | null) => void] {
  const { typedTexts } = useUi().store;
  const redraw = useRedraw();
  const write = (text: string | null) => {
    if (text === null) typedTexts.delete(key);
    else typedTexts.set(key, text);
    redraw();
  };
  return [typedTexts.get(key) ?? null, write];
}
