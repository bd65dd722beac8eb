// The form of a task by the schema of its type: of every type that has no form of its own, those of plugins too.
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
import { placed } from "./validation";

const ID = "type-form";
/** What stands for a schema that cannot be read. */
const UNKNOWN: Field = { kind: "map", type: "object", values: ANY };
const CONTROLS = "input, select, textarea, .option";

export function TypeForm({ item: { name, type, task }, problems, asked }: Pick<FlowForm, "item" | "problems"> & { asked: boolean }) {
  const ui = useUi();
  const { store } = ui;
  const redraw = useRedraw();
  const form = useRef<HTMLDivElement>(null);
  const [field, setField] = useState<Field | null>(null);
  const [slot, setSlot] = useState<Slot | null>(null);
  /** What the form wrote, or was filled with: what is there instead was changed elsewhere. */
  const known = useRef<JsonObject>({});
  const settings = withoutRoutes(task);
  useLayoutEffect(() => {
    let wanted = true;
    store.api.typeForm(type).catch(() => ({ field: undefined })).then(({ field: told }) => { if (wanted) setField({ ...(told ?? UNKNOWN), required: true }); });
    return () => { wanted = false; };
  }, [type]);
  useLayoutEffect(() => {
    if (!field || (slot && same(settings, known.current))) return;
    known.current = settings;
    setSlot(load(field, settings));
  });
  const write = (pointer?: string) => {
    const value = slot && dump(slot);
    if (!slot || !isObject(value ?? null)) return; // text that is no JSON yet
    // Before it is stored: a name does not always tell that it is one.
    store.drafts.secretsOf[name] = secretPointers(slot);
    known.current = withoutRoutes(rewriteTask(store, name, value as JsonObject, pointer));
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
    (root.getElementById(focusMissed) ?? (focusMissed === ID ? form.current!.querySelector<HTMLElement>(CONTROLS) : null))?.focus();
  });
  if (!slot) return <Empty text="Loading the form …" />;
  const places = placed(problems, slot);
  const problemsAt = (pointer: string, touched: boolean) => (places.get(pointer) ?? []).filter(({ severity }) => asked || touched || severity === "warning");
  const change = () => { write(); redraw(); };
  const inside = { slot, pointer: "", id: ID, redraw: change };
  const view = () => switchView(store, slot, "");
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
                  {["Form", "JSON"].map((each) => {
                    const on = (each === "JSON") === (slot.raw !== null);
                    return <button key={each} aria-pressed={on} title="Alt J" onClick={() => { if (!on) view(); }}>{each}</button>;
                  })}
                </span>
              )}
            </div>
            {!isPlain(slot) || !["object", "map"].includes(slot.field.kind) ? <FieldRow slot={slot} pointer="" name="Settings" whole />
              : slot.field.kind === "object" ? <Fields {...inside} /> : <Entries {...inside} field={valuesOf(slot.field)} />}
            <Problems id={ID} pointer="" problems={problemsAt("", asked)} />
          </section>
        </Documented>
      </div>
    </UiContext.Provider>
  );
}
