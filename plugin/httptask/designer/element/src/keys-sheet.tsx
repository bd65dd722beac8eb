// The dialog with all keyboard shortcuts, drawn from the table by which they work.
import { KEYS } from "./keys";
import { IconButton, useModal, useUi } from "./ui";

/** The dialog "All keys"; keys with the same effect share a row. */
export function KeysSheet(_: object) {
  const { store } = useUi();
  const dialog = useModal();
  const rows = new Map<string, string[]>();
  for (const { keys, does } of KEYS) rows.set(does, [...(rows.get(does) ?? []), ...keys]);
  return (
    <dialog ref={dialog} class="keys" aria-labelledby="keys-title" onClose={() => store.showKeys(false)}>
      <div class="row between">
        <h2 id="keys-title">All keys</h2>
        <IconButton icon="close" label="Close" onClick={() => store.showKeys(false)} />
      </div>
      <table>
        <tbody>
          {[...rows].map(([does, keys]) => (
            <tr key={does}>
              <th scope="row">{does}</th>
              <td>{keys.map((key, index) => <>{index > 0 && " or "}<kbd>{key.replace("Escape", "Esc")}</kbd></>)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="muted small">A letter acts outside text fields only. In a page of somebody else’s, keys act while the designer has the focus.</p>
    </dialog>
  );
}
