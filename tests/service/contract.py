"""The contract, openapi.yaml, taken apart for tests: operations, allowed values, answers."""

import json
import math
import pathlib
import re

import jsonschema
import yaml

from companions import body_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = (ROOT / "openapi.yaml").read_bytes()
DOCUMENT = yaml.safe_load(SOURCE)
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
PATIENCE = 60
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c494441"
    "54789c63f8ff9f010004ff01ff5d7d02870000000049454e44ae426082")
"""A PNG of one yellow pixel."""


# ---- The document, with its references followed ----


def follow(reference):
    assert reference.startswith("#/"), f"a reference out of the document: {reference}"
    node = DOCUMENT
    for part in reference[2:].split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def resolved(node):
    """A copy in which every $ref is replaced by what it names, under its siblings."""
    if isinstance(node, list):
        return [resolved(item) for item in node]
    if not isinstance(node, dict):
        return node
    siblings = {key: resolved(value) for key, value in node.items() if key != "$ref"}
    if "$ref" in node:
        return {**resolved(follow(node["$ref"])), **siblings}
    return siblings


class Operation:
    """One path and method of the document."""

    def __init__(self, path, method, node):
        self.path, self.method = path, method.upper()
        self.id = node["operationId"]
        self.node = node
        self.parameters = node.get("parameters", [])
        self.bodies = node.get("requestBody", {}).get("content", {})
        self.responses = node["responses"]

    def __repr__(self):
        return self.id

    def query(self):
        return [parameter for parameter in self.parameters if parameter["in"] == "query"]

    def names(self):
        """The parameters in the query; those of forms and JSON bodies are the same."""
        return {parameter["name"] for parameter in self.query()}

    def canonical(self, name):
        """What an alias stands for, or the name itself."""
        return next((parameter.get("x-alias-of", name) for parameter in self.query()
                     if parameter["name"] == name), name)

    def words(self, name):
        """The words that a parameter can be, none if there is no such parameter."""
        return next((parameter["schema"]["enum"] for parameter in self.query()
                     if parameter["name"] == name), [])

    def members(self, media_type):
        """The parameters among the members of a form or a JSON body, name -> schema."""
        members = members_of(self.bodies.get(media_type, {}).get("schema", {}))
        return {name: schema for name, schema in members.items() if name not in DATA}


DATA = ("image", "samples", "mixture")
"""Members of a body that are no parameters."""


OPERATIONS = [Operation(path, method, resolved(item[method]))
              for path, item in DOCUMENT["paths"].items() for method in METHODS if method in item]
POSTS = [operation for operation in OPERATIONS if operation.method == "POST"]
GETS = [operation for operation in OPERATIONS if operation.method == "GET"]
COMPUTATIONS = [operation for operation in OPERATIONS if operation.query()]
BEYOND = resolved(DOCUMENT["x-beyond-operations"])


def walk(node, path=()):
    """Every mapping of the document, with the way to it."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from walk(value, path + (key,))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, path + (index,))


# ---- Sending and judging ----


def text_of(value):
    """A value as the query and forms have it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(text_of, value)) if isinstance(value, list) else str(value)


def send(session, operation, body=None, query=None, media_type=None, headers=None, form=None):
    """One request; the body is one that the operation takes, of the media type, unless told."""
    headers = dict(headers or {})
    options = {"params": {name: text_of(value) for name, value in (query or {}).items()},
               "timeout": PATIENCE}
    if form is not None:
        image = body if body is not None else body_of(operation, media_type)
        options["files"] = [("image", ("a", image, media_type or "image/png"))] + [
            (name, (None, text_of(value))) for name, value in form.items()]
    elif operation.method == "POST":
        known = media_type is None or media_type in operation.bodies
        if body is None:
            body = body_of(operation, media_type if known else None)
        headers["Content-Type"] = media_type or next(iter(operation.bodies))
        options["data"] = body if isinstance(body, bytes) else json.dumps(body).encode()
    return session.request(operation.method, session.url + operation.path, headers=headers,
                           **options)


def media_type_of(response):
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def validate(value, schema):
    jsonschema.Draft202012Validator(schema).validate(value)


def is_valid(value, schema):
    """By JSON Schema, and by the bounds of numbers written as text, for which it has no words."""
    if "oneOf" in schema:
        return any(is_valid(value, part) for part in schema["oneOf"])
    if not jsonschema.Draft202012Validator(schema).is_valid(value):
        return False
    return "x-maximum" not in schema or int(schema["x-minimum"]) <= int(value) <= int(
        schema["x-maximum"])


def members_of(schema):
    """The members that a schema names, its allOf included."""
    named = dict(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        named.update(members_of(part))
    return named


def assert_named(value, schema, where="answer"):
    """No member goes unmentioned by the schema."""
    if isinstance(value, list):
        for item in value:
            assert_named(item, schema.get("items", {}), where + "[]")
    elif isinstance(value, dict):
        named = members_of(schema)
        unnamed = set(value) - set(named)
        assert not unnamed, f"{where} has {sorted(unnamed)}, of which the document says nothing"
        for name, item in value.items():
            assert_named(item, named[name], f"{where}.{name}")


def check_headers(response, documented):
    for name, header in documented.get("headers", {}).items():
        value = response.headers.get(name)
        assert value is not None or not header.get("required"), f"no header {name}"
        if value is not None:
            integral = header["schema"].get("type") == "integer"
            validate(int(value) if integral else value, header["schema"])


def check(response, responses, status, bare=False):
    """The answer has this status and is as the document has it; bare: to HEAD, without a body."""
    assert response.status_code == status, f"{response.status_code}: {response.content[:500]!r}"
    assert str(status) in responses, f"status {status} is not in the document"
    documented = responses[str(status)]
    check_headers(response, documented)
    content = documented.get("content")
    if not content or bare:
        assert response.content == b""
        return response
    media_type = media_type_of(response)
    assert media_type in content, f"{media_type} is not among {list(content)}"
    schema = content[media_type].get("schema")
    if schema:
        is_json = media_type.endswith("json")
        document = json.loads(response.content) if is_json else response.content.decode()
        validate(document, schema)
        assert_named(document, schema)
    return response


def check_refused(response, operation, name=None):
    """A 400 that blames the parameter, by this name or by what it is an alias of."""
    check(response, operation.responses, 400)
    problem = json.loads(response.content)
    culprit = problem.get("parameter", problem.get("pointer", "")).split("/")
    assert name is None or {name, operation.canonical(name)} & set(culprit), (
        f"{name} is not blamed: {problem}")


# ---- Values at and beyond the bounds of a schema ----

TEXTS = ["", " ", "x", "all,", "last,1", "1-", "5/2", "1,,2", "-1", "0x10", "1.5", "a,b", "1;2"]
"""Texts of which some break any pattern that the document has."""

WORDS = ["", "nosuch", "PNG", "JSON", "custom"] + sorted(
    {kind.partition("/")[2] for path, node in walk(DOCUMENT) if path[-1:] == ("content",)
     for kind in node if "/" in kind})
"""Texts that break an enumeration unless it lists them: among them all kinds of answers."""


YES = ["", " ", "x", "yes", "1", "True", "truefalse"]
"""Texts that are not true or false."""


def values_of(schema):
    """Values that the schema just allows, its default and its examples; and some just beyond it."""
    good, bad = bounds_of(schema)
    more = [schema["default"]] if "default" in schema else []
    return good + [value for value in more + schema.get("examples", []) if value not in good], bad


def bounds_of(schema):
    if "oneOf" in schema:
        parts = [values_of(part) for part in schema["oneOf"]]
        return sum((good for good, _ in parts), []), sum((bad for _, bad in parts), [])
    if "enum" in schema:
        return list(schema["enum"]), [word for word in WORDS if word not in schema["enum"]]
    if schema["type"] == "boolean":
        return [True, False], YES
    if schema["type"] in ("integer", "number"):
        return number_values(schema)
    if schema["type"] == "array":
        return array_values(schema)
    assert schema["type"] == "string", schema
    broken = [text for text in TEXTS if not re.search(schema["pattern"], text)]
    assert broken, f"no text here breaks {schema['pattern']}"
    if "x-maximum" in schema:
        low, high = schema["x-minimum"], schema["x-maximum"]
        return [low, high], broken + [str(int(low) - 1), str(int(high) + 1)]
    return [], broken


def number_values(schema):
    good = [schema[bound] for bound in ("minimum", "maximum") if bound in schema]
    integral = schema["type"] == "integer"
    bad = ["x", "nan", ""] + ([2.5] if integral else [])
    if "minimum" in schema:
        bad.append(schema["minimum"] - 1 if integral else -5e-324)
    if "maximum" in schema:
        bad.append(schema["maximum"] + 1 if integral else math.nextafter(schema["maximum"], 2e9))
    return good, bad


def array_values(schema):
    """Arrays as short and as long as they may be, of items at their bounds; and others."""
    items, broken = values_of(schema["items"])
    items = items or [0]
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    good, bad = [[item] * least for item in items], [[item] * least for item in broken]
    if schema.get("uniqueItems"):
        good.append(items)
        bad.append([items[0], items[0]])
    if least:
        bad.append([items[0]] * (least - 1))
    if most:
        good.append([items[0]] * most)
        bad.append([items[0]] * (most + 1))
    return good, bad
