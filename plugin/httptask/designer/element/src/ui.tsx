// Small components and helpers that every view uses.
import { createContext, type ComponentChildren, type ComponentType, type JSX } from "preact";
import { useContext, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import type { RowProps } from "./form-field";
import type { Store } from "./store";
import type { Failure, Problem } from "./types";

/** What every view gets from the page. */
export interface Ui {
  store: Store;
  /** Move the keyboard focus to the element with this id after the next redraw. */
  focus(id: string): void;
  /** The problems to show at *pointer*. Errors are held back until the field was *touched*, or all problems were asked for. */
  problemsAt(pointer: string, touched: boolean): Problem[];
  /** The row of a field; views inside a row get it from here, because the module of rows imports them. */
  Row: ComponentType<RowProps>;
}
export const UiContext = createContext<Ui>(null as unknown as Ui);
export const useUi = (): Ui => useContext(UiContext);
/** Return a function that redraws the component. */
export const useRedraw = (): (() => void) => useReducer((count: number, _: void) => count + 1, 0)[1];

/** Call *act* after the browser has painted what was drawn last: that is in the second frame from now. */
export const afterPaint = (act: () => void): unknown => requestAnimationFrame(() => requestAnimationFrame(act));

/** Return the reference for a dialog, which is shown when it is drawn. When it is removed, the focus goes back to where it was. */
export function useModal() {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return dialog;
}

/**
 * A group of radio buttons in its own `<form>`. Without one, Chromium leaks removed radio buttons of a shadow root, with
 * all the elements around them.
 */
export const Radios = (props: JSX.HTMLAttributes<HTMLDivElement>) => (
  <form class="radios" onSubmit={(event) => event.preventDefault()}><div role="radiogroup" {...props} /></form>
);

const AT_ONCE = 20;
/** How many of *count* rows to draw: *atOnce* in the first paint, all of them after it, because the rest is below the fold. */
export function useMost(count: number, atOnce = AT_ONCE): number {
  // If all fit at first, no later row is held back: only the first paint is to be short.
  const [limit, setLimit] = useState(count > atOnce ? atOnce : Infinity);
  useLayoutEffect(() => { if (count > limit) afterPaint(() => setLimit(Infinity)); }, []);
  return limit;
}

/** The paths of the icons, in a square of 16 by 16. */
const ICONS: Record<string, string> = {
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  up: "M8 13V3M4 7l4-4 4 4",
  down: "M8 3v10M4 9l4 4 4-4",
  right: "M6 3l5 5-5 5",
  more: "M3 8h.1M8 8h.1M13 8h.1",
  trash: "M3 4h10M6 4V2h4v2M4 4l1 10h6l1-10",
  play: "M5 3l8 5-8 5z",
  stop: "M4 4h8v8H4z",
  undo: "M6 3L3 6l3 3M3 6h6a3.5 3.5 0 0 1 0 7H6",
  redo: "M10 3l3 3-3 3M13 6H7a3.5 3.5 0 0 0 0 7h3",
  braces: "M6.5 2.5H5A1.5 1.5 0 0 0 3.5 4v2.5L2 8l1.5 1.5V12A1.5 1.5 0 0 0 5 13.5h1.5M9.5 2.5H11A1.5 1.5 0 0 1 12.5 4v2.5L14 8l-1.5 1.5V12a1.5 1.5 0 0 1-1.5 1.5H9.5",
  date: "M3 4h10v9H3zM3 7h10M6 2v3M10 2v3",
  alert: "M8 6v3M8 11h.1M8 2l6 12H2z",
  find: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5 14 14",
  globe: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM2 8h12M8 2c2 2 2.5 4 2.5 6S10 12 8 14c-2-2-2.5-4-2.5-6S6 4 8 2z",
  save: "M3 3h8l2 2v8H3zM5.5 3v3.5h4V3M5.5 13V9.5h5V13",
  book: "M8 4c-1.5-1-3.5-1.2-5.5-1v9.5c2-.2 4 0 5.5 1 1.5-1 3.5-1.2 5.5-1V3c-2-.2-4 0-5.5 1zM8 4v9.5",
  key: "M9.5 9.5a3.5 3.5 0 1 0-3-3L2.5 10.5v3h3v-2h2v-2zM11 5h0",
  retry: "M13 8a5 5 0 1 1-1.5-3.5M13 2.5v3h-3",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 5v3.2l2 1.3",
  check: "M3 8.5 6.5 12 13 4.5",
  theme: "M8 2a6 6 0 1 0 .1 0v12",
};
export const Icon = ({ name }: { name: string }) => (
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
    <path d={ICONS[name]} />
  </svg>
);

/** A button with an icon; *label* is its accessible name, and its tooltip unless *title* is given. */
export const IconButton = ({ icon, label, title, ...rest }: {
  icon: string; label: string; title?: string; onClick: () => void;
  disabled?: boolean; class?: string; "aria-expanded"?: boolean; id?: string;
}) => (
  <button type="button" class="quiet square" aria-label={label} title={title ?? label} {...rest}>
    <Icon name={icon} />
  </button>
);

export const Method = ({ method }: { method: string }) => <span class={`method ${method.toLowerCase()}`}>{method}</span>;

/** HTML that the server has sanitised. */
export const Html = ({ html, class: name = "prose" }: { html?: string; class?: string }) =>
  html ? <div class={name} dangerouslySetInnerHTML={{ __html: html }} /> : null;

/** A message in a box. */
export function Note({ kind, title, children, onClose }: {
  kind: "error" | "warning" | "info"; title?: string; children?: ComponentChildren; onClose?: () => void;
}) {
  return (
    <div class={`note ${kind}`} role={kind === "error" ? "alert" : "note"}>
      <Icon name="alert" />
      <div class="note-text">
        {title && <strong>{title}</strong>}
        {children && <div>{children}</div>}
      </div>
      {onClose && (
        <IconButton icon="close" label="Close" onClick={onClose} />
      )}
    </div>
  );
}

/** The sentence in a view that has nothing to show. */
export const Empty = ({ title, text }: { title?: string; text: string }) => (
  <div class="empty">
    {title && <strong>{title}</strong>}
    <p class="muted">{text}</p>
  </div>
);

/** A failure, with buttons to do something about it. */
export const Failed = ({ failure, children }: { failure: Failure; children?: ComponentChildren }) => (
  <Note kind="error" title={failure.title}>
    {failure.detail}
    {children && <div class="row actions">{children}</div>}
  </Note>
);

/** A list of tabs after the WAI-ARIA pattern: the arrow keys choose a tab. */
export function Tabs<T extends string>({ id, label, tabs, chosen, onChoose, small }: {
  id: string; label: string; tabs: [T, string][]; chosen: T; onChoose: (tab: T) => void; small?: boolean;
}) {
  const { focus } = useUi();
  const onKeyDown = (event: KeyboardEvent) => {
    const index = tabs.findIndex(([tab]) => tab === chosen);
    const next = { ArrowRight: index + 1, ArrowLeft: index - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const tab = tabs[(next + tabs.length) % tabs.length]![0];
    onChoose(tab);
    focus(`${id}-tab-${tab}`);
  };
  return (
    <div class={small ? "tabs small" : "tabs"} role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {tabs.map(([tab, title]) => (
        <button
          role="tab" key={tab} id={`${id}-tab-${tab}`} aria-selected={tab === chosen}
          aria-controls={tab === chosen ? `${id}-panel` : undefined} tabIndex={tab === chosen ? 0 : -1} onClick={() => onChoose(tab)}
        >
          {title}
        </button>
      ))}
    </div>
  );
}

/** Return an event handler that calls *take* with the value of the control. */
export const typed =
  (take: (value: string) => void) =>
  (event: { currentTarget: { value: string } }): void => take(event.currentTarget.value);

/**
 * A select that acts on a choice: at once on one of the pointer, but on an option that the arrow keys pass only at Enter.
 * *does* says what Enter does.
 */
export function ActingSelect({ value, act, does, ...rest }: {
  value: string; act: (value: string) => void; does: string;
} & Omit<JSX.SelectHTMLAttributes<HTMLSelectElement>, "value">) {
  /** The option that the keys are at; null unless they have moved. */
  const [passed, setPassed] = useState<string | null>(null);
  const byKeys = useRef(false);
  const choose = (chosen: string) => {
    setPassed(null);
    if (chosen && chosen !== value) act(chosen);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    byKeys.current = true;
    if (event.key !== "Enter" || passed === null) return;
    event.preventDefault(); // no form is sent
    choose(passed);
  };
  return (
    <>
      <select
        {...rest as object} value={passed ?? value} onPointerDown={() => { byKeys.current = false; }} onKeyDown={onKeyDown}
        onBlur={() => { byKeys.current = false; setPassed(null); }}
        onChange={typed((chosen) => (byKeys.current ? setPassed(chosen) : choose(chosen)))}
      />
      {passed !== null && <span role="status" class="muted small">Enter {does}</span>}
    </>
  );
}

/** The *problems* at *pointer*, for its control with the id *id*; `describedBy` links the control to them. */
export function Problems({ id, pointer, problems }: { id: string; pointer: string; problems: Problem[] }) {
  return <>
    {problems.map((problem, index) => (
      <p key={index} id={`${id}-problem-${index}`} class={`problem ${problem.severity}`}>
        <Icon name="alert" />
        <span>
          {problem.pointer.length > pointer.length && `${problem.pointer.slice(pointer.length + 1)}: `}
          {problem.message}
          {problem.suggestion && <>; did you mean <code>{problem.suggestion}</code>?</>}
        </span>
      </p>
    ))}
  </>;
}
/** The ids of the *problems* that `Problems` shows for the control *id*, for `aria-describedby`. */
export const describedBy = (id: string, problems: Problem[]): string => problems.map((_, index) => `${id}-problem-${index}`).join(" ");

/** The id of the control at *pointer*. White space is encoded, because lists of ids (`aria-describedby`) are split at it. */
export const idOf = (pointer: string): string => `f-${pointer.replace(/[\s%]/g, encodeURIComponent)}`;

/** *text* with the *ranges* marked: offsets from start to end (exclusive), sorted, without overlaps. */
export function Marked({ text, ranges }: { text: string; ranges?: [number, number][] }) {
  let offset = 0;
  const parts: ComponentChildren[] = [];
  for (const [start, end] of ranges ?? []) {
    parts.push(text.slice(offset, start), <mark>{text.slice(start, end)}</mark>);
    offset = end;
  }
  return <>{parts}{text.slice(offset)}</>;
}
