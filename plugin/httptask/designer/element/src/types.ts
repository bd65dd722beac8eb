// The values that the designer's server returns and takes, as in schemas/designer-api.openapi.json.
import type { Json, JsonObject } from "./json";

export type Kind =
  | "object" | "map" | "array" | "union" | "enum" | "const" | "string" | "number" | "boolean" | "file" | "any";

/** One field of a form. */
export interface Field {
  kind: Kind;
  name?: string;
  title?: string;
  required?: boolean;
  /** The field is a group of the request: always on the form, but only sent once something in it is set. */
  group?: boolean;
  /** Sanitised HTML. */
  description?: string;
  deprecated?: boolean;
  nullable?: boolean;
  default?: Json;
  examples?: Json[];
  secret?: boolean;
  type?: string;
  /** The field is a stub: `GET form?at=LINK` returns its children. */
  link?: string;
  /** No kind can express the values: they are edited as JSON. */
  raw?: boolean;
  /** For an object: its documented members. */
  fields?: Field[];
  /** For an object: the field of user-named members, if they are allowed. */
  extra?: Field;
  /** For a map: the field of its values. For an enum: the values. */
  values?: Field | Json[];
  /** For a map: the field of its names. For a text: an enum with suggestions. */
  keys?: Field;
  /** For an array: the field of its items; `prefix` has those of the first items. */
  items?: Field;
  prefix?: Field[];
  unique?: boolean;
  /** For an enum: the labels of its values, in the same order. */
  labels?: string[];
  minimum?: number;
  maximum?: number;
  options?: Field[];
  /** For an object: the fields it needs, and those that have no meaning, by the value of its field `property`. */
  cases?: { property: string; needed: Record<string, string[]>; refused: Record<string, string[]> };
  /** The field has no meaning with what was chosen in the field `property` of `cases`. */
  refused?: boolean;
  discriminator?: { property: string; values: Record<string, number> };
  value?: Json;
  format?: string;
  pattern?: string;
  multiline?: boolean;
  integer?: boolean;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  step?: number;
  /** For a file: base64 text in the settings, or a reference to an upload. */
  encoding?: "base64" | "upload";
  accept?: string;
  /** For the kind `any`: the JSON types that are allowed. */
  types?: string[];
  /** For the kind `any`: text that looks like an object or a list stays text. */
  textual?: boolean;
  /** For an option of a union: how to tell that a value belongs to it. */
  shape?: { json: string; required?: string[]; const?: JsonObject };
}

/** An environment that test requests and runs can go to. */
export interface Environment {
  name: string;
  description?: string;
  colour?: string;
  /** Requests to this environment have real effects. */
  live?: boolean;
  servers?: Record<string, string>;
  /** Why the environment cannot be used. */
  broken?: string;
}

/** A part of a request: path, query, headers, cookies or body. */
export interface Group {
  name: string;
  title: string;
  required?: boolean;
  field: Field;
}
/** A pagination that the server derives from a description. It is offered, and only the user switches it on. */
export interface SuggestedPagination {
  setting: JsonObject;
  /** The evidence for it. */
  sentence: string;
  /** After a test: whether the response had what the pagination reads, and why. */
  confirmed?: boolean;
  reason?: string;
}
/** The form of an endpoint's request. */
export interface Form {
  suggestedPagination?: SuggestedPagination;
  target: string;
  url: { default?: string };
  method: string;
  inputParameters: Field;
  groups: Group[];
  open?: string[];
}

export type Task = JsonObject;
export type Definition = JsonObject & { tasks?: JsonObject; startTask?: string; name?: string };

/** A problem of a definition or task, at a JSON Pointer. */
export interface Problem {
  pointer: string;
  message: string;
  severity: "error" | "warning";
  suggestion?: string;
  code?: string;
  params?: JsonObject;
}

/** Why a request of the page failed: problem details (RFC 9457). */
export interface Failure {
  type?: string;
  title: string;
  status?: number;
  detail?: string;
  problems?: Problem[];
  [extension: string]: unknown;
}

/** An endpoint that a search found. */
export interface Found {
  id: string;
  provider: string;
  method: string;
  path: string;
  title: string;
  match?: string;
  highlights?: Record<string, [number, number][]>;
}
/** The results of a search. */
export interface Page {
  query: string;
  total: number | null;
  items: Found[];
  cursor: string | null;
}

/** A documented field in the reference. */
export interface Row {
  depth: number;
  name: string;
  type?: string;
  required?: boolean;
  description?: string;
  more?: boolean;
}
interface Content {
  mediaType: string;
  rows: Row[];
}
/** A documented server of an endpoint; its address may have variables. */
export interface Server {
  url: string;
  address: string;
  description?: string;
  variables?: Record<string, { default?: string; enum?: string[]; description?: string }>;
}
/** An endpoint with its reference. */
export interface Endpoint {
  item: {
    id: string; provider: string; method: string; path: string; title: string; deprecated?: boolean;
    operationId?: string; tags?: string[]; api?: { name?: string; title?: string; version?: string };
  };
  target: string;
  servers: Server[];
  docs: {
    html?: string;
    source?: string;
    parameters?: { in: string; name: string; required?: boolean; type?: string; description?: string; deprecated?: boolean }[];
    body?: { required?: boolean; description?: string; content?: Content[] };
  };
  security?: {
    known: boolean;
    optional: boolean;
    alternatives: { scheme: string; type: string; detail?: string; scopes?: string[]; description?: string }[][];
  };
  responses?: {
    status: string; description?: string; content?: Content[];
    headers?: { name: string; type?: string; description?: string }[];
  }[];
}

/** What the page has to know of the server. */
export interface Config {
  version: string;
  workflow?: string;
  newWorkflows: boolean;
  workflows: { id: string; name?: string }[];
  /** The files that the page cannot open as definitions, and why. */
  notes?: string[];
  limits: { upload: number; definition: number; shownText: number; body: number; pasted: number };
  endpoints: number;
  /** The catalogue has only the endpoints that httptask ships. */
  onlyShipped: boolean;
  /** The page may import descriptions. */
  imports: boolean;
  methods: string[];
  /** A regular expression that matches the names of secrets. */
  secretNames: string;
  /** The fields for how a task is run. */
  taskSettings: Field[];
  /** The classes of errors that `errors` of an error route may name. */
  errorClasses: string[];
  /** The types of tasks that definitions may use. */
  taskTypes: TaskType[];
  /** The engine that runs definitions. */
  engine: string;
  /** Runs go on after the designer has ended. */
  runsOutlive: boolean;
}

/** A type of task. `expressions`: the pointers at and below which expressions are allowed; `queries`: those of queries. */
export interface TaskType {
  name: string;
  expressions: string[];
  queries: string[];
  /** Its tasks may send requests, which pins can answer. */
  sends: boolean;
}

/** A value that an expression can name: its type, and a sample if there is one. */
export interface ScopeNode {
  /** The name of a member, or the index of an item. */
  name: string | number;
  /** The type in words. */
  type: string;
  /** The JSON types it may have; empty for any. */
  types: string[];
  /** The JSON text of a scalar sample; long texts are cut. */
  value?: string;
  /** The number of members or items of a sample. */
  count?: number;
  nodes?: ScopeNode[];
}
/** The values of one origin: the output of a task, for example. */
export interface ScopeGroup extends ScopeNode {
  kind: "parameter" | "item" | "input" | "task" | "variables" | "function";
  /** The names from `$` to the value; empty if the value is `$` itself. */
  path: string[];
  /** There is a sample of the value. */
  sampled: boolean;
  /** The expression can name the value directly; other values need an input parameter. */
  own?: true;
  /** The earlier task whose output the value is. */
  task?: string;
  /** False if a run may not have come through that task. */
  certain?: false;
}
/** The values that the expressions of a task can name. */
export interface Scope {
  groups: ScopeGroup[];
  /** The tasks that can use the output of this task. */
  later: string[];
}
export interface ScopeRequest {
  definition: Definition;
  task: string;
  inputs: { input?: Json; tasks?: JsonObject; itemIndex?: number; answer?: JsonObject; firstAnswer?: JsonObject };
  environment?: string;
  workflow?: string;
  pointer?: string;
}
/** The value of an expression, evaluated with the samples; or what is missing for it, or wrong with it. */
export interface Evaluation {
  value?: string;
  type?: string;
  lacking?: { task?: string; input?: true };
  problem?: string;
}

/** One comparison of a condition, each side in the syntax of conditions. */
export interface ConditionRow {
  left: string;
  /** Empty: the value must be true; `!`: it must not be. */
  operator: string;
  right?: string;
  /** The text that `right` quotes, if it is a quoted text. */
  text?: string;
}

/** The import under way, or the latest one. */
export interface ImportState {
  state: "none" | "running" | "cancelling" | "done" | "cancelled" | "failed";
  source?: string;
  /** What is being fetched. */
  step?: string;
  /** The bytes of it that have arrived. */
  received?: number;
  descriptions?: number;
  endpoints?: number;
  incomplete?: number;
  failed?: number;
  failures?: string[];
  elapsedSeconds?: number;
}

/** A task changed to another endpoint. */
export interface Change {
  task: Task;
  /** The pointers into the old task of the settings that the new endpoint has no place for. */
  dropped: string[];
  /** The name that a new task for the endpoint gets. */
  title: string;
  /** The same for the old endpoint: a task of that name was not named by a person. */
  formerTitle?: string;
}

/** A request as it was sent, secrets masked. */
export interface SentRequest {
  method: string;
  url: string;
  headers: [string, string][];
  bodyBytes: number;
  body?: string;
  bodyBase64?: string;
  truncated?: boolean;
}
/** One request of an attempt and its response; a redirect makes another hop. */
export interface Hop {
  request: SentRequest;
  status?: number;
  statusLine?: string;
  headers?: [string, string][];
  phases: Phases;
  notes: string[];
  unparsed?: string;
  /** The server asked for authorisation: the next hop is the same request with it. */
  challenged?: boolean;
}
/** One attempt to send a request, with the redirects it followed. */
export interface Attempt {
  number: number;
  outcome: string;
  error?: string;
  startedAt: string;
  waitedSeconds: number;
  elapsedSeconds: number;
  hops: Hop[];
  /** The requests made to authorise it: for a token, for example. */
  subExchanges?: (Hop & { kind: string; beforeHop: number })[];
}
export type Phases = Record<string, number>;

interface Call {
  number: number;
  method: string;
  url: string;
  statusCode: number | null;
  outcome: string;
  elapsedSeconds: number;
}

/** The pages a list was read in; the rest of the ending describes the last page. */
export interface Pages {
  count: number;
  items: number;
  duplicates: number;
  bytes: number;
  complete: boolean;
  stoppedBy: string;
  /** What `resume` takes to go on with the next page. */
  cursor: unknown;
  /** A remark for the author of the task. */
  note: string | null;
  calls: (Call & { items: number; duplicates: number; bytes: number })[];
  /** The number of calls that are not listed. */
  omitted: number;
  /** The request of the next page, which was not sent. */
  nextRequest?: string;
}

/** The job that a task waits for; the rest of the ending describes the last call. */
export interface Job {
  url: string;
  status: string | null;
  states: string[];
  polls: number;
  stoppedBy: string;
  elapsedSeconds: number;
  calls: (Call & { purpose: string; state: string | null; waitedSeconds: number })[];
  /** The number of calls that are not listed. */
  omitted: number;
  /** The request of the next poll, which was not sent. */
  nextRequest?: string;
  /** The callbacks that came, if the job calls back. The callback without a note ended the wait. */
  received?: { method: string; headers: [string, string][]; body: Json; receivedAt: string; status: number; note: string }[];
  /** What `when` and `poll.url` read. */
  firstAnswer?: JsonObject;
}

/** The items of a streamed response that have arrived. */
export interface Arrived {
  /** The latest items; `seconds` is the time since the request began. */
  items: { number: number; name?: string; text: string; seconds: number }[];
  count: number;
  /** The response went on beyond the part that is split into items while it arrives. */
  isMore: boolean;
}

/** The end of a test request: the payload of its last event, with the name of that event. */
export interface Ending {
  event: "response" | "error" | "cancelled";
  id: string;
  outcome?: string;
  message?: string;
  status?: number;
  reasonPhrase?: string;
  httpVersion?: string;
  headers?: [string, string][];
  mediaType?: string;
  size?: number;
  decodedAs?: "json" | "text" | null;
  /** How the body is shown; `items`: as the list of items of a stream. */
  shownAs?: "json" | "items" | "html" | "image" | "csv" | "xml" | "text" | "file";
  /** The name of a file with the body. */
  fileName?: string;
  text?: string;
  truncated?: boolean;
  decodedSize?: number;
  body?: string;
  /** Remarks about what is unusual in the response. */
  notes?: string[];
  differences?: { kind: string; pointer: string; message: string }[];
  documented?: boolean;
  elapsedSeconds: number;
  phases?: Phases;
  attempts?: Attempt[];
  pages?: Pages;
  job?: Job;
  suggestedPagination?: SuggestedPagination;
  /** The `forEach` item that the request was made for, and the number of items. */
  item?: { index: number; count: number };
  request?: SentRequest;
  curl?: string;
  raw?: string;
  retryAfter?: number;
  /** What to do about a refusal: the setting to look at, and the seconds to wait. */
  hint?: { message: string; pointer?: string; seconds?: number };
  kind?: string;
  problems?: Problem[];
  pointer?: string;
  expression?: string;
  known?: string[];
  maybeDelivered?: boolean;
  /** After a 401, or an error of the class `credential`. */
  authorisation?: { challenges: string[]; type?: string; origin?: string };
  /** The items of a stream, each with its time. */
  arrived?: Arrived;
  /** The request was sent although its settings are not valid. */
  anyway?: boolean;
  /** The number of attempts, where `attempts` is left out. */
  made?: number;
}

/** One entry of the history: the settings of a task, with the end of their test request or a note. */
export interface Snapshot {
  at: string;
  task: string;
  settings: Task;
  samples: Record<string, string>;
  ending?: Ending;
  note?: string;
}

/** One visit of a task in a run. */
export interface Visit {
  name: string;
  visit: number;
  type: string;
  status: string;
  elapsedSeconds?: number;
  waitUntil?: string;
  awaitsSignal?: boolean;
  /** The URL of the callback it waits for, without the secret part. */
  callback?: string;
  items?: { count: number; completed?: number; failed?: number; waiting?: { index: number }[] };
  notes?: string[];
  /** The number of requests that pins answered. */
  pinned?: number;
  message?: string;
  statusCode?: number;
  /** The number of attempts that were made. */
  attempts?: number;
  /** The number of the attempt under way. */
  attempt?: number;
  maxAttempts?: number;
  waitSeconds?: number;
  /** For a visit that goes on: when the server reported it, by `performance.now()`. Set by the page. */
  told?: number;
}
/** More about a visit: its error, its exchange, and which values there are. */
export interface VisitDetail {
  /** The values that can be loaded: `input`, `output`. */
  has: string[];
  error?: JsonObject;
  exchange?: Partial<Ending>;
}
/** A run that the server keeps. */
export interface RunSummary {
  id: string;
  status: string;
  /** The name of the definition. */
  definition: string;
  /** The id of the definition, or the path of its file if that is elsewhere; none for a run without a file. */
  workflow?: string;
  beganAt: string;
  elapsedSeconds: number;
  /** The tasks that have not ended. */
  at?: string[];
  /** The names of the tasks that the run has visited. */
  tasks: string[];
  error?: string;
  /** The id of the run around it. */
  inside?: string;
}

/** A part of a request: its text, and the pointer of the setting it comes from (none for text of the URL itself). */
export interface PreviewPart {
  text: string;
  pointer?: string;
  /** The value was typed, comes from an expression, or is missing. */
  state?: "typed" | "wired" | "missing";
}
/** The request that a test would send, as far as it can be built. */
export interface Preview {
  server: PreviewPart[];
  url: PreviewPart[];
  /** The `forEach` item that the preview is for, and the number of items. */
  item?: { index: number; count: number };
  request?: { method: string; url: string; headers: [string, string][]; body?: string };
  /** The parts of a JSON body; null for another body, or a long one. */
  body?: PreviewPart[] | null;
  /** Why there is no request yet. */
  problem?: string;
}

/** A text that was typed into a panel and is not sent or saved yet. */
export interface TypedText {
  text: string;
  /** What it was typed for, in words. */
  of: string;
  /** Whether it can still be sent or saved. */
  isUsable: () => boolean;
}
