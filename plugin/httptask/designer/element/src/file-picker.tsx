// The control of a field that holds a file: the chosen file is uploaded, or put into the settings as base64.
import { useState } from "preact/hooks";
import { bytes } from "./amounts";
import type { Place } from "./field-place";
import { defaultOf } from "./field-words";
import { isObject, type Json } from "./json";
import { Icon, IconButton, useUi } from "./ui";

/** The largest file that is put into the settings, in bytes. */
const MOST_INLINE = 1_048_576;

/** The file in *slot*, with buttons to choose another and to empty the field. */
export function FilePicker({ slot, id, name, described, redraw }: Pick<Place, "slot" | "id" | "name" | "described" | "redraw">) {
  const { store } = useUi();
  const [state, setState] = useState("");
  const meta = isObject(slot.value ?? null) && isObject((slot.value as { $file?: Json }).$file ?? null)
    ? ((slot.value as { $file: { name: string; size: number } }).$file)
    : null;
  /** The name and the size of the file; "" without one. Base64 has four characters for three bytes. */
  const shown = meta ? `${meta.name}, ${bytes(meta.size)}`
    : typeof slot.value === "string" ? `${slot.text || "in the settings"}, ${bytes(Math.floor((slot.value.length * 3) / 4))}`
    : "";
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
          type="file" id={id} class="hidden" aria-label={`File for ${name}`} aria-describedby={described} accept={slot.field.accept}
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
    </div>
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
