//! Text from outside, made fit for a terminal.

use std::fmt::Write as _;

/// Shows what a terminal or a reader's eye could be fooled by: control characters, characters that
/// change the direction of text or have no width, and bytes that are no UTF-8. Done once, where
/// text enters; everything behind that is plain.
pub fn clean(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push(&mut text, character);
        }
        for byte in chunk.invalid() {
            // Writing to a String can't fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

fn push(text: &mut String, character: char) {
    match character {
        '\\' => text.push_str("\\\\"),
        _ if deceives(character) => text.extend(character.escape_unicode()),
        _ => text.push(character),
    }
}

/// C0, DEL, C1; bidi controls; what has no width; line and paragraph separators; tags.
const fn deceives(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_deceives_is_shown() {
        assert_eq!(clean(b"\x1b]0;pwn\x07"), "\\u{1b}]0;pwn\\u{7}");
        assert_eq!(clean(b"a\nb"), "a\\u{a}b");
        assert_eq!(clean(b"bad\xff\xfe"), "bad\\xff\\xfe");
        assert_eq!(clean("evil\u{202e}txt".as_bytes()), "evil\\u{202e}txt");
        assert_eq!(clean(b"a\\x1b"), "a\\\\x1b", "an escape can't be faked");
    }

    #[test]
    fn what_is_harmless_stays() {
        assert_eq!(clean("nginx: wörker 世界".as_bytes()), "nginx: wörker 世界");
    }

    proptest! {
        #[test]
        fn nothing_that_deceives_comes_through(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(!clean(&bytes).chars().any(deceives));
        }
    }
}
