//! An expression's words.

use std::ops::Range;

use super::{Fault, Op};

/// One word or sign, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    /// In bytes.
    pub span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Open,
    Close,
    And,
    Or,
    Not,
    Op(Op),
    Word(String),
    /// In quotes, so that it is a value whatever it looks like.
    Quoted(String),
}

/// The words that stand between conditions.
const CONNECTIVES: &[(&str, Kind)] = &[("and", Kind::And), ("or", Kind::Or), ("not", Kind::Not)];

/// The signs, the longer ones first.
const SIGNS: &[(&str, Kind)] = &[
    ("&&", Kind::And),
    ("||", Kind::Or),
    ("!=", Kind::Op(Op::Different)),
    ("==", Kind::Op(Op::Equal)),
    ("<=", Kind::Op(Op::AtMost)),
    (">=", Kind::Op(Op::AtLeast)),
    ("&", Kind::And),
    ("|", Kind::Or),
    ("!", Kind::Not),
    ("=", Kind::Op(Op::Equal)),
    ("<", Kind::Op(Op::Less)),
    (">", Kind::Op(Op::Greater)),
    ("(", Kind::Open),
    (")", Kind::Close),
];

const QUOTES: [char; 2] = ['"', '\''];

/// The words of an expression.
///
/// # Errors
///
/// A quotation mark has no second one; where, and what is wrong.
pub fn tokens(text: &str) -> Result<Vec<Token>, (Range<usize>, Fault)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (kind, length) = if QUOTES.contains(&first) {
            let open = || {
                (
                    at..text.len(),
                    Fault::new("this quotation mark has no second one"),
                )
            };
            quoted(&text[at..], first).ok_or_else(open)?
        } else {
            sign(&text[at..]).unwrap_or_else(|| word(&text[at..]))
        };
        let span = at..at + length;
        at = span.end;
        tokens.push(Token { kind, span });
    }
    Ok(tokens)
}

fn sign(text: &str) -> Option<(Kind, usize)> {
    let row = SIGNS.iter().find(|(sign, _)| text.starts_with(sign))?;
    Some((row.1.clone(), row.0.len()))
}

fn word(text: &str) -> (Kind, usize) {
    let end = text.find(ends_word).unwrap_or(text.len());
    let word = &text[..end];
    let connective = CONNECTIVES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word));
    let kind = match (connective, Op::spelt(word)) {
        (Some((_, kind)), _) => kind.clone(),
        (None, Some(op)) => Kind::Op(op),
        (None, None) => Kind::Word(word.to_owned()),
    };
    (kind, end)
}

fn ends_word(character: char) -> bool {
    character.is_whitespace() || "()!=<>&|".contains(character) || QUOTES.contains(&character)
}

/// What stands in quotes, where a backslash takes the next character as it is.
fn quoted(text: &str, quote: char) -> Option<(Kind, usize)> {
    let mut word = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((place, character)) = characters.next() {
        match character {
            '\\' => word.push(characters.next()?.1),
            _ if character == quote => return Some((Kind::Quoted(word), place + 1)),
            _ => word.push(character),
        }
    }
    None
}

/// The word as it has to be written to be read as a value.
pub fn written(value: &str) -> String {
    let plain = !value.is_empty()
        && !value.contains(|character| ends_word(character) || ",\\".contains(character))
        && matches!(word(value).0, Kind::Word(_));
    if plain {
        value.to_owned()
    } else {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        let tokens = tokens(text).unwrap();
        tokens.into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn blanks_between_words_and_signs_may_be_missing() {
        let spaced = kinds("( sport >= :22 ) && ! dst != ::1 or tcp");
        assert_eq!(kinds("(sport>=:22)&&!dst!=::1||tcp"), spaced);
        assert_eq!(kinds("(sport GE :22) AND NOT dst neq ::1 OR tcp"), spaced);
    }

    #[test]
    fn quotes_keep_a_word_together_and_a_value() {
        let quoted = |text: &str| vec![Kind::Quoted(text.to_owned())];
        assert_eq!(kinds("\"a (b) \\\" c\""), quoted("a (b) \" c"));
        assert_eq!(kinds("'and'"), quoted("and"));
        let (span, _) = tokens("comm \"a").unwrap_err();
        assert_eq!(span, 5..7);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for value in [
            "nginx", "", "and", "EQ", "a b", "a\"\\", "a,b", "it's", "a=b",
        ] {
            let expected = match written(value).strip_prefix('"') {
                Some(_) => Kind::Quoted(value.to_owned()),
                None => Kind::Word(value.to_owned()),
            };
            assert_eq!(kinds(&written(value)), [expected]);
        }
        assert_eq!(written("nginx*"), "nginx*");
    }
}
