//! Names that were chosen to do harm.

use crate::harness::{ANY4, Stage, laws::is_hostile, netwatch::command, schema::Detail};

/// What a process may call itself, and a part of it that is to be left.
const NAMES: &[(&[u8], &str)] = &[
    (b"\x1b[31mred\x1b[0m", "red"),
    (b"two\nlines\r", "lines"),
    (b"\x9b2Jc1\x07", "c1"),
    (b"bad\xff\xfe\x80utf", "utf"),
    ("a\u{202e}gnp.b".as_bytes(), "gnp.b"),
    ("z\u{200b}w\u{2066}x".as_bytes(), "x"),
    (b"quo\"te\\", "quo"),
    (b"tab\there", "here"),
];

/// Valid JSON, nothing in it to obey, and still to be recognised. The laws that hold for every
/// stream look for what is hostile.
#[test]
fn process_names_in_json() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let mut server = stage.actor("server");
    let listener = server.listen(ANY4);
    for (name, rest) in NAMES {
        let mut client = stage.actor("client");
        client.rename(name);
        let near = client.connect(listener.local);
        watch.wait("the hostile process's connection", |events| {
            events.iter().any(|event| match &event.detail {
                Detail::TcpState(socket, _) => socket.cookie == near.cookie,
                _ => false,
            })
        });
        for socket in watch.events().iter().filter_map(|event| event.socket()) {
            if socket.cookie == near.cookie {
                let comm = socket.comm.as_deref().expect("it has a name");
                assert!(
                    comm.contains(rest),
                    "{comm:?} is not recognised as {name:?}"
                );
            }
        }
    }
    watch.stop();
}

#[test]
fn program_names_in_json() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let mut server = stage.actor("server");
    let listener = server.listen(ANY4);
    let mut client = stage.actor("\u{1b}]0;title\u{7}\n\u{202e}exe");
    let near = client.connect(listener.local);
    watch.wait("the hostile program's connection", |events| {
        events.iter().any(|event| match event.socket() {
            Some(socket) if socket.cookie == near.cookie => socket
                .exe
                .as_deref()
                .is_some_and(|exe| exe.ends_with("exe")),
            _ => false,
        })
    });
    watch.stop();
}

/// The text output, of both commands, is lines of printable characters and nothing else.
#[test]
fn names_in_text() {
    let stage = Stage::new();
    let netns = stage.netns.inode.to_string();
    let mut texts = ["trace", "life"]
        .map(|what| crate::harness::text::Text::start(&mut command(&[what, "--netns", &netns])));
    let mut server = stage.actor("server");
    let listener = server.listen(ANY4);
    for (name, _) in NAMES {
        let mut client = stage.actor("client");
        client.rename(name);
        let near = client.connect(listener.local);
        let far = server.accept(&listener);
        client.set(&near, "linger", 0);
        client.close(&near);
        for text in &mut texts {
            text.wait_for_line(&near.local.port().to_string());
        }
        server.close(&far);
    }
    for text in texts {
        let text = text.stop();
        for line in text.lines() {
            assert!(!line.chars().any(is_hostile), "unclean text: {line:?}");
        }
    }
}
