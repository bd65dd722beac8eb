// The menu of a task in the list of tasks.
import { useState } from "preact/hooks";
import { failureOf } from "./api";
import { copyTo, duplicate } from "./duplicates";
import { typed, useUi } from "./ui";
import { titleIn } from "./workflow";

/** Duplicates the task *name*, or copies it to another workflow. */
export function TaskMenu({ name, onClose }: { name: string; onClose: () => void }) {
  const { store } = useUi();
  const workflows = store.config?.workflows ?? [];
  const others = workflows.filter(({ id }) => id !== store.workflow.id);
  const [target, setTarget] = useState(others[0]?.id ?? "");
  const act = async (work: Promise<void>) => {
    onClose();
    try {
      await work;
    } catch (error) {
      store.notice = { ...failureOf(error), title: `“${name}” was not copied` };
      store.update();
    }
  };
  return (
    <div class="task-menu" role="group" aria-label={`More for ${name}`}>
      <button id="duplicate" class="add" onClick={() => void act(duplicate(store, name))}>Duplicate</button>
      {others.length > 0 && (
        <div class="row">
          <select class="grow" aria-label={`Copy ${name} to`} value={target} onChange={typed(setTarget)}>
            {others.map((other) => <option key={other.id} value={other.id}>{titleIn(workflows, other)}</option>)}
          </select>
          <button class="add" onClick={() => void act(copyTo(store, name, target))}>Copy there</button>
        </div>
      )}
    </div>
  );
}
