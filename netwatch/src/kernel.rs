//! What this kernel is: where its structs keep their fields.

use std::{
    collections::{HashMap, hash_map::Entry},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use aya::{programs::ProgramType, sys::is_helper_supported};
use aya_obj::generated::bpf_func_id;
use btf_rs::{Backend, Btf, Member, Struct, Type};
use netwatch_common::{HolderOffsets, Offsets};
use procfs::sys::kernel::Version as KernelVersion;

/// What the programs' read-only globals are set to before they load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub offsets: Offsets,
    /// The bit of `sk_kern_sock` in its byte.
    pub kern_sock_mask: u32,
    /// How many arguments `inet_csk_accept` has; 0 where there is no such function.
    pub accept_arguments: u32,
    /// Tracing programs lack socket storage, the cookie helper or a typed task.
    pub by_cookie: bool,
    /// The kernel itself describes its types, so that its verifier knows them.
    pub typed: bool,
    /// The kernel interrupts programs on tracepoints.
    pub interrupts: bool,
}

/// What the kernel calls those helpers when a tracing program calls them (5.11, 5.12, 5.11).
const HELPERS: [&str; 3] = [
    "bpf_sk_storage_get_tracing",
    "bpf_get_socket_ptr_cookie",
    "bpf_get_current_task_btf",
];

/// Where the kernel describes its own types (`CONFIG_DEBUG_INFO_BTF`, 5.4).
const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// The running kernel's description of its own types.
///
/// # Errors
///
/// The kernel has none.
pub fn types() -> Result<Btf> {
    // Mapped, nothing is copied and little is parsed; but mapping this file came with 6.16.
    Btf::from_file_with_backend(VMLINUX, Backend::Mmap)
        .or_else(|_| Btf::from_file(VMLINUX))
        .with_context(|| {
            format!(
                "read {VMLINUX}: netwatch needs a kernel built with CONFIG_DEBUG_INFO_BTF, or a \
                 description of it (--btf FILE)"
            )
        })
}

impl Layout {
    /// Reads the running kernel's BTF, or a file that describes this kernel in its place.
    ///
    /// # Errors
    ///
    /// There is no BTF, or it lacks a field that the programs read.
    pub fn of_this_kernel(file: Option<&Path>) -> Result<Self> {
        let btf = match file {
            Some(file) => {
                Btf::from_file(file).with_context(|| format!("read {}", file.display()))?
            }
            None => types()?,
        };
        let typed = file.is_none();
        let bits = bit_offsets(&btf, Offsets::FIELDS)?;
        let mut kern_sock_mask = 0;
        let mut values = [0_u32; Offsets::FIELDS.len()];
        for ((value, bits), (field, ..)) in values.iter_mut().zip(bits).zip(Offsets::FIELDS) {
            *value = bits / 8;
            if *field == "sk_kern_sock" {
                kern_sock_mask = 1 << (bits % 8);
            }
        }
        Ok(Self {
            offsets: bytemuck::cast(values),
            kern_sock_mask,
            accept_arguments: parameters(&btf, ACCEPT)?.map_or(0, |names| names.len() as u32),
            by_cookie: !typed
                || HELPERS
                    .iter()
                    .any(|helper| function_id(&btf, helper).is_err()),
            typed,
            interrupts: interrupts_programs()?,
        })
    }
}

/// Whether a `cgroup_skb` program may ask which thread runs. (In 6.10 every type of program got that.)
pub fn tells_the_thread_in_skb() -> bool {
    let helper = bpf_func_id::BPF_FUNC_get_current_pid_tgid;
    // What keeps this from being found out is said where the program itself is refused.
    is_helper_supported(ProgramType::CgroupSkb, helper).unwrap_or(false)
}

/// Since 7.0 (a46023d5616e) the scheduler may take the CPU from a program on a tracepoint, and the kernel
/// skips that program for whoever runs there meanwhile.
fn interrupts_programs() -> Result<bool> {
    let running = KernelVersion::current().context("ask for the kernel's version")?;
    Ok(running >= KernelVersion::new(7, 0, 0))
}

/// The function that takes a connection off its listener's queue. Before 6.10 it had two arguments more.
const ACCEPT: &str = "inet_csk_accept";

/// The names of a kernel function's parameters; None where the kernel has no such function.
///
/// # Errors
///
/// The kernel's BTF contradicts itself.
pub fn parameters(btf: &Btf, function: &str) -> Result<Option<Vec<String>>> {
    for found in btf.resolve_types_by_name(function).unwrap_or_default() {
        let Type::Func(found) = found else { continue };
        let Type::FuncProto(prototype) = btf.resolve_chained_type(&found)? else {
            bail!("{function} has no prototype in the kernel's BTF");
        };
        let names = prototype.parameters.iter();
        let names = names.map(|parameter| btf.resolve_name(parameter).unwrap_or_default());
        return Ok(Some(names.collect()));
    }
    Ok(None)
}

/// Where the fields are that the reading of holders reads.
///
/// # Errors
///
/// The kernel lacks one of them.
pub fn holder_offsets(btf: &Btf) -> Result<HolderOffsets> {
    let bits = bit_offsets(btf, HolderOffsets::FIELDS)?;
    let mut values = [0_u32; HolderOffsets::FIELDS.len()];
    for (value, bits) in values.iter_mut().zip(bits) {
        *value = bits / 8;
    }
    Ok(bytemuck::cast(values))
}

/// The number by which the kernel knows a function.
///
/// # Errors
///
/// It has no such function.
pub fn function_id(btf: &Btf, name: &str) -> Result<u32> {
    let ids = btf.resolve_ids_by_name(name).unwrap_or_default();
    ids.first()
        .copied()
        .with_context(|| format!("this kernel has no {name}"))
}

/// The places of fields in bits, of each the first path that there is.
fn bit_offsets(btf: &Btf, fields: &[(&str, &str, &str)]) -> Result<Vec<u32>> {
    let mut known: HashMap<&str, Struct> = HashMap::new();
    let mut places = Vec::with_capacity(fields.len());
    for (_, type_name, paths) in fields {
        let within = match known.entry(type_name) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(find_struct(btf, type_name)?),
        };
        let bits = paths
            .split('|')
            .find_map(|path| bit_offset(btf, within, path).transpose())
            .transpose()?
            .with_context(|| format!("this kernel's struct {type_name} has no {paths}"))?;
        places.push(bits);
    }
    Ok(places)
}

/// The place of a field in bits, its path's names separated by dots; None where there is no such.
fn bit_offset(btf: &Btf, within: &Struct, path: &str) -> Result<Option<u32>> {
    let mut names = path.split('.').peekable();
    let mut current = within.clone();
    let mut bits = 0;
    while let Some(name) = names.next() {
        let Some((offset, member)) = find_member(btf, &current, name)? else {
            return Ok(None);
        };
        bits += offset;
        if names.peek().is_some() {
            current = match aggregate(btf, &member)? {
                Some(inner) => inner,
                None => bail!("{name} in {path} is not a struct on this kernel"),
            };
        }
    }
    Ok(Some(bits))
}

fn find_struct(btf: &Btf, name: &str) -> Result<Struct> {
    let types = btf
        .resolve_types_by_name(name)
        .with_context(|| format!("look up struct {name} in the kernel's BTF"))?;
    types
        .into_iter()
        .find_map(|found| match found {
            Type::Struct(found) => Some(found),
            _ => None,
        })
        .with_context(|| format!("this kernel has no struct {name}"))
}

/// Finds a member by name, also inside anonymous structs and unions, with its offset in bits.
fn find_member(btf: &Btf, within: &Struct, name: &str) -> Result<Option<(u32, Member)>> {
    for member in &within.members {
        let member_name = btf.resolve_name(member).unwrap_or_default();
        if member_name == name {
            return Ok(Some((member.bit_offset(), member.clone())));
        }
        if !member_name.is_empty() {
            continue;
        }
        if let Some(inner) = aggregate(btf, member)?
            && let Some((offset, found)) = find_member(btf, &inner, name)?
        {
            return Ok(Some((member.bit_offset() + offset, found)));
        }
    }
    Ok(None)
}

/// The struct or union that a member is, behind qualifiers and typedefs.
fn aggregate(btf: &Btf, member: &Member) -> Result<Option<Struct>> {
    let mut found = btf.resolve_chained_type(member)?;
    loop {
        found = match found {
            Type::Struct(inner) | Type::Union(inner) => return Ok(Some(inner)),
            Type::Typedef(alias) => btf.resolve_chained_type(&alias)?,
            Type::Const(inner) | Type::Volatile(inner) => btf.resolve_chained_type(&inner)?,
            _ => return Ok(None),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_on_this_kernel() {
        let layout = Layout::of_this_kernel(None).expect("this kernel's BTF");
        assert_eq!(
            layout.offsets.skc_daddr, 0,
            "the first field of sock_common"
        );
        assert_eq!(layout.offsets.skc_num, layout.offsets.skc_dport + 2);
        assert!(layout.kern_sock_mask.is_power_of_two() && layout.kern_sock_mask <= 0x80);
    }

    #[test]
    fn a_function_s_parameters_are_found_by_name() {
        let btf = types().expect("this kernel's BTF");
        let send = parameters(&btf, "tcp_sendmsg").expect("a function");
        assert_eq!(send.expect("of every kernel"), ["sk", "msg", "size"]);
        let none = parameters(&btf, "no_such_function").expect("an answer");
        assert_eq!(none, None);
    }

    #[test]
    fn an_unknown_field_is_told_from_an_unknown_struct() {
        let btf = Btf::from_file(VMLINUX).expect("this kernel's BTF");
        let sock = find_struct(&btf, "sock").expect("a known struct");
        let place = bit_offset(&btf, &sock, "no_such_field");
        assert_eq!(place.expect("a known struct"), None);
        assert!(find_struct(&btf, "no_such_struct").is_err());
    }
}
