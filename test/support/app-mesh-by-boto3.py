"""Every operation of App Mesh by boto3. Reads resources and our table of operations as JSON, and prints what is wrong, a line each."""

import json
import sys

import boto3
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

given = json.load(sys.stdin)
client = boto3.client("appmesh", endpoint_url=given["endpoint"])
model = client.meta.service_model
wrong = []


def call(operation, **arguments):
    reply = getattr(client, operation)(**arguments)
    reply.pop("ResponseMetadata")
    name = client.meta.method_to_api_mapping[operation]
    report = ParamValidator().validate(reply, model.operation_model(name).output_shape)
    if report.has_errors():
        wrong.append(f"{name}: {report.generate_report()}")
    return reply


def snake(word):
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in word)


def outer(kind):
    names = {} if kind == "mesh" else {"meshName": "m"}
    return {**names, **{"route": {"virtualRouterName": "r"}, "gatewayRoute": {"virtualGatewayName": "g"}}.get(kind, {})}


def expect(what, actual, wanted):
    if actual != wanted:
        wrong.append(f"{what}: {actual!r} and not {wanted!r}")


def compare_table():
    rows = {row["name"]: row for row in given["operations"]}
    expect("operations", sorted(rows), sorted(model.operation_names))
    for name in model.operation_names:
        operation, row = model.operation_model(name), rows[name]
        members = operation.input_shape.members.items()
        by = lambda place: sorted(key for key, shape in members if shape.serialization.get("location") == place)
        body = sorted(key for key, shape in members if "location" not in shape.serialization)
        needed = [key for key in operation.input_shape.required_members if key in body]
        expect(f"{name}: request", [row["method"], row["path"], row["status"]], [operation.http["method"], operation.http["requestUri"], operation.http["responseCode"]])
        expect(f"{name}: query", sorted(row["query"]), by("querystring"))
        expect(f"{name}: body", sorted(row["body"]), body)
        expect(f"{name}: needed", sorted(row["needed"]), sorted(needed))
        expect(f"{name}: errors", sorted(row["errors"]), sorted(shape.name for shape in operation.error_shapes))
    expect("status codes", given["errors"], {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in model.error_shapes})


def every_resource():
    for resource in given["resources"]:
        kind, spec, following = resource["kind"], resource["spec"], resource["next"]
        names = {**outer(kind), f"{kind}Name": resource["name"]}
        made = call(f"create_{snake(kind)}", **names, spec=spec, tags=[{"key": "a", "value": ""}])[kind]
        expect(f"{kind}: described", call(f"describe_{snake(kind)}", **names)[kind], made)
        changed = call(f"update_{snake(kind)}", **names, spec=following)[kind]
        expect(f"{kind}: changed", [changed["spec"], changed["metadata"]["version"]], [following, 2])
        plural = "meshes" if kind == "mesh" else f"{kind}s"
        expect(f"{kind}: listed", [each["arn"] for each in call(f"list_{snake(plural)}", **outer(kind))[plural]], [made["metadata"]["arn"]])
        arn = made["metadata"]["arn"]
        call("tag_resource", resourceArn=arn, tags=[{"key": "b", "value": "c"}])
        call("untag_resource", resourceArn=arn, tagKeys=["a"])
        expect(f"{kind}: tags", call("list_tags_for_resource", resourceArn=arn), {"tags": [{"key": "b", "value": "c"}]})
        call(f"update_{snake(kind)}", **names, spec=spec)


def every_page():
    for at in range(204):
        call("create_virtual_service", meshName="m", virtualServiceName=f"{at}.local", spec={})
    pages = list(client.get_paginator("list_virtual_services").paginate(meshName="m"))
    expect("pages", [len(page["virtualServices"]) for page in pages], [100, 100, 5])
    expect("names", len({each["virtualServiceName"] for page in pages for each in page["virtualServices"]}), 205)


def every_error():
    for code, status, operation, arguments in given["refusals"]:
        try:
            call(operation, **arguments)
            wrong.append(f"{operation} was not refused")
        except ClientError as error:
            metadata = error.response["ResponseMetadata"]
            expect(f"{operation} {arguments}", [error.response["Error"]["Code"], metadata["HTTPStatusCode"], type(error).__name__], [code, status, code])
            if not error.response["Error"]["Message"]:
                wrong.append(f"{operation} has no message")


def delete_all():
    for at in range(204):
        call("delete_virtual_service", meshName="m", virtualServiceName=f"{at}.local")
    for resource in reversed(given["resources"]):
        kind = resource["kind"]
        reply = call(f"delete_{snake(kind)}", **outer(kind), **{f"{kind}Name": resource["name"]})
        expect(f"{kind}: deleted", reply[kind]["status"], {"status": "DELETED"})
    expect("left", call("list_meshes"), {"meshes": []})


compare_table()
every_resource()
every_page()
every_error()
delete_all()
print("\n".join(wrong))
