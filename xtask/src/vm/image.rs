//! The initramfs: busybox, the tests, the programs that they use, and the kernel's modules.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};

use super::{
    guest::DONE,
    kernel::Kernel,
    suite::{Suite, libraries},
};
use crate::command::{capture, exec};

/// What the tests use, beside busybox's own.
const PROGRAMS: &[&str] = &["cat", "ip", "ss", "nstat", "netstat", "lsof"];
/// Names that programs print, files or folders.
const FILES: &[&str] = &[
    "/etc/group",
    "/etc/hosts",
    "/etc/iproute2",
    "/usr/share/iproute2",
    "/etc/networks",
    "/etc/passwd",
    "/etc/services",
    "/etc/protocols",
];
/// Where names are looked up: in files alone, as nobody answers a guest's questions.
const NAMES: &str = "passwd: files\ngroup: files\nhosts: files\nnetworks: files\nprotocols: files\nservices: files\n";
/// What Debian's kernels have as modules, and the tests need. What a kernel doesn't have, it has built in.
const MODULES: &[&str] = &[
    "bridge",
    "inet_diag",
    "tcp_diag",
    "udp_diag",
    "raw_diag",
    "unix_diag",
    "tun",
    "veth",
    "vxlan",
    "dummy",
    "mptcp_diag",
];

/// The first process of a guest: mounts what a system has, runs the tests with their output on the second
/// serial port and their notes on the fourth, says on the third that it is done, and turns the machine off.
const INIT: &str = r#"#!/bin/busybox sh
/bin/busybox --install -s /busybox
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/busybox HOME=/root TMPDIR=/tmp
export NETWATCH_TEST_SLOWNESS=5
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /tmp /run /dev/shm /dev/pts /sys/fs/cgroup
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tracefs trace /sys/kernel/tracing
mount -t cgroup2 cgroup /sys/fs/cgroup
ip link set lo up
ulimit -l unlimited
ulimit -n 65536
echo 3 > /proc/sys/kernel/perf_event_paranoid
for module in /modules/*.ko; do [ -e $module ] && insmod $module; done
for port in 1 2 3; do stty -F /dev/ttyS$port raw; done
cd /
"#;

/// A file that a kernel unpacks as its root.
pub struct Image {
    pub path: PathBuf,
    /// How many programs of tests a guest runs.
    pub programs: usize,
}

impl Image {
    /// Makes it, for a run of the suite with these arguments to libtest.
    ///
    /// # Errors
    ///
    /// Something of it is missing.
    pub fn make(folder: &Path, kernel: &Kernel, suite: &Suite, args: &[OsString]) -> Result<Self> {
        let root = folder.join("root");
        if root.exists() {
            fs::remove_dir_all(&root).context("remove the last guest's files")?;
        }
        for part in [
            "bin", "busybox", "dev", "etc", "modules", "proc", "root", "sys", "tmp",
        ] {
            fs::create_dir_all(root.join(part)).context("make a folder for the guest")?;
        }
        let busybox = find("busybox")?;
        fs::copy(&busybox, root.join("bin/busybox")).context("take busybox")?;
        for program in PROGRAMS {
            add(&root, &find(program)?)?;
        }
        for program in suite.files() {
            add(&root, program)?;
        }
        for file in FILES.iter().map(Path::new).filter(|file| file.exists()) {
            copy(&root, file)?;
        }
        fs::write(root.join("etc/nsswitch.conf"), NAMES).context("say where names are")?;
        add_modules(&root, kernel)?;
        let mut init = INIT.to_owned();
        for words in suite.commands(args) {
            let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
            let command = words.join(" ");
            init += &format!("{command} < /dev/null > /dev/ttyS1 2> /dev/ttyS3\n");
        }
        init += &format!(
            "printf '{}' > /dev/ttyS2\npoweroff -f\n",
            DONE.escape_default()
        );
        let path = root.join("init");
        fs::write(&path, init).context("write the guest's first program")?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        let path = folder.join("initramfs");
        pack(&root, &path)?;
        let programs = suite.tests.len();
        Ok(Self { path, programs })
    }
}

fn find(program: &str) -> Result<PathBuf> {
    let found = capture(Command::new("sh").args(["-c", "command -v \"$0\"", program]));
    let path = found.with_context(|| format!("find {program}"))?;
    Ok(PathBuf::from(path.trim()))
}

/// A program and its libraries, each where it is on the host.
fn add(root: &Path, program: &Path) -> Result<()> {
    copy(root, program)?;
    for library in libraries(program)? {
        copy(root, &library)?;
    }
    Ok(())
}

/// A file, or a folder with all that is in it, where it is on the host.
fn copy(root: &Path, file: &Path) -> Result<()> {
    let to = root.join(file.strip_prefix("/").unwrap_or(file));
    if to.exists() {
        return Ok(());
    }
    if file.is_dir() {
        for entry in fs::read_dir(file).with_context(|| format!("list {}", file.display()))? {
            copy(root, &entry?.path())?;
        }
        return Ok(());
    }
    let parent = to.parent().context("a file without a folder")?;
    fs::create_dir_all(parent).context("make a folder for the guest")?;
    fs::copy(file, &to).with_context(|| format!("take {}", file.display()))?;
    Ok(())
}

/// The modules and what they depend on, in the order of loading.
fn add_modules(root: &Path, kernel: &Kernel) -> Result<()> {
    let mut listed = Vec::new();
    for module in MODULES {
        let mut modprobe = Command::new("modprobe");
        modprobe
            .arg("-d")
            .arg(&kernel.root)
            // The host's own settings for modules are no business of the guest's.
            .args([
                "-C",
                "/dev/null",
                "-S",
                &kernel.name,
                "--show-depends",
                module,
            ]);
        let Ok(text) = capture(&mut modprobe) else {
            continue;
        };
        for line in text.lines() {
            let path = line.strip_prefix("insmod ").map(str::trim);
            if let Some(path) = path.filter(|path| !listed.contains(&(*path).to_owned())) {
                listed.push(path.to_owned());
            }
        }
    }
    for (number, path) in listed.iter().enumerate() {
        let path = Path::new(path);
        let name = path
            .file_name()
            .context("a module without a name")?
            .to_string_lossy();
        let (stem, rest) = name.split_once(".ko").context("a module that is no .ko")?;
        let to = root.join(format!("modules/{number:03}-{stem}.ko"));
        match rest {
            ".xz" => unpack("xz", path, &to)?,
            ".zst" => unpack("zstd", path, &to)?,
            _ => drop(fs::copy(path, &to).context("take a module")?),
        }
    }
    Ok(())
}

fn unpack(tool: &str, from: &Path, to: &Path) -> Result<()> {
    let out = fs::File::create(to).context("make a file for a module")?;
    exec(Command::new(tool).arg("-dcq").arg(from).stdout(out))
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn pack(root: &Path, image: &Path) -> Result<()> {
    let out = fs::File::create(image).context("make a file for the guest's root")?;
    let mut find = Command::new("find")
        .arg(".")
        .current_dir(root)
        .stdout(Stdio::piped())
        .spawn()
        .context("start find")?;
    let names = find.stdout.take().context("find without output")?;
    let mut cpio = Command::new("cpio");
    cpio.args(["-o", "-H", "newc", "--quiet"])
        .current_dir(root)
        .stdin(names)
        .stdout(out);
    exec(&mut cpio)?;
    ensure!(find.wait()?.success(), "list the guest's files");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_word() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
