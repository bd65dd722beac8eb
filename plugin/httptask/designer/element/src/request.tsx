// The middle column: the head of the open task's request, and its settings below.
import { FormBody } from "./form-body";
import { Panel } from "./panel";
import { Head } from "./request-line";
import { Empty, Note, useUi } from "./ui";
import * as flow from "./workflow";

/** The open task: the form of an HTTP task, or the panel of a task that sends nothing. */
export function Request() {
  const { store } = useUi();
  const { root, name } = store.task;
  const item = name === null ? undefined : flow.find(store.workflow.working, name);
  if (store.task.loading && !root) return <Empty text="Loading the form …" />;
  if (item && item.type !== "Http") return <Panel key={`${item.name} ${store.edits.shown}`} name="FlowTask" of={{ item }} />;
  if (!root || !item) return null;
  const request = root.kids.find(({ field }) => field.name === "httpRequest")!;
  return (
    <div class="request">
      <Head store={store} root={root} request={request} />
      <div class="form">
        {store.task.endpointFailure && (
          <Note kind="warning" title={store.task.endpointFailure.title}>
            {store.task.endpointFailure.detail} The settings can be edited all the same.
          </Note>
        )}
        <FormBody key={root.key} root={root} request={request}>
          <Panel key={`${item.name} ${store.edits.shown}`} name="Routes" of={{ item }} />
        </FormBody>
      </div>
    </div>
  );
}
