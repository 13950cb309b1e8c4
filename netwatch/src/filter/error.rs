//! Why an expression can't be understood.

use std::{error::Error, fmt, ops::Range};

use crate::text;

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What was expected, or why it can't be.
    pub explanation: String,
    /// What may have been meant.
    pub suggestion: Option<String>,
}

/// An expression that can't be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The whole expression.
    pub text: String,
    /// The place, in bytes.
    pub span: Range<usize>,
    pub fault: Fault,
}

impl Fault {
    /// With nothing to suggest.
    pub fn new(explanation: impl Into<String>) -> Self {
        Self {
            explanation: explanation.into(),
            suggestion: None,
        }
    }

    /// With what may have been meant.
    pub fn suggesting(self, suggestion: Option<impl Into<String>>) -> Self {
        Self {
            suggestion: suggestion.map(Into::into),
            ..self
        }
    }

    /// A value that is none of what a key takes.
    pub fn is_no(value: &str, what: &str) -> Self {
        Self::new(format!("{value:?} is no {what}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explanation)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean {suggestion}?"),
            None => Ok(()),
        }
    }
}

/// The expression, a mark under the place, and what is wrong there.
impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |range: Range<usize>| {
            let bytes = self.text.as_bytes().get(range).unwrap_or_default();
            text::clean(bytes)
        };
        let Range { start, end } = self.span;
        let (before, place) = (shown(0..start), shown(start..end));
        writeln!(f, "{before}{place}{}", shown(end..self.text.len()))?;
        let width = place.chars().count().max(1);
        let indent = before.chars().count();
        writeln!(f, "{:indent$}{}", "", "^".repeat(width))?;
        self.fault.fmt(f)
    }
}

impl Error for Fault {}
impl Error for ParseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_under_the_place_also_behind_what_is_cleaned() {
        let error = ParseError {
            text: "comm \u{1b}ß prot".to_owned(),
            span: 9..13,
            fault: Fault::is_no("prot", "key").suggesting(Some("port")),
        };
        let shown = "comm \\u{1b}ß prot\n             ^^^^\n\"prot\" is no key; did you mean port?";
        assert_eq!(error.to_string(), shown);
    }
}
