// The names of the credentials of the open task: one as text, several as a list.
import { dump, type Slot } from "./slots";
import type { Store } from "./store";

export const slotOf = (store: Store): Slot | undefined => store.task.root?.kids.find(({ field }) => field.name === "credentials");

export function namesIn(slot?: Slot): string[] {
  const value = slot && dump(slot);
  return Array.isArray(value) ? value.map(String) : typeof value === "string" && value ? [value] : [];
}

/** *names* without those that are empty, or there before. */
export const distinct = (names: string[]): string[] => names.filter((name, index) => name && names.indexOf(name) === index);

/** Name *names* in the open task, as its author would write them. */
export function writeNames(store: Store, names: string[]): void {
  const slot = slotOf(store)!;
  const kept = distinct(names);
  slot.raw = kept.length > 1 ? JSON.stringify(kept) : null;
  slot.text = kept.length > 1 ? "" : (kept[0] ?? "");
  slot.on = kept.length > 0;
  store.task.changed("/credentials");
}

/** The dialog: for the credential *name*, which stands, or is to stand, at *index* of the task's. */
export interface CredentialWish {
  name: string;
  index: number;
  /** What a new one is: the type, where the endpoint does not say it, and the origin it is for. */
  type?: string;
  origin?: string;
}
