//! Text from outside, made fit for a terminal.

/// Replaces what a terminal could obey by what can be seen.
pub fn clean(bytes: &[u8]) -> String {
    bytes
        .utf8_chunks()
        .map(|chunk| {
            let valid = chunk.valid().chars().map(|c| {
                if c.is_control() {
                    c.escape_unicode().to_string()
                } else {
                    c.to_string()
                }
            });
            let invalid = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
            valid.chain(invalid).collect::<String>()
        })
        .collect()
}
