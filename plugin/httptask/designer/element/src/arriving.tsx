// The items of a streamed response in the order in which they arrived, the newest first, each with its time.
import { duration, plural } from "./amounts";
import type { Arrived } from "./types";

/** The list of *arrived*. While *underWay*, more items may come. */
export const Arriving = ({ arrived: { items, count, isMore }, underWay }: { arrived: Arrived; underWay?: boolean }) => (
  <div class="arriving">
    <p class="muted small">
      <strong>{plural(count, "item")}</strong>{underWay ? " so far. Cancel (Esc) keeps them." : ", with the time since the request began."}
      {items.length < count && ` The latest ${items.length} are here.`}
      {isMore && " What came after them is not shown while it comes."}
    </p>
    <ol class="arrived" reversed tabIndex={0} aria-label="Items as they came, the newest first">
      {[...items].reverse().map(({ number, name, text, seconds }) => (
        <li key={number} value={number}>
          <span class="muted">{number} · {duration(seconds)}</span>{" "}
          {name !== undefined && <strong>{name}</strong>}{" "}
          <span class="arrived-text">{text}</span>
        </li>
      ))}
    </ol>
  </div>
);
