//! Which programs this machine has.

use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

pub fn has(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| {
        env::split_paths(&path).any(|directory| is_executable(&directory.join(program)))
    })
}

fn is_executable(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_executable_file_on_the_path_counts() {
        assert!(has("sh"));
        assert!(!has("no-such-program"));
        assert!(!is_executable(Path::new("/bin")));
        assert!(!is_executable(Path::new(env!("CARGO_MANIFEST_PATH"))));
    }
}
