//! What the machine says of itself.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};

/// A file or folder, as far as it says who may do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Where it is.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
    /// The number of the user whom it belongs to.
    pub owner: u32,
    /// Its length in bytes.
    pub bytes: u64,
}

impl FileFacts {
    /// Looks at a file; nothing where there is none, or it cannot be looked at.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        Some(Self {
            path: path.to_owned(),
            mode: found.mode() & 0o7777,
            owner: found.uid(),
            bytes: found.len(),
        })
    }
}

/// The folder that a file is in.
#[must_use]
pub fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// All folders in which somebody who may write to one can exchange a file: those above it where it is named, and above that which
/// links on the way lead to.
#[must_use]
pub fn folders_above(file: &Path) -> Vec<PathBuf> {
    let named = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let real = named.canonicalize().ok();
    let both = [Some(named.as_path()), real.as_deref()]
        .into_iter()
        .flatten();
    both.flat_map(|path| path.ancestors().skip(1))
        .map(Path::to_owned)
        .collect()
}

/// What is left on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes that an ordinary user may still fill.
    pub bytes: u64,
    /// Files that can still be made; nothing where the file system has no limit.
    pub files: Option<u64>,
}

impl Space {
    /// What is left where this file or folder is.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        let left = rustix::fs::statvfs(path).ok()?;
        Some(Self {
            bytes: left.f_bavail.saturating_mul(left.f_frsize),
            files: (left.f_files > 0).then_some(left.f_favail),
        })
    }
}

/// How many files a process of this user may have open, as this one may; nothing where there is no limit.
#[must_use]
pub fn open_files_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// The memory that there is for this process, in bytes: that of the machine, or of the control group that it runs in.
#[must_use]
pub fn memory() -> Option<u64> {
    let of_machine = fs::read_to_string("/proc/meminfo");
    let of_machine = of_machine.ok().and_then(|text| total(&text));
    let of_group = fs::read_to_string("/sys/fs/cgroup/memory.max");
    let of_group = of_group.ok().and_then(|text| text.trim().parse().ok());
    of_machine.into_iter().chain(of_group).min()
}

/// The line `MemTotal` of `/proc/meminfo`, in bytes.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find(|line| line.starts_with("MemTotal:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// How many processors there are for this process.
#[must_use]
pub fn processors() -> u64 {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_the_machine_is_read() {
        let meminfo = "MemFree:  12 kB\nMemTotal:       24000 kB\n";
        assert_eq!(total(meminfo), Some(24_576_000));
        assert_eq!(total("nothing of the kind"), None);
    }

    #[test]
    fn a_file_without_a_folder_is_here() {
        assert_eq!(folder_of(Path::new("kontor.key")), Path::new("."));
        assert_eq!(folder_of(Path::new("a/kontor.key")), Path::new("a"));
    }
}
