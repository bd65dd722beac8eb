// The values that expressions of the open task can name, their results, and the input parameters that make further values reachable.
import { plainName, jsonPath, type Step } from "./expression-text";
import { answerOf } from "./endings";
import { at, parse, same, segments, type Json, wrapped } from "./json";
import { dump, load, type Slot } from "./slots";
import type { Store } from "./store";
import type { Evaluation, Scope, ScopeGroup, ScopeRequest } from "./types";
import type { JsonataFunction } from "./value-list";
import * as flow from "./workflow";

/** Questions to the server about the expressions of the open task. */
export class Expressions {
  constructor(private readonly store: Store) {}

  /**
   * The request body of every question: the definition as it is on the screen, and sample values.
   * With *text*, the outputs of tasks that the expression *text* cannot depend on are left out: they may be large.
   */
  body(text?: string): ScopeRequest {
    const { task, tests, workflow, environments, input } = this.store;
    const value = task.root ? task.value() : (flow.find(workflow.working, task.name!)?.task ?? {});
    const searched = text === undefined ? null : JSON.stringify([text, value.inputParameters ?? "", value.forEach ?? ""]);
    // A name with special characters may be escaped in the expression: its output is always sent.
    const mayBeRead = (name: string) => searched === null || name === task.name || /[^\w ]/.test(name) || searched.includes(name);
    const tasks = Object.fromEntries(Object.entries(tests.outputs).filter(([name]) => mayBeRead(name)));
    const { itemIndex } = tests;
    const definition = flow.replace(workflow.working, task.name!, value);
    const body: ScopeRequest = { definition, task: task.name!, inputs: { tasks, ...(itemIndex && { itemIndex }) } };
    const last = tests.answers.get(task.name!);
    const answer = last && answerOf(last);
    if (answer) body.inputs.answer = answer;
    const first = last?.ending.job?.firstAnswer;
    if (first) body.inputs.firstAnswer = first;
    if (environments.chosen !== null && workflow.id !== null)
      Object.assign(body, { environment: environments.chosen, workflow: workflow.id });
    try {
      if (input.text.trim()) body.inputs.input = parse(input.text);
    } catch {
      /* the sample input is not JSON yet: ask without it */
    }
    return body;
  }

  private loadedFunctions: Promise<JsonataFunction[]> | null = null;
  /** The functions of JSONata, loaded when they are first needed. */
  functions(): Promise<JsonataFunction[]> {
    this.loadedFunctions ??= this.store.api.json<{ items: JsonataFunction[] }>("functions").then(({ items }) => items);
    this.loadedFunctions.catch(() => { this.loadedFunctions = null; });
    return this.loadedFunctions;
  }

  /** The tree of the values that expressions of the open task can name; with *pointer*, those of the field there. */
  scope = (pointer?: string): Promise<Scope> => this.store.api.scope({ ...this.body(), pointer });

  /** Evaluate the expression *text* of the field at *pointer*. */
  async evaluate(pointer: string, text: string, signal: AbortSignal): Promise<Evaluation> {
    const isCondition = pointer.startsWith("/choices");
    const body = this.body(isCondition ? undefined : text); // a condition reads the output before it without naming the task
    // An entry without a name is not in the definition yet, so the server could not find it.
    if (typeof at(flow.find(body.definition, body.task)?.task, pointer) !== "string") return {};
    return this.store.api.evaluate({ ...body, pointer, text }, signal);
  }

  /** A text that changes whenever the result of an unchanged expression may change. */
  get stamp(): string {
    const { task, input, environments, tests } = this.store;
    const { parameters } = this;
    const parameterValues = parameters ? (dump(parameters) ?? null) : null;
    const answers = [...tests.answers].map(([name, { ending }]) => name + ending.id);
    return JSON.stringify([task.name, tests.itemIndex, input.text, environments.chosen, parameterValues, answers]);
  }

  /** The slot of the input parameters of the open task. */
  private get parameters(): Slot | undefined {
    return this.store.task.root?.kids.find(({ field }) => field.name === "inputParameters");
  }

  /**
   * The path by which the field at *pointer* can name the value at *steps* of *group*.
   * Where the field cannot read the group itself, that is the path of an input parameter, which is created if necessary.
   */
  reach(group: Pick<ScopeGroup, "own">, steps: Step[], pointer: string): Step[] {
    if (group.own) return steps;
    const name = this.kept(jsonPath(steps), pointer);
    return name === null ? steps : [name];
  }

  /**
   * The name of the input parameter with the expression *typed*; created if there is none, and named after the field at *pointer*.
   * Null where the input parameters are edited as JSON or as an expression.
   */
  kept(typed: string, pointer: string): string | null {
    const { parameters } = this;
    if (!parameters || parameters.fx || parameters.raw !== null) return null;
    const expression = wrapped(typed);
    const equal = parameters.own.find(({ slot }) => same(dump(slot), expression));
    if (equal) return equal.name;
    const base = plainName(segments(pointer).filter((part) => !/^\d+$/.test(part)).pop()!);
    const taken = new Set(parameters.own.map(({ name }) => name));
    let name = base;
    for (let count = 2; taken.has(name); count++) name = base + count;
    parameters.own.push({ name, slot: load({ kind: "any", type: "any value" }, expression as Json) });
    parameters.on = true;
    this.store.task.changed("/inputParameters");
    this.store.task.redraw();
    this.store.say(`Kept as the input parameter “${name}”.`);
    return name;
  }

  /** Set *slot*, the field at *pointer*, to the expression *typed*, by way of an input parameter. */
  wire(slot: Slot, pointer: string, typed: string): void {
    const name = this.kept(typed, pointer);
    Object.assign(slot, { fx: true, isNull: false, on: true, expr: name === null ? typed : jsonPath([name]) });
    this.store.task.changed(pointer);
  }
}
