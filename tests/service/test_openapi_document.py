"""The contract, openapi.yaml, by itself: OpenAPI 3.1 in form, sound schemas, nothing dangling."""

import re

import jsonschema
import pytest

from contract import (BEYOND, DOCUMENT, METHODS, OPERATIONS, follow, resolved, validate, walk)

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=repr)

FIELDS = {
    "root": {"openapi", "info", "servers", "security", "tags", "paths", "components"},
    "operation": {"tags", "operationId", "summary", "description", "parameters", "requestBody",
                  "responses"},
    "parameter": {"name", "in", "description", "required", "deprecated", "style", "explode", "schema",
                  "example"},
    "body": {"description", "required", "content"},
    "media": {"schema", "example", "examples", "encoding"},
    "example": {"summary", "value", "externalValue"},
    "response": {"description", "headers", "content"},
    "header": {"description", "required", "schema", "example"},
    "encoding": {"contentType", "style", "explode"},
    "components": {"parameters", "requestBodies", "schemas", "headers", "responses"},
}


def check_fields(node, kind, required=()):
    unknown = {key for key in node if not key.startswith("x-")} - FIELDS[kind]
    assert not unknown, f"{kind} has fields {sorted(unknown)} that OpenAPI does not know"
    for field in required:
        assert node.get(field) not in (None, ""), f"{kind} without {field}: {node}"


def check_content(content):
    for media in content.values():
        check_fields(media, "media")
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
             for name in group}
    assert parts == references, f"never used: {sorted(parts - references)}"
