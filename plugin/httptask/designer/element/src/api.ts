// The client of the designer's JSON API: requests, problem details (RFC 9457), and event streams.
import { type Json, type JsonObject, parse } from "./json";
import type {
  Change, ConditionRow, Config, Definition, Endpoint, Environment, Evaluation, Failure, Field, Form, Found, ImportState, Page, Preview,
  Problem, Scope, ScopeRequest, Task,
} from "./types";

/** A request to the designer's server failed: it answered with a problem, or could not be reached. */
export class ApiError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.detail ?? failure.title);
  }
  /** Whether the problem has the type *slug*. */
  is(slug: string): boolean {
    return this.failure.type === `urn:httptask:problem:${slug}`;
  }
}

const UNREACHABLE: Failure = {
  type: "unreachable",
  title: "The designer's server does not answer",
  detail: "Start it again (httptask designer): nothing you typed is lost.",
};

/** *error* as a failure that the page can show, whatever was thrown. */
export const failureOf = (error: unknown): Failure =>
  error instanceof ApiError ? error.failure : { title: "Something went wrong in this page", detail: String(error) };

/** The tasks and credentials that a pasted text was read as. */
export interface Pasted {
  /** The format of the text: `curl`, `postman` or `har`. */
  form: string;
  tasks: PastedTask[];
  credentials: PastedCredential[];
  /** What of the text as a whole is not carried over. */
  losses: Problem[];
}
/** A task made of one request of a pasted text. */
export interface PastedTask {
  name: string;
  task: Task;
  /** The endpoint that the request matches; null for a request without one. */
  endpoint: PastedEndpoint | null;
  /** Further endpoints that match a single request. */
  others: PastedEndpoint[];
  /** The names of the credentials that the task needs. */
  credentials: string[];
  /** What of the request is not carried over; pointers are into the text. */
  losses: Problem[];
  /** What is wrong with the task; pointers are into the task. */
  problems: Problem[];
}
export type PastedEndpoint = Omit<Found, "match" | "highlights">;
/** A credential in a pasted text; its secret stays on the server. */
export interface PastedCredential { name: string; scheme: string; origins: string[] }

/** The answer of a validation; `mediaType` is that of the request's body, null where there is none or an expression decides. */
export interface Validated { problems: Problem[]; mediaType: string | null; inputProblems?: Problem[]; preview?: Preview }

/** What is wrong with a definition: `unreached` are the tasks that no route leads to, `pinProblems` have pointers into the pins. */
export interface Checked { unreached: string[]; problems: Problem[]; pinProblems: Problem[] }

/** A task with all that a test request of it needs. */
export interface Draft {
  task: Task;
  name?: string;
  /** Sample values in place of expressions, by the pointer of the field. */
  samples?: Record<string, Json>;
  /** What expressions read: the workflow's input, the outputs of earlier tasks, the item of `forEach`. */
  inputs: { input?: Json; tasks?: JsonObject; itemIndex?: number };
  inputSchema?: Json;
  environment?: string;
  /** The id of the definition; only sent together with `environment`. */
  workflow?: string;
  /** Send although the settings are not valid. */
  sendAnyway?: boolean;
}
/** An entry of the list of credentials, without its secrets. */
export interface Credential {
  name: string;
  kind: string;
  /** The store that holds the credential. */
  source?: string;
  /** The origins that the credential may be sent to. */
  origins?: string[];
  writable?: boolean;
  /** A person has to consent before the credential has a token. */
  connects?: boolean;
  warnings?: string[];
  token?: HeldToken;
}
/** A consent that the server waits for: of the authorization code or the device code grant. */
export interface ConsentRequest {
  id: string;
  /** The page where a person consents. For a device code: `verification_uri_complete` (RFC 8628) if there is one. */
  url: string;
  /** In seconds. */
  expiresIn: number;
  /** Device code grant only (RFC 8628): the code to enter at `verificationUri`. */
  userCode?: string;
  verificationUri?: string;
  /** When the consent was requested, by `performance.now()`. */
  began: number;
}
/** The token that the server holds for a credential; `refreshes`: the server renews the token by itself. */
export interface HeldToken { refreshes: boolean; expiresAt?: string; expired?: boolean }
/** A type of credential that can be created. */
export interface Scheme {
  type: string;
  /** The endpoint's security schemes ask for this type. */
  fits: boolean;
  /** Values that the endpoint's description gives for the fields. */
  prefill: JsonObject;
  schema: CredentialField;
}
/** The part of JSON Schema that describes the fields of a credential. */
export interface CredentialField {
  type?: string;
  writeOnly?: boolean;
  description?: string;
  enum?: Json[];
  properties?: Record<string, CredentialField>;
  required?: string[];
  /** The value is the content of a file: the page offers to choose one. */
  contentMediaType?: string;
  contentEncoding?: string;
}
/** A credential that is edited in the page. The page knows which of its secrets are set, never their values. */
export interface CredentialDraft {
  name: string;
  type: string;
  fields: JsonObject;
  /** JSON Pointers of the secrets that are set. */
  secrets: string[];
  origins: string[];
  /** The store that holds the credential. */
  source: string;
  token?: HeldToken;
  isNew: boolean;
}

/** A method for each operation of the JSON API at *base*. Every method throws `ApiError` on failure. */
export class Api {
  /** Sent as a bearer token with every request. */
  token?: string;
  constructor(readonly base: string) {}

  url = (path: string): string => new URL(path, this.base).href;

  /** Send a request and return the response if it is a success. An aborted request throws the browser's `AbortError`. */
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

  /** The JSON at *path*, read by the browser: long numbers lose digits. */
  json = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
    (await (await this.send(path, { signal })).json()) as T;

  /** The JSON at *path*, numbers with all their digits. */
  private async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    const response = await this.send(path, { signal });
    return read(await response.text()) as T;
  }

  post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
    return this.send(path, { method: "POST", headers: JSON_TYPE, body: JSON.stringify(body), signal });
  }

  /** Post *body* and return the JSON of the answer, read by the browser. */
  private async ask<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    return (await (await this.post(path, body, signal)).json()) as T;
  }

  /** Post *body* and return the JSON of the answer, numbers with all their digits. */
  private async askExactly<T>(path: string, body: unknown): Promise<T> {
    const response = await this.post(path, body);
    return read(await response.text()) as T;
  }

  config = () => this.get<Config>("config");
  search = (q: string, signal?: AbortSignal) =>
    this.get<Page>(`endpoints?${new URLSearchParams({ q, limit: "60" })}`, signal);
  endpoint = (id: string) => this.get<Endpoint>(`endpoints/${encode(id)}`);
  form = (id: string) => this.get<{ prefill: Task; form: Form }>(`endpoints/${encode(id)}/form`);
  /** The field that replaces a stub; *link* is `Field.link`. */
  field = async (id: string, link: string) =>
    (await this.get<{ field: Field }>(`endpoints/${encode(id)}/form?at=${encode(link)}`)).field;
  credentials = () => this.get<{ items: Credential[]; problems?: string[] }>("credentials");

  credential = (name: string) => this.get<CredentialDraft>(`credentials/${encode(name)}`);
  /** The types of credentials, prefilled for *endpoint*, and the stores that can hold one. */
  schemes = (endpoint?: string) => {
    const query = endpoint ? `?endpoint=${encode(endpoint)}` : "";
    return this.get<{ schemes: Scheme[]; origins: string[]; stores: string[] }>(`credential-schemes${query}`);
  };
  /** Store a credential; a new one only if none has its name. A secret that is left out keeps its value. */
  async saveCredential({ name, type, fields, origins, source, isNew }: CredentialDraft): Promise<CredentialDraft> {
    const body = JSON.stringify({ type, fields, origins, source });
    const headers = isNew ? { ...JSON_TYPE, "If-None-Match": "*" } : JSON_TYPE;
    const response = await this.send(`credentials/${encode(name)}`, { method: "PUT", headers, body });
    return (await response.json()) as CredentialDraft;
  }
  removeCredential = (name: string) => this.send(`credentials/${encode(name)}`, { method: "DELETE" });
  /** Test a credential with a harmless request; `accepted` is null where the answer does not tell. */
  testCredential = (name: string, target: { endpoint?: string; url?: string }) =>
    this.ask<{ accepted: boolean | null; message: string; token?: HeldToken }>("credential-tests", { name, ...target });
  /** Move a credential to another store; its secrets stay on the server. */
  moveCredential = (name: string, source: string) => this.ask<CredentialDraft>("credential-moves", { name, source });
  /** Start a consent for the credential *name*. */
  askConsent = async (name: string, endpoint?: string): Promise<ConsentRequest> => {
    const began = performance.now();
    return { ...(await this.ask<Omit<ConsentRequest, "began">>("consents", { name, endpoint })), began };
  };
  consent = (id: string) => this.get<{ state: string; message?: string; token?: HeldToken }>(`consents/${encode(id)}`);
  cancelConsent = (id: string) => this.send(`consents/${encode(id)}`, { method: "DELETE" });

  /**
   * Validate *task*, the task *name* of the definition *within*.
   * With *preview* the answer also has a preview of the request, with *input* the problems of that sample input.
   */
  validate(
    task: Task, name: string, within: Definition, signal: AbortSignal,
    preview: Omit<Draft, "task" | "name"> | null = null, input: Pick<Draft, "inputSchema" | "inputs"> | null = null,
  ): Promise<Validated> {
    return this.ask("validate", { task, name, within, ...(preview && { preview }), ...input }, signal);
  }

  /** Validate *definition*, whose id is *workflow* (null: not saved yet), and its pins. */
  checked(definition: Definition, workflow: string | null, signal: AbortSignal): Promise<Checked> {
    return this.ask("validate", { definition, ...(workflow === null ? {} : { workflow }) }, signal);
  }

  /** The values that the expressions of a task can name. */
  scope = (body: ScopeRequest) => this.ask<Scope>("scope", body);
  /** Evaluate the expression *text* of the field at *pointer*. */
  evaluate = (body: ScopeRequest & { pointer: string; text: string }, signal: AbortSignal) =>
    this.ask<Evaluation>("evaluate", body, signal);
  /** Split each of the *conditions* of a Decision into comparisons; without `rows` where that is not possible. */
  conditions = async (conditions: string[]) =>
    (await this.ask<{ items: { rows?: ConditionRow[] }[] }>("conditions", { conditions })).items;

  environments = async (workflow: string) =>
    (await this.get<{ items: Environment[] }>(`workflows/${encode(workflow)}/environments`)).items;
  /** The form for tasks of *type*; without `field` where no form can be made of the type's schema. */
  typeForm = (type: string) => this.get<{ field?: Field }>(`task-types/${encode(type)}/form`);
  /** The form for an input of a workflow with *inputSchema*, and a sample that fits the schema. */
  inputForm = (inputSchema: Json) =>
    this.askExactly<{ field?: Field; sample?: Json; problems: Problem[] }>("input-form", { inputSchema });

  /**
   * *definition* with the task *name* renamed to *to*, in routes and expressions too.
   * The problems name the expressions that may still use the old name.
   */
  renamed(definition: Definition, name: string, to: string): Promise<{ definition: Definition; problems: Problem[] }> {
    return this.askExactly("workflows/rename", { definition, name, to });
  }

  /** *task* rewritten for the endpoint *id*. */
  changed(id: string, task: Task): Promise<Change> {
    return this.askExactly(`endpoints/${encode(id)}/task`, { task });
  }

  /** The request of *draft* as source code in *language*. */
  async code(draft: Draft, language: string): Promise<string> {
    return (await this.ask<{ code: string }>(`render?as=${language}`, draft)).code;
  }

  async workflow(id: string): Promise<{ definition: Definition; etag: string }> {
    const response = await this.send(`workflows/${encode(id)}`);
    return { definition: read(await response.text()) as Definition, etag: response.headers.get("ETag") ?? "" };
  }

  /**
   * Save *definition* and return what was written: uploads have become files, with paths instead of upload ids.
   * The server refuses to overwrite any version but *etag*; null: the definition must not exist yet.
   */
  async save(id: string, definition: Definition, etag: string | null): Promise<{ definition: Definition; etag: string }> {
    const guard: Record<string, string> = etag ? { "If-Match": etag } : { "If-None-Match": "*" };
    const response = await this.send(`workflows/${encode(id)}`, {
      method: "PUT",
      headers: { ...JSON_TYPE, ...guard },
      body: JSON.stringify(definition),
    });
    return { definition: read(await response.text()) as Definition, etag: response.headers.get("ETag") ?? "" };
  }

  /** Upload *file* and return the reference to it, as settings hold it. */
  async upload(file: File, signal?: AbortSignal): Promise<Json> {
    const response = await this.send(`uploads?name=${encode(file.name)}`, {
      method: "POST",
      headers: { "Content-Type": file.type || "application/octet-stream" },
      body: file,
      signal,
    });
    return (await response.json()) as Json;
  }

  /** Read *text* as requests for *endpoint*; undefined: for the endpoint that matches, null: for no endpoint. */
  readPasted(text: string, endpoint?: string | null): Promise<Pasted> {
    return this.askExactly("pasted", { text, endpoint });
  }
  /** Store the *credential* that the pasted *text* holds, under *name*. */
  keepPasted = (text: string, endpoint: string | null | undefined, credential: string, name: string) =>
    this.post("pasted/credentials", { text, endpoint, credential, name });

  importState = () => this.get<ImportState>("import");
  startImport = (source: { source: string } | { upload: string }) => this.ask<ImportState>("import", source);
  cancelImport = () => this.send("import", { method: "DELETE" });
  /** Upload *file* for `startImport`. */
  async uploaded(file: File): Promise<{ upload: string }> {
    return { upload: ((await this.upload(file)) as { $file: { upload: string } }).$file.upload };
  }

  cancel = (id: string) => this.send(`test-requests/${encode(id)}`, { method: "DELETE" });

  /** Send a test request and call *tell* with each event and its data, which is JSON text. */
  async testRequest(draft: Draft, signal: AbortSignal, tell: (event: string, data: string) => void): Promise<void> {
    await this.events(await this.post("test-requests", draft, signal), tell);
  }

  /** Call *tell* with each event of the stream *response* and its data, which is JSON text. */
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

/** Parse an answer of the server. Throws `ApiError`. */
function read(text: string): Json {
  try {
    return parse(text);
  } catch {
    throw new ApiError({
      title: "The designer's server did not send JSON",
      detail: `Does another program answer there? It said: ${text.slice(0, 200)}`,
    });
  }
}

/** The failure that *response* reports: its problem document (RFC 9457), else one made of its status. */
async function failureIn(response: Response): Promise<Failure> {
  const text = await response.text().catch(() => "");
  try {
    const failure = JSON.parse(text) as Failure;
    if (typeof failure.title === "string") return { etag: response.headers.get("ETag") ?? undefined, ...failure };
  } catch {
    /* not a problem document: reported below */
  }
  return {
    title: `The designer's server answered ${response.status} ${response.statusText}`,
    status: response.status,
    detail: text.slice(0, 200) || "It did not say why.",
  };
}
