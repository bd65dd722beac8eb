// The form of a task that sends no request: Decision, Parallel, Wait and others. Its changes go into the definition at once.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { DecisionForm } from "./decision";
import { ParallelForm } from "./parallel";
import { Routes } from "./routes";
import { type InnerProblem, innerProblems, isOfName, isOfRoutes, problemsOf } from "./task-edits";
import { NameProblems, TaskTitle } from "./task-title";
import type { Problem } from "./types";
import { TypeForm } from "./type-form";
import { Icon, useUi } from "./ui";
import { plural } from "./amounts";
import { WaitForm } from "./wait";
import * as flow from "./workflow";
import { WorkflowForm } from "./workflow-task";

/** The properties of the form of each type. */
export interface FlowForm {
  item: flow.Listed;
  /** The problems of the task itself, with pointers into the task. */
  problems: Problem[];
  /** The problems of the tasks in its branches. */
  inner: InnerProblem[];
}
/** Problems of a task in a branch: that task's own form shows them. */
const OF_TASK_INSIDE = /^\/branches\/[0-9]+\/tasks\//;
const FORMS: Partial<Record<string, (form: FlowForm) => ComponentChildren>> = {
  Decision: DecisionForm, Parallel: ParallelForm, Wait: WaitForm, Workflow: WorkflowForm,
};

/** The open task *item*, which is not an HTTP task. Types without a form here get one from the schema of the type. */
export function FlowTask({ item }: { item: flow.Listed }) {
  const { store } = useUi();
  const { name, type } = item;
  /** The user asked to see the problems: a form made from a schema hides them before that. */
  const [asked, setAsked] = useState(false);
  const all = problemsOf(store.workflow.problems, name);
  const problems = all.filter((problem) => !OF_TASK_INSIDE.test(problem.pointer) && !isOfName(problem));
  const count = all.filter(({ severity }) => severity === "error").length;
  const Form = Object.hasOwn(FORMS, type) ? FORMS[type] : undefined; // no type in a file is a name of JavaScript’s
  return (
    <div class="request">
      <header class="head">
        <div class="title-row">
          <TaskTitle />
        </div>
        <NameProblems />
        <div class="path"><span class="kind">{type}</span> <span class="grow">{flow.summary(item)}</span>
          {count ? (
            <button class={Form || asked ? "chip bad" : "chip todo"} title="Show them" onClick={() => setAsked(true)}>
              {(Form || asked) && <Icon name="alert" />}{plural(count, "problem")}
            </button>
          ) : store.workflow.unreached.has(name) ? (
            <span class="chip bad" title="No task leads here from the start"><Icon name="alert" />never reached</span>
          ) : <span class="chip good">ready</span>}
        </div>
      </header>
      <div class="form">
        {Form
          ? <Form item={item} problems={problems} inner={innerProblems(all)} />
          : <TypeForm item={item} problems={problems.filter((problem) => !isOfRoutes(problem))} asked={asked} />}
        {type !== "Terminate" && <Routes item={item} />}
      </div>
    </div>
  );
}
