// After a response that refuses a credential, or asks for one: what to do about it, each one click away.
import type { Store } from "./store";
import { type CredentialWish, namesIn, slotOf } from "./task-credentials";
import type { Ending } from "./types";
import { Note } from "./ui";

/** Whether *ending* has a way on to offer. */
export const isRefused = (ending: Ending, store: Store): boolean => !!ending.authorisation && store.task.root !== null;

const SCHEMES: Record<string, string> = { basic: "Basic", digest: "Digest", bearer: "Bearer" };

const title = (names: string[], { status }: Ending): string =>
  !names.length ? (status === 403 ? "The server refuses this without a credential" : "The server asks for a credential")
  : status === 403 ? `${names.join(" and ")} may not do this` : `The server does not accept ${names.join(" and ")}`;

/** What a 401 or a 403 means for the task: it names no credential, or one that is refused. */
export function Refused({ ending, store }: { ending: Ending; store: Store }) {
  const names = namesIn(slotOf(store));
  const { challenges } = ending.authorisation!;
  const asked = challenges.map((each) => SCHEMES[each] ?? each).join(" or ");
  return (
    <Note kind="warning" title={title(names, ending)}>
      {asked && <span>It asks for {asked}. </span>}
      <div class="row actions"><WayOn ending={ending} store={store} /></div>
    </Note>
  );
}

/** The buttons. */
export function WayOn({ ending, store }: { ending: Ending; store: Store }) {
  const { type, origin } = ending.authorisation!;
  const names = namesIn(slotOf(store));
  const open = (wish: Partial<CredentialWish>) => {
    store.credentialWish = { name: "", index: 0, type, origin, ...wish };
    store.update();
  };
  const choose = () => { store.focusWanted = "f-/credentials"; store.update(); };
  return (
    <>
      {names.map((name, index) => {
        const known = store.credentials.find((each) => each.name === name);
        if (known && !known.writable) return <span key={name}>{name} stands in the environment of the designer’s server: change it there.</span>;
        const act = !known ? "Make" : known.connects ? "Connect" : "Edit";
        return <button key={name} type="button" onClick={() => open({ name, index })}>{act} {name}{known?.token && known.connects ? " again" : ""}</button>;
      })}
      {names.every((name) => store.credentials.some((each) => each.name === name)) &&
        <button type="button" onClick={() => open({})}>{names.length ? "Make another credential" : "Make a credential"}</button>}
      {store.credentials.length > 0 && <button type="button" class="quiet" onClick={choose}>{names.length ? "Choose another" : "Choose one"}</button>}
    </>
  );
}
