"""The contract, openapi.yaml, by itself: OpenAPI 3.1 in form, sound schemas, nothing dangling."""

import re

import jsonschema
import pytest

from companions import COMPANY, DISCORDS, THRIFT, company, company_body, discords
from contract import (BEYOND, COMPUTATIONS, DOCUMENT, METHODS, OPERATIONS, POSTS, follow, is_valid,
                      resolved, validate, values_of, walk)

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=repr)

FIELDS = {
    "root": {"openapi", "info", "servers", "security", "tags", "paths", "components"},
    "operation": {"tags", "operationId", "summary", "description", "parameters", "requestBody",
                  "responses", "security"},
    "parameter": {"name", "in", "description", "required", "deprecated", "style", "explode", "schema",
                  "example"},
    "body": {"description", "required", "content"},
    "media": {"schema", "example", "examples", "encoding"},
    "example": {"summary", "value", "externalValue"},
    "response": {"description", "headers", "content"},
    "header": {"description", "required", "schema", "example"},
    "encoding": {"contentType", "style", "explode"},
    "components": {"parameters", "requestBodies", "schemas", "headers", "responses",
                   "securitySchemes"},
    "security scheme": {"type", "description", "scheme", "bearerFormat"},
}


def check_fields(node, kind, required=()):
    unknown = {key for key in node if not key.startswith("x-")} - FIELDS[kind]
    assert not unknown, f"{kind} has fields {sorted(unknown)} that OpenAPI does not know"
    for field in required:
        assert node.get(field) not in (None, ""), f"{kind} without {field}: {node}"


def check_content(content):
    for media in content.values():
        check_fields(media, "media")
        for encoding in media.get("encoding", {}).values():
            check_fields(encoding, "encoding")
        for example in media.get("examples", {}).values():
            check_fields(example, "example")
            assert ("value" in example) != ("externalValue" in example)
            if "value" in example:
                validate(example["value"], media["schema"])


def check_response(response):
    check_fields(response, "response", ["description"])
    check_content(response.get("content", {}))
    for header in response.get("headers", {}).values():
        check_fields(header, "header", ["description", "schema"])
        if "example" in header:
            validate(header["example"], header["schema"])


def test_the_document_has_the_form_of_openapi_3_1():
    assert re.fullmatch(r"3\.1\.\d+", DOCUMENT["openapi"])
    check_fields(DOCUMENT, "root", ["info", "paths"])
    check_fields(DOCUMENT["components"], "components")
    assert {"title", "version", "license"} <= set(DOCUMENT["info"])
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    for operation in OPERATIONS:
        check_fields(operation.node, "operation", ["operationId", "summary", "responses"])
        assert operation.path.startswith("/") and set(operation.node["tags"]) <= tags
    for item in DOCUMENT["paths"].values():
        assert set(item) <= set(METHODS), "an unknown method or field of a path"
    ids = [operation.id for operation in OPERATIONS]
    assert len(set(ids)) == len(ids), "an operationId is used twice"


@each_operation
def test_each_operation_is_described_completely(operation):
    names = [(parameter["in"], parameter["name"]) for parameter in operation.parameters]
    assert len(set(names)) == len(names), "a parameter is there twice"
    for parameter in operation.parameters:
        check_fields(parameter, "parameter", ["name", "in", "description", "schema"])
        assert parameter["in"] in ("query", "header")
        validate(parameter["example"], parameter["schema"])
    if operation.method == "POST":
        check_fields(operation.node["requestBody"], "body", ["description", "content"])
        check_content(operation.bodies)
    assert "200" in operation.responses
    for status, response in operation.responses.items():
        assert status == "default" or re.fullmatch("[2-5][0-9][0-9]", status)
        check_response(response)
    for response in BEYOND.values():
        check_response(response)


def schemas():
    for path, node in walk(resolved(DOCUMENT["components"]["schemas"])):
        if len(path) == 1 or path[-1:] == ("items",) or path[-2:-1] == ("properties",):
            yield path, node


def test_every_schema_is_one_and_keeps_to_its_own_defaults():
    seen = 0
    for path, schema in schemas():
        jsonschema.Draft202012Validator.check_schema(schema)
        seen += 1
        if path[-1] != "items":
            assert "const" in schema or "type" in schema or "oneOf" in schema, path
        if "default" in schema:
            validate(schema["default"], schema)
    assert seen > 50


def test_every_reference_leads_somewhere_and_every_component_is_used():
    references = {node["$ref"] for _, node in walk(DOCUMENT) if "$ref" in node}
    for reference in references:
        follow(reference)
    parts = {f"#/components/{kind}/{name}" for kind, group in DOCUMENT["components"].items()
             for name in group if kind != "securitySchemes"}  # these are named without a $ref
    assert parts == references, f"never used: {sorted(parts - references)}"


def test_a_key_may_be_asked_for_where_a_401_is_listed_and_nowhere_else():
    schemes = DOCUMENT["components"]["securitySchemes"]
    for scheme in schemes.values():
        check_fields(scheme, "security scheme", ["type", "description", "scheme"])
        assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert DOCUMENT["security"] == [{}, *({name: []} for name in schemes)]
    for operation in OPERATIONS:
        guarded = operation.path == "/v1" or operation.path.startswith("/v1/")
        assert ("401" in operation.responses) == guarded == ("security" not in operation.node)
        assert guarded or operation.node["security"] == []


# ---- Parameters and their company ----


@pytest.mark.parametrize("operation", POSTS, ids=repr)
def test_the_parameters_of_query_and_body_are_the_same(operation):
    with_members = [kind for kind, media in operation.bodies.items() if "schema" in media]
    assert with_members
    for kind in with_members:
        assert operation.names() == set(operation.members(kind))


@pytest.mark.parametrize("operation", COMPUTATIONS, ids=repr)
def test_a_list_has_commas_and_an_alias_the_schema_of_its_name(operation):
    queries = {parameter["name"]: parameter for parameter in operation.query()}
    for name, parameter in queries.items():
        is_list = parameter["schema"].get("type") == "array"
        assert is_list == (parameter.get("style") == "form" and parameter["explode"] is False)
        if "x-alias-of" in parameter:
            own = dict(queries[parameter["x-alias-of"]]["schema"])
            own.pop("default", None)
            assert parameter["schema"] == own
            assert parameter["description"].startswith(f"Alias of {parameter['x-alias-of']}, ")
            assert parameter["deprecated"] is False
        for kind, media in operation.bodies.items():
            if is_list and "encoding" in media:
                assert media["encoding"][name] == {"style": "form", "explode": False}


def test_company_and_discord_are_of_parameters_that_the_document_has():
    names = set().union(*(operation.names() for operation in COMPUTATIONS))
    assert {*COMPANY, *THRIFT} <= names
    assert all(set(query) <= names and blamed in query for blamed, query, _ in DISCORDS)
    tried = [discord for operation in COMPUTATIONS for discord in discords(operation)]
    assert all(discord in tried for discord in DISCORDS), "a discord that no operation has"


@pytest.mark.parametrize("operation", COMPUTATIONS, ids=repr)
def test_each_parameter_has_values_to_try_and_a_sound_company(operation):
    schemas_of = {parameter["name"]: parameter["schema"] for parameter in operation.query()}
    for name, schema in schemas_of.items():
        good, bad = values_of(schema)
        assert all(is_valid(value, schema) for value in good), name
        assert any(not is_valid(value, schema) for value in bad), name
        body = company_body(operation, name)
        assert body is None or not operation.bodies or body in operation.bodies
        for value in good or [None]:
            for other, fitting in company(operation, name, value).items():
                assert other != name and is_valid(fitting, schemas_of[other])
