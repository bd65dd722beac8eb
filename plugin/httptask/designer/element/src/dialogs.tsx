// The module of the dialogs and controls that many visits of the page do not need; `rare.tsx` loads it when one is first drawn.
import "./shared";

export { Credentials } from "./credentials";
export { FilePicker } from "./file-picker";
export { KeysSheet } from "./keys-sheet";
export { Pasted } from "./pasted";
export { WorkflowList } from "./workflow-list";
