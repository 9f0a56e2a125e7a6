"""The same calls of App Mesh to turnout and to moto. Prints what they answer differently, and who is right by the model, a line each."""

import json
import sys

import boto3
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator
from moto import mock_aws

given = json.load(sys.stdin)


def answers(client, calls):
    return [answer(client, *call) for call in calls]


def answer(client, operation, arguments):
    name = client.meta.method_to_api_mapping[operation]
    model = client.meta.service_model.operation_model(name)
    arguments = {**arguments, **({"clientToken": "t"} if "clientToken" in arguments else {})}
    try:
        reply = getattr(client, operation)(**arguments)
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        known = {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in model.error_shapes}
        return {"shown": f"{code} {status}", "fits": known.get(code) == status}
    except Exception as error:
        return {"shown": f"nothing that botocore can read ({type(error).__name__})", "fits": False}
    reply.pop("ResponseMetadata")
    report = ParamValidator().validate(reply, model.output_shape)
    return {"shown": text(plain(reply)), "fits": not report.has_errors() and within_bounds(reply, model.output_shape)}


def within_bounds(value, shape):
    """What botocore itself does not look at: how long texts may be."""
    if shape.type_name == "structure":
        return all(within_bounds(value[key], member) for key, member in shape.members.items() if key in value)
    if shape.type_name == "list":
        return all(within_bounds(each, shape.member) for each in value)
    return shape.type_name != "string" or len(value) <= shape.metadata.get("max", len(value))


def text(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def plain(value):
    """Without what differs from run to run."""
    if isinstance(value, dict):
        return {key: "…" if key in ("uid", "createdAt", "lastUpdatedAt") else plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def difference(ours, theirs):
    """Where both are replies: only the fields that differ."""
    try:
        ours, theirs = json.loads(ours["shown"]), json.loads(theirs["shown"])
    except ValueError:
        return ours["shown"], theirs["shown"]
    return tuple(text(side) for side in differing(ours, theirs))


def differing(ours, theirs):
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        return ours, theirs
    keys = [key for key in sorted({*ours, *theirs}) if ours.get(key) != theirs.get(key)]
    pairs = {key: differing(ours.get(key), theirs.get(key)) for key in keys}
    return {key: pair[0] for key, pair in pairs.items()}, {key: pair[1] for key, pair in pairs.items()}


def right(ours, theirs):
    names = [name for name, side in (("turnout", ours), ("moto", theirs)) if side["fits"]]
    return " and ".join(names) or "nobody"


mine = answers(boto3.client("appmesh", endpoint_url=given["endpoint"]), given["calls"])
with mock_aws():
    motos = answers(boto3.client("appmesh"), given["calls"])
for (operation, arguments), ours, theirs in zip(given["calls"], mine, motos):
    if ours["shown"] == theirs["shown"]:
        continue
    first, second = difference(ours, theirs)
    names = {key: value for key, value in arguments.items() if key != "spec"}
    print(f"{operation} {text(names)}\n  turnout: {first[:120]}\n  moto:    {second[:120]}\n  right by the model: {right(ours, theirs)}")
print(f"{len(given['calls'])} calls")
