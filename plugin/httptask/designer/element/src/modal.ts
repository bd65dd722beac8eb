// A modal dialog.
import { useLayoutEffect, useRef } from "preact/hooks";

/** Return the reference for a dialog, which is shown when it is drawn. When it is removed, the focus goes back to where it was. */
export function useModal() {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return dialog;
}
