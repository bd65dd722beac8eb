// A text control with values that are offered.

/** A text that may be anything, with what is likely offered. */
export function Suggested({ id, values, ...rest }: { id: string; values: [string, string?][] } & Record<string, unknown>) {
  return (
    <>
      <input id={id} list={`${id}-list`} {...(rest as object)} />
      <datalist id={`${id}-list`}>{values.map(([value, note]) => <option key={value} value={value}>{note}</option>)}</datalist>
    </>
  );
}
