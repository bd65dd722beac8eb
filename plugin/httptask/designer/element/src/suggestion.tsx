// Offers a pagination that the server derives from an endpoint's description; nothing switches it on but the user.
import { dump, load } from "./slots";
import { Note, useUi } from "./ui";
import type { SuggestedPagination } from "./types";

/** *suggestion*, and the button that puts it into the task; nothing if the task has a pagination. */
export function PagesOffered({ suggestion }: { suggestion?: SuggestedPagination }) {
  const { store } = useUi();
  const slot = store.task.root?.kids.find(({ field }) => field.name === "pagination");
  if (!suggestion || !slot || dump(slot) !== undefined) return null;
  const { setting, sentence, confirmed, reason } = suggestion;
  const take = () => {
    Object.assign(slot, load(slot.field, setting), { key: slot.key });
    store.focusWanted = "f-/pagination";
    store.task.changed("/pagination");
    store.task.redraw();
    store.say("A run reads all pages now. Not saved yet.");
  };
  const verdict = confirmed === undefined ? "" : confirmed ? ": confirmed" : ": not confirmed";
  return (
    <Note kind={confirmed === false ? "warning" : "info"} title={`This list has pages${verdict}`}>
      <p>{sentence}{reason && `; ${reason}`}.</p>
      <div class="row actions"><button onClick={take}>Read all pages</button></div>
    </Note>
  );
}
