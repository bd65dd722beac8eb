// The form of an HTTP task: the parameters of the request, its body, and the settings for how the task is run.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import { isViewKey, switchView } from "./form-field";
import { FieldRow, Toggle } from "./field-row";
import { child } from "./json";
import { AddEntry, Entries, Fields, Optional, type Option, useOptions } from "./objects";
import { Panel } from "./panel";
import { empty, hasTwoViews, isPlain, isShown, type Slot, valuesOf } from "./slots";
import { GROUP_TITLES } from "./task-form";
import { SampleInputField, usesInput } from "./trying";
import type { Field } from "./types";
import { IconButton, idOf, Problems, useMost, useRedraw, useUi } from "./ui";

/** How long the pointer or the focus rests on a row before its documentation appears, in milliseconds. */
const HOVERED = 350;
/** The groups of parameters, and the word for a parameter of each. */
const PLACES: Record<string, string> = { pathParameters: "path", headers: "header", query: "query", cookies: "cookie" };

/** The form of the task *root*, whose request is *request*. *children* stand below the settings. */
export function FormBody({ root, request, children }: { root: Slot; request: Slot; children: ComponentChildren }) {
  const { store } = useUi();
  const groups = request.kids.filter(({ field }) => field.name! in PLACES);
  const body = request.kids.find(({ field }) => field.name === "body");
  const count = [...groups, body].reduce((sum, group) => sum + (group?.kids.filter(isShown).length ?? 0), 0);
  // Only the rows on the screen are in the first paint; the settings and *children* below them come after it.
  const isWhole = count <= useMost(count);
  const switchBody = () => {
    if (body && hasTwoViews(body)) switchView(store, body, "/httpRequest/body");
  };
  // A field redraws itself while the user types. The whole form is only drawn when `version` says that more has changed.
  const settings = useMemo(() => (
    <Documented onView={switchBody}>
      {isPlain(request) ? <Parameters groups={groups} /> : <section><FieldRow slot={request} pointer="/httpRequest" name="Request" /></section>}
      {isPlain(request) && body && <Body slot={body} />}
      {request.own.length > 0 && (
        <section><Entries slot={request} pointer="/httpRequest" id="own" redraw={() => store.task.changed()} /></section>
      )}
      {isWhole && <TaskSettings root={root} />}
    </Documented>
  ), [root, store.task.version, isWhole, isPlain(request)]);
  return <>{settings}{isWhole && children}</>;
}

/** Shows a card with the documentation of the row that has the pointer or the focus. *onView* is called for Alt J. */
export function Documented({ children, onView }: { children: ComponentChildren; onView: () => void }) {
  const [row, setRow] = useState<Element | null>(null);
  const [timer] = useState({ id: 0 });
  /** Show the documentation of *next* after a while; hide it at once (null). */
  const soon = (next: Element | null) => {
    clearTimeout(timer.id);
    timer.id = window.setTimeout(() => setRow(next), next ? HOVERED : 0);
  };
  const find = ({ target }: { target: EventTarget | null }) => (target as Element).closest(".field, .option");
  return (
    <div
      class="settings" onKeyDown={(event) => {
        if (event.key === "Escape" && row) setRow(null);
        if (!isViewKey(event)) return;
        event.preventDefault();
        onView();
      }}
      onMouseOver={(event) => soon(find(event))} onMouseLeave={() => soon(null)}
      onFocusIn={(event) => soon(find(event))} onFocusOut={() => soon(null)} onInput={() => soon(null)}
    >
      {children}
      {row?.querySelector(":scope > .hint") && <Panel name="DocCard" of={{ row }} until=" " />}
    </div>
  );
}

/** Whether *slot* is an object or a map that is edited in rows. */
const isListed = (slot: Slot): boolean => isPlain(slot) && (slot.field.kind === "object" || slot.field.kind === "map");
/** The field of an entry that is not documented; undefined where only documented names are allowed. */
const entriesOf = ({ field }: Slot): Field | undefined => (field.kind === "map" ? valuesOf(field) : field.extra);

/** The parameters of all groups in one list, required ones first; or as text, one a line. */
function Parameters({ groups }: { groups: Slot[] }) {
  const { store } = useUi();
  const draw = useRedraw();
  const redraw = () => { store.task.changed(); draw(); };
  const { add, remove } = useOptions(redraw);
  const [asText, setAsText] = useState(false);
  const pointerOf = (group: Slot) => child("/httpRequest", group.field.name!);
  const options = groups.filter(isListed).flatMap((group) => group.kids.map((slot): Option & { group: Slot } => ({
    group,
    slot,
    pointer: child(pointerOf(group), slot.field.name!),
    name: slot.field.name!,
    where: PLACES[group.field.name!]!,
  })));
  const rank = ({ slot }: Option) => Number(!slot.field.required);
  const shown = options.filter(({ slot }) => isShown(slot)).sort((one, other) => rank(one) - rank(other));
  const most = useMost(shown.length);
  const required = shown.filter(({ slot }) => slot.field.required).length;
  /** What can be done with an optional parameter. */
  const tools = (option: Option) => ({
    onRemove: () => remove(option),
    onOff: () => { option.slot.off = !option.slot.off; redraw(); },
  });
  return (
    <section aria-labelledby="group-parameters">
      <div class="section-head">
        <h2 id="group-parameters">Parameters</h2>
        {required > 0 && <span class="type">{required} required</span>}
        <span class="grow" />
        <button class="quiet" aria-pressed={asText} onClick={() => setAsText(!asText)}>{asText ? "Edit as rows" : "Edit as text"}</button>
      </div>
      {asText ? <Panel name="ParameterText" of={{ groups: groups.filter(isListed), redraw }} /> : (
        <>
          {shown.slice(0, most).map(({ group, ...option }) => (
            <FieldRow key={option.pointer} {...option} {...(option.slot.field.required ? {} : tools(option))} />
          ))}
          {groups.map((group) => {
            const pointer = pointerOf(group);
            const id = idOf(pointer);
            if (!isListed(group)) return <FieldRow key={pointer} slot={group} pointer={pointer} name={GROUP_TITLES[group.field.name!]!} />;
            return (
              <div key={pointer} id={id} tabIndex={-1} role="group" aria-label={GROUP_TITLES[group.field.name!]}>
                <Entries slot={group} pointer={pointer} id={id} redraw={redraw} where={PLACES[group.field.name!]} />
                <Problems id={id} pointer={pointer} problems={store.validation.shownProblems(pointer, false)} />
              </div>
            );
          })}
          <Optional
            of="" options={options.filter(({ slot }) => !isShown(slot) && !slot.field.refused)}
            onAdd={(option) => { (option as typeof options[number]).group.on = true; add(option); }}
          />
          <div class="adders">
            {groups.filter(isListed).map((group) => {
              const field = entriesOf(group);
              const pointer = pointerOf(group);
              return field && <AddEntry key={group.key} slot={group} pointer={pointer} id={idOf(pointer)} field={field} redraw={redraw} />;
            })}
          </div>
        </>
      )}
    </section>
  );
}

/** The body of the request. */
function Body({ slot }: { slot: Slot }) {
  const { store } = useUi();
  const draw = useRedraw();
  const pointer = "/httpRequest/body";
  const redraw = () => { store.task.changed(pointer); draw(); };
  const id = idOf(pointer);
  const listed = isListed(slot);
  return (
    <section aria-labelledby="group-body" id={listed ? id : undefined} tabIndex={-1}>
      <div class="section-head">
        <h2 id="group-body">Body</h2>
        {slot.field.required && <span class="required">*<span class="hidden"> required</span></span>}
        <BodyTools slot={slot} inside={listed} redraw={redraw} />
      </div>
      {listed ? slot.field.kind === "object" ? <Fields slot={slot} pointer={pointer} id={id} redraw={redraw} />
        : <Entries slot={slot} pointer={pointer} id={id} field={valuesOf(slot.field)} redraw={redraw} />
        : <FieldRow slot={slot} pointer={pointer} name="Body" whole />}
      {listed && <Problems id={id} pointer={pointer} problems={store.validation.shownProblems(pointer, false)} />}
    </section>
  );
}

/** The head of the body: its type, the media type, and switches. Subscribes to the store: the validation tells the media type. */
function BodyTools({ slot, inside, redraw }: { slot: Slot; inside: boolean; redraw: () => void }) {
  const { store } = useUi();
  const draw = useRedraw();
  useLayoutEffect(() => store.subscribe(draw), []);
  const { required, type } = slot.field;
  const shown = isShown(slot);
  const views = hasTwoViews(slot);
  const { mediaType } = store.validation;
  return (
    <>
      {type !== "object" && <span class="type">{type}</span>}
      <span class="type" role="status" id="sent-as">{!shown ? "not sent while empty" : mediaType ? `sent as ${mediaType}` : ""}</span>
      <span class="grow" />
      {!shown && inside && <button class="link" onClick={() => { slot.on = true; redraw(); }}>Send it empty</button>}
      {shown && !required && <IconButton icon="close" label="Leave out the body" onClick={() => { empty(slot); redraw(); }} />}
      {views && (
        <span class="segments" role="group" aria-label="Edit the body as">
          {["Form", "JSON"].map((view) => {
            const on = (view === "JSON") === (slot.raw !== null);
            const choose = () => { if (!on) switchView(store, slot, "/httpRequest/body"); };
            return <button key={view} aria-pressed={on} title="Alt J" onClick={choose}>{view}</button>;
          })}
        </span>
      )}
      {inside && <Toggle text="fx" on={slot.fx} label="the body" onToggle={() => { slot.fx = true; redraw(); }} />}
    </>
  );
}

/** The settings that are not sent: description, input parameters, how the task is run; and the sample input for tests. */
function TaskSettings({ root }: { root: Slot }) {
  const { store } = useUi();
  const redraw = useRedraw();
  const change = () => {
    store.task.changed();
    redraw();
  };
  const kids = root.kids.filter(({ field }) => field.title);
  const suggestion = store.task.form?.suggestedPagination;
  return (
    <section aria-labelledby="group-task" id="task-fields" tabIndex={-1}>
      <div class="section-head">
        <h2 id="group-task">Task</h2>
        <span class="type">not sent: what expressions see, how it runs</span>
      </div>
      <Fields slot={{ ...root, kids, own: [] }} pointer="" id="task-fields" redraw={change} />
      {suggestion && <Panel name="PagesOffered" of={{ suggestion }} until=" " />}
      {usesInput(store) && <SampleInputField change={change} />}
    </section>
  );
}
