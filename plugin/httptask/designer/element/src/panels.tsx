// What the first paint does not need: a module of its own, fetched behind that paint, or when one of these is first drawn.
import { panelSheet } from "./panel-sheet";
import answer from "./styles/answer.css";
import css from "./styles/panels.css";
import response from "./styles/response.css";

panelSheet.replaceSync(response + css + answer);

export { AlmostJson } from "./almost-json";
export { Credentials } from "./credentials";
export { DatePicker } from "./date-picker";
export { DocCard } from "./doc-card";
export { ExpressionInput } from "./expression-input";
export { FilePicker } from "./file-picker";
export { FlowTask } from "./flow-task";
export { Graph } from "./graph";
export { History } from "./history";
export { Imports } from "./imports";
export { ItemChoice } from "./item-choice";
export { JobCalls } from "./job";
export { JsonEditor } from "./json-editor";
export { switchView } from "./json-view";
export { KeysSheet } from "./keys-sheet";
export { NameUses, Removal } from "./name-uses";
export { dropTask } from "./order";
export { PageList } from "./pages";
export { ParameterText } from "./parameter-text";
export { PasteList } from "./paste-list";
export { Pin } from "./pin-panel";
export { Pasted } from "./pasted";
export { Preview } from "./preview";
export { Reference } from "./reference";
export { Response } from "./response";
export { RunPanel } from "./run-panel";
export { Search } from "./search";
export { Tokens } from "./tokens";
export { TaskMenu } from "./task-menu";
export { WorkflowList } from "./workflow-list";
export { askRemoval } from "./uses";
