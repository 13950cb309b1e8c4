//! Every program that xtask starts is started here, so that every failure names the command.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

/// Runs a command to its end, its output going where ours goes.
pub fn exec(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("start `{}`", line(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", line(command));
    }
    Ok(())
}

/// As `exec`, but with all output on stderr: stdout belongs to what `cargo xtask run` runs.
pub fn exec_on_stderr(command: &mut Command) -> Result<()> {
    exec(command.stdin(Stdio::null()).stdout(io::stderr()))
}

/// As `exec_on_stderr`, but gives what goes over a network some more attempts.
pub fn exec_persistently(command: &mut Command) -> Result<()> {
    attempt(command, &[Duration::from_secs(5), Duration::from_secs(20)])
}

/// Runs a command until it succeeds: once more after each of the pauses.
fn attempt(command: &mut Command, pauses: &[Duration]) -> Result<()> {
    for pause in pauses {
        match exec_on_stderr(command) {
            Ok(()) => return Ok(()),
            Err(error) => eprintln!("{error:#}; again in {pause:?}"),
        }
        thread::sleep(*pause);
    }
    exec_on_stderr(command)
}

/// Runs a command silently and returns what it wrote to stdout; its stderr is in the error.
pub fn capture(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("start `{}`", line(command)))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{}` failed: {}: {}",
            line(command),
            output.status,
            stderr.trim()
        );
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("read the output of `{}`", line(command)))
}

/// Becomes the command, so that signals and the exit code are its own. Returns only in failure.
pub fn replace(command: &mut Command) -> anyhow::Error {
    let error = command.exec();
    anyhow!(error).context(format!("start `{}`", line(command)))
}

/// The command as one would type it.
fn line(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failure_names_the_command_and_its_status() {
        let error = exec(&mut shell("exit 3")).unwrap_err().to_string();
        assert_eq!(error, "`sh -c exit 3` failed: exit status: 3");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = exec(&mut Command::new("no-such-program")).unwrap_err();
        assert_eq!(error.to_string(), "start `no-such-program`");
    }

    #[test]
    fn what_failed_once_may_succeed() {
        let mark = std::env::temp_dir().join(format!("netwatch-attempt-{}", std::process::id()));
        let mut second_time = shell("rmdir \"$0\" || { mkdir \"$0\"; exit 1; }");
        attempt(second_time.arg(mark), &[Duration::ZERO]).unwrap();
        let error = attempt(&mut shell("exit 3"), &[Duration::ZERO; 2]).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` failed: exit status: 3");
    }

    #[test]
    fn capture_returns_stdout_and_fails_with_stderr() {
        assert_eq!(capture(&mut shell("echo out")).unwrap(), "out\n");
        let error = capture(&mut shell("echo why >&2; exit 1")).unwrap_err();
        assert!(error.to_string().ends_with("exit status: 1: why"));
    }
}
