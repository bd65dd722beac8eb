// The middle column: the request line, and the settings below it.
import { useLayoutEffect, useMemo } from "preact/hooks";
import { Entries, FieldRow, Fields, Toggle } from "./fields";
import { child } from "./json";
import { empty, isShown, type Slot, valuesOf } from "./slots";
import { GROUP_TITLES } from "./task-form";
import { Panel } from "./panel";
import { Head } from "./request-line";
import { Routes } from "./routes";
import { PagesOffered } from "./suggestion";
import { SampleInputField, usesInput } from "./trying";
import { Empty, IconButton, idOf, Note, Problems, useRedraw, useUi } from "./ui";
import * as flow from "./workflow";

export function Request() {
  const { store } = useUi();
  const { root, name: current } = store.task;
  const item = current === null ? undefined : flow.find(store.workflow.working, current);
  if (store.task.loading && !root) return <Empty text="Loading the form …" />;
  if (item && item.type !== "Http") return <Panel key={`${item.name} ${store.edits.shown}`} name="FlowTask" of={{ item }} />;
  if (!root || !item) return null;
  const request = root.kids.find(({ field }) => field.name === "httpRequest")!;
  return (
    <div class="request">
      <Head store={store} root={root} request={request} />
      <div class="form">
        {store.task.endpointFailure && (
          <Note kind="warning" title={store.task.endpointFailure.title}>
            {store.task.endpointFailure.detail} The settings can be edited all the same.
          </Note>
        )}
        <FormBody key={root.key} root={root} request={request} />
        <Routes key={`${item.name} ${store.edits.shown}`} item={item} />
      </div>
    </div>
  );
}

function FormBody({ root, request }: { root: Slot; request: Slot }) {
  const { store } = useUi();
  const groups = request.kids.filter(({ field }) => field.name! in GROUP_TITLES);
  const method = request.kids.find(({ field }) => field.name === "method")!;
  // Drawn again only when something changed that a field cannot know by itself.
  return useMemo(() => (
    <>
      {method.field.kind !== "const" && <div class="card"><FieldRow slot={method} pointer="/httpRequest/method" name="Method" /></div>}
      {groups.map((slot) => <GroupCard key={slot.field.name} slot={slot} />)}
      {request.own.length > 0 && <div class="card"><Entries slot={request} pointer="/httpRequest" id="own" redraw={() => store.task.changed()} /></div>}
      <TaskCard root={root} />
    </>
  ), [root, store.task.version]);
}

/** One group of the request: path, headers, query, cookies or body. */
function GroupCard({ slot }: { slot: Slot }) {
  const { store } = useUi();
  const draw = useRedraw();
  const name = slot.field.name!;
  const pointer = child("/httpRequest", name);
  const redraw = () => {
    store.task.changed(pointer);
    draw();
  };
  const id = idOf(pointer);
  const problems = store.validation.shownProblems(pointer, false);
  const title = GROUP_TITLES[name]!;
  const plain = !slot.fx && slot.raw === null && !slot.isNull && !slot.field.link;
  const listed = plain && slot.field.kind === "object";
  const mapped = plain && slot.field.kind === "map";
  return (
    <section class="card" aria-labelledby={`group-${name}`} id={listed || mapped ? id : undefined} tabIndex={-1}>
      <div class="card-head">
        <h2 id={`group-${name}`}>{title}</h2>
        {slot.field.required && <span class="required">*<span class="hidden"> required</span></span>}
        {name === "body" && (listed || mapped) && <span class="type">{slot.field.type}</span>}
        {name === "body" && <BodyTools slot={slot} inside={listed || mapped} redraw={redraw} />}
      </div>
      {listed ? <Fields slot={slot} pointer={pointer} id={id} redraw={redraw} />
        : mapped ? <div class="rail"><Entries slot={slot} pointer={pointer} id={id} field={valuesOf(slot.field)} redraw={redraw} /></div>
        : <FieldRow slot={slot} pointer={pointer} name={title} wide={<span class="hidden" />} />}
      {(listed || mapped) && <Problems id={id} pointer={pointer} problems={problems} />}
    </section>
  );
}

/** Of the body as a whole; what stands in it is drawn for itself. */
function BodyTools({ slot, inside, redraw }: { slot: Slot; inside: boolean; redraw: () => void }) {
  const { store } = useUi();
  const draw = useRedraw();
  useLayoutEffect(() => store.subscribe(draw), []);
  const { required } = slot.field;
  const shown = isShown(slot);
  return (
    <span class="tools">
      <span class="type" role="status" id="sent-as">{!shown ? "not sent while empty" : store.validation.mediaType ? `sent as ${store.validation.mediaType}` : ""}</span>
      {!shown && inside && <button class="link" onClick={() => { slot.on = true; redraw(); }}>Send it empty</button>}
      {inside && <Toggle text="fx" on={slot.fx} label="the body" onToggle={() => { slot.fx = true; redraw(); }} />}
      {shown && !required && <IconButton icon="close" label="Leave out the body" onClick={() => { empty(slot); redraw(); }} />}
    </span>
  );
}

/** What is not sent: the task's description, its input parameters, how it is run. */
function TaskCard({ root }: { root: Slot }) {
  const { store } = useUi();
  const redraw = useRedraw();
  const change = () => {
    store.task.changed();
    redraw();
  };
  const kids = root.kids.filter(({ field }) => field.title);
  return (
    <section class="card" aria-labelledby="group-task" id="task-fields" tabIndex={-1}>
      <div class="card-head"><h2 id="group-task">Task</h2><span class="type">not sent: what expressions see, how it runs</span></div>
      <Fields slot={{ ...root, kids, own: [] }} pointer="" id="task-fields" redraw={change} />
      <PagesOffered suggestion={store.task.form?.suggestedPagination} />
      {usesInput(store) && <SampleInputField change={change} />}
    </section>
  );
}
