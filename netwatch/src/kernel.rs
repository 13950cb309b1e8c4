//! What this kernel is: where its structs keep their fields.

use anyhow::{Context as _, Result, bail};
use btf_rs::{Backend, Btf, Member, Struct, Type};
use netwatch_common::Offsets;

/// What the programs' read-only globals are set to before they load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub offsets: Offsets,
    /// The bit of `sk_kern_sock` in its byte.
    pub kern_sock_mask: u32,
}

/// Where the kernel describes its own types (`CONFIG_DEBUG_INFO_BTF`, 5.4).
const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

impl Layout {
    /// Reads the running kernel's BTF.
    ///
    /// # Errors
    ///
    /// The kernel has no BTF, or lacks a field that the programs read.
    pub fn of_this_kernel() -> Result<Self> {
        // Mapped, nothing is copied and little is parsed; but mapping this file came with 6.16.
        let btf = Btf::from_file_with_backend(VMLINUX, Backend::Mmap)
            .or_else(|_| Btf::from_file(VMLINUX))
            .with_context(|| {
                format!("read {VMLINUX}: netwatch needs a kernel built with CONFIG_DEBUG_INFO_BTF")
            })?;
        Self::from_btf(&btf)
    }

    fn from_btf(btf: &Btf) -> Result<Self> {
        let mut values = [0_u32; Offsets::FIELDS.len()];
        let mut kern_sock_mask = 0;
        for (value, (field, type_name, paths)) in values.iter_mut().zip(Offsets::FIELDS) {
            let bits = paths
                .split('|')
                .find_map(|path| bit_offset(btf, type_name, path).transpose())
                .transpose()?
                .with_context(|| format!("this kernel's struct {type_name} has no {paths}"))?;
            *value = bits / 8;
            if *field == "sk_kern_sock" {
                kern_sock_mask = 1 << (bits % 8);
            }
        }
        Ok(Self {
            offsets: bytemuck::cast(values),
            kern_sock_mask,
        })
    }
}

/// The place of a field in bits, its path's names separated by dots; None where there is no such.
fn bit_offset(btf: &Btf, type_name: &str, path: &str) -> Result<Option<u32>> {
    let mut names = path.split('.').peekable();
    let mut current = find_struct(btf, type_name)?;
    let mut bits = 0;
    while let Some(name) = names.next() {
        let Some((offset, member)) = find_member(btf, &current, name)? else {
            return Ok(None);
        };
        bits += offset;
        if names.peek().is_some() {
            current = match aggregate(btf, &member)? {
                Some(inner) => inner,
                None => bail!("{name} in {type_name}.{path} is not a struct on this kernel"),
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
        let layout = Layout::of_this_kernel().expect("this kernel's BTF");
        assert_eq!(
            layout.offsets.skc_daddr, 0,
            "the first field of sock_common"
        );
        assert_eq!(layout.offsets.skc_num, layout.offsets.skc_dport + 2);
        assert!(layout.kern_sock_mask.is_power_of_two() && layout.kern_sock_mask <= 0x80);
    }

    #[test]
    fn an_unknown_field_is_told_from_an_unknown_struct() {
        let btf = Btf::from_file(VMLINUX).expect("this kernel's BTF");
        assert_eq!(
            bit_offset(&btf, "sock", "no_such_field").expect("a known struct"),
            None
        );
        assert!(bit_offset(&btf, "no_such_struct", "x").is_err());
    }
}
