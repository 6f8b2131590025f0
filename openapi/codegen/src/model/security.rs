//! Who may do an operation.

use crate::document::{Document, Error, Node};

/// One of the alternatives in an operation's `security`.
#[derive(Debug, Clone)]
pub(crate) struct Requirement {
    pub(crate) scheme: String,
    pub(crate) permission: Option<String>,
}

/// A security scheme of the document.
#[derive(Debug)]
pub(crate) struct Scheme {
    pub(crate) name: String,
    pub(crate) http: String,
}

/// The security schemes of the document.
pub(crate) fn schemes(document: &Document) -> Result<Vec<Scheme>, Error> {
    let Some(components) = document.root().get("components") else {
        return Ok(Vec::new());
    };
    let mut schemes = Vec::new();
    for (name, node) in components.members_at("securitySchemes")? {
        let node = node.resolve()?;
        let http = node.required("scheme")?;
        match (node.required("type")?.text()?, http.text()?) {
            ("http", "basic" | "bearer") => schemes.push(Scheme {
                name: name.to_owned(),
                http: http.text()?.to_owned(),
            }),
            _ => {
                return Err(
                    node.error("the generator knows the HTTP schemes `basic` and `bearer` alone")
                );
            }
        }
    }
    Ok(schemes)
}

/// The alternatives, and whether one of them is to present nothing.
pub(super) fn security_of(
    node: &Node<'_>,
    schemes: &[Scheme],
) -> Result<(Vec<Requirement>, bool), Error> {
    node.required("security")
        .map_err(|_| node.error("`security` must be said, `[]` for a public operation"))?;
    let (mut requirements, mut optional) = (Vec::new(), false);
    for item in node.items_at("security")? {
        let members = item.members()?;
        if members.is_empty() {
            optional = true;
            continue;
        }
        let [(scheme, permissions)] = &members[..] else {
            return Err(item.error("one security scheme at a time"));
        };
        if !schemes.iter().any(|known| known.name == *scheme) {
            return Err(permissions.error("no such security scheme"));
        }
        let names = permissions
            .value
            .as_array()
            .ok_or_else(|| permissions.error("expected an array"))?;
        let permission = match &names[..] {
            [] => None,
            [name] => Some(
                name.as_str()
                    .ok_or_else(|| permissions.error("expected a permission's name"))?
                    .to_owned(),
            ),
            _ => return Err(permissions.error("one permission at the most")),
        };
        requirements.push(Requirement {
            scheme: (*scheme).to_owned(),
            permission,
        });
    }
    Ok((requirements, optional))
}
