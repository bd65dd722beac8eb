// A dialog over everything else.
import { useLayoutEffect, useRef } from "preact/hooks";

/** Show the dialog with this reference; when it goes, what had the keyboard before gets it back. */
export function useModal() {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return dialog;
}
