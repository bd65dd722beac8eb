// Reads a Postman collection, and prints each of its requests as Postman's own library resolves it.
import sdk from "postman-collection";

const collection = new sdk.Collection(JSON.parse(await new Response(process.stdin).text()));
const requests = [];
collection.forEachItem((item) => {
  const scopes = [];
  for (let at = item; at; at = at.parent()) if (at.variables) scopes.push(at.variables);
  const request = new sdk.Request(
    sdk.Property.replaceSubstitutionsIn(item.request.toJSON(), scopes),
  );
  const auth = item.getAuth();
  requests.push({
    name: item.name,
    method: request.method,
    url: request.url.toString(),
    path: request.url.getPath(),
    headers: request.headers.filter((each) => !each.disabled).map((each) => [each.key, each.value]),
    body: request.body && !request.body.disabled ? request.body.toString() : "",
    mode: request.body?.mode ?? "",
    parts: request.body?.formdata?.filter((each) => !each.disabled).map((each) => [each.key, each.value]) ?? [],
    auth: auth ? [auth.type, Object.fromEntries(auth.parameters().map((each) => [each.key, each.value]))] : null,
  });
});
console.log(JSON.stringify(requests));
