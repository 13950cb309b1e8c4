//! Debian's kernels, by the host's own package tools, with lists of their own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    apt::STRICT,
    command::{capture, exec, exec_persistently},
};

/// The kind that is made for virtual machines, with everything that they need built in.
const FLAVOUR: &str = "cloud-amd64";
/// Set to a mirror's address where the host's own sources are not Debian's.
const MIRROR: &str = "NETWATCH_VM_MIRROR";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Lists of packages stay good for so long.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

/// The release that a line of versions comes with; every newer one is in the last.
const RELEASES: &[(&str, &str, bool)] = &[
    ("5.10", "bullseye", true),
    ("6.1", "bookworm", true),
    ("6.12", "trixie", true),
    ("", "trixie-backports", false),
];

/// A release that is no longer kept up may go from the mirrors.
const MAY_GO: &str = "bullseye";

/// A kernel, unpacked.
pub struct Kernel {
    /// As `uname -r` says it.
    pub name: String,
    pub image: PathBuf,
    /// Where `lib/modules` is.
    pub root: PathBuf,
}

/// What came of fetching one.
pub enum Fetched {
    Kernel(Kernel),
    /// The mirror has it no longer: why that is thought.
    Gone(String),
}

/// Fetches the newest kernel whose version begins like this, unless that was done before.
///
/// # Errors
///
/// There is none, or it can't be fetched.
pub fn fetch(folder: &Path, version: &str) -> Result<Fetched> {
    let (_, suite, has_security) = RELEASES
        .iter()
        .find(|(line, ..)| line.is_empty() || is_of(version, line))
        .context("no release of Debian has this kernel")?;
    let apt = Apt {
        folder: folder.join("apt").join(suite),
    };
    let found = apt
        .update(suite, *has_security)
        .and_then(|()| apt.newest(version));
    let name = match found {
        Ok(name) => name,
        Err(error) if *suite == MAY_GO => return Ok(Fetched::Gone(format!("{error:#}"))),
        Err(error) => return Err(error),
    };
    let root = folder.join("kernels").join(&name);
    if !root.join("done").exists() {
        match apt.unpack(&name, &root) {
            Ok(()) => {}
            Err(error) if *suite == MAY_GO => return Ok(Fetched::Gone(format!("{error:#}"))),
            Err(error) => return Err(error),
        }
    }
    // Since 6.19 it lies beside the modules.
    let places = [
        format!("boot/vmlinuz-{name}"),
        format!("usr/lib/modules/{name}/vmlinuz"),
    ];
    let mut images = places.iter().map(|place| root.join(place));
    let image = images.find(|image| image.exists());
    let image = image.with_context(|| format!("{name} has none of {}", places.join(", ")))?;
    Ok(Fetched::Kernel(Kernel { name, image, root }))
}

/// Whether a version is of a line: 6.1.5 is of 6.1, and 6.12 isn't.
fn is_of(version: &str, line: &str) -> bool {
    let rest = version.strip_prefix(line);
    rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
}

/// The newest of these packages that is a kernel of the line, as `uname -r` says it.
fn choose(packages: &str, line: &str) -> Option<String> {
    let names = packages.lines().filter_map(|package| {
        let name = package.strip_prefix("linux-image-")?;
        let version = name.strip_suffix(FLAVOUR)?.strip_suffix('-')?;
        is_of(version, line).then_some(())?;
        let numbers: Vec<u64> = version
            .split(|other: char| !other.is_ascii_digit())
            .map_while(|number| number.parse().ok())
            .collect();
        (numbers.len() >= 3).then(|| (numbers, name.to_owned()))
    });
    names.max().map(|(_, name)| name)
}

/// apt with a folder of its own, so that the host's sources and lists stay as they are.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn command(&self, tool: &str) -> Command {
        let folder = self.folder.display();
        let mut command = Command::new(tool);
        command.arg("-qq");
        for option in [
            format!("Dir::Etc::sourcelist={folder}/sources.list"),
            "Dir::Etc::sourceparts=/dev/null".to_owned(),
            "Dir::Etc::preferencesparts=/dev/null".to_owned(),
            format!("Dir::State={folder}"),
            format!("Dir::State::lists={folder}/lists"),
            format!("Dir::Cache={folder}"),
            "Dir::State::status=/dev/null".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
            "APT::Architecture=amd64".to_owned(),
            "Acquire::Retries=3".to_owned(),
            "Acquire::Languages=none".to_owned(),
        ] {
            command.args(["-o", &option]);
        }
        command
    }

    fn update(&self, suite: &str, has_security: bool) -> Result<()> {
        let stamp = self.folder.join("fresh");
        let age = fs::metadata(&stamp)
            .and_then(|stamp| stamp.modified())
            .map(|time| SystemTime::now().duration_since(time).unwrap_or_default());
        if age.is_ok_and(|age| age < FRESH) {
            return Ok(());
        }
        for part in ["lists/partial", "archives/partial"] {
            fs::create_dir_all(self.folder.join(part)).context("make folders for apt")?;
        }
        let mirror = mirror()?;
        let mirror = mirror.trim_end_matches('/');
        let mut sources = format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n");
        if has_security {
            let line =
                format!("deb [signed-by={KEYRING}] {mirror}-security {suite}-security main\n");
            sources.push_str(&line);
        }
        fs::write(self.folder.join("sources.list"), sources).context("name apt its sources")?;
        exec_persistently(self.command("apt-get").arg("update").args(STRICT))
            .with_context(|| format!("read which kernels {suite} has"))?;
        fs::write(&stamp, "").context("remember when that was")
    }

    fn newest(&self, line: &str) -> Result<String> {
        let packages = capture(self.command("apt-cache").args(["pkgnames", "linux-image-"]))?;
        choose(&packages, line)
            .with_context(|| format!("the mirror has no kernel {line} of the kind {FLAVOUR}"))
    }

    fn unpack(&self, name: &str, root: &Path) -> Result<()> {
        fs::create_dir_all(root.join("usr/lib")).context("make a folder for a kernel")?;
        // Newer packages have everything below /usr.
        if !root.join("lib").exists() {
            std::os::unix::fs::symlink("usr/lib", root.join("lib")).context("link lib")?;
        }
        // Since 6.19 the image is an empty shell, with packages for the binary and the modules.
        let parts =
            ["linux-image", "linux-binary", "linux-modules"].map(|part| format!("{part}-{name}"));
        for package in parts {
            let mut show = self.command("apt-cache");
            if capture(show.args(["show", &package])).is_err() {
                continue;
            }
            let archives = root.join("packages").join(&package);
            fs::create_dir_all(&archives).context("make a folder for a package")?;
            exec_persistently(
                self.command("apt-get")
                    .args(["download", &package])
                    .current_dir(&archives),
            )?;
            for archive in fs::read_dir(&archives).context("look for the package")? {
                extract(&archive?.path(), root)?;
            }
        }
        exec(
            Command::new("depmod")
                .arg("-b")
                .arg(root)
                .arg(name)
                .stderr(Stdio::null()),
        )?;
        fs::remove_dir_all(root.join("packages")).context("remove the packages")?;
        fs::write(root.join("done"), "").context("remember that it is whole")
    }
}

fn extract(archive: &Path, root: &Path) -> Result<()> {
    let mut unpacking = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(archive)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("start dpkg-deb")?;
    let tar = unpacking.stdout.take().context("dpkg-deb without output")?;
    let mut extracting = Command::new("tar");
    extracting
        .args(["-x", "--keep-directory-symlink", "-C"])
        .arg(root)
        .stdin(tar);
    exec(&mut extracting)?;
    ensure!(unpacking.wait()?.success(), "unpack {}", archive.display());
    Ok(())
}

/// The mirror that the host takes Debian's packages from.
fn mirror() -> Result<String> {
    if let Ok(mirror) = std::env::var(MIRROR) {
        return Ok(mirror);
    }
    let targets =
        capture(Command::new("apt-get").args(["indextargets", "--format", "$(REPO_URI)"]))?;
    match targets.lines().find(|uri| uri.ends_with("/debian/")) {
        Some(uri) => Ok(uri.to_owned()),
        None => bail!("the host's apt sources have no mirror of Debian: set {MIRROR} to one"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_a_line_is_taken() {
        let packages = "linux-image-6.1.0-9-cloud-amd64\nlinux-image-6.1.0-56-cloud-amd64\n\
            linux-image-6.1.0-56-amd64\nlinux-image-6.12.9+deb12-cloud-amd64\nlinux-image-cloud-amd64";
        let chosen = |line| choose(packages, line);
        assert_eq!(chosen("6.1").as_deref(), Some("6.1.0-56-cloud-amd64"));
        assert_eq!(chosen("6").as_deref(), Some("6.12.9+deb12-cloud-amd64"));
        assert_eq!(chosen("6.1.0-9").as_deref(), Some("6.1.0-9-cloud-amd64"));
        assert_eq!(chosen("7"), None);
    }

    #[test]
    fn a_line_is_not_the_beginning_of_another() {
        assert!(is_of("6.1", "6.1") && is_of("6.1.9", "6.1"));
        assert!(!is_of("6.12", "6.1") && !is_of("6", "6.1"));
    }
}
