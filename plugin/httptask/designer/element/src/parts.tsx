// The request in parts, as the server tells them: each coloured value leads to its field.
import { MASK, segments } from "./json";
import { maskerOf } from "./masker";
import { URL_POINTER } from "./secrets";
import type { Store } from "./store";
import type { PreviewPart } from "./types";

const TITLES = { typed: "typed here", wired: "from an expression", missing: "not filled in yet" };

/** What hides the secrets that were typed into the open task. */
export function masking(store: Store): (text: string, pointer?: string) => string {
  const secret = new Set(store.task.secretsHere());
  const mask = maskerOf(store.tests.secrets(store.task.value()));
  return (text, pointer) => (pointer !== undefined && pointer !== URL_POINTER && secret.has(pointer) ? MASK : mask(text));
}

export function Parts({ parts, store }: { parts: PreviewPart[]; store: Store }) {
  const shown = masking(store);
  return (
    <>
      {parts.map(({ text, pointer, state }, index) => (state === undefined ? <span key={index}>{text}</span> : (
        <button key={index} type="button" class={`part-${state}`} title={`${segments(pointer!).at(-1)}: ${TITLES[state]}`} onClick={() => store.goTo(pointer!)}>{shown(text, pointer) || "\u200b"}</button>
      )))}
    </>
  );
}
