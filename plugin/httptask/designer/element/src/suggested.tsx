// A text control with suggestions.

/** A text field that takes any text; *values* are suggestions, each with an optional note. */
export function Suggested({ id, values, ...rest }: { id: string; values: [string, string?][] } & Record<string, unknown>) {
  return (
    <>
      <input id={id} list={`${id}-list`} {...(rest as object)} />
      <datalist id={`${id}-list`}>{values.map(([value, note]) => <option key={value} value={value}>{note}</option>)}</datalist>
    </>
  );
}
