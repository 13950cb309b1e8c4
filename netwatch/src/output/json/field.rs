//! Fields of a JSON object, written at the end of a line.

use std::net::IpAddr;

use serde::Serialize;

use crate::text::push_addr;

/// A value of a field.
pub trait Field {
    fn write(&self, line: &mut String);
}

macro_rules! integers {
    ($($type:ty)*) => {
        $(impl Field for $type {
            fn write(&self, line: &mut String) {
                line.push_str(itoa::Buffer::new().format(*self));
            }
        })*
    };
}
integers! { u16 u32 u64 }

impl Field for &str {
    fn write(&self, line: &mut String) {
        let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        if self.bytes().all(is_plain) {
            line.push('"');
            line.push_str(self);
            line.push('"');
        } else if let Ok(quoted) = serde_json::to_string(self) {
            line.push_str(&quoted);
        }
    }
}

/// A word of the contract: nothing in it is to be escaped.
#[derive(Clone, Copy, Serialize)]
pub struct Word(pub &'static str);

impl Field for Word {
    fn write(&self, line: &mut String) {
        line.push('"');
        line.push_str(self.0);
        line.push('"');
    }
}

impl Field for IpAddr {
    fn write(&self, line: &mut String) {
        line.push('"');
        push_addr(line, *self);
        line.push('"');
    }
}

impl<T: Field> Field for Option<T> {
    fn write(&self, line: &mut String) {
        match self {
            Some(value) => value.write(line),
            None => line.push_str("null"),
        }
    }
}

/// Declares structs whose fields are those of JSON objects, by the same names and in the same order.
macro_rules! fields {
    ($($name:ident $(<$life:lifetime>)? { $($field:ident $(= $key:literal)?: $type:ty,)* })*) => {
        $(
            #[derive(Serialize)]
            pub(in crate::output) struct $name $(<$life>)? {
                $($(#[serde(rename = $key)])? $field: $type,)*
            }

            impl $(<$life>)? $name $(<$life>)? {
                /// Writes each field after a comma.
                fn write(&self, line: &mut String) {
                    $(
                        line.push_str(fields!(@key $field $($key)?));
                        self.$field.write(line);
                    )*
                }
            }
        )*
    };
    (@key $field:ident $key:literal) => { concat!(",\"", $key, "\":") };
    (@key $field:ident) => { concat!(",\"", stringify!($field), "\":") };
}
pub(super) use fields;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(value: impl Field) -> String {
        let mut line = String::new();
        value.write(&mut line);
        line
    }

    proptest! {
        #[test]
        fn texts_are_those_of_serde(text in any::<String>()) {
            prop_assert_eq!(written(text.as_str()), serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn addresses_are_those_of_serde(addr in any::<IpAddr>()) {
            prop_assert_eq!(written(addr), serde_json::to_string(&addr).unwrap());
        }
    }

    #[test]
    fn unknown_is_null() {
        assert_eq!(written(None::<u64>), "null");
        assert_eq!(written(Some(u64::MAX)), "18446744073709551615");
    }
}
