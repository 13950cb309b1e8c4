//! Puts netwatch in place, so that an ordinary user can run it: with file capabilities, and no more than the
//! service has.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{cargo, command, setup};

/// Where the exact set is written down; netwatch's own tests compare it with what netwatch asks for.
const UNIT: &str = include_str!("../../packaging/netwatch.service");

/// Builds netwatch with optimisation and installs it into a folder.
///
/// # Errors
///
/// It can't be built, or the folder's file system takes neither the file nor its capabilities.
pub fn install(folder: &Path) -> Result<()> {
    setup::build_tools()?;
    setup::for_installation()?;
    cargo::build(true)?;
    let path = place(&cargo::release_binary()?, folder)?;
    println!("{}", path.display());
    Ok(())
}

/// The new one takes the old one's place whole: that may be running, and is never there without its
/// capabilities.
fn place(program: &Path, folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let new = folder.join(".netwatch.new");
    let path = folder.join("netwatch");
    let placed = fill(program, &new).and_then(|()| {
        fs::rename(&new, &path).with_context(|| format!("put {} in place", path.display()))
    });
    if placed.is_err() {
        // What went wrong is said; that this may be left over is not worse.
        fs::remove_file(&new).ok();
    }
    placed.map(|()| path)
}

fn fill(program: &Path, new: &Path) -> Result<()> {
    let what = || format!("copy {} to {}", program.display(), new.display());
    fs::copy(program, new).with_context(what)?;
    fs::set_permissions(new, fs::Permissions::from_mode(0o755)).with_context(what)?;
    command::exec(Command::new("setcap").arg(capabilities()?).arg(new))
}

/// As setcap wants them: permitted, and in effect from the start.
fn capabilities() -> Result<String> {
    let names = UNIT
        .lines()
        .find_map(|line| line.strip_prefix("AmbientCapabilities="))
        .context("packaging/netwatch.service names no capabilities")?;
    let names: Vec<String> = names.split_whitespace().map(str::to_lowercase).collect();
    Ok(format!("{}+ep", names.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capabilities_are_the_service_s() {
        let capabilities = capabilities().unwrap();
        let (names, sets) = capabilities.split_once('+').unwrap();
        assert_eq!(sets, "ep");
        assert!(names.split(',').any(|name| name == "cap_bpf"), "{names}");
        assert!(
            names.split(',').all(|name| name.starts_with("cap_")),
            "{names}"
        );
    }

    #[test]
    fn what_can_t_be_placed_leaves_nothing() {
        let folder = std::env::temp_dir().join(format!("netwatch-install-{}", std::process::id()));
        let error = place(Path::new("/no/such/program"), &folder).unwrap_err();
        assert!(
            format!("{error:#}").contains("/no/such/program"),
            "{error:#}"
        );
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir(&folder).unwrap();
    }
}
