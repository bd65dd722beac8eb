// Stand-ins for the dialogs and controls of the module of dialogs, which is loaded when one of them is first drawn.
import type * as Dialogs from "./dialogs";
import { drawnFrom } from "./panel";
import { lazily } from "./panel-module";

const Dialog = drawnFrom(lazily<typeof Dialogs>("http-task-designer-dialogs.js", () => import("./dialogs")));

/** Return the stand-in of the component *name*. */
const rare = <Key extends keyof typeof Dialogs>(name: Key) =>
  (of: Parameters<(typeof Dialogs)[Key]>[0]) => <Dialog name={name} of={of as never} />;

export const Credentials = rare("Credentials");
export const FilePicker = rare("FilePicker");
export const KeysSheet = rare("KeysSheet");
export const Pasted = rare("Pasted");
export const WorkflowList = rare("WorkflowList");
