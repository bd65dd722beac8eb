// The JSON API: fetch, problem details (RFC 9457), and a test request's event stream.
import { type Json, type JsonObject, parse } from "./json";
import type { Change, ConditionRow, Config, Definition, Endpoint, Environment, Evaluation, Failure, Field, Form, Found, ImportState, Page, Preview, Problem, Scope, ScopeRequest, Task } from "./types";

/** What the server, or the way to it, answered instead of what was asked for. */
export class ApiError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.detail ?? failure.title);
  }
  is(slug: string): boolean {
    return this.failure.type === `urn:httptask:problem:${slug}`;
  }
}

const UNREACHABLE: Failure = {
  type: "unreachable",
  title: "The designer's server does not answer",
  detail: "Start it again (httptask designer): nothing you typed is lost.",
};

export const failureOf = (error: unknown): Failure =>
  error instanceof ApiError ? error.failure : { title: "Something went wrong in this page", detail: String(error) };

/** What a pasted text becomes. */
export interface Pasted {
  form: string;
  tasks: PastedTask[];
  credentials: PastedCredential[];
  losses: Problem[];
}
export interface PastedTask {
  name: string;
  task: Task;
  endpoint: PastedEndpoint | null;
  /** Further endpoints that a lone request fits. */
  others: PastedEndpoint[];
  credentials: string[];
  losses: Problem[];
  problems: Problem[];
}
export type PastedEndpoint = Omit<Found, "match" | "highlights">;
export interface PastedCredential { name: string; scheme: string; origins: string[] }

export interface Validated { problems: Problem[]; mediaType: string | null; inputProblems?: Problem[]; preview?: Preview }

export interface Draft {
  task: Task;
  name?: string;
  samples?: Record<string, Json>;
  inputs: { input?: Json; tasks?: JsonObject; itemIndex?: number };
  inputSchema?: Json;
  environment?: string;
  /** The id of the definition, with an environment. */
  workflow?: string;
  sendAnyway?: boolean;
}
export interface Credential {
  name: string;
  kind: string;
  source?: string;
  origins?: string[];
  writable?: boolean;
  /** A person consents to it. */
  connects?: boolean;
  warnings?: string[];
  token?: HeldToken;
}
/** A consent that was asked for. */
export interface Asked {
  id: string;
  /** Where a person consents; of a device's, with the code in it where the server has such an address. */
  url: string;
  expiresIn: number;
  userCode?: string;
  verificationUri?: string;
  /** By `performance.now()`. */
  began: number;
}
export interface HeldToken { refreshes: boolean; expiresAt?: string; expired?: boolean }
export interface Scheme {
  type: string;
  fits: boolean;
  prefill: JsonObject;
  schema: CredentialField;
}
/** What of JSON Schema the fields of a credential are made of. */
export interface CredentialField {
  type?: string;
  writeOnly?: boolean;
  description?: string;
  enum?: Json[];
  properties?: Record<string, CredentialField>;
  required?: string[];
  /** It is a file's content: a file can be picked for it. */
  contentMediaType?: string;
  contentEncoding?: string;
}
/** A credential as the page has it: of its secrets, only which are set. */
export interface CredentialDraft {
  name: string;
  type: string;
  fields: JsonObject;
  /** JSON Pointers. */
  secrets: string[];
  origins: string[];
  source: string;
  token?: HeldToken;
  isNew: boolean;
}

export class Api {
  token?: string;
  constructor(readonly base: string) {}

  url = (path: string): string => new URL(path, this.base).href;

  async send(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.token) headers.set("Authorization", `Bearer ${this.token}`);
    let response: Response;
    try {
      response = await fetch(this.url(path), { credentials: "same-origin", ...init, headers });
    } catch (error) {
      if ((error as Error).name === "AbortError") throw error;
      throw new ApiError(UNREACHABLE);
    }
    if (!response.ok) throw new ApiError(await failureIn(response));
    return response;
  }

  /** The JSON at *path*, its numbers as the browser reads them. */
  json = async <T>(path: string, signal?: AbortSignal): Promise<T> => (await (await this.send(path, { signal })).json()) as T;

  private async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    const response = await this.send(path, { signal });
    return read(await response.text()) as T;
  }

  post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
    return this.send(path, { method: "POST", headers: JSON_TYPE, body: JSON.stringify(body), signal });
  }

  config = () => this.get<Config>("config");
  search = (q: string, signal?: AbortSignal) => this.get<Page>(`endpoints?${new URLSearchParams({ q, limit: "60" })}`, signal);
  endpoint = (id: string) => this.get<Endpoint>(`endpoints/${encode(id)}`);
  form = (id: string) => this.get<{ prefill: Task; form: Form }>(`endpoints/${encode(id)}/form`);
  field = async (id: string, link: string) =>
    (await this.get<{ field: Field }>(`endpoints/${encode(id)}/form?at=${encode(link)}`)).field;
  credentials = () => this.get<{ items: Credential[]; problems?: string[] }>("credentials");

  credential = (name: string) => this.get<CredentialDraft>(`credentials/${encode(name)}`);
  schemes = (endpoint?: string) =>
    this.get<{ schemes: Scheme[]; origins: string[]; stores: string[] }>(`credential-schemes${endpoint ? `?endpoint=${encode(endpoint)}` : ""}`);
  async saveCredential({ name, type, fields, origins, source }: CredentialDraft): Promise<CredentialDraft> {
    const body = JSON.stringify({ type, fields, origins, source });
    return (await (await this.send(`credentials/${encode(name)}`, { method: "PUT", headers: JSON_TYPE, body })).json()) as CredentialDraft;
  }
  removeCredential = (name: string) => this.send(`credentials/${encode(name)}`, { method: "DELETE" });
  testCredential = async (name: string, what: { endpoint?: string; url?: string }) =>
    (await (await this.post("credential-tests", { name, ...what })).json()) as { accepted: boolean | null; message: string; token?: HeldToken };
  /** Move a credential to another store; its secrets stay on the server. */
  moveCredential = async (name: string, source: string) =>
    (await (await this.post("credential-moves", { name, source })).json()) as CredentialDraft;
  askConsent = async (name: string, endpoint?: string): Promise<Asked> => {
    const began = performance.now();
    return { ...((await (await this.post("consents", { name, endpoint })).json()) as Omit<Asked, "began">), began };
  };
  consent = (id: string) => this.get<{ state: string; message?: string; token?: HeldToken }>(`consents/${encode(id)}`);
  cancelConsent = (id: string) => this.send(`consents/${encode(id)}`, { method: "DELETE" });

  /** What is wrong with *task*, which stands in the definition *within*. */
  async validate(task: Task, name: string, within: Definition, signal: AbortSignal, preview: Omit<Draft, "task" | "name"> | null = null, input: Pick<Draft, "inputSchema" | "inputs"> | null = null): Promise<Validated> {
    return (await (await this.post("validate", { task, name, within, ...(preview && { preview }), ...input }, signal)).json()) as Validated;
  }

  /** What is wrong with *definition*, whose id is *workflow*, and the tasks that no run of it gets to. */
  async checked(definition: Definition, workflow: string | null, signal: AbortSignal): Promise<{ unreached: string[]; problems: Problem[] }> {
    const response = await this.post("validate", { definition, ...(workflow === null ? {} : { workflow }) }, signal);
    return (await response.json()) as { unreached: string[]; problems: Problem[] };
  }

  scope = async (body: ScopeRequest) => (await (await this.post("scope", body)).json()) as Scope;
  evaluate = async (body: ScopeRequest & { pointer: string; text: string }, signal: AbortSignal) => (await (await this.post("evaluate", body, signal)).json()) as Evaluation;
  /** What rows each of the *conditions* of a Decision is; null where rows cannot say it. */
  conditions = async (conditions: string[]) => ((await (await this.post("conditions", { conditions })).json()) as { items: { rows?: ConditionRow[] }[] }).items;

  environments = async (workflow: string) => (await this.get<{ items: Environment[] }>(`workflows/${encode(workflow)}/environments`)).items;
  /** The form of the tasks of *type*; without a field where the type's schema cannot be read. */
  typeForm = (type: string) => this.get<{ field?: Field }>(`task-types/${encode(type)}/form`);
  inputForm = async (inputSchema: Json) =>
    read(await (await this.post("input-form", { inputSchema })).text()) as unknown as { field?: Field; sample?: Json; problems: Problem[] };

  /** *definition* with the task *name* called *to* wherever it is named, and the expressions of which nobody can tell. */
  async renamed(definition: Definition, name: string, to: string): Promise<{ definition: Definition; problems: Problem[] }> {
    const response = await this.post("workflows/rename", { definition, name, to });
    return read(await response.text()) as unknown as { definition: Definition; problems: Problem[] };
  }

  /** *task* as one for the endpoint *id*. */
  async changed(id: string, task: Task): Promise<Change> {
    const response = await this.post(`endpoints/${encode(id)}/task`, { task });
    return read(await response.text()) as unknown as Change;
  }

  /** The request of *draft* as code in *language*. */
  async code(draft: Draft, language: string): Promise<string> {
    return ((await (await this.post(`render?as=${language}`, draft)).json()) as { code: string }).code;
  }

  async workflow(id: string): Promise<{ definition: Definition; etag: string }> {
    const response = await this.send(`workflows/${encode(id)}`);
    return { definition: read(await response.text()) as Definition, etag: response.headers.get("ETag") ?? "" };
  }

  /** Save *definition* over what *etag* names, and return what was written: its uploads lie in the folder of files now. */
  async save(id: string, definition: Definition, etag: string | null): Promise<{ definition: Definition; etag: string }> {
    const guard: Record<string, string> = etag ? { "If-Match": etag } : { "If-None-Match": "*" };
    const response = await this.send(`workflows/${encode(id)}`, {
      method: "PUT",
      headers: { ...JSON_TYPE, ...guard },
      body: JSON.stringify(definition),
    });
    return { definition: read(await response.text()) as Definition, etag: response.headers.get("ETag") ?? "" };
  }

  async upload(file: File, signal?: AbortSignal): Promise<Json> {
    const response = await this.send(`uploads?name=${encode(file.name)}`, {
      method: "POST",
      headers: { "Content-Type": file.type || "application/octet-stream" },
      body: file,
      signal,
    });
    return (await response.json()) as Json;
  }

  /** What *text* becomes for *endpoint*; undefined: for the one that fits, null: for none. */
  async readPasted(text: string, endpoint?: string | null): Promise<Pasted> {
    return read(await (await this.post("pasted", { text, endpoint })).text()) as unknown as Pasted;
  }
  /** Store the *credential* of *text* as *name*. */
  keepPasted = (text: string, endpoint: string | null | undefined, credential: string, name: string) => this.post("pasted/credentials", { text, endpoint, credential, name });

  importState = () => this.get<ImportState>("import");
  startImport = async (what: { source: string } | { upload: string }) => (await (await this.post("import", what)).json()) as ImportState;
  cancelImport = () => this.send("import", { method: "DELETE" });
  /** The upload that *file* has become, as an import names it. */
  async uploaded(file: File): Promise<{ upload: string }> {
    return { upload: ((await this.upload(file)) as { $file: { upload: string } }).$file.upload };
  }

  cancel = (id: string) => this.send(`test-requests/${encode(id)}`, { method: "DELETE" });

  /** Run a test request and call *tell* with each event, its data still as text. */
  async testRequest(draft: Draft, signal: AbortSignal, tell: (event: string, data: string) => void): Promise<void> {
    await this.events(await this.post("test-requests", draft, signal), tell);
  }

  /** Call *tell* with each event of a stream, its data still as text. */
  async events(response: Response, tell: (event: string, data: string) => void): Promise<void> {
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop()!;
      for (const block of blocks) {
        const event = /^event: ?(.*)$/m.exec(block)?.[1];
        const data = /^data: ?(.*)$/m.exec(block)?.[1];
        if (event && data) tell(event, data);
      }
    }
  }
}

const encode = encodeURIComponent;
const JSON_TYPE = { "Content-Type": "application/json" };

function read(text: string): Json {
  try {
    return parse(text);
  } catch {
    throw new ApiError({ title: "The designer's server did not send JSON", detail: `Does another program answer there? It said: ${text.slice(0, 200)}` });
  }
}

async function failureIn(response: Response): Promise<Failure> {
  const text = await response.text().catch(() => "");
  try {
    const failure = JSON.parse(text) as Failure;
    if (typeof failure.title === "string") return { etag: response.headers.get("ETag") ?? undefined, ...failure };
  } catch {
    /* not a problem document: said below */
  }
  return {
    title: `The designer's server answered ${response.status} ${response.statusText}`,
    status: response.status,
    detail: text.slice(0, 200) || "It did not say why.",
  };
}
