// The table of all keyboard shortcuts. The element acts by it; the dialog of keys and the status line are drawn from it.
import type { Store } from "./store";

/** A shortcut. */
export interface Key {
  /** Alternative keys. "Ctrl" also stands for the command key of a Mac. */
  keys: string[];
  /** The effect, in words. */
  does: string;
  /** The word for the shortcut in the status line; without it the status line does not have the shortcut. */
  hint?: string;
  /** The key types a character, so it is ignored in text controls, selects and trees. */
  isTyped?: true;
  /** What the shortcut does. It returns false where it has nothing to do: the browser handles the key then. Keys without `act` work elsewhere. */
  act?: (store: Store, focused: Element) => boolean | void;
}

const TEXT_CONTROLS = "textarea, input:not([type=checkbox], [type=radio], [type=file])";

/** Whether Ctrl Z is left to the browser, which undoes the letters that were just typed into the focused control. */
const undoesLetters = (store: Store, focused: Element): boolean => store.edits.typing && focused.matches(TEXT_CONTROLS);

/**
 * Make the focused control take what was typed. Some controls, the name of a task for example, only do so when the
 * focus leaves them (`change`), and a shortcut does not move the focus.
 */
const takeTyped = (focused: Element): unknown => focused.matches(TEXT_CONTROLS) && focused.dispatchEvent(new Event("change"));

export const KEYS: Key[] = [
  { keys: ["Ctrl+Enter"], does: "Test the request", hint: "Test", act: (store) => void store.tests.send() },
  { keys: ["Ctrl+Shift+Enter"], does: "Run the workflow", act: (store) => void store.runs.start() },
  { keys: ["Ctrl+S"], does: "Save", act: (store, focused) => (takeTyped(focused), void store.saving.save()) },
  { keys: ["Ctrl+K"], does: "Add or find", act: (store) => store.task.pick("new") },
  { keys: ["/"], does: "Add or find", isTyped: true, act: (store) => store.task.pick("new") },
  { keys: ["Alt+E"], does: "Expression on or off, and its picker", hint: "Expression" },
  { keys: ["Alt+J"], does: "Body as form or JSON" },
  { keys: ["Ctrl+Z"], does: "Undo", act: (store, focused) => !undoesLetters(store, focused) && void store.edits.undo() },
  { keys: ["Ctrl+Shift+Z", "Ctrl+Y"], does: "Redo", act: (store, focused) => !undoesLetters(store, focused) && void store.edits.redo() },
  { keys: ["F6"], does: "Next pane", hint: "Next pane", act: (store) => store.movePane(1) },
  { keys: ["Shift+F6"], does: "Previous pane", act: (store) => store.movePane(-1) },
  { keys: ["F1"], does: "Reference for the field", hint: "Reference", act: (store) => store.showReference(!store.reference) },
  { keys: ["F8"], does: "Next problem", act: (store) => store.validation.goToProblem(true) },
  { keys: ["Ctrl+F"], does: "In a response: find, or filter" },
  { keys: ["F8", "Shift+F8"], does: "In a response: next, previous difference" },
  { keys: ["Ctrl+C"], does: "In a response: copy the value" },
  { keys: ["Ctrl+Shift+P"], does: "In a response: copy its path" },
  { keys: ["U"], does: "In a response: use it in a later task" },
  { keys: ["?"], does: "All keys", hint: "All keys", isTyped: true, act: (store) => store.showKeys(true) },
  { keys: ["Escape"], does: "Stop the test or the run; close what floats", act: escape },
];

/** Close or stop one thing: the first that there is. */
function escape(store: Store, focused: Element): boolean {
  if (focused.closest("dialog")) return false; // the browser closes a dialog
  if (store.tests.run) store.tests.cancel();
  else if (store.tab === "runs" && store.runs.isUnderWay) void store.runs.stop();
  else if (store.task.picking && store.task.name !== null) store.task.stopPicking();
  else if (store.reference) store.showReference(false);
  else return false;
  return true;
}

/** The keys of *event* as the table writes them. Shift only counts with letters and named keys: `?` is typed with Shift. */
function keysOf(event: KeyboardEvent): string {
  const { key } = event;
  const isLetter = /^[a-z]$/i.test(key);
  const parts = [
    (event.ctrlKey || event.metaKey) && "Ctrl",
    event.altKey && "Alt",
    event.shiftKey && (key.length > 1 || isLetter) && "Shift",
    isLetter ? key.toUpperCase() : key,
  ];
  return parts.filter(Boolean).join("+");
}

/** Run the shortcut of *event*, a key pressed in *focused*. Returns whether there was one that did something. */
export function press(store: Store, event: KeyboardEvent, focused: Element): boolean {
  const pressed = keysOf(event);
  const shortcut = KEYS.find(({ keys }) => keys.includes(pressed));
  if (!shortcut?.act || (shortcut.isTyped && focused.matches(`${TEXT_CONTROLS}, select, [role=tree] *`))) return false;
  return shortcut.act(store, focused) !== false;
}
