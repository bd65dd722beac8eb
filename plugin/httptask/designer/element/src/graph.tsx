// The definition's tasks and routes as a small picture; the list beside it is what the keyboard uses.
import { isObject, same } from "./json";
import { SIGNS, stateWord } from "./runs";
import { insertBetween, spread } from "./order";
import { Icon, useUi } from "./ui";
import { listed, type Listed, type Route, routes } from "./workflow";
import type { Definition } from "./types";

const WIDTH = 216;
const HEIGHT = 22;
const GAP_Y = 26;
const GAP_X = 8;
/** How wide and high the plus of a way is. */
const BUTTON = 24;
const MOST_NODES = 60;

interface Box {
  item: Listed;
  x: number;
  y: number;
  width: number;
}

/** Layers by the longest way from the start; a route back does not lengthen it. */
function boxes(definition: Definition): { boxes: Map<string, Box>; height: number } {
  const items = listed(definition).slice(0, MOST_NODES);
  const names = new Set(items.map(({ name }) => name));
  const out = new Map<string, string[]>();
  for (const { from, to } of routes(definition)) if (names.has(to)) out.set(from, [...(out.get(from) ?? []), to]);
  const level = new Map<string, number>();
  const onWay = new Set<string>();
  const visit = (name: string, depth: number): void => {
    if (onWay.has(name) || depth > MOST_NODES || (level.get(name) ?? -1) >= depth) return;
    level.set(name, depth);
    onWay.add(name);
    for (const next of out.get(name) ?? []) visit(next, depth + 1);
    onWay.delete(name);
  };
  if (typeof definition.startTask === "string" && names.has(definition.startTask)) visit(definition.startTask, 0);
  const last = Math.max(-1, ...level.values());
  for (const { name } of items) if (!level.has(name)) level.set(name, last + 1); // nothing leads there
  const rows = new Map<number, Listed[]>();
  for (const item of items) rows.set(level.get(item.name)!, [...(rows.get(level.get(item.name)!) ?? []), item]);
  const result = new Map<string, Box>();
  for (const [row, members] of rows) {
    const width = Math.min(150, (WIDTH - GAP_X * (members.length - 1)) / members.length);
    const left = (WIDTH - width * members.length - GAP_X * (members.length - 1)) / 2;
    members.forEach((item, index) => result.set(item.name, { item, width, x: left + index * (width + GAP_X), y: row * (HEIGHT + GAP_Y) + 1 }));
  }
  return { boxes: result, height: (Math.max(0, ...rows.keys()) + 1) * (HEIGHT + GAP_Y) - GAP_Y + 2 };
}

interface Line {
  route: Route;
  from: Box;
  to: Box;
}

export function Graph({ definition, chosen }: { definition: Definition; chosen: string | null }) {
  const { store } = useUi();
  const { boxes: all, height } = boxes(definition);
  const lines = routes(definition).flatMap((route) => {
    const from = all.get(route.from);
    const to = all.get(route.to);
    return from && to ? [{ route, from, to }] : [];
  });
  const states = store.runs.states;
  const words = lines.map(({ route }) => `${route.from} to ${route.to}${route.onError ? " on error" : ""}`).join("; ");
  return (
    <div class="picture" style={{ width: `${WIDTH}px` }}>
      <svg class="graph" viewBox={`0 0 ${WIDTH} ${height}`} width={WIDTH} height={height} role="img" aria-label={`Routes: ${words || "none"}`}>
        {lines.map(({ route, from, to }, index) => <path key={index} class={`${route.from === chosen || route.to === chosen ? "near" : ""} ${route.onError ? "on-error" : ""}`} d={way(from, to)} />)}
        {[...all.values()].map(({ item, x, y, width }) => (
          <g key={item.name} class={`${item.type.toLowerCase()} ${item.name === chosen ? "chosen" : ""} ${store.workflow.unreached.has(item.name) ? "unreached" : ""} ${store.pins.has(item.name) ? "pinned" : ""}`} onClick={() => void store.task.open(item.name)}>
            <title>{`${item.name} (${item.type}${isObject(item.task.forEach) ? ", for each item" : ""}${store.workflow.unreached.has(item.name) ? ", never reached" : ""}${store.pins.has(item.name) ? ", pinned" : ""}${states.has(item.name) ? `, ${stateWord(states.get(item.name)!.status)}` : ""})`}</title>
            {isObject(item.task.forEach) && <rect x={x + 3.5} y={y + 3.5} width={width - 1} height={HEIGHT - 1} rx={5} />}
            <rect x={x + 0.5} y={y + 0.5} width={width - 1} height={HEIGHT - 1} rx={item.type === "Decision" ? 11 : 5} />
            {states.has(item.name) && (
              <g class={`sign is-${states.get(item.name)!.status.toLowerCase()}`}>
                <circle cx={x + width - 2} cy={y + 2} r={7} />
                <text x={x + width - 2} y={y + 5.5} text-anchor="middle">{SIGNS[states.get(item.name)!.status]}</text>
              </g>
            )}
            {width > 30 && <text x={x + width / 2} y={y + HEIGHT / 2 + 4} text-anchor="middle">{cut(item.name, Math.floor((width - 10) / 6))}</text>}
          </g>
        ))}
      </svg>
      <WayButtons lines={lines} height={height} />
    </div>
  );
}

/** A plus on every way, for the pointer: the keyboard chooses a task in the list, and adds behind it. */
function WayButtons({ lines, height }: { lines: Line[]; height: number }) {
  const { store } = useUi();
  // A way back has no room for a button; two choices that lead to one task are one way.
  const ways = lines.filter(({ route, from, to }, index) => to.y > from.y && lines.findIndex((line) => same(line.route, route)) === index);
  const add = (route: Route) => store.task.pick("new", {
    text: ` between “${route.from}” and “${route.to}”`, insert: (edited, name, task) => insertBetween(edited, name, task, route),
  });
  const half = GAP_Y / 2;
  const spots = ways.map(({ route, from, to }) => {
    const [x1, x2] = [from.x + from.width / 2, to.x + to.width / 2];
    return { route, x: x1 + ((x2 - x1) * half) / (to.y - from.y - HEIGHT), y: from.y + HEIGHT + half };
  });
  return (
    <>
      {spread(spots, BUTTON).map(({ route, x, y }) => (
        <button
          key={JSON.stringify(route)} class="square insert" tabIndex={-1} onClick={() => add(route)}
          aria-label={`Add between ${route.from} and ${route.to}${route.onError ? " on error" : ""}`} title={`Add between “${route.from}” and “${route.to}”${route.onError ? " on error" : ""}`}
          style={{ left: `${(x / WIDTH) * 100}%`, top: `${(y / height) * 100}%` }}
        ><Icon name="plus" /></button>
      ))}
    </>
  );
}

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, Math.max(1, most - 1))}…` : text);

function way(from: Box, to: Box): string {
  const [x1, y1, x2, y2] = [from.x + from.width / 2, from.y + HEIGHT, to.x + to.width / 2, to.y];
  const arrow = `M${x2 - 3} ${y2 - 5}L${x2} ${y2 - 1}L${x2 + 3} ${y2 - 5}`;
  const bend = Math.min(18, Math.abs(y2 - y1) / 2);
  return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2 - 1}${arrow}`;
}
