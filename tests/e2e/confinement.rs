//! What is left of netwatch's privileges once it traces, and that this is enough; and that an ordinary
//! user needs no more than what is written down to start it.

use std::{
    fs,
    io::{BufRead as _, BufReader, ErrorKind},
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
};

use procfs::{
    process::{Process, Status},
    sys::kernel::Version,
};
use rustix::{
    fs::{StatVfsMountFlags, XattrFlags, setxattr, statvfs},
    io::Errno,
    process::{Gid, Pid, Signal, Uid, kill_process},
    thread::{
        CapabilitySet, CapabilitySets, configure_capability_in_ambient_set,
        remove_capability_from_bounding_set, set_capabilities, set_keep_capabilities,
        set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
    },
};

use crate::harness::{
    ANY4, Life, Pair, Reason, Stage,
    State::{Close, CloseWait, FinWait1, FinWait2, LastAck, TimeWait},
    Watch,
    netns::NetNs,
    netwatch::command,
    schema::Detail,
    skip,
    wait::until,
};

/// What docs/privileges.md says is kept.
const KEPT: CapabilitySet = CapabilitySet::SYS_ADMIN
    .union(CapabilitySet::SYS_PTRACE)
    .union(CapabilitySet::DAC_READ_SEARCH);

/// What docs/privileges.md says is needed.
const NEEDED: CapabilitySet = KEPT
    .union(CapabilitySet::BPF)
    .union(CapabilitySet::PERFMON)
    .union(CapabilitySet::NET_ADMIN);

/// As distributions number it.
const NOBODY: u32 = 65_534;

/// Every thread of it, also those that started later, has what is documented and nothing else.
fn expect_confined(pid: u32, kept: CapabilitySet, bounding: CapabilitySet) {
    // The thread that read what was open before is at its end, which takes the kernel a moment.
    until("no thread holds more", || {
        let mut threads = threads(pid);
        threads.all(|status| status.capeff == kept.bits())
    });
    for status in threads(pid) {
        expect_status(&status, kept, bounding);
    }
}

fn threads(pid: u32) -> impl Iterator<Item = Status> {
    let process = Process::new(pid as i32).expect("find netwatch");
    let tasks = process.tasks().expect("list its threads");
    // One may end meanwhile.
    tasks.filter_map(|task| task.and_then(|task| task.status()).ok())
}

fn expect_status(status: &Status, kept: CapabilitySet, bounding: CapabilitySet) {
    let name = &status.name;
    assert_eq!(status.capeff, kept.bits(), "CapEff of {name}");
    assert_eq!(status.capprm, kept.bits(), "CapPrm of {name}");
    assert_eq!(status.capinh, 0, "CapInh of {name}");
    assert_eq!(status.capamb, Some(0), "CapAmb of {name}");
    assert_eq!(status.capbnd, Some(bounding.bits()), "CapBnd of {name}");
    assert_eq!(status.nonewprivs, Some(1), "NoNewPrivs of {name}");
    assert_eq!(status.seccomp, Some(2), "Seccomp of {name}: 2 is a filter");
}

#[test]
fn nothing_is_left_but_what_is_documented() {
    let stage = Stage::new();
    let watch = stage.watch(&[]);
    expect_confined(watch.pid(), KEPT, KEPT);
    watch.stop();
}

/// In a network namespace that it has to enter for it. What nobody told it, a resync finds.
#[test]
fn a_resync_works_with_what_is_left() {
    const STORM: u32 = 500;
    const KEPT_OPEN: usize = 8;
    let other = NetNs::new();
    let inode = other.inode.to_string();
    let arguments = ["trace", "--json", "--ring-bytes", "4K", "--netns", &inode];
    let mut watch = Watch::start(&arguments, &[other.inode]);
    let netwatch = Pid::from_raw(watch.pid() as i32).expect("a process id");
    let _open = {
        let _there = other.enter();
        let listener = TcpListener::bind(ANY4).expect("listen");
        let meet = || {
            let address = listener.local_addr().expect("the listener's address");
            let client = TcpStream::connect(address).expect("connect");
            (client, listener.accept().expect("accept"))
        };
        kill_process(netwatch, Signal::STOP).expect("stop netwatch");
        for _ in 0..STORM {
            drop(meet());
        }
        let open: Vec<_> = (0..KEPT_OPEN).map(|_| meet()).collect();
        kill_process(netwatch, Signal::CONT).expect("let netwatch go on");
        open
    };
    watch.wait("a resync that finds both ends of each", |events| {
        let added = events.iter().map(|event| match &event.detail {
            Detail::Resync(resync) => resync.added,
            _ => 0,
        });
        added.sum::<u64>() >= 2 * KEPT_OPEN as u64
    });
    expect_confined(watch.pid(), KEPT, KEPT);
    let stderr = watch.end_selected().stderr;
    for word in ["try again", "permitted", "not implemented"] {
        assert!(!stderr.contains(word), "a part was refused: {stderr}");
    }
}

/// What loads nothing later has only what its readings need, from its start on.
#[test]
fn lists_and_host_commands_have_what_they_need() {
    let _shown = TcpListener::bind(ANY4).expect("listen");
    let lists: &[&str] = &["list", "-c", "--json", "-a"];
    let counters: &[&str] = &["statistics", "-c", "--json"];
    for (arguments, kept) in [(lists, NEEDED), (counters, KEPT)] {
        let mut netwatch = command(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("run netwatch");
        let mut stdout = BufReader::new(netwatch.stdout.take().expect("its output is piped"));
        let bytes = stdout.read_line(&mut String::new()).expect("read a line");
        assert!(bytes > 0, "{arguments:?} shows nothing");
        let process = Process::new(netwatch.id() as i32).expect("find netwatch");
        let status = process.status().expect("its status");
        netwatch.kill().expect("end netwatch");
        netwatch.wait().expect("wait for netwatch");
        assert_eq!(status.capeff, kept.bits(), "CapEff of {arguments:?}");
        assert_eq!(status.capprm, kept.bits(), "CapPrm of {arguments:?}");
        assert_eq!(status.capbnd, Some(kept.bits()), "CapBnd of {arguments:?}");
        assert_eq!(status.nonewprivs, Some(1), "NoNewPrivs of {arguments:?}");
    }
}

/// As `cargo xtask install` leaves it.
#[test]
fn an_ordinary_user_with_file_capabilities() {
    let stage = Stage::new();
    let netwatch = stage.netwatch_for_everyone();
    let flags = statvfs(&netwatch).expect("ask for its mount").f_flag;
    if flags.contains(StatVfsMountFlags::NOSUID) {
        return skip(
            "the folder for temporary files is mounted nosuid, which file capabilities obey",
        );
    }
    match setxattr(
        &netwatch,
        c"security.capability",
        &file_capabilities(),
        XattrFlags::empty(),
    ) {
        Ok(()) => {}
        Err(Errno::OPNOTSUPP) => {
            return skip("the file system for temporary files keeps no file capabilities");
        }
        Err(error) => panic!("give the program capabilities: {error}"),
    }
    let mut command = Command::new(&netwatch);
    command.uid(NOBODY).gid(NOBODY);
    let mine = Process::myself().and_then(|me| me.status());
    let bounding = mine.expect("this test's status").capbnd.unwrap_or_default();
    // Without CAP_SETPCAP it can't be made smaller.
    trace_as_nobody(&stage, command, CapabilitySet::from_bits_retain(bounding));
    list_as_nobody(&stage, Command::new(&netwatch).uid(NOBODY).gid(NOBODY));
}

/// As the service starts it.
#[test]
fn an_ordinary_user_with_ambient_capabilities() {
    let stage = Stage::new();
    let netwatch = stage.netwatch_for_everyone();
    let mut command = Command::new(&netwatch);
    // SAFETY: system calls only.
    unsafe { command.pre_exec(|| become_nobody_with(NEEDED)) };
    trace_as_nobody(&stage, command, NEEDED);
}

/// Without those that lead to other namespaces nothing is left, but where the kernel insists.
#[test]
fn with_the_least_that_traces_nothing_is_left() {
    const LEAST: CapabilitySet = CapabilitySet::BPF
        .union(CapabilitySet::PERFMON)
        .union(CapabilitySet::NET_ADMIN);
    let stage = Stage::new();
    let netwatch = stage.netwatch_for_everyone();
    let netns = stage.netns.inode;
    let mut command = Command::new(&netwatch);
    command.args(["trace", "--json", "--netns", &netns.to_string()]);
    // SAFETY: system calls only.
    unsafe { command.pre_exec(|| become_nobody_with(LEAST)) };
    let mut watch = Watch::over(&mut command, &[netns]);
    let kept = if bpf_is_for_the_privileged() {
        CapabilitySet::BPF
    } else {
        CapabilitySet::empty()
    };
    expect_confined(watch.pid(), kept, LEAST);
    let mut pair = Pair::meet(&stage);
    pair.client.close(&pair.near);
    pair.server.drain(&pair.far);
    pair.server.close(&pair.far);
    let near: Life = pair.near_life().to(&[FinWait1, FinWait2, TimeWait]);
    watch.expect(near.ends(Reason::LocalFin, 0, 0));
    let stderr = watch.stop().stderr;
    assert!(
        !stderr.contains("try again"),
        "a part was refused: {stderr}"
    );
}

/// Whether bpf(2) asks for a privilege at every call: before Linux 5.19, where the setting says so.
fn bpf_is_for_the_privileged() -> bool {
    let kernel = Version::current().expect("the kernel's version");
    let setting = "/proc/sys/kernel/unprivileged_bpf_disabled";
    let is_set = fs::read_to_string(setting).is_ok_and(|value| value.trim() != "0");
    is_set && kernel < Version::new(5, 19, 0)
}

/// It sees a connection with both owners, which are of another user, and lists it.
fn trace_as_nobody(stage: &Stage, mut trace: Command, bounding: CapabilitySet) {
    let netns = stage.netns.inode;
    trace.args(["trace", "--json", "--netns", &netns.to_string()]);
    let mut watch = Watch::over(&mut trace, &[netns]);
    expect_confined(watch.pid(), KEPT, bounding);
    let mut pair = Pair::meet(stage);
    pair.client.send(&pair.near, 10);
    pair.client.close(&pair.near);
    pair.server.drain(&pair.far);
    pair.server.close(&pair.far);
    let near: Life = pair.near_life().to(&[FinWait1, FinWait2, TimeWait]);
    watch.expect(near.ends(Reason::LocalFin, 10, 0));
    let far: Life = pair.far_life().to(&[CloseWait, LastAck, Close]);
    watch.expect(far.ends(Reason::RemoteFin, 0, 10));
    let ended = watch.stop();
    for word in ["this process lacks", "without a fence", "try again"] {
        assert!(
            !ended.stderr.contains(word),
            "something is missing: {}",
            ended.stderr
        );
    }
}

/// It lists a socket with its owner, which is of another user.
fn list_as_nobody(stage: &Stage, list: &mut Command) {
    let mut server = stage.actor("server");
    let listener = server.listen(ANY4);
    let output = list.args(["list", "-tlnp"]).output().expect("run netwatch");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stderr}");
    let line = stdout
        .lines()
        .find(|line| line.contains(&listener.local.to_string()));
    let owner = format!("{}/{}", server.who.pid, server.who.comm);
    assert!(
        line.is_some_and(|line| line.contains(&owner)),
        "{owner}: {stdout}{stderr}"
    );
    assert_eq!(stderr, "", "nothing is hidden");
}

/// By systemd's own judgement, where there is systemd.
#[test]
fn the_service_is_sound() {
    let stage = Stage::new();
    let netwatch = stage.netwatch_for_everyone();
    let installed = "ExecStart=/usr/local/bin/netwatch ";
    let unit = include_str!("../../packaging/netwatch.service");
    assert!(unit.contains(installed), "where it is installed");
    let here = format!("ExecStart={} ", netwatch.display());
    let path = stage.path("netwatch.service");
    fs::write(&path, unit.replace(installed, &here)).expect("write the unit");
    let mut verify = Command::new("systemd-analyze");
    let output = match verify.arg("verify").arg(&path).output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return skip("there is no systemd-analyze");
        }
        Err(error) => panic!("run systemd-analyze: {error}"),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// `struct vfs_cap_data`, version 2, of `include/uapi/linux/capability.h`: permitted, and in effect.
fn file_capabilities() -> Vec<u8> {
    const VERSION_2_EFFECTIVE: u32 = 0x0200_0001;
    let bits = NEEDED.bits();
    let words = [VERSION_2_EFFECTIVE, bits as u32, 0, (bits >> 32) as u32, 0];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// With these in every set, and nothing else.
fn become_nobody_with(granted: CapabilitySet) -> std::io::Result<()> {
    set_keep_capabilities(true)?;
    for capability in all_capabilities().filter(|one| !granted.contains(*one)) {
        match remove_capability_from_bounding_set(capability) {
            // Not known to this kernel.
            Ok(()) | Err(Errno::INVAL) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    set_thread_groups(&[])?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)?;
    let sets = CapabilitySets {
        effective: granted,
        permitted: granted,
        inheritable: granted,
    };
    set_capabilities(None, sets)?;
    for capability in all_capabilities().filter(|one| granted.contains(*one)) {
        configure_capability_in_ambient_set(capability, true)?;
    }
    Ok(set_no_new_privs(true)?)
}

fn all_capabilities() -> impl Iterator<Item = CapabilitySet> {
    (0..u64::BITS).map(|bit| CapabilitySet::from_bits_retain(1 << bit))
}
