// The request in the parts the server returns: plain text, and coloured values that are links to their fields.
import { MASK, segments } from "./json";
import { maskerOf } from "./masker";
import { URL_POINTER } from "./secrets";
import type { Store } from "./store";
import type { PreviewPart } from "./types";

const TITLES = { typed: "typed here", wired: "from an expression", missing: "not filled in yet" };

/**
 * Return a function that masks the secrets typed into the open task. A text from the pointer of a secret is masked whole;
 * the URL never is, because only parts of it are secret.
 */
export function masking(store: Store): (text: string, pointer?: string) => string {
  const secretPointers = new Set(store.task.secretsHere());
  const mask = maskerOf(store.tests.secrets(store.task.value()));
  return (text, pointer) => {
    const isSecret = pointer !== undefined && pointer !== URL_POINTER && secretPointers.has(pointer);
    return isSecret ? MASK : mask(text);
  };
}

/** *parts* of a request, secrets masked. */
export function Parts({ parts, store }: { parts: PreviewPart[]; store: Store }) {
  const masked = masking(store);
  return (
    <>
      {parts.map(({ text, pointer, state }, index) => {
        if (state === undefined) return <span key={index}>{text}</span>;
        return (
          <button
            key={index} type="button" class={`part-${state}`} title={`${segments(pointer!).at(-1)}: ${TITLES[state]}`}
            onClick={() => store.goTo(pointer!)}
          >
            {masked(text, pointer) || "\u200b"}
          </button>
        );
      })}
    </>
  );
}
