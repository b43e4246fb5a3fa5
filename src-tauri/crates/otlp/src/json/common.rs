//! Attributes, scopes and resources, which all signals share.

use super::{
    Malformed,
    field::Base64,
    reader::{Message, Reader, Scope},
};
use crate::proto::{
    common::v1::{
        AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
        any_value::Value,
    },
    resource::v1::Resource,
};

impl Message for Resource {
    const NAME: &'static str = "resource";
    const SCOPE: Scope = Scope::Container;

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "attributes" => reader.read(&mut self.attributes),
            "droppedAttributesCount" => reader.read(&mut self.dropped_attributes_count),
            "entityRefs" => reader.read(&mut self.entity_refs),
            _ => reader.skip(),
        }
    }

    fn records(&self) -> u64 {
        0
    }
}

impl Message for InstrumentationScope {
    const NAME: &'static str = "scope";
    const SCOPE: Scope = Scope::Container;

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "name" => reader.read(&mut self.name),
            "version" => reader.read(&mut self.version),
            "attributes" => reader.read(&mut self.attributes),
            "droppedAttributesCount" => reader.read(&mut self.dropped_attributes_count),
            _ => reader.skip(),
        }
    }

    fn records(&self) -> u64 {
        0
    }
}

impl Message for EntityRef {
    const NAME: &'static str = "entity reference";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "schemaUrl" => reader.read(&mut self.schema_url),
            "type" => reader.read(&mut self.r#type),
            "idKeys" => reader.read(&mut self.id_keys),
            "descriptionKeys" => reader.read(&mut self.description_keys),
            _ => reader.skip(),
        }
    }
}

impl Message for KeyValue {
    const NAME: &'static str = "attribute";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "key" => reader.read(&mut self.key),
            "value" => reader.read(&mut self.value),
            "keyStrindex" => reader.read(&mut self.key_strindex),
            _ => reader.skip(),
        }
    }
}

impl Message for AnyValue {
    const NAME: &'static str = "value";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "stringValue" => reader.choice(&mut self.value, Value::StringValue),
            "intValue" => reader.choice(&mut self.value, Value::IntValue),
            "doubleValue" => reader.choice(&mut self.value, Value::DoubleValue),
            "boolValue" => reader.choice(&mut self.value, Value::BoolValue),
            "arrayValue" => reader.choice(&mut self.value, Value::ArrayValue),
            "kvlistValue" => reader.choice(&mut self.value, Value::KvlistValue),
            "bytesValue" => {
                reader.choice(&mut self.value, |Base64(bytes)| Value::BytesValue(bytes))
            }
            "stringValueStrindex" => reader.choice(&mut self.value, Value::StringValueStrindex),
            _ => reader.skip(),
        }
    }
}

impl Message for ArrayValue {
    const NAME: &'static str = "array";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "values" => reader.nullable(&mut self.values),
            _ => reader.skip(),
        }
    }
}

impl Message for KeyValueList {
    const NAME: &'static str = "key-value list";

    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match key {
            "values" => reader.read(&mut self.values),
            _ => reader.skip(),
        }
    }
}
