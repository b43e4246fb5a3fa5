//! Settings as a text that is edited in place: what is not changed keeps every byte.

use std::ops::Range;

use jsonc_parser::cst::{
    CstArray, CstContainerNode, CstInputValue, CstNode, CstObject, CstRootNode,
};
use serde_json::Value;

use super::{
    LARGEST,
    check::{STRICT, check},
    error::{Place, SettingsError},
};

const BOM: char = '\u{feff}';

/// Settings that were checked.
pub(super) struct Document {
    bom: bool,
    root: CstRootNode,
    top: CstObject,
}

impl Document {
    /// Reads a text; one that is blank is an empty object.
    pub(super) fn parse(text: &str) -> Result<Self, SettingsError> {
        if text.len() > LARGEST {
            return Err(SettingsError::TooLarge(text.len()));
        }
        let bare = text.strip_prefix(BOM);
        let bom = bare.is_some();
        let bare = match bare.unwrap_or(text) {
            blank if blank.trim().is_empty() && blank.contains('\r') => "{}\r\n",
            blank if blank.trim().is_empty() => "{}\n",
            full => full,
        };
        check(bare)?;
        let invalid = |reason: String| SettingsError::Invalid { reason, place: Place::of(bare, 0) };
        let root = CstRootNode::parse(bare, &STRICT).map_err(|error| invalid(error.to_string()))?;
        // `check` found an object, or comments alone.
        let top = root.object_value_or_create();
        let top = top.ok_or_else(|| invalid("there is no object".to_owned()))?;
        Ok(Self { bom, root, top })
    }

    /// The text as it is now.
    pub(super) fn text(&self) -> String {
        let bom = if self.bom { BOM.to_string() } else { String::new() };
        bom + &self.root.to_string()
    }

    /// What stands under a path of keys.
    pub(super) fn node(&self, path: &[&str]) -> Option<CstNode> {
        let (last, above) = path.split_last()?;
        self.object(above)?.get(last)?.value()
    }

    /// Its text.
    pub(super) fn raw(&self, path: &[&str]) -> Option<String> {
        self.node(path).map(|node| node.to_string())
    }

    /// Its value.
    pub(super) fn value(&self, path: &[&str]) -> Option<Value> {
        self.node(path)?.to_serde_value()
    }

    /// Its text where it is a string, a number or a truth value.
    pub(super) fn scalar(&self, path: &[&str]) -> Option<String> {
        scalar(&self.value(path)?)
    }

    /// The object under a path of keys; of none: the whole.
    pub(super) fn object(&self, path: &[&str]) -> Option<CstObject> {
        path.iter().try_fold(self.top.clone(), |object, key| object.object_value(key))
    }

    /// The list under a path of keys.
    pub(super) fn list(&self, path: &[&str]) -> Option<CstArray> {
        self.node(path)?.as_array()
    }

    /// Puts a value under a path of keys, of which all but the last must be there.
    pub(super) fn put(&self, path: &[&str], value: CstInputValue) {
        let Some((last, above)) = path.split_last() else { return };
        let Some(object) = self.object(above) else { return };
        match object.get(last) {
            Some(property) => property.set_value(value),
            None => drop(object.append(last, value)),
        }
    }

    /// Puts a value that is written already. It cannot be read again before the text is.
    pub(super) fn put_raw(&self, path: &[&str], raw: &str) {
        self.put(path, CstInputValue::Null);
        if let Some(node) = self.node(path) {
            write_raw(&node, raw);
        }
    }

    /// Removes what stands under a path of keys.
    pub(super) fn remove(&mut self, path: &[&str]) {
        let Some((last, above)) = path.split_last() else { return };
        if let Some(property) = self.object(above).and_then(|object| object.get(last)) {
            self.remove_node(property.into());
        }
    }

    /// Removes a property or an item. Comments beside it stay. Nodes that were found before are void then.
    pub(super) fn remove_node(&mut self, node: CstNode) {
        let Some(parent) = node.parent() else { return };
        let comments = |parent: &CstContainerNode| {
            parent.children().iter().filter(|child| child.is_comment()).count()
        };
        let before = comments(&parent);
        let mut bare = self.root.to_string();
        let comma = node.trailing_comma();
        let comma =
            comma.map(CstNode::from).or_else(|| node.previous_siblings().find(CstNode::is_comma));
        let mut spans = [Some(span(&node)), comma.as_ref().map(span)];
        node.remove();
        // The library takes comments of the same line for a part of what it removes.
        if comments(&parent) == before {
            return;
        }
        spans.sort_by_key(|span| std::cmp::Reverse(span.as_ref().map(|span| span.start)));
        spans.into_iter().flatten().for_each(|span| bare.replace_range(span, ""));
        if let Ok(root) = CstRootNode::parse(&bare, &STRICT)
            && let Some(top) = root.object_value()
        {
            (self.root, self.top) = (root, top);
        }
    }

    /// Whether an object or a list holds nothing, not even a comment.
    pub(super) fn is_bare(&self, path: &[&str]) -> bool {
        match self.node(path) {
            Some(CstNode::Container(container)) => {
                let holds = |child: &CstNode| {
                    child.is_comment() || !(child.is_trivia() || child.is_token())
                };
                matches!(container, CstContainerNode::Object(_) | CstContainerNode::Array(_))
                    && !container.children().iter().any(holds)
            }
            _ => false,
        }
    }
}

/// Where a node stands in the text, in bytes.
fn span(node: &CstNode) -> Range<usize> {
    let length = |node: &CstNode| node.to_string().len();
    let mut start = node.previous_siblings().map(|sibling| length(&sibling)).sum::<usize>();
    for above in node.ancestors() {
        let above = CstNode::from(above);
        start += above.previous_siblings().map(|sibling| length(&sibling)).sum::<usize>();
    }
    start..start + length(node)
}

/// Puts a value that is written already into the place of an object or of `null`.
pub(super) fn write_raw(node: &CstNode, raw: &str) {
    let blank = CstInputValue::String(String::new());
    let put = match (node.as_object(), node.as_null_keyword()) {
        (Some(object), _) => object.replace_with(blank),
        (_, Some(null)) => null.replace_with(blank),
        _ => None,
    };
    // A string's text is written as it is, whatever it says.
    if let Some(string) = put.and_then(|put| put.as_string_lit()) {
        string.set_raw_value(raw.to_owned());
    }
}

/// A string, a number or a truth value as text.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}
