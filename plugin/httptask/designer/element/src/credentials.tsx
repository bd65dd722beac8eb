// The dialog for credentials: create one for the endpoint's security schemes, connect, test, move, delete.
// Secrets are sent to the server; the server never sends them back.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type ConsentRequest, type Credential, type CredentialDraft, failureOf, type HeldToken, type Scheme } from "./api";
import { Consent } from "./consent";
import { CONSENT_URLS, listed, Row, SchemeFields } from "./credential-fields";
import { same } from "./json";
import type { CredentialWish } from "./task-credentials";
import type { Failure } from "./types";
import { Failed, IconButton, Note, typed, useModal, useUi } from "./ui";

/** How often the server is asked whether a consent was given, in milliseconds. */
const POLL_EVERY = 500;
/** The name of each store on the screen. */
const PLACES: Record<string, string> = { file: "a file of its owner’s", keyring: "the system keyring" };

/** What the server offers for a new credential. */
interface Offer { schemes: Scheme[]; origins: string[]; stores: string[] }
/** The result of the last action, for the user. */
interface Message { kind: "error" | "info"; title: string; text?: string }

/** Whether *draft* is a new credential of the type and with the values of *wish*, so that what they were taken from may go. */
export const isKeptBy = ({ type, fields, isNew }: CredentialDraft, wish: CredentialWish): boolean =>
  isNew && type === wish.type && Object.entries(wish.fields ?? {}).every(([name, value]) => same(fields[name], value));

/** The dialog while it is open. *onUse* gets the name of the credential that the task shall use. */
export function Credentials({ wish, onUse, onClose }: {
  wish: CredentialWish; onUse: (name: string) => void; onClose: () => void;
}) {
  const { store } = useUi();
  const { api } = store;
  const endpoint = store.task.endpoint?.item.id;
  const dialog = useModal();
  const [offer, setOffer] = useState<Offer | null>(null);
  const [draft, setDraft] = useState<CredentialDraft | null>(null);
  const [message, setMessage] = useState<Message | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  /** The consent that the server waits for. */
  const [consent, setConsent] = useState<ConsentRequest | null>(null);
  const [busy, setBusy] = useState(false);

  /** A new credential of the type that was asked for, else of the type that fits the endpoint best. */
  const blank = (from: Offer): CredentialDraft => {
    // Several types may fit: an OAuth 2 endpoint also takes a bearer token. The type with prefilled fields is the documented one.
    const fitting = from.schemes.filter(({ fits }) => fits);
    const wanted = from.schemes.find(({ type }) => type === wish.type);
    const scheme = wanted ?? fitting.find(({ prefill }) => Object.keys(prefill).length) ?? fitting[0] ?? from.schemes[0]!;
    const origins = from.origins.length ? from.origins : wish.origin ? [wish.origin] : [];
    return { name: "", type: scheme.type, fields: { ...scheme.prefill, ...wish.fields }, origins, secrets: [], source: from.stores[0]!, isNew: true };
  };
  const focused = () => (dialog.current!.getRootNode() as Document | ShadowRoot).activeElement as HTMLElement | null;
  /** The button that started the work under way. */
  const pressed = useRef<HTMLElement | null>(null);
  // A button loses the focus when it is disabled while it works; without a focus the dialog would not hear its keys.
  useLayoutEffect(() => {
    if (busy || !dialog.current!.open || dialog.current!.contains(focused())) return;
    (pressed.current?.isConnected ? pressed.current : dialog.current!.querySelector("input"))?.focus();
  }, [busy]);
  /** Do *work* with the buttons disabled, and show its failure. */
  const attempt = async (work: () => Promise<void>) => {
    pressed.current = focused();
    setBusy(true);
    setFailure(null);
    setMessage(null);
    try {
      await work();
    } catch (error) {
      setFailure(failureOf(error));
    }
    setBusy(false);
  };
  const open = (name: string) => attempt(async () => setDraft({ ...(await api.credential(name)), isNew: false }));
  useLayoutEffect(() => {
    void attempt(async () => {
      const from = await api.schemes(endpoint);
      setOffer(from);
      const existing = store.credentials.find(({ name }) => name === wish.name);
      // A read-only credential, from an environment variable say, takes precedence: a new one needs another name.
      if (existing?.writable) await open(wish.name);
      else setDraft({ ...blank(from), name: existing ? "" : wish.name });
    });
  }, []);
  useLayoutEffect(() => {
    if (!consent) return;
    const ended = ({ state, message: reason, token }: Awaited<ReturnType<typeof api.consent>>) => {
      if (state === "waiting" || state === "finishing") return;
      setConsent(null);
      setMessage(state === "connected"
        ? { kind: "info", title: "Connected", text: lifeOf(token) }
        : { kind: "error", title: "Not connected", text: reason });
      if (draft) setDraft({ ...draft, token });
      void store.loadCredentials();
    };
    const failed = (error: unknown) => {
      setConsent(null);
      setFailure(failureOf(error));
    };
    const timer = setInterval(() => void api.consent(consent.id).then(ended, failed), POLL_EVERY);
    return () => clearInterval(timer);
  }, [consent]);

  /** The name of the credential that was saved with the values of the wish. */
  const keptAs = useRef<string | null>(null);
  const save = async (): Promise<CredentialDraft> => {
    const saved = { ...(await api.saveCredential(draft!)), isNew: false };
    if (isKeptBy(draft!, wish)) keptAs.current = saved.name;
    setDraft(saved);
    await store.loadCredentials();
    return saved;
  };
  const connect = () => attempt(async () => {
    const { name } = await save();
    const asked = await api.askConsent(name, endpoint);
    setConsent(asked);
    if (!asked.userCode) window.open(asked.url, "_blank", "noopener"); // a user code can be entered on another device
  });
  const test = () => attempt(async () => {
    const { name, origins, type } = await save();
    // The test sends a GET: to the endpoint where that is one, else to the origin. For OAuth 2 a token is requested.
    const target = store.task.endpoint?.item.method === "GET" ? { endpoint } : { url: origins[0] && `${origins[0]}/` };
    const result = await api.testCredential(name, type === "oauth2" ? {} : target);
    setMessage(result.accepted
      ? { kind: "info", title: "Tested", text: result.message }
      : { kind: "error", title: "The test failed", text: result.message });
    setDraft((current) => current && { ...current, token: result.token ?? current.token });
  });
  const move = (source: string) => attempt(async () => {
    const { name } = draft!;
    await api.moveCredential(name, source);
    setDraft((current) => current && { ...current, source });
    setMessage({ kind: "info", title: "Moved", text: `${name} is in ${PLACES[source]} now.` });
    await store.loadCredentials();
  });
  const remove = () => attempt(async () => {
    await api.removeCredential(draft!.name);
    await store.loadCredentials();
    setDraft(blank(offer!));
  });
  const saveAndUse = () => attempt(async () => {
    const { name, type } = await save();
    if (keptAs.current === name && type === wish.type) wish.onUsed?.();
    onUse(name);
    onClose();
  });
  const dropConsent = () => {
    if (consent) void api.cancelConsent(consent.id).catch(() => {});
    setConsent(null);
  };
  const cancel = () => {
    dropConsent();
    setMessage({ kind: "info", title: "Cancelled", text: "Nobody is asked for consent any more." });
  };
  const close = () => {
    dropConsent();
    onClose();
  };
  const openNew = () => {
    dropConsent();
    setMessage(null);
    setFailure(null);
    setDraft(blank(offer!));
  };
  const scheme = offer?.schemes.find(({ type }) => type === draft?.type);
  const set = (change: Partial<CredentialDraft>) => setDraft({ ...draft!, ...change });
  return (
    <dialog
      class="credentials" ref={dialog} aria-label="Credentials"
      onCancel={(event) => { event.preventDefault(); close(); }} onKeyDown={(event) => event.stopPropagation()}
    >
      <nav class="side" aria-label="All credentials">
        <div class="row between">
          <h2>Credentials</h2>
          <IconButton icon="plus" label="New credential" onClick={openNew} disabled={!offer} />
        </div>
        <ul>
          {store.credentials.map((credential) => (
            <li key={credential.name}>
              <Entry
                item={credential} chosen={!draft?.isNew && draft?.name === credential.name}
                onOpen={() => { dropConsent(); void open(credential.name); }}
              />
            </li>
          ))}
        </ul>
        {!store.credentials.length && <p class="muted small">None yet: fill in the form, then save it.</p>}
        <p class="hint">A task holds a credential’s name. Its value stays on this machine and is never shown again.</p>
      </nav>
      <form class="main" onSubmit={(event) => { event.preventDefault(); void saveAndUse(); }}>
        <div class="scroll fields">
          {failure && <Failed failure={failure} />}
          {draft && offer && scheme && (
            <>
              <Row label="Name" id="c-name">
                <input
                  id="c-name" class="code" value={draft.name} disabled={!draft.isNew} aria-required="true"
                  onInput={typed((name) => set({ name }))}
                />
              </Row>
              <Row label="Type" id="c-type">
                <select
                  id="c-type" value={draft.type}
                  onChange={typed((type) => {
                    const { prefill } = offer.schemes.find((candidate) => candidate.type === type)!;
                    set({ type, fields: { ...prefill, ...(draft.type === wish.type && wish.fields) }, secrets: [] });
                  })}
                >
                  {offer.schemes.map(({ type, fits }) => (
                    <option key={type} value={type}>{type}{fits ? " (what the endpoint asks for)" : ""}</option>
                  ))}
                </select>
              </Row>
              <SchemeFields key={draft.type} scheme={scheme} draft={draft} onChange={(fields) => set({ fields })} />
              <Row label="Send it only to" id="c-origins">
                <input
                  id="c-origins" class="code" placeholder="https://api.example.com" value={draft.origins.join(", ")}
                  onChange={typed((text) => set({ origins: listed(text) }))}
                />
                <span class="hint">
                  {draft.origins.length ? "Any other origin, a redirect too, is asked without it." : "Without an origin it may be sent anywhere."}
                </span>
              </Row>
              <Row label="Keep it in" id="c-store">
                <select
                  id="c-store" value={draft.source} disabled={busy || !!consent}
                  onChange={typed((source) => (draft.isNew ? set({ source }) : void move(source)))}
                >
                  {[...new Set([...offer.stores, draft.source])].map((source) => <option key={source} value={source}>{PLACES[source]}</option>)}
                </select>
                {!draft.isNew && offer.stores.length > 1 && <span class="hint">Choose another, and the server moves it, with its secrets.</span>}
              </Row>
              {consent && <Consent asked={consent} store={store} onCancel={cancel} />}
              {draft.token && !message && !consent && <Note kind="info" title="Connected">{lifeOf(draft.token)}</Note>}
              {message && <div role="status"><Note kind={message.kind} title={message.title}>{message.text}</Note></div>}
            </>
          )}
        </div>
        <div class="row foot">
          {draft && !draft.isNew && <button type="button" class="quiet" onClick={() => void remove()}>Delete</button>}
          <span class="grow" />
          <button type="button" class="quiet" onClick={close}>Close <kbd>Esc</kbd></button>
          {draft && String(draft.fields.grant) in CONSENT_URLS && (
            <button type="button" disabled={busy || !draft.name || !!consent} onClick={() => void connect()}>
              {draft.token ? "Connect again" : "Connect"}
            </button>
          )}
          {draft && <button type="button" disabled={busy || !draft.name} onClick={() => void test()}>Test</button>}
          <button class="primary" disabled={busy || !draft?.name}>Save and use in this task</button>
        </div>
      </form>
    </dialog>
  );
}

/** A credential in the list at the left. */
const Entry = ({ item, chosen, onOpen }: { item: Credential; chosen: boolean; onOpen: () => void }) => (
  <button type="button" class="quiet entry" aria-current={chosen} disabled={!item.writable} onClick={onOpen}>
    <strong>{item.name}</strong>
    <span class="hint">{item.kind}, {item.source}{item.warnings ? ", any origin" : ""}{item.token ? `, ${lifeOf(item.token)}` : ""}</span>
  </button>
);

/** How long *token* is valid, in words; "" without a token. */
function lifeOf(token?: HeldToken): string {
  if (!token) return "";
  if (!token.expiresAt) return "token held";
  const until = new Date(token.expiresAt).toLocaleString();
  return `token ${token.expired ? "expired" : "good until"} ${until}${token.refreshes ? ", then refreshed by itself" : ""}`;
}
