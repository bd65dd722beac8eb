// The names of the open task's credentials: in the settings one name is a text, several are a list.
import { type JsonObject, valueText } from "./json";
import { dump, type Slot } from "./slots";
import type { Store } from "./store";

/** The slot of the open task's `credentials`. */
export const slotOf = (store: Store): Slot | undefined => store.task.root?.kids.find(({ field }) => field.name === "credentials");

/** The names in *slot*, the slot of `credentials`. */
export function namesIn(slot?: Slot): string[] {
  const value = slot && dump(slot);
  if (Array.isArray(value)) return value.map(valueText);
  return typeof value === "string" && value ? [value] : [];
}

/** Return *names* without empty ones and repetitions. */
export const distinct = (names: string[]): string[] => names.filter((name, index) => name && names.indexOf(name) === index);

/** Write *names* into the open task: none, one as text, several as a list. */
export function writeNames(store: Store, names: string[]): void {
  const slot = slotOf(store)!;
  const written = distinct(names);
  slot.raw = written.length > 1 ? JSON.stringify(written) : null;
  slot.text = written.length > 1 ? "" : (written[0] ?? "");
  slot.on = written.length > 0;
  store.task.changed("/credentials");
}

/** What the credential dialog is opened for: the credential *name* ("" for a new one), at *index* among the task's names. */
export interface CredentialWish {
  name: string;
  index: number;
  /** For a new credential: its type, if the endpoint does not say it, the origin it is sent to, and what its fields begin with. */
  type?: string;
  origin?: string;
  fields?: JsonObject;
  /** Called once the task uses the new credential. */
  onUsed?: () => void;
}
