// The dialog for credentials: create one for the endpoint's security schemes, connect, test, move, delete.
// Secrets are sent to the server; the server never sends them back.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type ConsentRequest, type Credential, type CredentialDraft, failureOf, type HeldToken, type Scheme } from "./api";
import { Consent } from "./consent";
import { CONSENT_URLS, listed, Row, SchemeFields } from "./credential-fields";
import { type JsonObject, same } from "./json";
import type { CredentialWish } from "./task-credentials";
import type { Failure } from "./types";
import { ActingSelect, Failed, IconButton, Note, typed, useModal, useUi } from "./ui";

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

/**
 * The name of the credential that has the values of *wish*, after *draft* was saved as *name*; null if none has. *kept* is the one that
 * had them before. A field that is left out keeps its value on the server, another value replaces it.
 */
export function keptAfter(kept: string | null, draft: CredentialDraft, name: string, wish: CredentialWish): string | null {
  if (isKeptBy(draft, wish)) return name;
  const { type, fields, isNew } = draft;
  const isReplaced = isNew || type !== wish.type
    || Object.entries(wish.fields ?? {}).some(([field, value]) => fields[field] !== undefined && !same(fields[field], value));
  return kept === name && isReplaced ? null : kept;
}

/** What the form has once *sent* was saved as *saved*: also what was typed into it meanwhile, which *current* has. */
export function afterSave(sent: CredentialDraft, saved: CredentialDraft, current: CredentialDraft | null): CredentialDraft {
  if (!current || current === sent) return saved;
  if (current.name !== sent.name) return current; // another credential is open by now
  if (current.type !== sent.type) return { ...current, isNew: false };
  const typedFields = Object.entries(current.fields).filter(([name, value]) => !same(value, sent.fields[name]));
  const { origins } = same(current.origins, sent.origins) ? saved : current;
  return { ...saved, origins, fields: { ...saved.fields, ...Object.fromEntries(typedFields) } };
}

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
  /** The fields of the types that were chosen before, by type: a walk through the types with the arrow keys empties none. */
  const leftFields = useRef<Record<string, JsonObject>>({});

  /** A new credential of the type that was asked for, else of the type that fits the endpoint best. */
  const blank = (from: Offer): CredentialDraft => {
    leftFields.current = {};
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
  const open = (name: string) => attempt(async () => {
    const opened = { ...(await api.credential(name)), isNew: false };
    leftFields.current = {};
    setDraft(opened);
  });
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
    const sent = draft!;
    const saved = { ...(await api.saveCredential(sent)), isNew: false };
    keptAs.current = keptAfter(keptAs.current, sent, saved.name, wish);
    setDraft((current) => afterSave(sent, saved, current));
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
    setDraft((current) => current && (current.name === name ? { ...current, token: result.token ?? current.token } : current));
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
    const hasSecret = keptAs.current === name && type === wish.type;
    if (hasSecret) wish.onUsed?.();
    onUse(name);
    if (wish.onUsed && !hasSecret) store.say(`The secret stays in its field: “${name}” has another one.`);
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
  const stores = draft && [...new Set([...(offer?.stores ?? []), draft.source])].map((source) => (
    <option key={source} value={source}>{PLACES[source]}</option>
  ));
  const disabled = busy || !!consent;
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
                    const { prefill, schema } = offer.schemes.find((candidate) => candidate.type === type)!;
                    const wished = Object.entries(wish.fields ?? {}).filter(([name]) => Object.hasOwn(schema.properties ?? {}, name));
                    leftFields.current[draft.type] = draft.fields;
                    const fields = leftFields.current[type] ?? { ...prefill, ...Object.fromEntries(wished) };
                    set({ type, fields, secrets: [] });
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
                {draft.isNew
                  ? <select id="c-store" value={draft.source} disabled={disabled} onChange={typed((source) => set({ source }))}>{stores}</select>
                  : (
                    <ActingSelect id="c-store" value={draft.source} disabled={disabled} does="moves it" act={(source) => void move(source)}>
                      {stores}
                    </ActingSelect>
                  )}
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
