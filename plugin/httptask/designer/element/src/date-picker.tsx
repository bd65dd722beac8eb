// A button that opens the browser's calendar for a `date` or `date-time` field (RFC 3339). Any text can still be typed beside it.
import { useRef } from "preact/hooks";
import type { Slot } from "./slots";
import { IconButton, typed } from "./ui";

/** A date, with or without a time (to the minute at least) and an offset. */
const DATE_OR_TIME = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(Z|z|[+-]\d\d:\d\d)?)?$/;

/** The UTC offset of this machine's time zone at the local time *local*: `+02:00`, or `Z`. */
function offsetAt(local: string): string {
  const minutes = -new Date(local).getTimezoneOffset();
  const two = (number: number) => String(Math.floor(number)).padStart(2, "0");
  return minutes ? `${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}` : "Z";
}

/** The calendar for *slot*. A new time keeps the offset that was typed; without one it gets the machine's offset. */
export function DatePicker({ slot, name, redraw }: { slot: Slot; name: string; redraw: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const withTime = slot.field.format === "date-time";
  const [, date = "", time = "", zone] = DATE_OR_TIME.exec(slot.text.trim()) ?? [];
  const value = withTime ? (date && `${date}T${time || "00:00"}`) : date;
  const write = (chosen: string) => {
    const whole = /:\d\d:\d\d/.test(chosen) ? chosen : `${chosen}:00`;
    slot.text = withTime && chosen ? `${whole}${zone ?? offsetAt(whole)}` : chosen;
    redraw();
  };
  return (
    <span class="date">
      <input
        ref={input} class="hidden" tabIndex={-1} aria-label={`Calendar of ${name}`}
        type={withTime ? "datetime-local" : "date"} step={withTime ? 1 : undefined}
        value={value} onInput={typed(write)}
      />
      <IconButton
        icon="date" label={`Pick ${withTime ? "a time" : "a date"} for ${name}`} title="Pick one"
        onClick={() => input.current!.showPicker()}
      />
    </span>
  );
}
