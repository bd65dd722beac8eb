// A secret in a pasted request. The server can keep it as a credential; it never returns the secret afterwards.
import { useState } from "preact/hooks";
import { failureOf, type PastedCredential } from "./api";
import type { Failure } from "./types";
import { Failed, typed, useUi } from "./ui";

/** Asks for a name for *credential*, reports each name typed with *onName*, and keeps the secret with *keep*. */
export function KeepCredential({ credential, keep, onName }: {
  credential: PastedCredential; keep: (name: string) => Promise<unknown>; onName: (name: string) => void;
}) {
  const { store } = useUi();
  const [name, setName] = useState(credential.name);
  const [isKept, setKept] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const isTaken = store.credentials.some((existing) => existing.name === name);
  const id = `keep-${credential.name}`;
  const submit = async () => {
    if (busy || isTaken || !name.trim()) return;
    setBusy(true);
    setFailure(null);
    try {
      await keep(name);
      setKept(true);
      await store.loadCredentials();
    } catch (error) {
      setFailure(failureOf(error));
    }
    setBusy(false);
  };
  if (isKept) return <p role="status">Kept as the credential <strong>{name}</strong>; the task holds only its name.</p>;
  return (
    <div class="union" role="group" aria-label={`Secret for ${credential.name}`}>
      <p>A secret ({credential.scheme}) for {credential.origins.join(", ") || "any server"} is not saved in the task, which names a credential:</p>
      <input
        id={id} class="code" aria-label="Name of the credential" value={name} aria-describedby={`${id}-hint`}
        onInput={typed((newName) => { setName(newName); onName(newName.trim() || credential.name); })}
        onKeyDown={(event) => { if (event.key === "Enter") { event.preventDefault(); void submit(); } }}
      />
      <p id={`${id}-hint`} class="hint">
        {isTaken
          ? "One of this name is there: the task uses it, and the pasted secret is dropped. Another name keeps both."
          : "Not kept yet: without it the request asks for a credential."}
      </p>
      <div>
        <button type="button" disabled={busy || isTaken || !name.trim()} onClick={() => void submit()}>Keep it as a credential</button>
      </div>
      {failure && <Failed failure={failure} />}
    </div>
  );
}
