// Moves a secret that was typed into a field of the task to a credential, which the task then names.
import { at, type JsonObject, segments, valueText } from "./json";
import { dump, type Slot, walk } from "./slots";
import type { Store } from "./store";
import { type CredentialWish, namesIn, slotOf } from "./task-credentials";
import { useUi } from "./ui";

/** The parameter groups, as credentials of the type `apiKey` name them. */
const GROUPS: Record<string, string> = { headers: "header", query: "query", cookies: "cookie" };

/** The type and the fields of a credential for *value*, the parameter at *pointer*; null where no credential can be sent. */
export function credentialFor(pointer: string, value: string): { type: string; fields: JsonObject } | null {
  const [request, group = "", name, ...inside] = segments(pointer);
  if (request !== "httpRequest" || name === undefined || inside.length || !Object.hasOwn(GROUPS, group)) return null;
  const [, scheme = "", given = ""] = /^(bearer|basic) +(\S+)$/i.exec(value) ?? [];
  if (group === "headers" && name.toLowerCase() === "authorization" && scheme) {
    if (scheme.toLowerCase() === "bearer") return { type: "bearer", fields: { token: given } };
    const [username, password] = pairIn(given);
    if (password !== undefined) return { type: "basic", fields: { username: username!, password } };
  }
  return { type: "apiKey", fields: { key: value, name, in: GROUPS[group]! } };
}

/** What to do with a secret at *pointer*, for which there is no credential. */
export function insteadOfCredential(pointer: string): string {
  return pointer === "/httpRequest/url"
    ? "Move the secret from the URL to a query parameter or a header: there you can keep it as a credential."
    : "Only a whole header, query parameter or cookie can be kept as a credential: take this secret from the input, with an expression.";
}

/** The user name and the password in *given*, credentials of the scheme Basic (RFC 7617) in UTF-8; [] if it has none. */
function pairIn(given: string): string[] {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(atob(given), (letter) => letter.charCodeAt(0)));
    const colon = text.indexOf(":");
    return colon < 0 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
  } catch {
    return [];
  }
}

/** The origin of the open task's URL; undefined where an expression makes it. */
function originOf(store: Store): string | undefined {
  try {
    const { origin } = new URL(valueText(at(store.task.value(), "/httpRequest/url")));
    return origin === "null" || /[${}]/.test(origin) ? undefined : origin;
  } catch {
    return undefined;
  }
}

/** Beside the warning of a secret in *slot*: the button for the dialog for credentials, filled in, or what to do instead. */
export function MoveSecret({ pointer, slot }: { pointer: string; slot: Slot }) {
  const { store } = useUi();
  const value = slot.fx ? undefined : dump(slot);
  const wanted = typeof value === "string" ? credentialFor(pointer, value) : null;
  if (!wanted) return slot.fx ? null : <div class="hint">{insteadOfCredential(pointer)}</div>;
  const open = () => {
    const index = namesIn(slotOf(store)).length; // beside those that the task has
    const wish: CredentialWish = { name: "", index, origin: originOf(store), ...wanted, onUsed: () => empty(store, pointer) };
    store.credentialWish = wish;
    store.update();
  };
  return <button type="button" class="link" onClick={open}>Keep it as a credential</button>;
}

/** Empty the field at *pointer* of the open task. */
function empty(store: Store, pointer: string): void {
  for (const { pointer: other, slot } of walk(store.task.root!))
    if (other === pointer) Object.assign(slot, { text: "", raw: null, on: false });
  store.task.changed(pointer);
}
