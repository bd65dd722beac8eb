// Credentials: made for what the endpoint describes, connected, tested. A secret goes to the server and never comes back.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Asked, type Credential, type CredentialDraft, failureOf, type HeldToken, type Scheme } from "./api";
import { Consent } from "./consent";
import { ASKS, listed, Row, SchemeFields } from "./credential-fields";
import { useModal } from "./modal";
import type { CredentialWish } from "./task-credentials";
import type { Failure } from "./types";
import { Failed, IconButton, Note, typed, useUi } from "./ui";

const LOOK_AGAIN = 500;
/** The stores, as a person calls them. */
const PLACES: Record<string, string> = { file: "a file of its owner’s", keyring: "the system keyring" };

interface Offer { schemes: Scheme[]; origins: string[]; stores: string[] }
interface Said { kind: "error" | "info"; title: string; text?: string }

/** The dialog, while it is open; *onUse* takes the name of the credential that the task is to have. */
export function Credentials({ wish, onUse, onClose }: { wish: CredentialWish; onUse: (name: string) => void; onClose: () => void }) {
  const { store } = useUi();
  const { api } = store;
  const endpoint = store.task.endpoint?.item.id;
  const dialog = useModal();
  const [offer, setOffer] = useState<Offer | null>(null);
  const [draft, setDraft] = useState<CredentialDraft | null>(null);
  const [said, setSaid] = useState<Said | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [consent, setConsent] = useState<Asked | null>(null);
  const [busy, setBusy] = useState(false);

  const fresh = (from: Offer): CredentialDraft => {
    // A token of one's own fits OAuth 2, too; what the description says more of is what it means.
    const fitting = from.schemes.filter(({ fits }) => fits);
    const asked = from.schemes.find(({ type }) => type === wish.type);
    const scheme = asked ?? fitting.find(({ prefill }) => Object.keys(prefill).length) ?? fitting[0] ?? from.schemes[0]!;
    return { name: "", type: scheme.type, fields: { ...scheme.prefill }, origins: from.origins.length ? from.origins : wish.origin ? [wish.origin] : [], secrets: [], source: from.stores[0]!, isNew: true };
  };
  const focused = () => (dialog.current!.getRootNode() as Document | ShadowRoot).activeElement as HTMLElement | null;
  const pressed = useRef<HTMLElement | null>(null);
  // A button that is disabled while it works loses the focus, and with it the keys of the dialog.
  useLayoutEffect(() => {
    if (busy || !dialog.current!.open || dialog.current!.contains(focused())) return;
    (pressed.current?.isConnected ? pressed.current : dialog.current!.querySelector("input"))?.focus();
  }, [busy]);
  const attempt = async (work: () => Promise<void>) => {
    pressed.current = focused();
    setBusy(true);
    setFailure(null);
    setSaid(null);
    try { await work(); } catch (error) { setFailure(failureOf(error)); }
    setBusy(false);
  };
  const open = (name: string) => attempt(async () => setDraft({ ...(await api.credential(name)), isNew: false }));
  useLayoutEffect(() => {
    void attempt(async () => {
      const from = await api.schemes(endpoint);
      setOffer(from);
      const known = store.credentials.find(({ name }) => name === wish.name);
      // One of the environment goes before one of its name here.
      if (known?.writable) await open(wish.name); else setDraft({ ...fresh(from), name: known ? "" : wish.name });
    });
  }, []);
  useLayoutEffect(() => {
    if (!consent) return;
    const timer = setInterval(() => void api.consent(consent.id).then(({ state, message, token }) => {
      if (state === "waiting" || state === "finishing") return;
      setConsent(null);
      setSaid(state === "connected" ? { kind: "info", title: "Connected", text: lifeOf(token) } : { kind: "error", title: "Not connected", text: message });
      if (draft) setDraft({ ...draft, token });
      void store.loadCredentials();
    }, (error: unknown) => { setConsent(null); setFailure(failureOf(error)); }), LOOK_AGAIN);
    return () => clearInterval(timer);
  }, [consent]);

  const save = async (): Promise<CredentialDraft> => {
    const saved = { ...(await api.saveCredential(draft!)), isNew: false };
    setDraft(saved);
    await store.loadCredentials();
    return saved;
  };
  const connect = () => attempt(async () => {
    const { name } = await save();
    const asked = await api.askConsent(name, endpoint);
    setConsent(asked);
    if (!asked.userCode) window.open(asked.url, "_blank", "noopener"); // a code is entered on any device
  });
  const test = () => attempt(async () => {
    const { name, origins, type } = await save();
    const harmless = store.task.endpoint?.item.method === "GET" ? { endpoint } : { url: origins[0] && `${origins[0]}/` };
    const told = await api.testCredential(name, type === "oauth2" ? {} : harmless);
    setSaid({ kind: told.accepted ? "info" : "error", title: told.accepted ? "Tested" : "The test failed", text: told.message });
    setDraft((now) => now && { ...now, token: told.token ?? now.token });
  });
  const move = (source: string) => attempt(async () => {
    const { name } = draft!;
    await api.moveCredential(name, source);
    setDraft((now) => now && { ...now, source });
    setSaid({ kind: "info", title: "Moved", text: `${name} is in ${PLACES[source]} now.` });
    await store.loadCredentials();
  });
  const forget = () => { if (consent) void api.cancelConsent(consent.id).catch(() => {}); setConsent(null); };
  const cancel = () => { forget(); setSaid({ kind: "info", title: "Cancelled", text: "Nobody is asked for consent any more." }); };
  const close = () => { forget(); onClose(); };
  const scheme = offer?.schemes.find(({ type }) => type === draft?.type);
  const set = (change: Partial<CredentialDraft>) => setDraft({ ...draft!, ...change });
  return (
    <dialog class="credentials" ref={dialog} aria-label="Credentials" onCancel={(event) => { event.preventDefault(); close(); }} onKeyDown={(event) => event.stopPropagation()}>
      <nav class="side" aria-label="All credentials">
        <div class="row between"><h2>Credentials</h2><IconButton icon="plus" label="New credential" onClick={() => { forget(); setSaid(null); setFailure(null); setDraft(fresh(offer!)); }} disabled={!offer} /></div>
        <ul>{store.credentials.map((each) => <li key={each.name}><Entry item={each} chosen={!draft?.isNew && draft?.name === each.name} onOpen={() => { forget(); void open(each.name); }} /></li>)}</ul>
        <p class="hint">A task holds a credential’s name. Its value stays on this machine and is never shown again.</p>
      </nav>
      <form class="main" onSubmit={(event) => { event.preventDefault(); void attempt(async () => { const { name } = await save(); onUse(name); onClose(); }); }}>
        <div class="scroll fields">
          {failure && <Failed failure={failure} />}
          {draft && offer && scheme && (
            <>
              <Row label="Name" id="c-name"><input id="c-name" class="code" value={draft.name} disabled={!draft.isNew} aria-required="true" onInput={typed((name) => set({ name }))} /></Row>
              <Row label="Type" id="c-type">
                <select id="c-type" value={draft.type} onChange={typed((type) => set({ type, fields: { ...offer.schemes.find((each) => each.type === type)!.prefill }, secrets: [] }))}>
                  {offer.schemes.map((each) => <option key={each.type} value={each.type}>{each.type}{each.fits ? " (what the endpoint asks for)" : ""}</option>)}
                </select>
              </Row>
              <SchemeFields key={draft.type} scheme={scheme} draft={draft} onChange={(fields) => set({ fields })} />
              <Row label="Send it only to" id="c-origins">
                <input id="c-origins" class="code" placeholder="https://api.example.com" value={draft.origins.join(", ")} onChange={typed((text) => set({ origins: listed(text) }))} />
                <span class="hint">{draft.origins.length ? "Any other origin, a redirect too, is asked without it." : "Without an origin it may be sent anywhere."}</span>
              </Row>
              <Row label="Keep it in" id="c-store">
                <select id="c-store" value={draft.source} disabled={busy || !!consent} onChange={typed((source) => (draft.isNew ? set({ source }) : void move(source)))}>
                  {[...new Set([...offer.stores, draft.source])].map((each) => <option key={each} value={each}>{PLACES[each]}</option>)}
                </select>
                {!draft.isNew && offer.stores.length > 1 && <span class="hint">Choose another, and the server moves it, with its secrets.</span>}
              </Row>
              {consent && <Consent asked={consent} store={store} onCancel={cancel} />}
              {draft.token && !said && !consent && <Note kind="info" title="Connected">{lifeOf(draft.token)}</Note>}
              {said && <div role="status"><Note kind={said.kind} title={said.title}>{said.text}</Note></div>}
            </>
          )}
        </div>
        <div class="row foot">
          {draft && !draft.isNew && <button type="button" class="quiet" onClick={() => void attempt(async () => { await api.removeCredential(draft.name); await store.loadCredentials(); setDraft(fresh(offer!)); })}>Delete</button>}
          <span class="grow" />
          <button type="button" class="quiet" onClick={close}>Close <kbd>Esc</kbd></button>
          {draft && String(draft.fields.grant) in ASKS && <button type="button" disabled={busy || !draft.name || !!consent} onClick={() => void connect()}>{draft.token ? "Connect again" : "Connect"}</button>}
          {draft && <button type="button" disabled={busy || !draft.name} onClick={() => void test()}>Test</button>}
          <button class="primary" disabled={busy || !draft?.name}>Save and use in this task</button>
        </div>
      </form>
    </dialog>
  );
}

const Entry = ({ item, chosen, onOpen }: { item: Credential; chosen: boolean; onOpen: () => void }) => (
  <button type="button" class="quiet entry" aria-current={chosen} disabled={!item.writable} onClick={onOpen}>
    <strong>{item.name}</strong>
    <span class="hint">{item.kind}, {item.source}{item.warnings ? ", any origin" : ""}{item.token ? `, ${lifeOf(item.token)}` : ""}</span>
  </button>
);

function lifeOf(token?: HeldToken): string {
  if (!token) return "";
  if (!token.expiresAt) return "token held";
  const until = new Date(token.expiresAt).toLocaleString();
  return `token ${token.expired ? "expired" : "good until"} ${until}${token.refreshes ? ", then refreshed by itself" : ""}`;
}
