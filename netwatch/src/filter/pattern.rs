//! Texts in which `*` stands for anything.

/// A text to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(pub String);

impl Pattern {
    /// Whether a text fits. Takes at most the product of both lengths.
    pub fn fits(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.as_bytes(), text.as_bytes());
        let (mut at, mut place) = (0, 0);
        // The last star, and where what it stands for ends so far.
        let mut star: Option<(usize, usize)> = None;
        while place < text.len() {
            match (pattern.get(at), star) {
                (Some(b'*'), _) => {
                    star = Some((at, place));
                    at += 1;
                }
                (Some(byte), _) if *byte == text[place] => {
                    at += 1;
                    place += 1;
                }
                (_, Some((before, end))) => {
                    star = Some((before, end + 1));
                    (at, place) = (before + 1, end + 1);
                }
                (_, None) => return false,
            }
        }
        pattern[at..].iter().all(|byte| *byte == b'*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text, expected) in [
            ("nginx", "nginx", true),
            ("nginx", "nginx: worker", false),
            ("nginx*", "nginx: worker", true),
            ("*work*r", "nginx: worker", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*a", "a", false),
            ("*ab", "aab", true),
            ("**b*", "ab", true),
            ("*ß", "groß", true),
        ] {
            let fits = Pattern(pattern.to_owned()).fits(text);
            assert_eq!(fits, expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = Pattern("*a".repeat(1000) + "b");
        assert!(!pattern.fits(&"a".repeat(4000)));
    }
}
