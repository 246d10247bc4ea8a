"""What is wrong with params.yaml, in the words of someone who edits it."""

import difflib
import json
from collections.abc import Sequence
from typing import Any

from pydantic_core import ErrorDetails

Schema = dict[str, Any]
"""JSON schema, as pydantic writes it."""


def explain(problems: Sequence[ErrorDetails], schema: Schema) -> list[str]:
    """Say pydantic's findings, a line each: key, value, what is allowed, and the likely slip."""
    # A list with a bad item is also called too short; the item alone says enough.
    spoilt = {problem["loc"][:end] for problem in problems for end in range(len(problem["loc"]))}
    return [_explain_one(problem, schema) for problem in problems if problem["loc"] not in spoilt]


def _explain_one(problem: ErrorDetails, schema: Schema) -> str:
    place, value = problem["loc"], problem["input"]
    names = [part for part in place if isinstance(part, str)]
    key = ".".join(names) or "the file"
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    if problem["type"] == "extra_forbidden":
        siblings = list(_part(schema, names[:-1])["properties"])
        return f"{key}: no such key. {_nearest(names[-1], siblings)}Valid: {', '.join(siblings)}"
    wanted = _part(schema, place)
    allowed = _allowed(wanted)
    if problem["type"] == "missing":
        return f"{key}: missing. Set it to {allowed}"
    slip = _nearest(str(value), wanted.get("enum", []))
    if isinstance(value, str) and wanted.get("type") in ("integer", "number"):
        slip = _number_as_text(value)
    return f"{key}: {shown(value)} is not allowed. {slip}Allowed: {allowed}"


def shown(value: Any) -> str:
    """Return a value as it is written in YAML, on one line."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _nearest(word: str, choices: list[str]) -> str:
    close = difflib.get_close_matches(word, choices, n=1)
    return f"Did you mean {close[0]}? " if close else ""


def _number_as_text(text: str) -> str:
    try:
        return f"YAML reads {text} as text; write {float(text)}. "
    except ValueError:
        return ""


def _part(schema: Schema, place: Sequence[int | str]) -> Schema:
    """Return the schema of one key, or of the items of a list."""
    part = schema
    for step in place:
        part = part["properties"][step] if isinstance(step, str) else part["items"]
        if "$ref" in part:
            part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    return part


def _allowed(schema: Schema) -> str:
    match schema:
        case {"enum": [*values]}:
            return f"one of {', '.join(values)}"
        case {"anyOf": [*choices]}:
            return " or ".join(_allowed(choice) for choice in choices)
        case {"type": "array", "description": wanted}:
            return str(wanted)
        case {"type": "array", "items": items}:
            least = " of 1 or more" if schema.get("minItems") else ""
            return f"a list{least}, each {_allowed(items)}"
        case {"type": "object", "properties": properties}:
            return f"a section with the keys {', '.join(properties)}"
        case {"type": "integer" | "number" as kind}:
            kind = "a whole number" if kind == "integer" else "a number"
            return kind + _range(schema)
        case {"type": "string", "examples": [example, *_]}:
            return f"text like {example}"
        case {"type": "string", "minLength": 1}:
            return "text that is not empty"
    return {"boolean": "true or false", "null": "null"}.get(schema["type"], "text")


def _range(schema: Schema) -> str:
    if "exclusiveMinimum" in schema:
        return f" above {schema['exclusiveMinimum']:g}"
    if "maximum" not in schema:
        return f", {schema['minimum']} or more"
    return f", {schema['minimum']} to {schema['maximum']}"
