// The name of the open task: to read, and to change.
import { useUi } from "./ui";

export function TaskTitle() {
  const { store } = useUi();
  const { name } = store.task;
  return (
    <input
      key={name} class="title" aria-label="Task name" defaultValue={name!} maxLength={80}
      onChange={({ currentTarget: input }) => void store.workflow.rename(input.value).then(() => { input.value = store.task.name ?? ""; })}
    />
  );
}
