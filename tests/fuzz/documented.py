"""What the document says of errors."""


def resolve(document, value):
    while isinstance(value, dict) and "$ref" in value:
        found = document
        for name in value["$ref"].removeprefix("#/").split("/"):
            found = found[name.replace("~1", "/").replace("~0", "~")]
        value = found
    return value


def documented_errors(operation, status):
    """The codes that the examples of an answer show, or nothing where there is no such answer, or one without a code."""
    document = operation.schema.raw_schema
    responses = document["paths"][operation.path][operation.method.lower()]["responses"]
    response = resolve(document, responses.get(str(status)))
    content = (response or {}).get("content", {}).get("application/json")
    if content is None:
        return None
    examples = [resolve(document, example)["value"] for example in content.get("examples", {}).values()]
    return {example["code"] for example in examples if "code" in example} or None
