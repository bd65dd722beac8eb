// The picture of the definition's tasks and routes. In the small one the keyboard only gets to the buttons that add a task: to open a
// task it uses the list of tasks, or the picture in a window of its own.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Box, boxes, detour, LARGE, leftWords, type Sizes, SMALL } from "./graph-layout";
import { isObject, same } from "./json";
import { plural } from "./amounts";
import { SIGNS } from "./runs";
import { dropOnRoute, dropTask, insertBetween, spread } from "./order";
import { Icon, IconButton, useModal, useUi } from "./ui";
import { progress, stateOf, useTicks } from "./visit-words";
import { wayLabels, wayWords } from "./way-words";
import { type Route, routes, summary } from "./workflow";
import type { Definition, Visit } from "./types";

/** The width and height of the button that adds a task on a route, in px. */
const BUTTON = 24;
/** The type under which a drag carries a task's name. */
const DRAGGED = "application/x-httptask-task";

/** A route in the picture. */
interface Line {
  route: Route;
  from: Box;
  to: Box;
  /** What the route says: the condition of a Decision's choice, for example; shortened, and whole. */
  way: string;
  whole: string;
  /** Where the line passes the boxes between; null for a straight one. */
  beside: number | null;
}
interface Picture {
  boxes: Map<string, Box>;
  /** How many tasks are not drawn. */
  left: number;
  lines: Line[];
  width: number;
  height: number;
}

function pictureOf(definition: Definition, sizes: Sizes): Picture {
  const layout = boxes(definition, sizes);
  const lines = routes(definition).flatMap((route) => {
    const from = layout.boxes.get(route.from);
    const to = layout.boxes.get(route.to);
    if (!from || !to) return [];
    const { task } = from.item;
    const beside = detour(from, to, layout.boxes.values(), sizes);
    return [{ route, from, to, way: wayWords(task, route), whole: wayWords(task, route, (condition) => condition), beside }];
  });
  return { ...layout, lines };
}

const Lines = ({ lines, chosen, sizes }: { lines: Line[]; chosen: string | null; sizes: Sizes }) => (
  <>
    {lines.map(({ route, from, to, beside }, index) => {
      const isNear = route.from === chosen || route.to === chosen;
      return <path key={index} class={`${isNear ? "near" : ""} ${route.onError ? "on-error" : ""}`} d={lineOf(from, to, sizes, beside)} />;
    })}
  </>
);

const wordsOf = (lines: Line[]): string =>
  `Routes: ${lines.map(({ route, way }) => `${route.from} to ${route.to}${way && `, ${way}`}`).join("; ") || "none"}`;

/** The small picture of *definition*; *chosen* is the name of the open task. */
export function Graph({ definition, chosen }: { definition: Definition; chosen: string | null }) {
  const { store } = useUi();
  const [isLarge, setLarge] = useState(false);
  const { boxes: all, left, lines, width, height } = pictureOf(definition, SMALL);
  const { states, isUnderWay } = store.runs;
  useTicks(isUnderWay);
  return (
    <div class="picture" style={{ width: `${width}px` }}>
      <svg class="graph" viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={wordsOf(lines)}>
        <Lines lines={lines} chosen={chosen} sizes={SMALL} />
        {[...all.values()].map((box) => {
          const { name } = box.item;
          return <TaskBox key={name} box={box} isChosen={name === chosen} visit={states.get(name)} />;
        })}
      </svg>
      <AddButtons lines={lines} width={width} height={height} sizes={SMALL} />
      {left > 0 && <p class="muted small">{leftWords(left, all.size + left)}</p>}
      <button class="quiet enlarge" onClick={() => setLarge(true)}>Enlarge the picture</button>
      {isLarge && <LargePicture definition={definition} chosen={chosen} onClose={() => setLarge(false)} />}
    </div>
  );
}

/** What there is to say about the task of a box, besides its name. */
function useNotes({ item: { name, task } }: Box, visit: Visit | undefined) {
  const { store } = useUi();
  const hasItems = isObject(task.forEach);
  const isUnreached = store.workflow.unreached.has(name);
  const isPinned = store.pins.has(name);
  const notes = [
    hasItems && "for each item",
    isUnreached && "never reached",
    isPinned && (store.pins.problemsOf(name).length ? "its pin does not fit" : "pinned"),
    visit && `${stateOf(visit)}, ${progress(store, visit)}`,
  ].filter(Boolean) as string[];
  return { hasItems, notes, classes: `${isUnreached ? "unreached" : ""} ${isPinned ? "pinned" : ""}` };
}

/** A task: its name, the state of its *visit* in the run that is shown, and a second frame where it runs for each item of a list. */
function TaskBox({ box, isChosen, visit }: { box: Box; isChosen: boolean; visit: Visit | undefined }) {
  const { store } = useUi();
  const { item: { name, type }, x, y, width } = box;
  const { hasItems, notes, classes } = useNotes(box, visit);
  const { height } = SMALL;
  return (
    <g class={`${type.toLowerCase()} ${isChosen ? "chosen" : ""} ${classes}`} onClick={() => void store.task.open(name)}>
      <title>{`${name} (${[type, ...notes].join(", ")})`}</title>
      {hasItems && <rect x={x + 3.5} y={y + 3.5} width={width - 1} height={height - 1} rx={5} />}
      <rect x={x + 0.5} y={y + 0.5} width={width - 1} height={height - 1} rx={type === "Decision" ? 11 : 5} />
      {visit && (
        <g class={`sign is-${visit.status.toLowerCase()}`}>
          <circle cx={x + width - 2} cy={y + 2} r={7} />
          <text x={x + width - 2} y={y + 5.5} text-anchor="middle">{SIGNS[visit.status]}</text>
        </g>
      )}
      {visit && store.runs.isUnderWay && width > 100 && (
        <text class="progress" x={x + 2} y={y + height + 12}>{progress(store, visit)}</text>
      )}
      {width > 30 && <text x={x + width / 2} y={y + height / 2 + 4} text-anchor="middle">{cut(name, Math.floor((width - 10) / 6))}</text>}
    </g>
  );
}

/** A button on every route that adds a task there. In the small picture they are one stop of the Tab key; the arrows go between them. */
function AddButtons({ lines, width, height, sizes, onAdd }: {
  lines: Line[]; width: number; height: number; sizes: Sizes;
  /** Called before the palette is opened, which adds the task. */
  onAdd?: () => void;
}) {
  const { store } = useUi();
  /** The index of the button that had the focus last: the Tab key comes back to it. */
  const [current, setCurrent] = useState(0);
  // A route back has no room for a button. Two choices of a Decision that lead to the same task share one.
  const ways = lines.filter(({ route, from, to }, index) => {
    const isFirst = lines.findIndex((line) => same(line.route, route)) === index;
    return to.y > from.y && isFirst;
  });
  const add = (route: Route) => {
    onAdd?.();
    store.task.pick("new", {
      text: ` between “${route.from}” and “${route.to}”`,
      insert: (edited, name, task) => insertBetween(edited, name, task, route),
    });
  };
  const half = sizes.gapY / 2;
  const spots = ways.map(({ route, from, to, way, whole, beside }) => {
    const [x1, x2] = [from.x + from.width / 2, to.x + to.width / 2];
    const x = beside === null ? x1 + ((x2 - x1) * half) / (to.y - from.y - sizes.height) : (x1 + beside) / 2;
    return { route, way: way && `, ${way}`, whole: whole && `, ${whole}`, x, y: from.y + sizes.height + half };
  });
  const isSmall = sizes === SMALL;
  const stop = Math.min(current, spots.length - 1);
  const onKeyDown = (event: KeyboardEvent) => {
    const [right, down] = ARROWS[event.key] ?? [0, 0];
    if (!isSmall || !(right + down) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const buttons = (event.currentTarget as Element).querySelectorAll("button");
    buttons[(stop + right + down + buttons.length) % buttons.length]!.focus();
  };
  return (
    <div role={isSmall && spots.length ? "toolbar" : undefined} aria-label={isSmall && spots.length ? "Add a task on a route" : undefined} onKeyDown={onKeyDown}>
      {spread(spots, BUTTON).map(({ route, way, whole, x, y }, index) => (
        <button
          key={JSON.stringify(route)} class="square insert" tabIndex={isSmall && index !== stop ? -1 : 0} onClick={() => add(route)}
          onFocus={() => setCurrent(index)}
          aria-label={`Add between ${route.from} and ${route.to}${way}`}
          title={`Add between “${route.from}” and “${route.to}”${whole}`}
          style={{ left: `${(x / width) * 100}%`, top: `${(y / height) * 100}%` }}
          onDragOver={acceptTask} onDrop={({ dataTransfer }) => dropOnRoute(store, dataTransfer!.getData(DRAGGED), route)}
        ><Icon name="plus" /></button>
      ))}
    </div>
  );
}

/** Accept a dragged task. */
function acceptTask(event: DragEvent): void {
  if (event.dataTransfer!.types.includes(DRAGGED)) event.preventDefault();
}

/** How many characters of what a route says are drawn. */
const MOST_OF_WAY = 24;
const ZOOMS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2];
const NORMAL = ZOOMS.indexOf(1);
/** The letters of the keys for save, undo and redo: they also work in the picture. */
const WORKS_HERE = /^[szy]$/i;
/** The arrow keys, as the direction in which the focus moves. */
const ARROWS: Record<string, [number, number]> = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/**
 * The picture in a window of its own: it can be zoomed, and tasks are moved in it. A task is dragged onto another one, or onto the plus of
 * a route; with the keyboard, arrows go from task to task, and Alt with an arrow moves the task on its line.
 */
function LargePicture({ definition, chosen, onClose }: { definition: Definition; chosen: string | null; onClose: () => void }) {
  const { store, focus } = useUi();
  const dialog = useModal();
  const [zoom, setZoom] = useState(NORMAL);
  const area = useRef<HTMLDivElement>(null);
  const picture = pictureOf(definition, LARGE);
  const { boxes: all, left, lines, width, height } = picture;
  const scale = ZOOMS[zoom]!;
  const { states } = store.runs;
  useTicks(store.runs.isUnderWay);
  // The status line is behind the picture, and no screen reader gets there: what it says meanwhile is said here.
  const [before] = useState(store.status);
  const news = store.status === before ? "" : store.status;
  const first = all.has(chosen ?? "") ? chosen! : [...all.keys()][0];
  useLayoutEffect(() => { if (first !== undefined) focus(`picture-${first}`); }, []);
  const zoomBy = (step: number) => setZoom(Math.max(0, Math.min(ZOOMS.length - 1, zoom + step)));
  const fit = () => {
    const { clientWidth, clientHeight } = area.current!;
    const most = Math.min(clientWidth / (width + 40), clientHeight / (height + 40));
    setZoom(Math.max(0, ZOOMS.findLastIndex((size) => size <= most)));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const isOfBrowser = event.ctrlKey || event.metaKey || event.altKey; // Ctrl with + or - zooms the whole page, for example
    if (isOfBrowser && WORKS_HERE.test(event.key)) return; // the element acts
    event.stopPropagation();
    if (isOfBrowser) return;
    if (event.key === "+" || event.key === "-") zoomBy(event.key === "+" ? 1 : -1);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
  };
  const onBoxKey = (event: KeyboardEvent, box: Box) => {
    const direction = ARROWS[event.key];
    if (!direction || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const { name } = box.item;
    if (event.altKey) store.workflow.move(name, direction[0] + direction[1] < 0 ? -1 : 1);
    focus(`picture-${event.altKey ? name : nearestBox(all, box, direction).item.name}`);
  };
  return (
    <dialog
      class="whole-picture" ref={dialog} aria-label="Picture of the workflow"
      onCancel={(event) => { event.preventDefault(); onClose(); }} onKeyDown={onKeyDown}
    >
      <div class="row head-row">
        <h2>{definition.name ?? store.workflow.id}</h2>
        <span class="muted small grow" role="status">
          {news || "Drag a task onto another or onto a plus. Arrows go, Alt with arrows moves, Enter opens, + − 0 zoom."}
        </span>
        <IconButton icon="minus" label="Smaller" title="Smaller (−)" disabled={!zoom} onClick={() => zoomBy(-1)} />
        <output aria-label="Zoom">{Math.round(scale * 100)} %</output>
        <IconButton icon="plus" label="Larger" title="Larger (+)" disabled={zoom === ZOOMS.length - 1} onClick={() => zoomBy(1)} />
        <button onClick={fit} title="Fit into the window (0)">Fit</button>
        <IconButton icon="close" label="Close" title="Close (Esc)" onClick={onClose} />
      </div>
      {left > 0 && <p class="note">{plural(left, "more task")}: not drawn, but in the list of tasks.</p>}
      <div class="scroll picture-area" ref={area}>
        <div style={{ width: `${width * scale}px`, height: `${height * scale}px` }}>
          <div class="picture large" style={{ width: `${width}px`, height: `${height}px`, transform: `scale(${scale})` }}>
            <svg class="graph" viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={wordsOf(lines)}>
              <Lines lines={lines} chosen={chosen} sizes={LARGE} />
              {[...wayLabels(lines.map(({ route, way, whole }) => ({ ...route, way, whole })))].map(([name, { words, title }]) => {
                const { x, y, width: boxWidth } = all.get(name)!;
                return <text key={name} class="way" x={x + boxWidth / 2 + 8} y={y - 8}><title>{title}</title>{cut(words, MOST_OF_WAY)}</text>;
              })}
            </svg>
            {[...all.values()].map((box) => (
              <LargeBox
                key={box.item.name} box={box} isChosen={box.item.name === chosen} visit={states.get(box.item.name)}
                onKeyDown={(event) => onBoxKey(event, box)} onOpen={() => { onClose(); void store.task.open(box.item.name); }}
              />
            ))}
            <AddButtons lines={lines} width={width} height={height} sizes={LARGE} onAdd={onClose} />
          </div>
        </div>
      </div>
    </dialog>
  );
}

/** A task in the large picture: a button that can be dragged. */
function LargeBox({ box, isChosen, visit, onKeyDown, onOpen }: {
  box: Box; isChosen: boolean; visit: Visit | undefined; onKeyDown: (event: KeyboardEvent) => void; onOpen: () => void;
}) {
  const { store } = useUi();
  const { item, x, y, width } = box;
  const { name, type } = item;
  const { notes, classes } = useNotes(box, visit);
  return (
    <button
      id={`picture-${name}`} class={`box ${type.toLowerCase()} ${isChosen ? "chosen" : ""} ${classes}`} draggable title={name}
      style={{ left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${LARGE.height}px` }} onClick={onOpen} onKeyDown={onKeyDown}
      onDragStart={({ dataTransfer }) => dataTransfer!.setData(DRAGGED, name)}
      onDragOver={acceptTask} onDrop={({ dataTransfer }) => dropTask(store, dataTransfer!.getData(DRAGGED), name)}
    >
      <span class="box-name">{visit && <span class={`state is-${visit.status.toLowerCase()}`} aria-hidden="true">{SIGNS[visit.status]}</span>} {name}</span>
      <span class="box-about">{notes.length ? notes.join(", ") : `${type} ${summary(item)}`}</span>
    </button>
  );
}

/** The box nearest to *from* in a *direction*; *from* itself if there is none. */
function nearestBox(all: Map<string, Box>, from: Box, [right, down]: [number, number]): Box {
  const center = ({ x, y, width }: Box): [number, number] => [x + width / 2, y];
  const [x, y] = center(from);
  let [nearest, least] = [from, Infinity];
  for (const box of all.values()) {
    const [dx, dy] = [center(box)[0] - x, center(box)[1] - y];
    const [along, aside] = right ? [dx * right, Math.abs(dy)] : [dy * down, Math.abs(dx)];
    // A box beside is in the same row.
    if (along > 0 && !(right && aside) && along + aside / 4 < least) [nearest, least] = [box, along + aside / 4];
  }
  return nearest;
}

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, Math.max(1, most - 1))}…` : text);

/** The SVG path of a route, from the bottom of *from* to the top of *to*, with an arrow. */
function lineOf(from: Box, to: Box, { height, gapY }: Sizes, beside: number | null): string {
  const [x1, y1, x2, y2] = [from.x + from.width / 2, from.y + height, to.x + to.width / 2, to.y];
  const arrow = `M${x2 - 3} ${y2 - 5}L${x2} ${y2 - 1}L${x2 + 3} ${y2 - 5}`;
  if (beside !== null) {
    // Beside the boxes between, from the row below *from* to the row above *to*.
    const [down, up] = [y1 + gapY, y2 - gapY]; // the button is in the middle of the first curve
    return `M${x1} ${y1}C${x1} ${down} ${beside} ${y1} ${beside} ${down}V${up}C${beside} ${y2} ${x2} ${up} ${x2} ${y2 - 1}${arrow}`;
  }
  const bend = Math.min(18, Math.abs(y2 - y1) / 2);
  return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2 - 1}${arrow}`;
}
