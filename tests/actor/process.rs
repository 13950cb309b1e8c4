//! Being another process, or another program.

use std::{
    ffi::CString,
    os::unix::{net::UnixStream, process::CommandExt},
    process::{Child, Command},
};

use rustix::{
    io::Errno,
    process::{Signal, Uid, set_parent_process_death_signal},
    stdio::{dup2_stdin, dup2_stdout},
    thread::set_name,
};

use crate::words::{Reply, Words};

/// The argument that tells a program that it goes on for another.
pub const RESUMED: &str = "resumed";

/// `fork PATH` → the child's process id. The child answers the same on a connection that it makes
/// to the unix socket PATH, and takes its commands from there.
pub fn fork(words: &mut Words<'_>) -> Reply {
    let path: String = words.take("a path");
    // SAFETY: the process has one thread, and holds no lock here.
    match unsafe { libc::fork() } {
        -1 => Err(Errno::from_io_error(&std::io::Error::last_os_error()).expect("a number")),
        0 => {
            let channel = UnixStream::connect(path).expect("reach the test");
            dup2_stdin(&channel).expect("take commands from the channel");
            dup2_stdout(&channel).expect("answer over the channel");
            set_parent_process_death_signal(Some(Signal::KILL))?;
            Ok(std::process::id().to_string())
        }
        child => Ok(child.to_string()),
    }
}

/// `exec PATH`: goes on as another program, which answers.
pub fn exec(words: &mut Words<'_>) -> Reply {
    let error = Command::new(words.take::<String>("a path"))
        .arg(RESUMED)
        .exec();
    Err(Errno::from_io_error(&error).expect("exec fails with a number"))
}

/// `comm HEX`: takes any bytes for its name.
pub fn comm(words: &mut Words<'_>) -> Reply {
    let hex: String = words.take("a name in hexadecimal");
    let bytes = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal"))
        .collect::<Vec<_>>();
    set_name(&CString::new(bytes).expect("a name has no zero byte"))?;
    Ok(String::new())
}

/// `become UID`
pub fn become_user(words: &mut Words<'_>) -> Reply {
    rustix::thread::set_thread_uid(Uid::from_raw(words.take("a user id")))?;
    Ok(String::new())
}

/// `spawn WHAT ADDRESS PATH…` runs each program with these arguments, all at once, and waits for
/// them → their process ids. They would inherit sockets: an actor that spawns should have none.
pub fn spawn(words: &mut Words<'_>) -> Reply {
    let what: String = words.take("what to do");
    let address: String = words.take("an address");
    let mut children: Vec<Child> = Vec::new();
    while let Some(path) = words.take_optional() {
        let child = Command::new(path).args([&what, &address]).spawn();
        children.push(child.unwrap_or_else(|error| panic!("run {path}: {error}")));
    }
    let mut answer = String::new();
    for mut child in children {
        let status = child.wait().expect("wait for a child");
        assert!(status.success(), "a spawned process failed: {status}");
        answer += &format!("{} ", child.id());
    }
    Ok(answer)
}
