// The middle column: the request line, and the settings below it.
import { FormBody } from "./form-body";
import { Panel } from "./panel";
import { Head } from "./request-line";
import { Routes } from "./routes";
import { Empty, Note, useUi } from "./ui";
import * as flow from "./workflow";

export function Request() {
  const { store } = useUi();
  const { root, name: current } = store.task;
  const item = current === null ? undefined : flow.find(store.workflow.working, current);
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
        <FormBody key={root.key} root={root} request={request} />
        <Routes key={`${item.name} ${store.edits.shown}`} item={item} />
      </div>
    </div>
  );
}
