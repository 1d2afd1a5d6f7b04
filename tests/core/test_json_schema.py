"""Arguments are checked against the schema of their tool, in words that name the argument."""

from __future__ import annotations

import pytest

from workbench.json_schema import schema_problem

VOUCHER = {
    "type": "object",
    "properties": {
        "customer_id": {"type": "string"},
        "percent": {"type": "integer", "minimum": 1, "maximum": 50},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
        "until": {"type": "string", "format": "date-time"},
        "kind": {"enum": ["gift", "refund"]},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["customer_id", "percent"],
    "$defs": {"Line": {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}},
    "additionalProperties": False,
}
GOOD = {"customer_id": "C-1", "percent": 20}


@pytest.mark.parametrize(
    "more", [{}, {"note": None}, {"lines": [{"sku": "A"}]}, {"until": "2026-01-05T10:00:00Z"}]
)
def test_arguments_that_match_have_no_problem(more):
    assert schema_problem(GOOD | more, VOUCHER) == ""


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"percent": "twenty"}, ("percent", "integer")),
        ({"percent": 60}, ("percent", "50")),
        ({"kind": "loan"}, ("kind", "gift")),
        ({"lines": [{"sku": "A"}, {}]}, ("lines.1.sku", "missing")),
        ({"until": "soon"}, ("until", "date-time")),
        ({"note": 3}, ("note", "3")),
        ({"percentage": 3}, ("percentage",)),
    ],
)
def test_a_problem_names_the_argument(more, words):
    problem = schema_problem(GOOD | more, VOUCHER)
    assert all(word in problem for word in words), problem


def test_a_missing_argument_is_named():
    assert schema_problem({"customer_id": "C-1"}, VOUCHER) == "percent is missing"


@pytest.mark.parametrize(
    "schema", [{"type": "nonsense"}, {"$ref": "https://example.com/schema.json"}, {"$ref": "#/$defs/gone"}]
)
def test_a_schema_that_cannot_be_used_has_no_problems(schema):
    assert schema_problem({}, schema) == ""
