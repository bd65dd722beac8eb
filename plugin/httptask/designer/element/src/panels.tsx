// What the first paint and a test request do not need: a module of its own, loaded when one of these is first drawn.
import { panelSheet } from "./panel-sheet";
import css from "./styles/panels.css";

panelSheet.replaceSync(css);

export { Credentials } from "./credentials";
export { FlowTask } from "./flow-task";
export { Graph } from "./graph";
export { Imports } from "./imports";
export { JobCalls } from "./job";
export { NameUses, Removal } from "./name-uses";
export { dropTask } from "./order";
export { PageList } from "./pages";
export { Pin } from "./pin-panel";
export { Pasted } from "./pasted";
export { Reference } from "./reference";
export { RunPanel } from "./run-panel";
export { TaskMenu } from "./task-menu";
export { WorkflowList } from "./workflow-list";
export { askRemoval } from "./uses";
