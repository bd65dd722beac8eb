// What the designer's server says; see schemas/designer-api.openapi.json.
import type { Json, JsonObject } from "./json";

export type Kind =
  | "object" | "map" | "array" | "union" | "enum" | "const" | "string" | "number" | "boolean" | "file" | "any";

export interface Field {
  kind: Kind;
  name?: string;
  title?: string;
  required?: boolean;
  /** A group of the request: on the screen without being added, and not sent while nothing in it was set. */
  group?: boolean;
  /** Sanitised HTML. */
  description?: string;
  deprecated?: boolean;
  nullable?: boolean;
  default?: Json;
  examples?: Json[];
  secret?: boolean;
  type?: string;
  /** A stub: its children come from `GET form?at=LINK`. */
  link?: string;
  raw?: boolean;
  fields?: Field[];
  extra?: Field;
  values?: Field | Json[];
  /** What the names of a map may be; of a text, what is likely. */
  keys?: Field;
  items?: Field;
  prefix?: Field[];
  unique?: boolean;
  /** Of an enum: what its values are called, each at its value's place. */
  labels?: string[];
  minimum?: number;
  maximum?: number;
  options?: Field[];
  /** Of an object: what it needs, and what has no meaning, by the value of its field `property`. */
  cases?: { property: string; needed: Record<string, string[]>; refused: Record<string, string[]> };
  /** It has no meaning beside what was chosen. */
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
  encoding?: "base64" | "upload";
  accept?: string;
  types?: string[];
  /** Of any: text that reads as JSON is text all the same. */
  textual?: boolean;
  shape?: { json: string; required?: string[]; const?: JsonObject };
}

export interface Environment {
  name: string;
  description?: string;
  colour?: string;
  /** What is sent there is real. */
  live?: boolean;
  servers?: Record<string, string>;
  /** Why it cannot be used. */
  broken?: string;
}

export interface Group {
  name: string;
  title: string;
  required?: boolean;
  field: Field;
}
/** Pages that a description lets one expect; offered, never switched on by itself. */
export interface SuggestedPagination {
  setting: JsonObject;
  /** What speaks for it. */
  sentence: string;
  /** After a test: whether the answer had what it looks for, and why. */
  confirmed?: boolean;
  reason?: string;
}
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

export interface Problem {
  pointer: string;
  message: string;
  severity: "error" | "warning";
  suggestion?: string;
  code?: string;
  params?: JsonObject;
}

export interface Failure {
  type?: string;
  title: string;
  status?: number;
  detail?: string;
  problems?: Problem[];
  [extension: string]: unknown;
}

export interface Found {
  id: string;
  provider: string;
  method: string;
  path: string;
  title: string;
  match?: string;
  highlights?: Record<string, [number, number][]>;
}
export interface Page {
  query: string;
  total: number | null;
  items: Found[];
  cursor: string | null;
}

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
export interface Server {
  url: string;
  address: string;
  description?: string;
  variables?: Record<string, { default?: string; enum?: string[]; description?: string }>;
}
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

export interface Config {
  version: string;
  workflow?: string;
  newWorkflows: boolean;
  workflows: { id: string; name?: string }[];
  /** Files that are no definitions the page could open, and why. */
  notes?: string[];
  limits: { upload: number; definition: number; shownText: number; body: number; pasted: number };
  endpoints: number;
  /** The catalogue holds nothing beside what httptask ships. */
  onlyShipped: boolean;
  /** The page may import descriptions. */
  imports: boolean;
  methods: string[];
  secretNames: string;
  /** How a task is run. */
  taskSettings: Field[];
  /** What `errors` of a route may name. */
  errorClasses: string[];
  /** The types of tasks that definitions may use. */
  taskTypes: TaskType[];
  /** What runs definitions. */
  engine: string;
  /** Whether runs go on when the designer ends. */
  runsOutlive: boolean;
}

/** A type of task, and the pointers at which it may have expressions, there and below, or a query of an answer. */
export interface TaskType {
  name: string;
  expressions: string[];
  queries: string[];
}

/** A value that an expression can name: its type, and a sample of it where there is one. */
export interface ScopeNode {
  name: string | number;
  type: string;
  /** JSON types; none: any. */
  types: string[];
  /** The JSON text of a sample. */
  value?: string;
  count?: number;
  nodes?: ScopeNode[];
}
export interface ScopeGroup extends ScopeNode {
  kind: "parameter" | "item" | "input" | "task" | "variables";
  path: string[];
  sampled: boolean;
  /** The expression sees it as it is; what is not its own, through an input parameter. */
  own?: true;
  /** The earlier task that puts it out. */
  task?: string;
  /** Some routes do not lead through that task. */
  certain?: false;
}
export interface Scope {
  groups: ScopeGroup[];
  /** The tasks that may read the answer of this one. */
  later: string[];
}
export interface ScopeRequest {
  definition: Definition;
  task: string;
  inputs: { input?: Json; tasks?: JsonObject; itemIndex?: number; answer?: JsonObject };
  environment?: string;
  workflow?: string;
  pointer?: string;
}
/** What an expression yields with the samples there are. */
export interface Evaluation {
  value?: string;
  type?: string;
  lacking?: { task?: string; input?: true };
  problem?: string;
}

/** A comparison of a condition; its values are as a condition writes them. */
export interface ConditionRow {
  left: string;
  operator: string;
  right?: string;
  /** The value of `right`, where that is a text. */
  text?: string;
}

/** The import under way, or the last one. */
export interface ImportState {
  state: "none" | "running" | "cancelling" | "done" | "cancelled" | "failed";
  source?: string;
  /** What is fetched now. */
  step?: string;
  received?: number;
  descriptions?: number;
  endpoints?: number;
  incomplete?: number;
  failed?: number;
  failures?: string[];
  elapsedSeconds?: number;
}

/** A task for another endpoint. */
export interface Change {
  task: Task;
  /** Pointers into the old task: what has no place there. */
  dropped: string[];
  title: string;
  /** What a task for the endpoint before was called by itself. */
  formerTitle?: string;
}

export interface SentRequest {
  method: string;
  url: string;
  headers: [string, string][];
  bodyBytes: number;
  body?: string;
  bodyBase64?: string;
  truncated?: boolean;
}
export interface Hop {
  request: SentRequest;
  status?: number;
  statusLine?: string;
  headers?: [string, string][];
  phases: Phases;
  notes: string[];
  unparsed?: string;
  /** The next hop is the same request, authorised anew. */
  challenged?: boolean;
}
export interface Attempt {
  number: number;
  outcome: string;
  error?: string;
  startedAt: string;
  waitedSeconds: number;
  elapsedSeconds: number;
  hops: Hop[];
  /** What authorising it took. */
  subExchanges?: (Hop & { kind: string; beforeHop: number })[];
}
export type Phases = Record<string, number>;

/** The pages of a list: the ending is about the last one. */
export interface Pages {
  count: number;
  items: number;
  duplicates: number;
  bytes: number;
  complete: boolean;
  stoppedBy: string;
  cursor: unknown;
  note: string | null;
  calls: { number: number; method: string; url: string; statusCode: number | null; outcome: string; items: number; duplicates: number; bytes: number; elapsedSeconds: number }[];
  /** Calls that are not listed. */
  omitted: number;
  /** The request of the next page, which was not sent, as it would go out. */
  nextRequest?: string;
}

/** A job that a task waits for: the ending is about the last call. */
export interface Job {
  url: string;
  status: string | null;
  states: string[];
  polls: number;
  stoppedBy: string;
  elapsedSeconds: number;
  calls: { number: number; method: string; url: string; statusCode: number | null; outcome: string; purpose: string; state: string | null; waitedSeconds: number; elapsedSeconds: number }[];
  /** Calls that are not listed. */
  omitted: number;
  /** The request of the next poll, which was not sent, as it would go out. */
  nextRequest?: string;
  /** Of a job that calls back: what came. The one without a note ended the wait. */
  received?: { method: string; headers: [string, string][]; body: Json; receivedAt: string; status: number; note: string }[];
}

/** The items of a streamed response, as far as they came. */
export interface Arrived {
  /** The latest; `seconds` since the request began. */
  items: { number: number; name?: string; text: string; seconds: number }[];
  count: number;
  /** More came than is looked at while it comes. */
  isMore: boolean;
}

/** How a test request ended: the payload of its last event, and which event it was. */
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
  /** How it is shown. `items`: a list of what came one after another. */
  shownAs?: "json" | "items" | "html" | "image" | "csv" | "xml" | "text" | "file";
  /** What its file is called. */
  fileName?: string;
  text?: string;
  truncated?: boolean;
  decodedSize?: number;
  body?: string;
  /** What was unusual about the response. */
  notes?: string[];
  differences?: { kind: string; pointer: string; message: string }[];
  documented?: boolean;
  elapsedSeconds: number;
  phases?: Phases;
  attempts?: Attempt[];
  pages?: Pages;
  job?: Job;
  suggestedPagination?: SuggestedPagination;
  /** Which item of how many it was made for. */
  item?: { index: number; count: number };
  request?: SentRequest;
  curl?: string;
  raw?: string;
  retryAfter?: number;
  /** What to do about a response that refuses: where to look, and how many seconds to wait. */
  hint?: { message: string; pointer?: string; seconds?: number };
  kind?: string;
  problems?: Problem[];
  pointer?: string;
  expression?: string;
  known?: string[];
  maybeDelivered?: boolean;
  /** After a 401, or what ended in the class `credential`. */
  authorisation?: { challenges: string[]; type?: string; origin?: string };
  /** Of a stream: what came, each with its time. */
  arrived?: Arrived;
  /** It was sent although its settings are not valid. */
  anyway?: boolean;
  /** How many attempts were begun, where they are not here themselves. */
  made?: number;
}

/** One line of the history: what was asked, and what came of it. */
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
  /** The URL whose call it waits for, without its secret part. */
  callback?: string;
  items?: { count: number; completed?: number; failed?: number; waiting?: { index: number }[] };
  notes?: string[];
  /** Requests that pins answered. */
  pinned?: number;
  message?: string;
  statusCode?: number;
  /** That were made. */
  attempts?: number;
  /** The one under way. */
  attempt?: number;
  maxAttempts?: number;
  waitSeconds?: number;
  /** By `performance.now()`: when this was told of a visit that goes on. */
  told?: number;
}
export interface VisitDetail {
  has: string[];
  error?: JsonObject;
  exchange?: Partial<Ending>;
}
/** A run that is kept. */
export interface RunSummary {
  id: string;
  status: string;
  definition: string;
  beganAt: string;
  elapsedSeconds: number;
  /** The tasks that have not ended. */
  at?: string[];
  /** The names of those it came to. */
  tasks: string[];
  error?: string;
  inside?: string;
}

/** A part of a request: its text, and the setting that it is written from. */
export interface PreviewPart {
  text: string;
  pointer?: string;
  state?: "typed" | "wired" | "missing";
}
/** What a test would send, so far as it is known. */
export interface Preview {
  server: PreviewPart[];
  url: PreviewPart[];
  /** Of a task with `forEach`: which item it is for. */
  item?: { index: number; count: number };
  request?: { method: string; url: string; headers: [string, string][]; body?: string };
  /** Of a JSON body; null for another. */
  body?: PreviewPart[] | null;
  /** Why there is no request yet. */
  problem?: string;
}
