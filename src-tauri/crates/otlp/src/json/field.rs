//! The kinds of values that a member can have.

use super::{
    Malformed,
    cursor::Kind,
    reader::{Message, Reader},
    scalar,
};

/// A member's value that is read in place. `null` leaves it as it is.
pub(super) trait Field {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed>;
}

impl<M: Message> Field for M {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        if let Some(message) = reader.message()? {
            *self = message;
        }
        Ok(())
    }
}

impl<M: Message> Field for Option<M> {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        if let Some(message) = reader.message()? {
            *self = Some(message);
        }
        Ok(())
    }
}

impl<M: Message> Field for Vec<M> {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        let listed = reader.elements(|reader| {
            if reader.cursor.peek()? == Kind::Null {
                reader.unreadable::<M>("null in a list");
            }
            self.extend(reader.message()?);
            Ok(())
        })?;
        if !listed {
            reader.unreadable::<M>("not a list");
        }
        Ok(())
    }
}

/// A list of values that are no messages.
macro_rules! list_of {
    ($value:ty) => {
        impl Field for Vec<$value> {
            fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
                let listed = reader.elements(|reader| {
                    let mut value = <$value>::default();
                    if reader.cursor.peek()? == Kind::Null {
                        reader.blame("null in a list");
                    }
                    value.read(reader)?;
                    self.push(value);
                    Ok(())
                })?;
                if !listed {
                    reader.blame("not a list");
                }
                Ok(())
            }
        }
    };
}

list_of!(u64);
list_of!(f64);
list_of!(String);

macro_rules! integer {
    ($value:ty, $what:literal) => {
        impl Field for $value {
            fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
                reader.integer(self, $what)
            }
        }
    };
}

integer!(u64, "not a 64-bit unsigned integer");
integer!(i64, "not a 64-bit integer");
integer!(u32, "not a 32-bit unsigned integer");
integer!(i32, "not a 32-bit integer");

impl Field for f64 {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        reader.double(self)
    }
}

impl Field for Option<f64> {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        reader.choice(self, |value: f64| value)
    }
}

impl Field for String {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        if let Some(text) = reader.text()? {
            *self = text.into_owned();
        }
        Ok(())
    }
}

/// Bytes that are written in base64.
#[derive(Default)]
pub(super) struct Base64(pub(super) Vec<u8>);

impl Field for Base64 {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        let text = reader.text()?;
        reader.set(&mut self.0, text, scalar::base64, "not base64");
        Ok(())
    }
}

impl Field for bool {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match reader.cursor.peek()? {
            Kind::Bool => *self = reader.cursor.bool()?,
            Kind::Null => reader.cursor.null()?,
            _ => reader.wrong("not true or false")?,
        }
        Ok(())
    }
}
