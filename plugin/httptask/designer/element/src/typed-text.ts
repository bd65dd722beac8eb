// Text that was typed into a panel and is not sent or saved yet: it stays when the panel is closed.
import { type ShownRun, isUnderWay } from "./runs";
import type { Store } from "./store";
import type { TypedText, Visit } from "./types";
import { useRedraw, useUi } from "./ui";
import { waitsForSomebody } from "./visit-words";
import * as flow from "./workflow";

/** What a text is typed for, and the key under which it is kept. */
export type Purpose = Omit<TypedText, "text"> & { key: string };

/** Keep *text* for *purpose*; null drops it. */
export function keepText({ typedTexts }: Store, { key, ...purpose }: Purpose, text: string | null): void {
  if (text === null) typedTexts.delete(key);
  else typedTexts.set(key, { ...purpose, text });
}

/** The text typed for *purpose*, null if there is none, and the function that changes it. */
export function useTypedText(purpose: Purpose): [string | null, (text: string | null) => void] {
  const { store } = useUi();
  const redraw = useRedraw();
  const write = (text: string | null) => {
    keepText(store, purpose, text);
    redraw();
  };
  return [store.typedTexts.get(purpose.key)?.text ?? null, write];
}

/** The text of the pin of *task* in the workflow *id*; of use while there is such a task, or its pin. */
export const forPin = (store: Store, id: string | null, task: string): Purpose => ({
  key: JSON.stringify(["pin", id, task]),
  of: `the pin of “${task}”`,
  isUsable: () => {
    const { workflow, pins, config, drafts } = store;
    if (workflow.id === id) return pins.has(task) || !!flow.find(workflow.working, task);
    return id !== null && (drafts.unsaved.has(id) || config!.workflows.some((other) => other.id === id));
  },
});

/** The output for *visit* of *run*, or for its item with the index *item*; of use while the run waits for it. */
export const forGate = (store: Store, run: ShownRun, { name, visit }: Visit, item?: number): Purpose => ({
  key: JSON.stringify(["gate", run.id, name, visit, item ?? null]),
  of: item === undefined ? `“${name}”` : `item ${item} of “${name}”`,
  isUsable: () => {
    const { shown, items } = store.runs;
    if (shown?.id !== run.id) return items.some((other) => other.id === run.id && isUnderWay(other));
    const current = shown.visits.find((other) => other.name === name && other.visit === visit);
    if (!current || !isUnderWay(shown) || !waitsForSomebody(current)) return false;
    return item === undefined || !!current.items?.waiting?.some(({ index }) => index === item);
  },
});

/** Keep what was typed for pins of the workflow *id* for those of *newId*; with *names* only that for one task, under its new name. */
export function moveTypedPins(store: Store, id: string | null, newId: string | null, names?: [string, string]): void {
  for (const [key, { text }] of [...store.typedTexts]) {
    const [kind, workflow, task] = JSON.parse(key) as [string, string | null, string];
    if (kind !== "pin" || workflow !== id || (names && task !== names[0])) continue;
    store.typedTexts.delete(key);
    keepText(store, forPin(store, newId, names?.[1] ?? task), text);
  }
}

/** The texts that cannot be used any more, by their keys: the run or the task that they were typed for is gone. */
export const leftTexts = (store: Store): [string, TypedText][] => [...store.typedTexts].filter(([, { isUsable }]) => !isUsable());
