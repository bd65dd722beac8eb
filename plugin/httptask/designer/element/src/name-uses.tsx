// Who uses the name of a task, shown before it is changed or goes away.
import { useLayoutEffect, useState } from "preact/hooks";
import { failureOf } from "./api";
import { removeTask } from "./removal";
import { useUi } from "./ui";
import { type Use, usesOf } from "./uses";

const MOST_SHOWN = 12;

const UseList = ({ uses }: { uses: Use[] }) => (
  <ul>
    {uses.slice(0, MOST_SHOWN).map(({ task, field, isDoubtful }) => (
      <li key={`${task} ${field}`}>{task === null ? "the start of the workflow" : <>{task}: {field}</>}{isDoubtful && " (perhaps: look at it yourself)"}</li>
    ))}
    {uses.length > MOST_SHOWN && <li>and {uses.length - MOST_SHOWN} more</li>}
  </ul>
);

export function NameUses({ name }: { name: string }) {
  const { store } = useUi();
  const [uses, setUses] = useState<Use[] | null>(null);
  const [failure, setFailure] = useState("");
  useLayoutEffect(() => {
    let gone = false;
    usesOf(store, name).then((found) => gone || setUses(found), (error: unknown) => gone || setFailure(failureOf(error).title));
    return () => { gone = true; };
  }, [name]);
  return (
    <div class="name-uses" id="name-uses">
      {failure || (!uses ? "Looking who uses this name …" : !uses.length ? "Nothing uses this name." : <>A new name is written where this one is used:<UseList uses={uses} /></>)}
    </div>
  );
}

export function Removal() {
  const { store, focus } = useUi();
  const { name, uses } = store.workflow.removal!;
  const close = () => { store.workflow.removal = null; store.update(); };
  return (
    <section class="note warning" aria-label={`Remove ${name}?`} onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); close(); } }}>
      <div class="note-text">
        <strong>“{name}” is used by</strong>
        <UseList uses={uses} />
        <div class="row">
          <button id="remove-anyway" class="danger" onClick={() => { close(); void removeTask(store, name); }}>Remove it all the same</button>
          <button onClick={() => { close(); focus("remove-task"); }}>Keep it</button>
        </div>
      </div>
    </section>
  );
}
