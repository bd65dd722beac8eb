"""Search: what a person's words find first, in catalogues with huge APIs beside small ones, and
what a search may cost.
"""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import weakref
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httptask.catalogue import _address, _index, _ladder, _query, _ranking, _search, _words
from httptask.model.api import Api, Endpoint
from places import TESTS

BENCH = TESTS / "bench"
ANY_TEXT = st.text(st.characters(codec=None))  # lone surrogates included: JSON can bring them

CONTRACT = """
CREATE TABLE description (
  number INTEGER PRIMARY KEY, source TEXT, provider TEXT COLLATE NOCASE, api TEXT, title TEXT, version TEXT, endpoints INTEGER);
CREATE INDEX description_provider ON description (provider);
CREATE TABLE endpoint (
  number INTEGER PRIMARY KEY, description INTEGER, id TEXT, id_hash INTEGER, method TEXT, path TEXT, title TEXT,
  deprecated INTEGER);
CREATE INDEX endpoint_description ON endpoint (description);
CREATE INDEX endpoint_id ON endpoint (id_hash);
"""
"""What of the store's tables a search reads."""


class Searched:
    """A catalogue as far as searching goes: the tables that are read, and the index."""

    def __init__(self, *endpoints: Endpoint, path: str | Path = ":memory:") -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        weakref.finalize(self, self.connection.close)
        self.connection.executescript(CONTRACT)
        for statement in _index.TABLES:
            self.connection.execute(statement)
        self.rows: dict[int, Endpoint] = {}
        self.put(endpoints)

    def put(self, endpoints: Iterable[Endpoint]) -> None:
        apis: dict[tuple[str, Api], int] = {}
        rows = []
        storable = _words.storable
        self.connection.execute("BEGIN")
        for each in endpoints:
            if (each.provider, each.api) not in apis:
                described = (
                    storable(each.provider),
                    storable(each.api.name),
                    storable(each.api.title),
                )
                sql = "INSERT INTO description (provider, api, title) VALUES (?, ?, ?)"
                apis[each.provider, each.api] = (
                    self.connection.execute(sql, described).lastrowid or 0
                )
            number = _index.number_bucket(each) << 40 | len(self.rows)
            self.rows[number] = each
            endpoint_id = storable(each.id or f"{each.provider}-{len(self.rows)}")
            named = (
                endpoint_id,
                _words.id_hash(endpoint_id),
                *map(storable, (each.method, each.path, each.title)),
            )
            row = (number, apis[each.provider, each.api], *named, each.deprecated)
            self.connection.execute("INSERT INTO endpoint VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            rows.append((number, _index.indexed(each)))
        _index.insert_all(self.connection, rows)
        self.connection.execute("COMMIT")

    def __call__(self, words: str, **options: object) -> list[str]:
        """Search and return the calls: `acme GET /users`."""
        hits = _search.search(self.connection, words, **options)  # type: ignore[arg-type]
        return [f"{hit.provider} {hit.method} {hit.path}" for hit in hits]

    def matches(self, words: str) -> list[str]:
        return [hit.match for hit in _search.search(self.connection, words)]


def _work(searched: Searched, words: str) -> int:
    """Return how many hundreds of steps of SQLite's machine a search takes."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    searched.connection.set_progress_handler(step, 100)
    searched(words)
    searched.connection.set_progress_handler(None, 0)
    return count


def endpoint(call: str, title: str = "", *, api: Api | str = "", **fields: object) -> Endpoint:
    """Return the endpoint of *call*, `acme GET /users`."""
    provider, method, path = call.split(" ", 2)
    named = api if isinstance(api, Api) else Api(title=api)
    return Endpoint(fields.pop("id", ""), method, path, provider, named, title, **fields)  # type: ignore[arg-type]


MAIL = Api("mail", "Mail API", "v1")
APIS = (
    endpoint(
        "github POST /repos/{owner}/{repo}/issues", "Create an issue", operation_id="issues/create"
    ),
    endpoint(
        "github GET /repos/{owner}/{repo}/issues",
        "List repository issues",
        operation_id="issues/list-for-repo",
    ),
    endpoint(
        "github GET /repos/{owner}/{repo}/issues/{number}",
        "Get an issue",
        operation_id="issues/get",
    ),
    endpoint(
        "github POST /repos/{owner}/{repo}/issues/{number}/comments", "Create an issue comment"
    ),
    endpoint(
        "github GET /repos/{owner}/{repo}",
        "Get a repository",
        operation_id="repos/get",
        id="github-repos-get-0a1",
    ),
    endpoint(
        "stripe GET /v1/customers", "Returns a list of your customers", operation_id="GetCustomers"
    ),
    endpoint(
        "stripe POST /v1/customers", "Creates a new customer object", operation_id="PostCustomers"
    ),
    endpoint(
        "stripe GET /v1/customers/{customer}",
        "Retrieves a customer",
        operation_id="GetCustomersCustomer",
    ),
    endpoint(
        "stripe GET /v1/customers/{customer}/sources", "List sources for a specified customer"
    ),
    endpoint("stripe POST /v1/refunds", "Create a refund", operation_id="PostRefunds"),
    endpoint(
        "slack POST /chat.postMessage",
        "Sends a message to a channel",
        operation_id="chat_postMessage",
    ),
    endpoint("billing GET /customers", "Get customers", operation_id="allOfThem"),
    endpoint("acme POST /sms/send", "Send an SMS", api="Acme Messages"),
    endpoint("google POST /users/{userId}/messages/send", "Sends the specified message", api=MAIL),
    endpoint(
        "cloud POST /#X-Target=Store_2012.PutItem",
        "Creates a new item",
        operation_id="PutItem",
        api="Cloud Store",
    ),
    endpoint("shop DELETE /tags/{id}.json", "スクリプトタグの削除", operation_id="deleteTag"),
    endpoint("shop POST /tags.json", "スクリプトタグの作成", operation_id="createTag"),
)


@pytest.fixture(scope="module")
def apis() -> Searched:
    return Searched(*APIS)


@pytest.fixture(scope="module")
def crowd() -> Searched:
    """Two small APIs beside one of 4,000 endpoints that says every word often."""
    things = (
        "weather",
        "forecast",
        "report",
        "user",
        "city",
        "station",
        "alert",
        "map",
        "group",
        "device",
    )
    huge = [
        endpoint(
            f"huge {method} /{first}s/{{id}}/{second}s/{{key}}/{third}s",
            f"{verb} the {third}s of a {second}",
            api="Huge Graph of weather, forecasts and everything",
            description=f"{verb} {first} {second} {third}, weather forecast. " * 5,
            operation_id=f"{first}.{second}.{verb}{third}",
        )
        for first in things
        for second in things
        for third in things
        for method, verb in (
            ("GET", "List"),
            ("POST", "Create"),
            ("PATCH", "Update"),
            ("DELETE", "Delete"),
        )
    ]
    small = [
        endpoint("meteo GET /v1/current", "Current conditions", api="Weather Forecast API"),
        endpoint("meteo GET /v1/daily", "Daily weather forecast", api="Weather Forecast API"),
        endpoint("sunny GET /forecast", "Weather forecast for a city", api="Sunny"),
    ]
    return Searched(*huge, *small)


# --- what is found first ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("create github issue", "github POST /repos/{owner}/{repo}/issues"),
        ("issue github create", "github POST /repos/{owner}/{repo}/issues"),
        ("How do I create an issue on GitHub?", "github POST /repos/{owner}/{repo}/issues"),
        ("list github issues", "github GET /repos/{owner}/{repo}/issues"),
        ("list stripe customers", "stripe GET /v1/customers"),
        ("stripe refund", "stripe POST /v1/refunds"),
        ("slack send message", "slack POST /chat.postMessage"),
        ("send sms", "acme POST /sms/send"),
        ("google mail send", "google POST /users/{userId}/messages/send"),
        ("put item cloud store", "cloud POST /#X-Target=Store_2012.PutItem"),
        ("git iss list", "github GET /repos/{owner}/{repo}/issues"),
        ("strip cust", "stripe GET /v1/customers"),
        ("stipe custmer", "stripe GET /v1/customers"),
        ("create githb isue", "github POST /repos/{owner}/{repo}/issues"),
        ("スクリプトタグの削除", "shop DELETE /tags/{id}.json"),
        ("削除", "shop DELETE /tags/{id}.json"),
        ("作", "shop POST /tags.json"),
    ],
)
def test_words_people_use_find_what_they_mean(apis: Searched, words: str, first: str) -> None:
    """Provider and action in any order, a sentence, beginnings, typos, a script without spaces."""
    assert apis(words)[:1] == [first]


@pytest.mark.parametrize(
    ("pasted", "first"),
    [
        ("/v1/customers/{customer}", "stripe GET /v1/customers/{customer}"),
        ("GET /v1/customers/{customer}", "stripe GET /v1/customers/{customer}"),
        ("POST /v1/customers", "stripe POST /v1/customers"),
        ("/v1/customers/cus_123", "stripe GET /v1/customers/{customer}"),
        (
            "https://api.stripe.com/v1/customers/cus_123/sources?limit=3",
            "stripe GET /v1/customers/{customer}/sources",
        ),
        (
            "POST https://api.github.com/repos/octocat/hello-world/issues",
            "github POST /repos/{owner}/{repo}/issues",
        ),
        ("https://slack.com/api/chat.postMessage", "slack POST /chat.postMessage"),
        ("/#X-Target=Store_2012.PutItem", "cloud POST /#X-Target=Store_2012.PutItem"),
        ("repos/get", "github GET /repos/{owner}/{repo}"),
        ("GetCustomers", "stripe GET /v1/customers"),
        ("getcustomers", "stripe GET /v1/customers"),
        ("chat_postMessage", "slack POST /chat.postMessage"),
        (" github-repos-get-0a1\n", "github GET /repos/{owner}/{repo}"),
    ],
)
def test_what_is_pasted_is_found(apis: Searched, pasted: str, first: str) -> None:
    """A path, with its parameters or with values for them, an address, an operationId, an id."""
    assert apis(pasted)[:1] == [first]


def test_address_of_nothing_is_words(apis: Searched) -> None:
    """What looks like an address but is none of the catalogue's is searched for by its words."""
    assert "stripe POST /v1/refunds" in apis("https://example.com/how-to-refund")
    assert apis("https://zzz.example/qqq") == []


def test_small_api_is_not_buried_under_a_huge_one(crowd: Searched) -> None:
    """Small APIs whose title or path says the very words come before thousands of endpoints that
    say them, too.
    """
    found = crowd("weather forecast")
    assert set(found[:3]) == {"meteo GET /v1/current", "meteo GET /v1/daily", "sunny GET /forecast"}
    assert crowd("forecast sunny")[0] == "sunny GET /forecast"
    assert {call.split()[0] for call in crowd("weather", limit=20)} == {"huge", "meteo", "sunny"}


def test_api_that_is_about_the_very_words_comes_first() -> None:
    """A title of an API that says what is asked for, and nothing else, is worth more than a path
    that says it, too.
    """
    searched = Searched(
        endpoint("huge GET /weather/forecasts", "Weather forecasts"),
        endpoint("meteo GET /v1/current", "Current conditions", api="Weather Forecast API"),
        endpoint(
            "many GET /v1/current", "Current conditions", api="Weather, Forecasts, Maps and News"
        ),
    )
    assert [call.split()[0] for call in searched("weather forecast")] == ["meteo", "huge", "many"]


def test_huge_api_is_found_when_it_is_meant(crowd: Searched) -> None:
    """All the words of one of its endpoints find it among its 4,000."""
    assert crowd("huge create device of station in a city", limit=3)[0].startswith("huge POST /")
    hit = crowd("PATCH /maps/{id}/alerts/{key}/users", limit=1)
    assert hit == ["huge PATCH /maps/{id}/alerts/{key}/users"]


def test_versions_of_one_operation_make_room() -> None:
    """One operation in ten versions of an API does not take the whole first page; every version is
    found all the same.
    """
    versions = [
        endpoint(
            "github POST /repos/{repo}/issues",
            "Create an issue",
            api=Api(f"server-3.{minor}", "GitHub API"),
        )
        for minor in range(10)
    ]
    path = "/orgs/{org}/teams/{team}/units/{unit}/issues"
    other = endpoint(f"gitea POST {path}", "Create an issue for all of a large organisation")
    found = Searched(*versions, other)("create issue")
    assert found[:2] == ["github POST /repos/{repo}/issues", f"gitea POST {path}"]
    assert len(found) == 11


def test_deprecated_and_longer_ones_come_later() -> None:
    """Of endpoints that say the same, the one in use comes first, then the plainer one."""
    searched = Searched(
        endpoint("acme GET /v1/users", "List users", deprecated=True),
        endpoint("acme GET /v2/users", "List users"),
        endpoint("acme GET /v2/groups/{group}/regions/{region}/users", "List users"),
    )
    assert searched("list users") == [
        "acme GET /v2/users", "acme GET /v2/groups/{group}/regions/{region}/users", "acme GET /v1/users",
    ]  # fmt: skip


def test_action_nobody_asked_for_comes_later() -> None:
    """`/orders/{id}/cancel` is for who asks to cancel."""
    searched = Searched(
        endpoint("acme POST /orders/{id}/cancel"),
        endpoint("acme POST /orders"),
        endpoint(
            "cloud PUT /machines/{name}",
            "The operation to create or update a virtual machine in a resource group",
        ),
        endpoint("cloud POST /machines/{name}/start", "Starts a machine"),
    )
    assert searched("create machine")[0] == "cloud PUT /machines/{name}"
    assert searched("create order")[0] == "acme POST /orders"
    assert searched("orders")[0] == "acme POST /orders"
    assert searched("cancel order")[0] == "acme POST /orders/{id}/cancel"


def test_almost_no_hits_are_followed_by_those_with_some_of_the_words(apis: Searched) -> None:
    """When hardly anything has all the words, what has most of them follows, and says so."""
    assert apis.matches("stripe refund zebra")[0] == "some"
    found = _search.search(apis.connection, "customer sources")
    assert [hit.match for hit in found][:2] == ["all", "some"]
    assert apis.matches("customers")[-1] == "all"


def test_word_that_means_the_same_is_found_after_the_word_itself() -> None:
    """`sms` also finds messages, below those that say SMS."""
    searched = Searched(
        endpoint("a POST /messages", "Send a message"), endpoint("b POST /sms", "Send")
    )
    assert searched("send sms") == ["b POST /sms", "a POST /messages"]


def test_rare_misspelling_of_the_catalogue_itself_does_not_hide_the_right_word() -> None:
    """A typo that stands in one description is corrected all the same, where the words together
    find nothing.
    """
    right = [
        endpoint(f"acme GET /v{number}/repositories", "List repositories") for number in range(70)
    ]
    wrong = endpoint("other GET /things", "Things", description="Not a repositroy.")
    searched = Searched(*right, wrong, endpoint("acme GET /a", "A"))
    assert searched("acme repositroy")[0].endswith("/repositories")
    assert set(searched.matches("acme repositroy")) == {"near"}
    assert searched("repositroy") == ["other GET /things"], (
        "what stands there is found, when it is all that is asked for"
    )


def test_short_beginning_beside_a_rare_word_is_looked_for_there() -> None:
    """`xkcd c` finds its comics, though hundreds of other words with `c` are more frequent."""
    others = [
        endpoint(f"acme GET /c{letters}{more}s/{{id}}", "Other")
        for letters in "abdefghij"
        for more in "klmnpq"
    ]
    searched = Searched(*others, *others, endpoint("xkcd GET /{comicId}/info.json", "Fetch one"))
    assert searched("xkcd c")[0] == "xkcd GET /{comicId}/info.json"
    assert searched.matches("xkcd c")[0] == "all"
    assert searched.matches("xkcd q")[0] == "some"


# --- words that the endpoint does not say -------------------------------------------------------

STRIPE, KUBERNETES = Api("stripe", "Stripe API"), Api("kubernetes", "Kubernetes")
CHIMP, GRAPH = Api("marketing", "Mailchimp Marketing API"), Api("v1.0", "Microsoft Graph")
QUERIES = Api("bigquery", "BigQuery API")
MAILS, CALENDAR = Api("sendgrid", "Email API"), Api("calendar", "Google Calendar API")
BROKER = Api("client-portal", "Client Portal Web API")
WANTED = (
    endpoint(
        "stripe POST /v1/refunds",
        "Create a refund",
        api=STRIPE,
        description="Returns money of a charge.",
    ),
    endpoint("kubernetes DELETE /api/v1/namespaces/{name}", "Delete a Namespace", api=KUBERNETES),
    endpoint("mailchimp POST /lists/{list_id}/members", "Add member to list", api=CHIMP),
    endpoint(
        "microsoft PUT /drives/{drive-id}/items/{driveItem-id}/content", "Update content", api=GRAPH
    ),
    endpoint(
        "interactivebrokers POST /iserver/account/{accountId}/orders",
        "Submit a new order",
        api=BROKER,
    ),
    endpoint(
        "github POST /repos/{owner}/{repo}/forks", "Create a fork", api=Api("api", "REST API")
    ),
    endpoint("salesforce POST /sobjects/Lead", "Create a lead", api=Api("rest", "REST API")),
    endpoint(
        "googleapis.com POST /b/{bucket}/o",
        "Insert an object",
        api=Api("storage", "Cloud Storage API"),
    ),
    endpoint("facebook POST /{page-id}/feed", "Publish to a page", api=Api("graph", "Graph API")),
    endpoint("googleapis.com POST /projects/{id}/queries", "Runs a SQL statement", api=QUERIES),
    endpoint("sendgrid POST /mail/send", "Deliver a message", api=MAILS),
    endpoint("microsoft GET /me/messages", "List messages", api=GRAPH),
    endpoint("googleapis.com POST /calendars/{id}/events", "Creates an event", api=CALENDAR),
    endpoint("dropbox POST /2/files/list_folder", "List a folder", api=Api("v2", "HTTP API")),
    endpoint("gitlab POST /projects/{id}/merge_requests", "Create a merge request"),
    endpoint("telegram POST /sendMessage", "Sends a text"),
    endpoint("bitbucket POST /repositories/{workspace}/{slug}", "Create a repository"),
)
_STRIPE_THINGS = (
    "methods",
    "links",
    "intents",
    "records",
    "attempts",
    "configurations",
    "reports",
    "domains",
)
_NAMESPACED = (
    "pods",
    "services",
    "secrets",
    "configmaps",
    "events",
    "endpoints",
    "limitranges",
    "bindings",
)
DISTRACTORS = (
    *(
        endpoint(
            f"stripe {method} /v1/payment_{thing}",
            f"{verb} payment {thing}",
            api=STRIPE,
            description="A refund.",
        )
        for thing in _STRIPE_THINGS
        for method, verb in (("GET", "List"), ("POST", "Create"))
    ),
    *(
        endpoint(
            f"kubernetes DELETE /api/v1/namespaces/{{namespace}}/{thing}",
            f"Delete {thing}",
            api=KUBERNETES,
        )
        for thing in _NAMESPACED
    ),
    *(
        endpoint(f"rancher DELETE /v3/k8s/{thing}/{{namespace}}", f"Delete {thing} of a namespace")
        for thing in _NAMESPACED
    ),
    *(
        endpoint(
            f"mailchimp {method} /lists/{{list_id}}/members/{{subscriber_hash}}/{thing}",
            f"{thing}",
            api=CHIMP,
        )
        for thing in ("tags", "notes", "events", "goals", "activity", "activity-feed")
        for method in ("GET", "POST")
    ),
    *(
        endpoint(
            f"microsoft GET /sites/{{site-id}}/{thing}",
            f"Get {thing}",
            api=GRAPH,
            description="File in OneDrive.",
        )
        for thing in ("lists", "pages", "columns", "drive", "analytics")
    ),
    *(
        endpoint(
            f"microsoft GET /me/onedrive/{thing}",
            f"Get {thing}",
            api=GRAPH,
            description="The content of a file.",
        )
        for thing in ("quota", "owner", "recent", "special", "following")
    ),
    *(
        endpoint(
            f"trader{number} POST /orders/place",
            "Place an order",
            description="With interactive brokers, too.",
        )
        for number in range(2)
    ),
    *(
        endpoint(
            f"shop{number} GET /places/{{place}}/orders",
            "Orders of a place",
            description="For other brokers.",
        )
        for number in range(12)
    ),
    *(endpoint(f"hub{number} POST /hubs/{{hub}}/forks", "Create a fork") for number in range(12)),
    *(
        endpoint(f"sendgrid {method} /user/email", "Your email", api=MAILS)
        for method in ("GET", "PUT")
    ),
    *(endpoint(f"sendgrid GET /{thing}_mail", "Settings", api=MAILS) for thing in ("bcc", "spam")),
    *(
        endpoint(
            f"microsoft GET /insights/{thing}", "Get", api=GRAPH, description="Outlook messages."
        )
        for thing in ("shared", "trending", "used")
    ),
    *(endpoint(f"club{number} POST /events", "Create an event") for number in range(3)),
    *(endpoint(f"club{number} POST /query", "Run a query") for number in range(3)),
    *(
        endpoint(f"crm{number} POST /sales/force/lead", "Create a lead", api="CRM")
        for number in range(2)
    ),
    endpoint("box GET /folders/{id}", "Get a folder", api="Box"),
    *(endpoint(f"bitbucket POST /repo_slug/{thing}", f"Create {thing}") for thing in _NAMESPACED),
    *(
        endpoint(f"tailor{number} POST /strip/{{id}}/refund", "Refund a strip")
        for number in range(4)
    ),
    *(endpoint(f"mail{number} POST /mail/sender", "A sender of mail") for number in range(4)),
)


@pytest.fixture(scope="module")
def wanted() -> Searched:
    return Searched(*DISTRACTORS, *WANTED)


@pytest.mark.parametrize(
    ("words", "call", "first"),
    [
        (
            "place order interactive brokers",
            "interactivebrokers POST /iserver/account/{accountId}/orders",
            10,
        ),
        (
            "interactive brokers orders",
            "interactivebrokers POST /iserver/account/{accountId}/orders",
            3,
        ),
        ("k8s delete namespace", "kubernetes DELETE /api/v1/namespaces/{name}", 3),
        ("stripe refund payment", "stripe POST /v1/refunds", 10),
        ("mailchimp add subscriber to list", "mailchimp POST /lists/{list_id}/members", 3),
        (
            "graph upload file onedrive content",
            "microsoft PUT /drives/{drive-id}/items/{driveItem-id}/content",
            10,
        ),
        ("gh create fork", "github POST /repos/{owner}/{repo}/forks", 3),
        ("git hub fork", "github POST /repos/{owner}/{repo}/forks", 3),
        ("sales force create lead", "salesforce POST /sobjects/Lead", 3),
        ("gcp insert object bucket", "googleapis.com POST /b/{bucket}/o", 3),
        ("fb publish page feed", "facebook POST /{page-id}/feed", 3),
        (
            "msgraph drive content",
            "microsoft PUT /drives/{drive-id}/items/{driveItem-id}/content",
            3,
        ),
        ("send grid send mail", "sendgrid POST /mail/send", 1),
        ("outlook list messages", "microsoft GET /me/messages", 3),
        ("bq run query", "googleapis.com POST /projects/{id}/queries", 3),
        ("gcal create event", "googleapis.com POST /calendars/{id}/events", 3),
        ("gcal insert event", "googleapis.com POST /calendars/{id}/events", 1),
        ("gcs upload object", "googleapis.com POST /b/{bucket}/o", 1),
        ("gl create mr", "gitlab POST /projects/{id}/merge_requests", 1),
        ("tg send msg", "telegram POST /sendMessage", 1),
        ("bb create repo", "bitbucket POST /repositories/{workspace}/{slug}", 3),
        ("strpie refund", "stripe POST /v1/refunds", 3),
        ("sned grid sned mail", "sendgrid POST /mail/send", 3),
        ("drop box list folder", "dropbox POST /2/files/list_folder", 3),
        ("zqxj wvkq jzzq qqwx vvkz xxjq stripe refund", "stripe POST /v1/refunds", 3),
    ],
)
def test_word_the_endpoint_does_not_say_costs_rank_only(
    wanted: Searched, words: str, call: str, first: int
) -> None:
    """A word too many, a provider's short name or its name in two words still find the endpoint on
    the first page.
    """
    assert call in wanted(words)[:first]


def test_words_that_stand_only_elsewhere_are_left_out(wanted: Searched) -> None:
    """What stands nowhere in the one provider that is searched is as good as unknown there."""
    words = "kubernetes namespace pods mailchimp subscriber rancher refund"
    assert wanted(words, provider="stripe", method="post")[0] == "stripe POST /v1/refunds"


def test_endpoint_that_lacks_a_word_says_so_and_is_not_among_the_first(wanted: Searched) -> None:
    """The first hits have all the words; what lacks one comes after them."""
    hits = _search.search(wanted.connection, "stripe refund payment", limit=10)
    assert [hit.match for hit in hits[:3]] == ["all"] * 3
    assert {hit.path: hit.match for hit in hits}["/v1/refunds"] == "some"
    assert len({hit.id for hit in hits}) == len(hits)


# --- filters and pages --------------------------------------------------------------------------


def test_filters_keep_only_theirs(crowd: Searched, apis: Searched) -> None:
    """Provider and method are exact, whatever their case, beside words, beginnings and nothing."""
    assert set(apis("issue", provider="GitHub", method="post")) == {
        "github POST /repos/{owner}/{repo}/issues", "github POST /repos/{owner}/{repo}/issues/{number}/comments",
    }  # fmt: skip
    assert apis("issue", provider="git") == []
    assert apis("issue", provider="nobody") == apis("", provider="nobody") == []
    assert crowd("f", provider="sunny") == crowd("", provider="SUNNY") == ["sunny GET /forecast"]
    assert {call.split()[1] for call in crowd("weather", method="delete")} == {"DELETE"}


@pytest.mark.parametrize("words", ["weather", "list station alerts", "", "forecst"])
def test_pages_are_parts_of_one_list(crowd: Searched, words: str) -> None:
    """Page after page gives what one long page gives, each hit once."""
    whole = crowd(words, limit=60)
    assert [call for start in range(0, 60, 7) for call in crowd(words, limit=7, offset=start)][
        :60
    ] == whole
    assert len(set(whole)) == len(whole) == 60


def test_no_words_list_by_provider_and_path(apis: Searched, crowd: Searched) -> None:
    """Everything by provider, path and method; of a provider with thousands, the plainer endpoints
    first.
    """
    listed = sorted(APIS, key=lambda each: (each.provider, each.path, each.method))
    assert apis("", limit=100) == [f"{each.provider} {each.method} {each.path}" for each in listed]
    assert len(set(crowd("", limit=10_000))) == 4003


def test_hit_names_its_api(apis: Searched) -> None:
    """A list can show which of a provider's APIs an endpoint is part of."""
    (hit,) = _search.search(apis.connection, "google mail", limit=1)
    assert hit.to_json() == {
        "id": hit.id, "method": "POST", "path": "/users/{userId}/messages/send", "provider": "google", "api": "Mail API",
        "title": "Sends the specified message", "match": "all",
    }  # fmt: skip
    assert json.loads(json.dumps(hit.to_json())) == hit.to_json()


def test_search_sees_one_state_and_leaves_nothing_open(tmp_path: Path) -> None:
    """An import that ends while a search is under way changes nothing for it; afterwards no
    transaction is left.
    """
    path = tmp_path / "catalogue.sqlite3"
    searched = Searched(*APIS, path=path)
    searched.connection.execute("PRAGMA journal_mode = WAL")
    before = searched("stripe customer")
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        pytest.MonkeyPatch.context() as patch,
    ):
        # When this is asked for, the search has begun to read, and has not read an endpoint yet.
        patch.setattr(
            _ladder,
            "whole_name",
            lambda name: (other.execute("DELETE FROM description"), _words.whole_name(name))[1],
        )
        assert searched("stripe customer") == before
    assert not searched.connection.in_transaction
    assert searched("stripe customer") == [], "an endpoint without its API is no hit"
    searched.connection.execute("DROP TABLE name")
    with pytest.raises(sqlite3.OperationalError):
        searched("stripe")
    assert not searched.connection.in_transaction


# --- what a search costs ------------------------------------------------------------------------


def _many(count: int) -> Searched:
    """*count* endpoints that all say the same words."""
    return Searched(
        *(
            endpoint(
                f"acme GET /items/{number}/parts/{{id}}",
                "List the parts of an item",
                description="Some more words",
            )
            for number in range(count)
        )
    )


@pytest.fixture(scope="module")
def few_and_many() -> tuple[Searched, Searched]:
    return _many(500), _many(10_000)


HOSTILE = {
    "letter": "i", "frequent": "item part list", "described": "words more", "beginnings": "it pa li", "typo": "prats itmes",
    "letters": "x" * 400, "parts": "i-" * 200, "quotes": '"' * 400, "nul": "item\0part" * 50, "sixteen": "item part " * 200,
    "unknown": " ".join(f"zq{letter}" for letter in "abcdefghijklmnop"), "path": "/items/" * 60, "nothing": "",
    "address": "https://a.example/items/1/parts/2/items/3/parts/4",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_search_costs_no_more_in_a_larger_catalogue(
    few_and_many: tuple[Searched, Searched], name: str
) -> None:
    """Twenty times as many matches take about the same work: it is bounded whatever is asked
    for.
    """
    least, most = (_work(searched, HOSTILE[name]) for searched in few_and_many)
    assert most <= 2 * least + 60, "hundreds of SQLite's steps"


def test_ranking_sees_a_bounded_number_of_rows(
    few_and_many: tuple[Searched, Searched], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many endpoints match, some hundreds are ranked; the fewer, the more words there
    are.
    """
    seen: list[int] = []
    real: Callable[..., list[_ranking.Candidate]] = _ranking.ranked

    def counting(
        candidates: Iterable[_ranking.Candidate], *arguments: object
    ) -> list[_ranking.Candidate]:
        given = list(candidates)
        seen.append(len(given))
        return real(given, *arguments)

    monkeypatch.setattr(_ranking, "ranked", counting)
    for words in HOSTILE.values():
        few_and_many[1](words)
    assert 0 < max(seen) <= 300
    seen.clear()
    few_and_many[1]("item", limit=1000)
    assert seen == [1000], "as many as are asked for"


def test_frequent_word_finds_the_plainest_endpoints() -> None:
    """Where more match than are ranked, those with short paths are."""
    long = [endpoint(f"acme GET /a/b/c/d/{number}/users", "Users") for number in range(400)]
    assert Searched(*long, endpoint("acme GET /users", "Users"))("user", limit=1) == [
        "acme GET /users"
    ]


def test_frequent_word_finds_what_is_about_it_before_what_only_has_it() -> None:
    """Where more match than are ranked, those whose path ends with the word are, even if theirs are
    long.
    """
    short = [endpoint(f"acme GET /users/{{id}}/k{number}", "Thing") for number in range(400)]
    about = "acme GET /regions/{region}/branches/{branch}/accounts/{account}/users"
    assert Searched(*short, endpoint(about, "All of them"))("user", limit=1) == [about]


# --- the index ----------------------------------------------------------------------------------


def _terms_of(searched: Searched) -> dict[str, tuple[int, int]]:
    rows = searched.connection.execute("SELECT term, names, everywhere FROM word").fetchall()
    return {term: (names, everywhere) for term, names, everywhere in rows}


def test_counts_of_words_are_those_of_the_rows(apis: Searched) -> None:
    """Each term's counts are the numbers of endpoints that have it in a name, and anywhere."""
    names: Counter[str] = Counter()
    everywhere: Counter[str] = Counter()
    for each in APIS:
        *named, described = _index.indexed(each)
        here = {term for column in named for term in column.split() if term.isalnum()}
        names.update(here)
        everywhere.update(here | set(described.split()))
    assert _terms_of(apis) == {term: (names[term], count) for term, count in everywhere.items()}


def test_what_is_deleted_leaves_nothing_behind() -> None:
    """Rows that come and go, one by one and together, leave the index as it was; SQLite finds it
    whole.
    """
    searched = Searched(*APIS)
    before = _terms_of(searched)
    more = [
        replace(each, provider="acme", description="Extra words.", path=f"/extra{each.path}")
        for each in APIS
    ]
    first = len(searched.rows)
    searched.put(more)
    assert searched("extra words")
    numbers = list(searched.rows)[first:]
    columns = [_index.indexed(each) for each in more]
    _index.delete(searched.connection, numbers[0], columns[0])
    _index.delete_all(searched.connection, zip(numbers[1:], columns[1:], strict=True))
    _index.optimise(searched.connection)
    assert searched("extra words") == []
    assert _terms_of(searched) == before
    for table in ("name", "everything"):
        searched.connection.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")
    searched.connection.execute(
        "DELETE FROM endpoint WHERE number IN (SELECT number FROM endpoint LIMIT 3)"
    )
    assert len(searched("issue", limit=100)) < len(APIS), (
        "a row that is gone is no hit, whatever the index says"
    )


def test_rows_may_come_in_any_order() -> None:
    """Indexing from the highest number down writes no more rows into SQLite's tables than in order,
    where it is least.
    """
    rows = [
        (number, _index.indexed(endpoint(f"acme GET /a{number}", "Title")))
        for number in range(1000)
    ]
    written = []
    for given_rows in (rows, rows[::-1]):
        searched = Searched()
        connection = searched.connection
        connection.execute("BEGIN")
        _index.insert_all(connection, given_rows)
        connection.execute("COMMIT")
        written.append(connection.total_changes)
    assert written[0] == written[1]


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(
        dict.fromkeys(("title", "path", "provider", "operation_id", "description"), ANY_TEXT)
    )
)
def test_any_text_is_indexed_as_the_terms_it_has(fields: dict[str, str]) -> None:
    """SQLite splits what is indexed into exactly our terms, whatever the script: each one finds its
    row in its column.
    """
    strange = Endpoint("i", "GET", tags=("a tag",), **fields)  # type: ignore[arg-type]
    searched = Searched(strange)
    for column, text in zip((*_index.COLUMNS, "everything"), _index.indexed(strange), strict=True):
        for term in text.split():
            table = "everything" if column == "everything" else "name"
            expression = (
                _query.quoted(term)
                if table == "everything"
                else _query.within(column, _query.quoted(term))
            )
            sql = f"SELECT count(*) FROM {table} WHERE {table} MATCH ?"
            assert searched.connection.execute(sql, (expression,)).fetchone() == (1,), (
                column,
                term,
            )


@settings(max_examples=200, deadline=None)
@given(words=ANY_TEXT, title=ANY_TEXT)
def test_title_finds_its_endpoint(words: str, title: str) -> None:
    """Any text that has a letter finds the endpoint whose title it is; any other text lists it or
    finds nothing.
    """
    searched = Searched(endpoint("acme GET /x", title))
    if _words.terms(title):
        assert searched(title) == ["acme GET /x"]
    searched(words)


@pytest.mark.parametrize(
    ("path", "ends"),
    [
        ("/v1/customers", "customers"), ("/v1/customers/{id}", "customers"), ("/", ""), ("/{format}", ""), ("", ""),
        ("/users/{id}/Messages.json", "Messages"), ("/lists.{format}", "lists"), ("/sheets/{range}:append", "append"),
        ("/#Action=RunInstances", "RunInstances"), ("/rest?method=photos.search", "photos.search"),
        ("/orders/{id}/cancel", "orders cancel"), ("/search", "search"), ("/me/graph.sendMail", "graph.sendMail"),
        ("/Orders('{key}')/Items", "Items"), ("/konto/überweisung/", "überweisung"),
    ],
)  # fmt: skip
def test_tail_is_what_a_path_is_about(path: str, ends: str) -> None:
    """The last fixed piece without its file type; a verb together with what it is done to."""
    assert " ".join(_index.tail(path)) == ends


def test_plainer_endpoints_have_lower_numbers() -> None:
    """In use before deprecated, fewer segments before more, short before long; always from 0 to
    1023.
    """
    ordered = [
        endpoint("a GET /x"), endpoint("a GET /x/{id}"), endpoint("a GET /x/{id}/a-rather-long-name"),
        endpoint("a GET /x/{id}/y/z"), endpoint("a GET /x", deprecated=True),
    ]  # fmt: skip
    buckets = [_index.number_bucket(each) for each in ordered]
    assert buckets == sorted(set(buckets))
    for path in ("", "/" * 5000, "x" * 5000, "/?#" * 99):
        assert 0 <= _index.number_bucket(endpoint("a GET " + path, deprecated=True)) <= 1023


def test_id_hash_is_the_beginning_of_sha_224() -> None:
    """64 bits with a sign, for any text; the value is part of the file's format."""
    assert _words.id_hash("") == int.from_bytes(
        bytes.fromhex("d14a028c2a3a2bc9"), "big", signed=True
    )  # FIPS 180-4
    assert -(2**63) <= _words.id_hash("\ud800\0") < 2**63


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("sandboxId", ["sandboxid", "sandbox", "id"]), ("HTTPServer_v2", ["httpserverv2", "http", "server", "v2"]),
        ("x-api-keys", ["xapikey", "x", "api", "key"]), ("Überweisungen", ["uberweisungen"]), ("邮件", ["邮件", "件"]),
        ("APIを見る", ["api", "を見", "見る", "る"]), ("a\0b\ud800", ["a", "b"]), ("!?", []),
    ],
)  # fmt: skip
def test_terms_of_a_text(text: str, terms: list[str]) -> None:
    """In one piece and in parts, folded, in the singular; scripts without spaces in pairs of
    letters.
    """
    assert list(_words.terms(text)) == terms


@pytest.mark.parametrize(
    ("pasted", "template", "fits"),
    [
        ("/a/{b}", "/a/{b}", 3.0), ("/a/1", "/a/{b}", 1.9), ("/a/1", "/a/1", 3.0), ("/base/a/1", "/a/{b}", 0.9),
        ("/a/1", "/{x}/{y}", 0.0), ("/a", "/a/{b}", 0.0), ("/a/1.json", "/a/{b}.json", 1.9), ("/a/1.xml", "/a/{b}.json", 0.0),
        ("/A/1", "/a/{b}", 1.9), ("/a/b", "/c/{b}", 0.0), ("/a/{x}", "/a/{b}", 2.0),
    ],
)  # fmt: skip
def test_pasted_path_fits_its_template(pasted: str, template: str, fits: float) -> None:
    """The same text fits best, then the same segments, then the end; never parameters alone."""
    found = _address.Address.of(pasted)
    assert found is not None
    assert found.fitness(template) == pytest.approx(fits)


@pytest.mark.parametrize(
    "words", ["", "stripe customers", "/", "and/or", "//", "https://", "a /b c"]
)
def test_words_are_nothing_pasted(words: str) -> None:
    """Only a path or an address that stands alone, after a method perhaps, is one."""
    assert _address.Address.of(words) is None


# --- the benchmark ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    specification = importlib.util.spec_from_file_location(
        "search_bench", BENCH / "search_bench.py"
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_queries_of_the_benchmark_are_whole() -> None:
    """Each has words and answers; enough were written down before tuning, and none is there
    twice.
    """
    queries = json.loads((BENCH / "queries.json").read_text(encoding="utf-8"))
    assert sum(query["beforeTuning"] for query in queries) >= 66
    asked = [(query["words"], query.get("provider"), query.get("method")) for query in queries]
    assert len(set(asked)) == len(asked)
    for query in queries:
        assert query["words"].strip()
        assert query["kind"]
        assert query["wanted"]
        assert all(set(each) == {"provider", "method", "path"} for each in query["wanted"])
    assert {
        "provider",
        "topic",
        "beginning",
        "order",
        "typo",
        "filter",
        "language",
        "path",
        "operationId",
        "id",
    } == {query["kind"] for query in queries}


def test_benchmark_tells_hits_from_misses(
    bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts a wanted endpoint among the first three, and names each query that misses with what
    came instead.
    """
    Searched(*APIS, path=tmp_path / "catalogue.sqlite3").connection.close()
    queries = [
        {
            "words": "create github issue",
            "wanted": [{"provider": "github", "method": "POST", "path": APIS[0].path}],
        },
        {
            "words": "stripe refund",
            "wanted": [{"provider": "github", "method": "GET", "path": "/"}],
        },
    ]
    (tmp_path / "queries.json").write_text(json.dumps(queries), encoding="utf-8")
    monkeypatch.setattr(bench, "QUERIES", tmp_path / "queries.json")
    lines = dict(bench.measure(tmp_path / "catalogue.sqlite3"))
    assert lines["wanted endpoint in the first 3 of 2 queries"] == "50.0%"
    assert lines["missed"].startswith("'stripe refund' (not found): stripe POST /v1/refunds")
