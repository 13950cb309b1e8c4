use super::*;

fn parsed(line: &str) -> Result<Command, Fault> {
    parse(line.split_ascii_whitespace().map(OsString::from))
}

fn request(line: &str) -> Request {
    match parsed(line) {
        Ok(Command::Show(request)) => *request,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn flags_are_bundled_repeated_and_abbreviated() {
    let apart = request("-t -u -l -n -p -e -e -o");
    for line in [
        "-tulnpeeo",
        "-npoeeult",
        "--tcp --udp --listening --numeric --programs -ee --timers",
        "--tcp --udp --li --numeric --prog --ext -e --ti",
        "word -tulnpeeo word",
    ] {
        assert_eq!(
            format!("{:?}", request(line)),
            format!("{apart:?}"),
            "{line}"
        );
    }
}

#[test]
fn families_are_chosen_in_many_ways() {
    for line in [
        "-4 -6",
        "--inet --inet6",
        "-A inet,inet6",
        "--protocol=ip,inet6",
        "-Ainet -6",
    ] {
        assert_eq!(
            request(line).domains,
            [Domain::Inet, Domain::Inet6],
            "{line}"
        );
    }
    assert_eq!(request("-A ddp").domains, []);
}

#[test]
fn what_is_chosen_decides_what_is_shown() {
    let everything = request("-n").choice();
    assert!(everything.internet && everything.unix && everything.others.is_empty());
    let unix = request("-x").choice();
    assert!(unix.unix && !unix.internet);
    let both = request("-tx").choice();
    assert!(both.unix && both.internet && both.protocols == Protocols::TCP);
    let one = request("-4").choice();
    assert!(one.internet && one.ipv4 && !one.ipv6 && !one.unix);
    assert_eq!(one.protocols, Protocols::USUAL);
    let groups = request("-g").choice();
    assert!(groups.groups && !groups.internet && !groups.unix);
    assert_eq!(request("-v").choice().others, OTHERS);
}

#[test]
fn what_is_wrong_is_said_with_what_to_type() {
    for (line, code, part) in [
        ("--lisening", 3, "did you mean --listening?"),
        ("-T", 3, "there is no option -T: did you mean -t?"),
        ("-Q", 3, "there is no option -Q"),
        ("--tc", 3, "write --tcp or --tcpip"),
        ("-A", 3, "need a family after them: inet, "),
        ("-A inte", 1, "did you mean inet?"),
        ("--programs=3", 3, "--programs takes no value"),
        ("-rs", 3, "choose one of them"),
    ] {
        let fault = parsed(line).expect_err(line);
        assert!(fault.to_string().contains(part), "{line}: {fault}");
        assert_eq!(fault.code(), code, "{line}");
    }
}
