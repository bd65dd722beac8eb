// A small picture of the definition's tasks and routes. It is for the pointer only: the keyboard uses the list of tasks.
import { type Box, boxes, GAP_Y, HEIGHT, WIDTH } from "./graph-layout";
import { isObject, same } from "./json";
import { SIGNS, stateWord } from "./runs";
import { insertBetween, spread } from "./order";
import { Icon, useUi } from "./ui";
import { type Route, routes } from "./workflow";
import type { Definition } from "./types";

/** The width and height of the button that adds a task on a route, in px. */
const BUTTON = 24;

/** A route in the picture. */
interface Line {
  route: Route;
  from: Box;
  to: Box;
}

/** The picture of *definition*; *chosen* is the name of the open task. */
export function Graph({ definition, chosen }: { definition: Definition; chosen: string | null }) {
  const { store } = useUi();
  const { boxes: all, height } = boxes(definition);
  const lines = routes(definition).flatMap((route) => {
    const from = all.get(route.from);
    const to = all.get(route.to);
    return from && to ? [{ route, from, to }] : [];
  });
  const { states } = store.runs;
  const words = lines.map(({ route }) => `${route.from} to ${route.to}${route.onError ? " on error" : ""}`).join("; ");
  return (
    <div class="picture" style={{ width: `${WIDTH}px` }}>
      <svg class="graph" viewBox={`0 0 ${WIDTH} ${height}`} width={WIDTH} height={height} role="img" aria-label={`Routes: ${words || "none"}`}>
        {lines.map(({ route, from, to }, index) => {
          const isNear = route.from === chosen || route.to === chosen;
          return <path key={index} class={`${isNear ? "near" : ""} ${route.onError ? "on-error" : ""}`} d={lineOf(from, to)} />;
        })}
        {[...all.values()].map((box) => {
          const { name } = box.item;
          return <TaskBox key={name} box={box} isChosen={name === chosen} status={states.get(name)?.status} />;
        })}
      </svg>
      <AddButtons lines={lines} height={height} />
    </div>
  );
}

/** A task: its name, its *status* in the run that is shown, and a second frame behind it where it runs for each item of a list. */
function TaskBox({ box: { item, x, y, width }, isChosen, status }: { box: Box; isChosen: boolean; status: string | undefined }) {
  const { store } = useUi();
  const { name, type, task } = item;
  const hasItems = isObject(task.forEach);
  const isUnreached = store.workflow.unreached.has(name);
  const isPinned = store.pins.has(name);
  const notes = [
    hasItems && ", for each item",
    isUnreached && ", never reached",
    isPinned && (store.pins.problemsOf(name).length ? ", its pin does not fit" : ", pinned"),
    status !== undefined && `, ${stateWord(status)}`,
  ].filter(Boolean).join("");
  return (
    <g
      class={`${type.toLowerCase()} ${isChosen ? "chosen" : ""} ${isUnreached ? "unreached" : ""} ${isPinned ? "pinned" : ""}`}
      onClick={() => void store.task.open(name)}
    >
      <title>{`${name} (${type}${notes})`}</title>
      {hasItems && <rect x={x + 3.5} y={y + 3.5} width={width - 1} height={HEIGHT - 1} rx={5} />}
      <rect x={x + 0.5} y={y + 0.5} width={width - 1} height={HEIGHT - 1} rx={type === "Decision" ? 11 : 5} />
      {status !== undefined && (
        <g class={`sign is-${status.toLowerCase()}`}>
          <circle cx={x + width - 2} cy={y + 2} r={7} />
          <text x={x + width - 2} y={y + 5.5} text-anchor="middle">{SIGNS[status]}</text>
        </g>
      )}
      {width > 30 && <text x={x + width / 2} y={y + HEIGHT / 2 + 4} text-anchor="middle">{cut(name, Math.floor((width - 10) / 6))}</text>}
    </g>
  );
}

/** A button on every route that adds a task there. For the pointer: with the keyboard one chooses a task in the list and adds behind it. */
function AddButtons({ lines, height }: { lines: Line[]; height: number }) {
  const { store } = useUi();
  // A route back has no room for a button. Two choices of a Decision that lead to the same task share one.
  const ways = lines.filter(({ route, from, to }, index) => {
    const isFirst = lines.findIndex((line) => same(line.route, route)) === index;
    return to.y > from.y && isFirst;
  });
  const add = (route: Route) => store.task.pick("new", {
    text: ` between “${route.from}” and “${route.to}”`,
    insert: (edited, name, task) => insertBetween(edited, name, task, route),
  });
  const half = GAP_Y / 2;
  const spots = ways.map(({ route, from, to }) => {
    const [x1, x2] = [from.x + from.width / 2, to.x + to.width / 2];
    return { route, x: x1 + ((x2 - x1) * half) / (to.y - from.y - HEIGHT), y: from.y + HEIGHT + half };
  });
  const words = ({ onError }: Route) => (onError ? " on error" : "");
  return (
    <>
      {spread(spots, BUTTON).map(({ route, x, y }) => (
        <button
          key={JSON.stringify(route)} class="square insert" tabIndex={-1} onClick={() => add(route)}
          aria-label={`Add between ${route.from} and ${route.to}${words(route)}`}
          title={`Add between “${route.from}” and “${route.to}”${words(route)}`}
          style={{ left: `${(x / WIDTH) * 100}%`, top: `${(y / height) * 100}%` }}
        ><Icon name="plus" /></button>
      ))}
    </>
  );
}

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, Math.max(1, most - 1))}…` : text);

/** The SVG path of a route, from the bottom of *from* to the top of *to*, with an arrow. */
function lineOf(from: Box, to: Box): string {
  const [x1, y1, x2, y2] = [from.x + from.width / 2, from.y + HEIGHT, to.x + to.width / 2, to.y];
  const arrow = `M${x2 - 3} ${y2 - 5}L${x2} ${y2 - 1}L${x2 + 3} ${y2 - 5}`;
  const bend = Math.min(18, Math.abs(y2 - y1) / 2);
  return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2 - 1}${arrow}`;
}
