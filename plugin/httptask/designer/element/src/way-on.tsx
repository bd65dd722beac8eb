// Buttons to go on after a response that refuses the credential or asks for one: make, edit, connect or choose a credential.
import type { Store } from "./store";
import { type CredentialWish, namesIn, slotOf } from "./task-credentials";
import type { Ending } from "./types";
import { Note } from "./ui";

/** Whether *ending* was refused for its authorisation, and the task's form is open to mend it. */
export const isRefused = (ending: Ending, store: Store): boolean => !!ending.authorisation && store.task.root !== null;

const SCHEMES: Record<string, string> = { basic: "Basic", digest: "Digest", bearer: "Bearer" };

/** What the status means for a task with the credentials *names*. */
function title(names: string[], { status }: Ending): string {
  const isForbidden = status === 403;
  if (!names.length) return isForbidden ? "The server refuses this without a credential" : "The server asks for a credential";
  const credentials = names.join(" and ");
  return isForbidden ? `${credentials} may not do this` : `The server does not accept ${credentials}`;
}

/** The meaning of a 401 or a 403 for the task, and what to do about it. */
export function Refused({ ending, store }: { ending: Ending; store: Store }) {
  const names = namesIn(slotOf(store));
  const { challenges } = ending.authorisation!;
  const schemes = challenges.map((challenge) => (Object.hasOwn(SCHEMES, challenge) ? SCHEMES[challenge] : challenge)).join(" or ");
  return (
    <Note kind="warning" title={title(names, ending)}>
      {schemes && <span>It asks for {schemes}. </span>}
      <div class="row actions"><WayOn ending={ending} store={store} /></div>
    </Note>
  );
}

/** A button for each credential of the task, and buttons to make or choose another one. */
export function WayOn({ ending, store }: { ending: Ending; store: Store }) {
  const { type, origin } = ending.authorisation!;
  const names = namesIn(slotOf(store));
  const open = (wish: Partial<CredentialWish>) => {
    store.credentialWish = { name: "", index: 0, type, origin, ...wish };
    store.update();
  };
  const choose = () => { store.focusWanted = "f-/credentials"; store.update(); };
  const find = (name: string) => store.credentials.find((credential) => credential.name === name);
  return (
    <>
      {names.map((name, index) => {
        const credential = find(name);
        if (credential && !credential.writable)
          return <span key={name}>{name} is in the environment of the designer’s server: change it there.</span>;
        const act = !credential ? "Make" : credential.connects ? "Connect" : "Edit";
        return (
          <button key={name} type="button" onClick={() => open({ name, index })}>
            {act} {name}{credential?.token && credential.connects ? " again" : ""}
          </button>
        );
      })}
      {names.every(find) && (
        <button type="button" onClick={() => open({})}>{names.length ? "Make another credential" : "Make a credential"}</button>
      )}
      {store.credentials.length > 0 && (
        <button type="button" class="quiet" onClick={choose}>{names.length ? "Choose another" : "Choose one"}</button>
      )}
    </>
  );
}
