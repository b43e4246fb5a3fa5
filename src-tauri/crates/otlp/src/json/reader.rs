//! Reading messages member by member, and keeping what is around a bad one.

use std::{borrow::Cow, mem};

use super::{
    Decoded, Malformed,
    cursor::{Cursor, Kind},
    field::Field,
    scalar,
};

/// What a bad member costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The message that contains this one.
    Part,
    /// This message, which is left out and counted: a log record, data point, metric or span.
    Item,
    /// Nothing but itself, because sound records hang on this message.
    Container,
}

/// A protobuf message that is read from a JSON object.
pub(super) trait Message: Default {
    /// What people call it.
    const NAME: &'static str;
    /// What a bad member of it costs.
    const SCOPE: Scope = Scope::Part;

    /// Reads the value of one member, or skips it where the key is not known.
    fn member(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), Malformed>;

    /// How many records are lost with it; at least so many where it could not be read at all.
    fn records(&self) -> u64 {
        1
    }
}

/// Reads the body as one message.
pub(super) fn read<M: Message>(body: &[u8]) -> Result<Decoded<M>, Malformed> {
    let cursor = Cursor::new(body)?;
    let mut reader = Reader { cursor, fault: None, rejected: 0, reason: None };
    if reader.cursor.peek()? != Kind::Object {
        return Err(reader.cursor.malformed("expected an object"));
    }
    let value = reader.object()?;
    reader.cursor.end()?;
    Ok(Decoded { value, rejected: reader.rejected, reason: reader.reason })
}

/// What is wrong with a member, and where: only names that we know, never a value.
struct Fault {
    path: String,
    what: &'static str,
}

impl Fault {
    const fn new(what: &'static str) -> Self {
        Self { path: String::new(), what }
    }

    fn is_within(&mut self, key: &str) {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.path = format!("{key}{dot}{}", self.path);
    }

    fn sentence(&self, name: &str) -> String {
        let colon = if self.path.is_empty() { "" } else { ": " };
        format!("{name}: {}{colon}{}", self.path, self.what)
    }
}

/// A cursor that remembers what was bad. `Err` is for text that is no JSON only: a value of the
/// wrong kind is stepped over and noted.
pub(super) struct Reader<'a> {
    pub(super) cursor: Cursor<'a>,
    /// What is wrong with the item or container being read.
    fault: Option<Fault>,
    rejected: u64,
    reason: Option<String>,
}

impl<'a> Reader<'a> {
    /// Reads a value into its field.
    pub(super) fn read(&mut self, field: &mut impl Field) -> Result<(), Malformed> {
        field.read(self)
    }

    /// Steps over a value.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        self.cursor.skip()
    }

    /// An enumeration: a number only, as OTLP says.
    pub(super) fn enumeration(&mut self, field: &mut i32) -> Result<(), Malformed> {
        match self.cursor.peek()? {
            Kind::Number | Kind::Null => self.read(field),
            _ => self.wrong("not an enumeration's number"),
        }
    }

    /// An id in hexadecimal.
    pub(super) fn hex(&mut self, field: &mut Vec<u8>) -> Result<(), Malformed> {
        let text = self.text()?;
        self.set(field, text, scalar::hex, "not hexadecimal");
        Ok(())
    }

    /// One choice of a oneof, which `null` leaves open.
    pub(super) fn choice<T: Field + Default, C>(
        &mut self,
        field: &mut Option<C>,
        choice: fn(T) -> C,
    ) -> Result<(), Malformed> {
        if self.cursor.peek()? == Kind::Null {
            return self.skip();
        }
        let mut value = T::default();
        value.read(self)?;
        *field = Some(choice(value));
        Ok(())
    }

    /// The list of resources of a request; without one it is no request.
    pub(super) fn resources<M: Message>(&mut self, field: &mut Vec<M>) -> Result<(), Malformed> {
        match self.cursor.peek()? {
            Kind::Array | Kind::Null => self.read(field),
            _ => Err(self.cursor.malformed("expected a list of resources")),
        }
    }

    /// A list in which `null` stands for an empty message.
    pub(super) fn nullable<M: Message>(&mut self, field: &mut Vec<M>) -> Result<(), Malformed> {
        let listed = self.elements(|reader| {
            field.push(reader.message()?.unwrap_or_default());
            Ok(())
        })?;
        if !listed {
            self.blame("not a list");
        }
        Ok(())
    }

    pub(super) fn text(&mut self) -> Result<Option<Cow<'a, str>>, Malformed> {
        match self.cursor.peek()? {
            Kind::String => self.cursor.string().map(Some),
            Kind::Null => self.cursor.null().map(|()| None),
            _ => self.wrong("not a string").map(|()| None),
        }
    }

    pub(super) fn integer<T: TryFrom<i128>>(
        &mut self,
        field: &mut T,
        what: &'static str,
    ) -> Result<(), Malformed> {
        let text = match self.cursor.peek()? {
            Kind::Number => Some(Cow::Borrowed(self.cursor.number()?)),
            Kind::String => Some(self.cursor.string()?),
            Kind::Null => return self.cursor.null(),
            _ => return self.wrong(what),
        };
        let decode = |text: &str| T::try_from(scalar::integer(text)?).ok();
        self.set(field, text, decode, what);
        Ok(())
    }

    pub(super) fn double(&mut self, field: &mut f64) -> Result<(), Malformed> {
        const WHAT: &str = "not a number, or too large";
        match self.cursor.peek()? {
            Kind::Number => {
                let text = self.cursor.number()?;
                self.set(field, Some(Cow::Borrowed(text)), scalar::double, WHAT);
            }
            Kind::String => {
                let text = self.cursor.string()?;
                self.set(field, Some(text), scalar::named_double, WHAT);
            }
            Kind::Null => self.cursor.null()?,
            _ => self.wrong(WHAT)?,
        }
        Ok(())
    }

    pub(super) fn set<T>(
        &mut self,
        field: &mut T,
        text: Option<Cow<'a, str>>,
        decode: impl FnOnce(&str) -> Option<T>,
        what: &'static str,
    ) {
        let Some(text) = text else { return };
        match decode(&text) {
            Some(value) => *field = value,
            None => self.blame(what),
        }
    }

    /// Steps through a list; `false` where there is something else.
    pub(super) fn elements(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), Malformed>,
    ) -> Result<bool, Malformed> {
        match self.cursor.peek()? {
            Kind::Array => self.cursor.open()?,
            Kind::Null => return self.cursor.null().map(|()| true),
            _ => return self.skip().map(|()| false),
        }
        let mut first = true;
        while self.cursor.next_element(first)? {
            first = false;
            element(self)?;
        }
        Ok(true)
    }

    /// A message; `None` where there is none, or none that may be kept.
    pub(super) fn message<M: Message>(&mut self) -> Result<Option<M>, Malformed> {
        match self.cursor.peek()? {
            Kind::Object => {}
            Kind::Null => return self.cursor.null().map(|()| None),
            _ => {
                self.unreadable::<M>("not an object");
                return self.skip().map(|()| None);
            }
        }
        if M::SCOPE == Scope::Part {
            return self.object().map(Some);
        }
        let outer = self.fault.take();
        let message: M = self.object()?;
        let Some(fault) = mem::replace(&mut self.fault, outer) else { return Ok(Some(message)) };
        let item = M::SCOPE == Scope::Item;
        self.refuse(if item { message.records() } else { 0 }, &fault, M::NAME);
        Ok((!item).then_some(message))
    }

    fn object<M: Message>(&mut self) -> Result<M, Malformed> {
        let mut message = M::default();
        self.cursor.open()?;
        let mut first = true;
        while let Some(key) = self.cursor.next_key(first)? {
            first = false;
            let sound = self.fault.is_none();
            message.member(&key, self)?;
            if sound && let Some(fault) = &mut self.fault {
                fault.is_within(&key);
            }
        }
        Ok(message)
    }

    /// Steps over a value of the wrong kind and notes it.
    pub(super) fn wrong(&mut self, what: &'static str) -> Result<(), Malformed> {
        self.blame(what);
        self.skip()
    }

    pub(super) fn blame(&mut self, what: &'static str) {
        self.fault.get_or_insert(Fault::new(what));
    }

    /// In the place of messages of this kind stands something else.
    pub(super) fn unreadable<M: Message>(&mut self, what: &'static str) {
        match M::SCOPE {
            Scope::Part => self.blame(what),
            _ => self.refuse(M::default().records(), &Fault::new(what), M::NAME),
        }
    }

    fn refuse(&mut self, records: u64, fault: &Fault, name: &str) {
        self.rejected += records;
        self.reason.get_or_insert_with(|| fault.sentence(name));
    }
}
