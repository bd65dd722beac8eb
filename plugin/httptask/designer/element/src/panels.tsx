// The module of the parts that the first paint does not need; `panel-module.ts` says when it is loaded.
import { panelSheet } from "./panel-sheet";
import answer from "./styles/answer.css";
import css from "./styles/panels.css";
import response from "./styles/response.css";

panelSheet.replaceSync(response + css + answer);

export { AlmostJson } from "./almost-json";
export { DatePicker } from "./date-picker";
export { DocCard } from "./doc-card";
export { ExpressionInput } from "./expression-input";
export { FlowTask } from "./flow-task";
export { Graph } from "./graph";
export { History } from "./history";
export { Imports } from "./imports";
export { ItemChoice } from "./item-choice";
export { JobCalls } from "./job";
export { JsonEditor } from "./json-editor";
export { switchView } from "./json-view";
export { NameUses, Removal } from "./name-uses";
export { dropTask } from "./order";
export { PageList } from "./pages";
export { PagesOffered } from "./suggestion";
export { ParameterText } from "./parameter-text";
export { PasteList } from "./paste-list";
export { Pin } from "./pin-panel";
export { Preview } from "./preview";
export { QueryBox } from "./query-box";
export { Reference } from "./reference";
export { Response } from "./response";
export { Routes } from "./routes";
export { RunPanel } from "./run-panel";
export { Search } from "./search";
export { MoveSecret } from "./secret-move";
export { Tokens } from "./tokens";
export { TaskMenu } from "./task-menu";
export { Credentials, FilePicker, KeysSheet, Pasted, WorkflowList } from "./rare";
export { askRemoval } from "./uses";
