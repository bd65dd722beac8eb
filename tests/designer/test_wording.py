"""Messages for the page call settings as the form does, and never change what somebody else said."""

from __future__ import annotations

import pytest

from httptask.designer._wording import all_shown, error_text, shown
from httptask.errors import CredentialError, ExpressionError, Problem, StatusError

NAMES = "retry, 'body', 'credentials', 'inputParameters' and /httpRequest/query/q"
"""What a server or an author may say: all of it are names of settings."""


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (
            Problem.of("secret-in-the-open", "/httpRequest/query/q"),
            "name it in “Credential”, or insert",
        ),
        (Problem.of("path-parameter-missing", "", name="id"), "but “Path” has no value for it"),
        (Problem.of("required", "/tasks/A/httpRequest", name="body"), "“Body” is required"),
        (
            Problem.of("for-each-type", "", type="Wait", reason={"code": "once-end"}),
            "cannot have “For each”: it ends the run once; use a Workflow task with “For each”",
        ),
        (Problem.of("pagination-endless", "", reason={"code": "page-headers"}), "$['headers']"),
    ],
)
def test_a_problem_has_the_titles_of_the_form(problem: Problem, message: str) -> None:
    """In the sentence, and in the reason within it; what programs read stays as it is."""
    of_page = shown(problem)
    assert message in of_page["message"]
    assert {**of_page, "message": problem.message} == problem.to_json()


@pytest.mark.parametrize(
    "problem",
    [
        Problem.of("server-says", "/httpRequest/body", serverMessage=NAMES),
        Problem.of("type", "/httpRequest/body/retry", expected="an integer", found=NAMES),
        Problem.of("required", "/httpRequest/body", name="body"),
        Problem.of("unknown-name", "/httpRequest/body/credentials", name="credentials"),
        Problem.of("for-each-no-list", "", found=NAMES).masked(lambda text: f"{text} ***"),
        Problem("", NAMES, code="a-code-of-a-plugin"),
        Problem("/httpRequest", NAMES, code="required"),
        Problem("/httpRequest", NAMES, code="for-each-too-many", params={"limit": "many"}),
        Problem("", NAMES),
    ],
)
def test_the_words_of_others_stay(problem: Problem) -> None:
    """A value, the name of a field of an API, a server's message, and a message of a plugin."""
    assert all_shown([problem]) == [problem.to_json()]


def test_an_error_about_a_setting_begins_with_its_title() -> None:
    """The setting is named by its pointer, not by what looks like one in the message."""
    pointer = "/httpRequest/query/a~1b"
    assert (
        error_text(
            ExpressionError.of(
                "expression-author", expression="${x}", pointer=pointer, authorMessage=NAMES
            )
        )
        == f"Query \u203a a/b: expression ${{x}}: {NAMES}"
    )
    assert (
        error_text(CredentialError.of("credential-scheme", schemeMessage=NAMES).at("/credentials"))
        == f"Credential: {NAMES}"
    )
    assert error_text(StatusError(NAMES, status_code=400)) == NAMES
