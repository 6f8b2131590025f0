//! What the generator cannot express stops the build, with the file and the JSON pointer.

use std::{fs, path::Path};

use kontor_openapi_codegen::{Document, ErrorCodes, generate};

const CODES: &str = "name\tnumber\tstatus\thint\nGENERIC_JSON_INVALID\t22\t400\tNot JSON.\n";

/// A document with one operation; its details and further schemas are what a test varies.
fn document(operation: &str, schemas: &str) -> String {
    format!(
        "openapi: 3.1.0
info: {{title: T, version: 0.1.0}}
paths:
  /things/{{id}}:
    post:
      operationId: putThing
      summary: S
      tags: [T]
{operation}
components:
  securitySchemes: {{accessToken: {{type: http, scheme: bearer}}}}
  schemas:
    Thing: {{type: object, required: [name], properties: {{name: {{type: string}}}}}}
    ErrorDetail: {{type: object, properties: {{code: {{type: integer}}}}}}
{schemas}"
    )
}

const SECURITY: &str = "      security: []\n";
const ID: &str =
    "      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]\n";
const NO_CONTENT: &str = "      responses: {'204': {description: D}}\n";
const THING: &str = "application/json: {schema: {$ref: '#/components/schemas/Thing'}}";
const ERROR: &str = "schema: {$ref: '#/components/schemas/ErrorDetail'}";

fn refusal(text: &str) -> String {
    let codes = ErrorCodes::parse("codes", CODES).expect("sound codes");
    let document = Document::parse("d.yaml", text);
    let outcome = document.and_then(|document| generate(&document, &codes));
    outcome.expect_err("the generator refuses this").to_string()
}

#[test]
fn a_sound_document_is_accepted() {
    let codes = ErrorCodes::parse("codes", CODES).unwrap();
    let text = document(&[SECURITY, ID, NO_CONTENT].concat(), "");
    let document = Document::parse("d.yaml", &text).unwrap();
    let source = generate(&document, &codes).unwrap();
    assert!(source.contains("pub trait TApi"));
}

#[test]
fn schemas() {
    for (schema, message) in [
        (
            "{type: string, contentEncoding: base64}",
            "/contentEncoding: the generator cannot express `contentEncoding` here",
        ),
        (
            "{type: object, properties: {a: {not: {type: string}}}}",
            "/properties/a: `type` is missing",
        ),
        (
            "{type: object, properties: {a: {type: [string, 'null']}}}",
            "/properties/a/type: expected a string",
        ),
        (
            "{type: object, properties: {a: {type: object, properties: {}}}}",
            "/properties/a: this schema needs a name: make it a component",
        ),
        (
            "{type: object, required: [b], properties: {a: {type: string}}}",
            "/required/0: `b` is required but not described",
        ),
        (
            "{type: object, additionalProperties: {type: string}, properties: {a: {type: string}}}",
            "/additionalProperties: beside named properties, additional ones may be anything",
        ),
        (
            "{type: object, properties: {a: {type: string, x-unchecked: true}}}",
            "/properties/a: what is not checked is one of the additional members",
        ),
        ("{type: object}", ": `additionalProperties` is missing"),
        (
            "{type: 'null'}",
            ": the generator does not know the type `null`",
        ),
        (
            "{type: integer, enum: [1]}",
            ": an enum consists of strings",
        ),
        (
            "{type: object, properties: {a: {$ref: '#/components/schemas/None'}}}",
            "/properties/a/$ref: `#/components/schemas/None` leads nowhere",
        ),
        (
            "{type: object, properties: {a: {$ref: '#/components/schemas/Thing', description: x}}}",
            "/properties/a: a `$ref` must stand alone",
        ),
        (
            "{oneOf: [{$ref: '#/components/schemas/Thing'}], discriminator: {propertyName: name, mapping: {}}}",
            "/oneOf/0: no value of the discriminator leads here",
        ),
        (
            "{type: object, properties: {a: {allOf: [{type: string}]}}}",
            "/properties/a: the generator knows `allOf` with a single reference alone",
        ),
    ] {
        let operation = [SECURITY, ID, NO_CONTENT].concat();
        let refusal = refusal(&document(&operation, &format!("    Bad: {schema}\n")));
        assert_eq!(
            refusal,
            format!("d.yaml: /components/schemas/Bad{message}"),
            "{schema}"
        );
    }
}

#[test]
fn operations() {
    let body = |text: &str| format!("{SECURITY}{ID}{NO_CONTENT}      requestBody: {{{text}}}\n");
    let responses = |text: &str| format!("{SECURITY}{ID}      responses: {{{text}}}\n");
    let failure = |media: &str| {
        responses(&format!(
            "'204': {{description: D}}, '400': {{description: D, content: {{application/json: {{{media}}}}}}}"
        ))
    };
    for (operation, message) in [
        (
            [ID, NO_CONTENT].concat(),
            ": `security` must be said, `[]` for a public operation",
        ),
        (
            format!("      security: [{{other: []}}]\n{ID}{NO_CONTENT}"),
            "/security/0/other: no such security scheme",
        ),
        (
            format!("      security: [{{accessToken: [a, b]}}]\n{ID}{NO_CONTENT}"),
            "/security/0/accessToken: one permission at the most",
        ),
        (
            [SECURITY, NO_CONTENT].concat(),
            ": the path's parameters must be described, in its order",
        ),
        (
            format!("{SECURITY}{ID}{NO_CONTENT}      callbacks: {{}}\n"),
            "/callbacks: the generator cannot express `callbacks` here",
        ),
        (
            body("content: {text/plain: {schema: {type: string}}}"),
            "/requestBody/content/text~1plain: a request body is JSON or a form",
        ),
        (
            body("content: {application/json: {schema: {type: string}}}"),
            "/requestBody/content: the schema of a body is a component",
        ),
        (
            body(&format!(
                "x-malformed: {{'': NO_SUCH}}, content: {{{THING}}}"
            )),
            "/requestBody/x-malformed/: `NO_SUCH` is not in the registry of error codes",
        ),
        (
            responses("default: {description: D}"),
            "/responses/default: expected a status such as \"200\"",
        ),
        (
            responses(""),
            "/responses: an operation has at least one answer that is no error",
        ),
        (
            failure(ERROR),
            "/responses/400/content/application~1json: each code of a failure has an example named after it",
        ),
        (
            failure(&format!(
                "{ERROR}, examples: {{GENERIC_JSON_INVALID: {{value: {{code: 23}}}}}}"
            )),
            "/responses/400/content/application~1json/examples/GENERIC_JSON_INVALID/value/code: `GENERIC_JSON_INVALID` is 22 in the registry",
        ),
        (
            responses(
                "'200': {description: D, content: {application/json: {schema: {type: string}}}}",
            ),
            "/responses/200/content/application~1json/schema: a JSON answer is an object or an array",
        ),
    ] {
        let refusal = refusal(&document(&operation, ""));
        assert_eq!(
            refusal,
            format!("d.yaml: /paths/~1things~1{{id}}/post{message}"),
            "{operation}"
        );
    }
}

#[test]
fn forms_and_json_have_the_same_members() {
    let content = |form: &str| {
        let form = format!("application/x-www-form-urlencoded: {{schema: {{$ref: '{form}'}}}}");
        let operation = format!(
            "{SECURITY}{ID}{NO_CONTENT}      requestBody: {{content: {{{THING}, {form}}}}}\n"
        );
        let schemas =
            "    ThingForm: {type: object, required: [name], properties: {name: {type: string}}}
    Other: {type: object, properties: {name: {type: string}}}\n";
        document(&operation, schemas)
    };
    let codes = ErrorCodes::parse("codes", CODES).unwrap();
    let alike = Document::parse("d.yaml", &content("#/components/schemas/ThingForm")).unwrap();
    let source = generate(&alike, &codes).unwrap();
    assert!(source.contains("JsonOrFormBody"), "{source}");
    assert!(
        refusal(&content("#/components/schemas/Other"))
            .ends_with("/content: JSON and form bodies of one operation have the same members")
    );
}

#[test]
fn forms_hold_text_alone() {
    let form = "application/x-www-form-urlencoded: {schema: {$ref: '#/components/schemas/Number'}}";
    let operation =
        format!("{SECURITY}{ID}{NO_CONTENT}      requestBody: {{content: {{{form}}}}}\n");
    let schemas = "    Number: {type: object, properties: {a: {type: integer}}}\n";
    assert_eq!(
        refusal(&document(&operation, schemas)),
        "d.yaml: /components/schemas/Number/properties/a: a form holds text alone"
    );
}

#[test]
fn what_is_not_yaml_names_the_file() {
    assert!(refusal("a: [").starts_with("d.yaml: "));
}

#[test]
fn two_files_become_one_document() {
    let folder = std::env::temp_dir().join(format!("kontor-codegen-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, schemas: &str| {
        let text = format!("components: {{schemas: {{{schemas}}}}}");
        fs::write(folder.join(name), text).unwrap();
    };
    let bundle = || Document::load(&folder.join("main.yaml")).unwrap().bundle();
    write(
        "main.yaml",
        "A: {type: array, items: {$ref: 'other.yaml#/components/schemas/B'}}",
    );
    write(
        "other.yaml",
        "B: {type: array, items: {$ref: '#/components/schemas/C'}}, C: {type: string}, Unused: {type: string}",
    );
    let bundled = bundle().unwrap();
    let schemas = &bundled["components"]["schemas"];
    assert_eq!(schemas["A"]["items"]["$ref"], "#/components/schemas/B");
    assert_eq!(schemas["B"]["items"]["$ref"], "#/components/schemas/C");
    assert!(schemas.get("Unused").is_none());

    write(
        "other.yaml",
        "A: {type: string}, B: {$ref: '#/components/schemas/A'}",
    );
    let error = bundle().unwrap_err().to_string();
    assert_eq!(
        error,
        "main.yaml: /components/schemas/A: another file has a component of this name"
    );

    let error = Document::load(Path::new("no/such.yaml"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("such.yaml: "), "{error}");
    fs::remove_dir_all(&folder).unwrap();
}
