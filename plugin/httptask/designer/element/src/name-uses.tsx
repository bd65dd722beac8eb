// The places that use a task's name, shown before the task is renamed or removed.
import { useLayoutEffect, useState } from "preact/hooks";
import { failureOf } from "./api";
import { removeTask } from "./removal";
import { useUi } from "./ui";
import { type Use, usesOf } from "./uses";

const MOST_SHOWN = 12;

const UseList = ({ uses }: { uses: Use[] }) => (
  <ul>
    {uses.slice(0, MOST_SHOWN).map(({ task, field, isDoubtful }) => (
      <li key={`${task} ${field}`}>
        {task === null ? "the start of the workflow" : <>{task}: {field}</>}
        {isDoubtful && " (perhaps: look at it yourself)"}
      </li>
    ))}
    {uses.length > MOST_SHOWN && <li>and {uses.length - MOST_SHOWN} more</li>}
  </ul>
);

/** The places that use the task *name*, shown while somebody edits that name. */
export function NameUses({ name }: { name: string }) {
  const { store } = useUi();
  const [uses, setUses] = useState<Use[] | null>(null);
  const [failure, setFailure] = useState("");
  useLayoutEffect(() => {
    let isUnmounted = false;
    usesOf(store, name).then(
      (answer) => isUnmounted || setUses(answer),
      (error: unknown) => isUnmounted || setFailure(failureOf(error).title),
    );
    return () => { isUnmounted = true; };
  }, [name]);
  const answer = () => {
    if (!uses) return "Looking who uses this name …";
    if (!uses.length) return "Nothing uses this name.";
    return <>A new name is written where this one is used:<UseList uses={uses} /></>;
  };
  return <div class="name-uses" id="name-uses">{failure || answer()}</div>;
}

/** Asks whether to remove a task although others use its answer. */
export function Removal() {
  const { store, focus } = useUi();
  const { name, uses } = store.workflow.removal!;
  const close = () => { store.workflow.removal = null; store.update(); };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  };
  return (
    <section class="note warning" aria-label={`Remove ${name}?`} onKeyDown={onKeyDown}>
      <div class="note-text">
        <strong>“{name}” is used by</strong>
        <UseList uses={uses} />
        <div class="row">
          <button id="remove-anyway" class="danger" onClick={() => { close(); void removeTask(store, name); }}>
            Remove it all the same
          </button>
          <button onClick={() => { close(); focus("remove-task"); }}>Keep it</button>
        </div>
      </div>
    </section>
  );
}
