// Numbers as people read them: counts, durations, sizes.

/** `1 item`, `2 items`: only for nouns whose plural ends in `s`. */
export const plural = (count: number, noun: string): string => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** The time of *date*, an ISO 8601 text; with the day, unless that is today (*now*). */
export function when(date: string, now = new Date()): string {
  const at = new Date(date);
  const time = at.toLocaleTimeString();
  return at.toDateString() === now.toDateString() ? time : `${at.toLocaleDateString(undefined, { dateStyle: "medium" })}, ${time}`;
}

/** `3.2 ms`, `40 ms` or `1.50 s`, from seconds. */
export const duration = (seconds: number): string =>
  seconds < 1 ? `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms` : `${seconds.toFixed(2)} s`;

/** `999 B`, `1.0 kB` or `1.0 MB`: decimal units. */
export const bytes = (count: number): string =>
  count < 1e3 ? `${count} B` : count < 1e6 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`;
