// The form of a task that is built from the schema of its type: for the types without a hand-made form, and those of plugins.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { FlowForm } from "./flow-task";
import { FieldRow } from "./field-row";
import { Documented } from "./form-body";
import { isObject, type JsonObject, same } from "./json";
import { switchView } from "./json-view";
import { Entries, Fields } from "./objects";
import { secretPointers } from "./secrets";
import { ANY, dump, hasTwoViews, isPlain, load, type Slot, valuesOf } from "./slots";
import { rewriteTask, withoutRoutes } from "./task-edits";
import type { Field } from "./types";
import { Empty, Problems, UiContext, useRedraw, useUi } from "./ui";
import { byVisiblePointer } from "./validation";

const ID = "type-form";
/** The field for a type whose schema cannot be loaded. */
const UNKNOWN: Field = { kind: "map", type: "object", values: ANY };
const CONTROLS = "input, select, textarea, .option";

/** The settings of the task *item*; with *asked*, problems are shown at fields that nobody has been in, too. */
export function TypeForm({ item: { name, type, task }, problems, asked }: Pick<FlowForm, "item" | "problems"> & { asked: boolean }) {
  const ui = useUi();
  const { store } = ui;
  const redraw = useRedraw();
  const form = useRef<HTMLDivElement>(null);
  const [field, setField] = useState<Field | null>(null);
  const [slot, setSlot] = useState<Slot | null>(null);
  /** The settings that the form wrote or was filled with. If the task has others, they were changed elsewhere. */
  const written = useRef<JsonObject>({});
  const settings = withoutRoutes(task);
  useLayoutEffect(() => {
    let isCurrent = true;
    const isKnown = store.config!.taskTypes.some((known) => known.name === type);
    // The server has no form for a type that it does not know.
    const loading = isKnown ? store.api.typeForm(type) : Promise.resolve({ field: undefined });
    loading.catch(() => ({ field: undefined })).then((answer) => {
      if (isCurrent) setField({ ...(answer.field ?? UNKNOWN), required: true });
    });
    return () => { isCurrent = false; };
  }, [type]);
  useLayoutEffect(() => {
    if (!field || (slot && same(settings, written.current))) return;
    written.current = settings;
    setSlot(load(field, settings));
  });
  const write = (pointer?: string) => {
    const value = slot && dump(slot);
    if (!slot || !isObject(value ?? null)) return; // JSON text that is not an object (yet)
    // First the secrets, so that the draft is stored without them: their names do not always tell that they are secrets.
    store.drafts.secretsOf[name] = secretPointers(slot);
    written.current = withoutRoutes(rewriteTask(store, name, value as JsonObject, pointer));
  };
  useLayoutEffect(() => {
    store.task.flowChanged = write;
    return () => { store.task.flowChanged = null; };
  });
  useLayoutEffect(() => {
    const { focusMissed } = store;
    if (!slot || !focusMissed) return;
    store.focusMissed = null;
    const root = form.current!.getRootNode() as ShadowRoot;
    const firstControl = () => form.current!.querySelector<HTMLElement>(CONTROLS);
    (root.getElementById(focusMissed) ?? (focusMissed === ID ? firstControl() : null))?.focus();
  });
  if (!slot) return <Empty text="Loading the form …" />;
  const byPointer = byVisiblePointer(problems, slot);
  const problemsAt = (pointer: string, touched: boolean) =>
    (byPointer.get(pointer) ?? []).filter(({ severity }) => asked || touched || severity === "warning");
  const change = () => { write(); redraw(); };
  const inside = { slot, pointer: "", id: ID, redraw: change };
  const view = () => switchView(store, slot, "");
  const fields = () => {
    if (!isPlain(slot) || !["object", "map"].includes(slot.field.kind))
      return <FieldRow slot={slot} pointer="" name="Settings" whole />;
    if (slot.field.kind === "object") return <Fields {...inside} />;
    return <Entries {...inside} field={valuesOf(slot.field)} />;
  };
  return (
    <UiContext.Provider value={{ ...ui, problemsAt }}>
      <div ref={form}>
        <Documented onView={view}>
          <section aria-labelledby="group-type">
            <div class="section-head">
              <h2 id="group-type">Settings</h2>
              <span class="grow" />
              {hasTwoViews(slot) && (
                <span class="segments" role="group" aria-label="Edit the settings as">
                  {["Form", "JSON"].map((title) => {
                    const isOn = (title === "JSON") === (slot.raw !== null);
                    return <button key={title} aria-pressed={isOn} title="Alt J" onClick={() => { if (!isOn) view(); }}>{title}</button>;
                  })}
                </span>
              )}
            </div>
            {fields()}
            <Problems id={ID} pointer="" problems={problemsAt("", asked)} />
          </section>
        </Documented>
      </div>
    </UiContext.Provider>
  );
}
