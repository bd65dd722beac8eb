// The pages that an endpoint's description lets one expect: offered, and never switched on by itself.
import { dump, load } from "./slots";
import { Note, useUi } from "./ui";
import type { SuggestedPagination } from "./types";

/** *suggestion* with the button that takes it; nothing where the task has a pagination. */
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
  return (
    <Note kind={confirmed === false ? "warning" : "info"} title={`This list has pages${confirmed === undefined ? "" : confirmed ? ": confirmed" : ": not confirmed"}`}>
      <p>{sentence}{reason && `; ${reason}`}.</p>
      <div class="row actions"><button onClick={take}>Read all pages</button></div>
    </Note>
  );
}
