//! Where the records of classic tracepoints keep their fields: their format files.
//!
//! Mainline puts 8 bytes in front of every record; RHEL 9 (`preempt_lazy_count`) and the RT kernels before
//! it (`migrate_disable`) put more, so that a place that was compiled in reads something else there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use netwatch_common::RecordOffsets;

/// Where tracefs is mounted (4.1), or was by debugfs.
const ROOTS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// Where the running kernel's records keep the fields that the programs read.
///
/// # Errors
///
/// There is no tracefs, it can't be read, or the kernel lacks one of the tracepoints or fields.
pub fn record_offsets() -> Result<RecordOffsets> {
    let mut roots = ROOTS.iter().map(PathBuf::from);
    let root = roots.find(|root| root.join("events").exists()).context(
        "no tracefs can be read (mount -t tracefs none /sys/kernel/tracing; only root may look there)",
    )?;
    offsets_in(&root.join("events"))
}

fn offsets_in(events: &Path) -> Result<RecordOffsets> {
    let mut places = [0_u32; RecordOffsets::FIELDS.len()];
    for (value, (_, event, name, size)) in places.iter_mut().zip(RecordOffsets::FIELDS) {
        let path = events.join(event).join("format");
        let format =
            fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        *value = place(&format, name, *size)
            .with_context(|| format!("understand {}", path.display()))?;
    }
    Ok(bytemuck::cast(places))
}

/// The offset of a field in bytes, from a line such as `field:int oldstate; offset:16; size:4; signed:1;`.
fn place(format: &str, name: &str, size: u32) -> Result<u32> {
    let mut fields = format.lines().filter_map(field);
    let (_, offset, found) = fields
        .find(|(known, ..)| *known == name)
        .with_context(|| format!("the record has no {name}"))?;
    ensure!(
        found == size,
        "{name} has {found} bytes in the record, not {size}"
    );
    Ok(offset)
}

/// Name, offset and size of the field that a line describes.
fn field(line: &str) -> Option<(&str, u32, u32)> {
    let mut parts = line.trim().split(';').map(str::trim);
    let declared = parts.next()?.strip_prefix("field:")?;
    let name = declared.rsplit([' ', '*']).next()?;
    let mut offset = None;
    let mut size = None;
    for part in parts {
        match part.split_once(':') {
            Some(("offset", value)) => offset = value.parse().ok(),
            Some(("size", value)) => size = value.parse().ok(),
            _ => {}
        }
    }
    Some((name, offset?, size?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a kernel prints it whose common header has `extra` more fields, and the record that many bytes
    /// more in front.
    fn format(extra: &str, shift: u32) -> String {
        let fields = [
            ("const void * skaddr", 8, 8),
            ("int oldstate", 16, 4),
            ("int newstate", 20, 4),
            ("__u16 sport", 24, 2),
            ("__u16 dport", 26, 2),
            ("__u16 family", 28, 2),
            ("__u16 protocol", 30, 2),
            ("__u8 saddr[4]", 32, 4),
        ];
        let fields = fields.map(|(field, offset, size)| {
            let offset = offset + shift;
            format!("\tfield:{field};\toffset:{offset};\tsize:{size};\tsigned:0;\n")
        });
        format!(
            "name: inet_sock_set_state\nID: 1443\nformat:\n\
             \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
             \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n{extra}\n{}\n\
             print fmt: \"family=%s oldstate=%s\", REC->oldstate\n",
            fields.concat()
        )
    }

    #[test]
    fn the_places_are_those_of_each_kernel() {
        let rhel9 =
            "\tfield:unsigned char common_preempt_lazy_count;\toffset:8;\tsize:1;\tsigned:0;\n";
        let rt = "\tfield:unsigned char common_migrate_disable;\toffset:8;\tsize:1;\tsigned:0;\n\
                  \tfield:unsigned char common_preempt_lazy_count;\toffset:9;\tsize:1;\tsigned:0;\n";
        for (extra, shift) in [("", 0), (rhel9, 8), (rt, 8), (rt, 4)] {
            let format = format(extra, shift);
            for (name, size, offset) in [("skaddr", 8, 8), ("oldstate", 4, 16), ("newstate", 4, 20)]
            {
                let found = place(&format, name, size).expect("a field");
                assert_eq!(found, offset + shift, "{name} behind {extra}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let whole = format("", 0);
        for (from, to, name, message) in [
            ("skaddr", "sk", "skaddr", "the record has no skaddr"),
            (
                "int oldstate;\toffset:16;\tsize:4",
                "char oldstate;\toffset:16;\tsize:1",
                "oldstate",
                "oldstate has 1 bytes in the record, not 4",
            ),
            (
                "offset:20",
                "offset:-20",
                "newstate",
                "the record has no newstate",
            ),
        ] {
            let size = if name == "skaddr" { 8 } else { 4 };
            let error = place(&whole.replace(from, to), name, size).expect_err(message);
            assert_eq!(error.to_string(), message);
        }
        assert!(place("", "skaddr", 8).is_err());
        assert!(offsets_in(Path::new("/proc/self/no_such_place")).is_err());
    }
}
