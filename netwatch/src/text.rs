//! Text from outside, made fit for a terminal.

use std::{fmt::Write as _, net::IpAddr};

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

/// The same, but text with nothing to show in it stays as it is, its backslashes too: for output that
/// has to equal another program's.
pub fn plain(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(deceives) => text.to_owned(),
        _ => clean(bytes),
    }
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

/// Writes an address as `Display` does, which takes thrice the time for IPv4: every line has two.
pub fn push_addr(text: &mut String, addr: IpAddr) {
    match addr {
        // Writing to a String can't fail.
        IpAddr::V6(addr) => drop(write!(text, "{addr}")),
        IpAddr::V4(addr) => push_octets(text, addr.octets()),
    }
}

/// Added to the text in one piece: a piece costs more than its digits.
fn push_octets(text: &mut String, octets: [u8; 4]) {
    let mut bytes = [b'.'; "255.255.255.255".len()];
    let mut len = 0;
    for octet in octets {
        for (least, place) in [(100, 100), (10, 10), (0, 1)] {
            if octet >= least {
                bytes[len] = b'0' + octet / place % 10;
                len += 1;
            }
        }
        len += 1;
    }
    // Nothing but digits and points, and no point behind the last.
    text.push_str(std::str::from_utf8(&bytes[..len - 1]).unwrap_or_default());
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

    #[test]
    fn plain_text_keeps_its_backslashes() {
        assert_eq!(plain(b"dev\\x2dsda"), "dev\\x2dsda");
        assert_eq!(plain(b"\\ \x1b"), "\\\\ \\u{1b}");
    }

    /// What nobody may ever see, written down anew: not the list that is under test.
    fn is_hostile(character: char) -> bool {
        character.is_control()
            || matches!(character as u32,
                0x061c | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060 | 0x2066..=0x2069 | 0xfeff)
    }

    /// Bytes among which those that matter are not rare.
    fn outside() -> impl Strategy<Value = Vec<u8>> {
        let hostile = (0..=0xffff_u32)
            .filter_map(char::from_u32)
            .filter(|character| is_hostile(*character));
        let piece = prop_oneof![
            any::<char>().prop_map(String::from).prop_map(Vec::from),
            proptest::sample::select(hostile.map(String::from).collect::<Vec<_>>())
                .prop_map(Vec::from),
            proptest::collection::vec(any::<u8>(), 1..4),
            Just(b"\\".to_vec()),
        ];
        proptest::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_hostile_comes_through(bytes in outside()) {
            prop_assert!(!clean(&bytes).chars().any(is_hostile));
        }

        #[test]
        fn different_bytes_stay_different(one in outside(), other in outside()) {
            prop_assert_eq!(clean(&one) == clean(&other), one == other);
        }

        #[test]
        fn harmless_text_stays(text in "[a-zA-Z0-9 äß世界:/._@()\\[\\]-]{0,40}") {
            prop_assert_eq!(clean(text.as_bytes()), text);
        }
    }
}
