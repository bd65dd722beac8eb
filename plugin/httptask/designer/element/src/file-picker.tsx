// The control of a field that holds a file: a new upload, a file of the folder of files, or one that an earlier task gives. A file
// inside a JSON body is put into the settings as base64.
import { useState } from "preact/hooks";
import { failureOf } from "./api";
import { bytes } from "./amounts";
import { jsonPath, type Step } from "./expression-text";
import type { FieldProps } from "./form-field";
import { defaultOf } from "./field-words";
import { isObject, type Json } from "./json";
import type { Store } from "./store";
import type { ScopeGroup, ScopeNode } from "./types";
import { ActingSelect, Icon, IconButton, useUi } from "./ui";

/** The largest file that is put into the settings, in bytes. */
const MOST_INLINE = 1_048_576;

type FileField = Pick<FieldProps, "slot" | "pointer" | "id" | "name" | "described" | "redraw">;

/** The name and the size of the file that *value* refers to; "" if it is no reference. */
function described(value: Json | undefined): string {
  const file = isObject(value ?? null) ? (value as { $file?: Json }).$file : undefined;
  if (!isObject(file ?? null)) return "";
  const { filename, name, path, size } = file as Record<string, Json | undefined>;
  const shown = filename ?? name ?? String(path ?? "in the settings").split("/").pop();
  return `${shown}${typeof size === "number" ? `, ${bytes(size)}` : ""}`;
}

/** The file in *slot*, with buttons to choose another and to empty the field. */
export function FilePicker({ slot, pointer, id, name, described: describedBy, redraw }: FileField) {
  const { store } = useUi();
  const [state, setState] = useState("");
  /** Base64 has four characters for three bytes. */
  const shown = typeof slot.value === "string"
    ? `${slot.text || "in the settings"}, ${bytes(Math.floor((slot.value.length * 3) / 4))}`
    : described(slot.value);
  const choose = async (file: File | undefined) => {
    if (!file) return;
    setState(`Reading ${file.name} …`);
    try {
      if (slot.field.encoding === "base64") {
        if (file.size > MOST_INLINE)
          throw new Error(`${file.name} has ${bytes(file.size)}: inside JSON at most ${bytes(MOST_INLINE)} can be sent.`);
        slot.value = await base64(file);
        slot.text = file.name;
      } else slot.value = await store.api.upload(file);
      setState("");
    } catch (error) {
      setState((error as Error).message);
    }
    redraw();
  };
  return (
    <div class="file">
      <label class="button">
        <Icon name="plus" /> {shown ? "Choose another" : "Choose a file"}
        <input
          type="file" id={id} class="hidden" aria-label={`File for ${name}`} aria-describedby={describedBy} accept={slot.field.accept}
          onChange={(event) => void choose(event.currentTarget.files?.[0])}
        />
      </label>
      {shown && <span class="file-name">{shown}</span>}
      {shown && (
        <IconButton
          icon="close" label={`Empty ${name}`} title="Empty"
          onClick={() => { slot.value = undefined; slot.text = ""; redraw(); }}
        />
      )}
      {!shown && !state && <span class="muted">{defaultOf(slot.field)}</span>}
      {state && <span class="muted" role="status">{state}</span>}
      <OtherFiles {...{ slot, pointer, id, name, redraw }} store={store} />
    </div>
  );
}

/** The files that need no upload: those of the folder of files, and what earlier tasks give. */
interface Others {
  items: { path: string; size: number }[];
  /** The folder has further files. */
  more?: true;
  tasks: { name: string; steps: Step[] }[];
}

const member = ({ nodes }: ScopeNode, name: string) => nodes?.find((node) => node.name === name);

/** Where the output of an earlier task is, or has, a file; null if it is not known to be one. */
function stepsToFile({ kind, path, task, ...output }: ScopeGroup, store: Store): Step[] | null {
  if (kind !== "task") return null;
  if (member(output, "$file")) return path;
  const body = member(output, "body");
  const tested = store.tests.answers.get(task!)?.ending;
  const wasFile = tested?.decodedAs === null && !!tested.size;
  return (body && member(body, "$file")) || wasFile ? [...path, "body"] : null;
}

/** Loads the other files when somebody asks for them, and takes the chosen one into *slot*. */
function OtherFiles({ slot, pointer, id, name, redraw, store }: Omit<FileField, "described"> & { store: Store }) {
  const { focus } = useUi();
  const [others, setOthers] = useState<Others | null>(null);
  const [problem, setProblem] = useState("");
  const look = async () => {
    try {
      const [files, scope] = await Promise.all([store.api.json<Omit<Others, "tasks">>("files"), store.expressions.scope(pointer)]);
      const tasks = scope.groups.flatMap((group) => {
        const steps = stepsToFile(group, store);
        return steps ? [{ name: group.task!, steps }] : [];
      });
      setOthers({ ...files, tasks });
      setProblem("");
      focus(`${id}-others`); // the list takes the place of the button
    } catch (error) {
      setProblem(failureOf(error).title);
    }
  };
  const take = (chosen: string) => {
    const [from, index] = [chosen[0], Number(chosen.slice(1))];
    if (!from) return;
    if (from === "t") store.expressions.wire(slot, pointer, jsonPath(others!.tasks[index]!.steps));
    else {
      const { path } = others!.items[index]!;
      slot.value = { $file: slot.field.encoding === "base64" ? { path, as: "base64" } : { path } };
      slot.on = true;
    }
    setOthers(null);
    redraw();
    focus(from === "t" ? id : `${id}-others`);
  };
  if (!others)
    return (
      <>
        <button id={`${id}-others`} class="quiet" onClick={() => void look()}>Other files …</button>
        {problem && <span class="problem error" role="alert">{problem}</span>}
      </>
    );
  const { items, tasks, more } = others;
  if (!items.length && !tasks.length)
    return (
      <span class="muted" role="status">
        {more ? "Among the first entries of the folder of files is no file to send" : "The folder of files is empty"}, and no earlier task
        gives a file. A file that you choose is put there when you save.
      </span>
    );
  return (
    <ActingSelect id={`${id}-others`} aria-label={`Other files for ${name}`} value="" does="takes it" act={take}>
      <option value="">Which file?</option>
      {tasks.length > 0 && (
        <optgroup label="From earlier tasks">
          {tasks.map((task, index) => <option key={task.name} value={`t${index}`}>the file that {task.name} gets</option>)}
        </optgroup>
      )}
      {items.length > 0 && (
        <optgroup label={more ? `In the folder of files, the first ${items.length}` : "In the folder of files"}>
          {items.map(({ path, size }, index) => <option key={path} value={`f${index}`}>{path}, {bytes(size)}</option>)}
        </optgroup>
      )}
    </ActingSelect>
  );
}

/** The content of *file* as base64. */
export const base64 = (file: File): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(new Error(`${file.name} cannot be read`));
    reader.readAsDataURL(file);
  });
