//! Watching a directory, and what the links in it lead to, for changes: inotify, and the table of mounts.

use super::ready;
use nix::libc;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use nix::sys::statfs::statfs;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

const ENTRIES: u32 = libc::IN_CREATE | libc::IN_DELETE | libc::IN_MOVED_FROM | libc::IN_MOVED_TO;
const ITSELF: u32 = libc::IN_MOVE_SELF | libc::IN_DELETE_SELF;
/// How long the first of several changes waits for the others.
const SETTLING_TIME: Duration = Duration::from_millis(5);
/// The kernel follows no more links on the way to a file.
const MOST_LINKS: usize = 40;

/// `f_type` of the file systems that only this kernel changes, so that it sees every change: ext2 to ext4, XFS, Btrfs, tmpfs,
/// ramfs, overlayfs, ZFS, F2FS, JFS, ReiserFS, bcachefs, UBIFS, ISO 9660, squashfs and EROFS.
const LOCAL: &[u64] = &[
    0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x858458f6, 0x794c7630, 0x2fc12fc1, 0xf2f52010, 0x3153464a, 0x52654973,
    0xca451a4e, 0x24051905, 0x9660, 0x73717368, 0xe0f5e1e2,
];

/// What has changed since the last look.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Entries of the current directory that were made, renamed or removed, and whether each was renamed to this name.
    pub(crate) names: BTreeMap<OsString, bool>,
    /// Set if anything else may have changed too.
    pub(crate) everything: bool,
}

/// Watches the current directory.
#[derive(Debug)]
pub(crate) struct Watch {
    inotify: Inotify,
    mounts: File,
    here: Option<WatchDescriptor>,
    used: BTreeSet<WatchDescriptor>,
    /// Watches of earlier rounds that the round in progress has not needed yet.
    unused: BTreeSet<WatchDescriptor>,
    /// Entries of other directories that links of the current directory lead to.
    targets: BTreeSet<(WatchDescriptor, OsString)>,
}

impl Watch {
    /// Sets up a watch, of nothing yet.
    ///
    /// # Errors
    /// EMFILE if there are too many; otherwise those of open(2) for the table of mounts.
    pub(crate) fn new() -> io::Result<Watch> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        let mounts = File::open("/proc/self/mounts")?;
        let (used, unused, targets) = Default::default();
        Ok(Watch { inotify, mounts, here: None, used, unused, targets })
    }

    /// Begins a round of [`Watch::follow`] for all links. Returns whether all changes of the current directory will be seen.
    pub(crate) fn begin(&mut self) -> bool {
        self.unused.append(&mut self.used);
        self.targets.clear();
        self.here = self.add(Path::new("."), ENTRIES | ITSELF | libc::IN_ATTRIB).ok();
        self.here.is_some() && is_local(Path::new("."))
    }

    /// Ends a round: drops the watches that it did not need.
    pub(crate) fn end(&mut self) {
        for unused in mem::take(&mut self.unused) {
            let _ = self.inotify.rm_watch(unused);
        }
    }

    /// Watches all that decides what the entry `name` of the current directory leads to. Each directory on the way can be
    /// moved and each link replaced, and the last directory can be replaced even while a process works in it, which only
    /// the one above it tells of. Returns whether all changes will be seen.
    pub(crate) fn follow(&mut self, name: &OsStr) -> io::Result<bool> {
        let mut is_seen = true;
        let mut links = 0;
        // The directory of the next component. Empty for the current directory, which `begin` watches.
        let mut at = PathBuf::new();
        let mut left = vec![name.to_owned()];
        while let Some(component) = left.pop() {
            let path = at.join(&component);
            if links > 0 {
                is_seen &= is_local(if at.as_os_str().is_empty() { Path::new(".") } else { &at });
            }
            if fs::symlink_metadata(&path)?.is_symlink() {
                if links > 0 {
                    self.add(&path, ITSELF | libc::IN_ATTRIB | libc::IN_DONT_FOLLOW)?;
                }
                let target = fs::read_link(&path)?;
                links += 1;
                if links > MOST_LINKS {
                    return Ok(false);
                }
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                left.extend(target.components().rev().filter_map(|component| match component {
                    Component::Normal(_) | Component::ParentDir => Some(component.as_os_str().to_owned()),
                    Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
                }));
                // The target is a directory without a name of its own.
                is_seen &= left.first().is_some_and(|last| last != "..");
            } else if !left.is_empty() {
                self.add(&path, ITSELF | libc::IN_ONLYDIR | libc::IN_DONT_FOLLOW)?;
                at = path;
            } else if links > 0 {
                let above = if at.as_os_str().is_empty() { self.here } else { Some(self.add(&at, ENTRIES | ITSELF)?) };
                is_seen &= above.is_some();
                self.targets.extend(above.map(|above| (above, component)));
            }
        }
        Ok(is_seen)
    }

    /// Waits as [`ready::wait`] does, and returns what has changed.
    pub(crate) fn wait(&self, others: &[BorrowedFd<'_>], timeout: Option<Duration>) -> Changes {
        let sources = [others, &[self.inotify.as_fd()]].concat();
        let everything = ready::wait_urgent(&sources, self.mounts.as_fd(), timeout);
        let mut changes = Changes { everything, ..Changes::default() };
        let mut is_settled = false;
        while let Ok(events) = self.inotify.read_events() {
            for event in events {
                let is = |flags: u32| event.mask.bits() & flags != 0;
                match event.name {
                    // Follows the removal of a watch, which either needed it no more or came with an event of its own.
                    _ if is(libc::IN_IGNORED) => {}
                    Some(name) => {
                        let target = (event.wd, name);
                        changes.everything |= self.targets.contains(&target);
                        if Some(target.0) == self.here && is(ENTRIES) {
                            *changes.names.entry(target.1).or_default() = is(libc::IN_MOVED_TO);
                        }
                    }
                    // Also an overflow of the queue.
                    None => changes.everything = true,
                }
            }
            // `ln -sf` makes a link by another name and renames it.
            if !mem::replace(&mut is_settled, true) {
                ready::wait(&[], Some(SETTLING_TIME));
            }
        }
        changes
    }

    fn add(&mut self, path: &Path, flags: u32) -> io::Result<WatchDescriptor> {
        // A directory can be here for several reasons.
        let flags = AddWatchFlags::from_bits_retain(flags | libc::IN_MASK_ADD);
        let watch = self.inotify.add_watch(path, flags)?;
        self.unused.remove(&watch);
        self.used.insert(watch);
        Ok(watch)
    }
}

/// Tells of changes in several directories, but not which.
#[derive(Debug)]
pub(crate) struct Notices(Inotify);

impl Notices {
    /// Sets up the watch, of nothing yet.
    pub(crate) fn new() -> io::Result<Notices> {
        Ok(Notices(Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?))
    }

    /// Watches `directory`, if not yet, for entries that come, go or are written. Returns whether all changes will be seen.
    pub(crate) fn add(&self, directory: &Path) -> bool {
        let flags = AddWatchFlags::from_bits_retain(ENTRIES | ITSELF | libc::IN_MODIFY);
        self.0.add_watch(directory, flags).is_ok() && is_local(directory)
    }

    /// Waits as [`ready::wait`] does, and for a change. Forgets the changes.
    pub(crate) fn wait(&self, others: &[BorrowedFd<'_>], timeout: Option<Duration>) {
        ready::wait(&[others, &[self.0.as_fd()]].concat(), timeout);
        while self.0.read_events().is_ok() {}
    }
}

fn is_local(directory: &Path) -> bool {
    let kind = statfs(directory).map(|status| u64::try_from(status.filesystem_type().0));
    matches!(kind, Ok(Ok(kind)) if LOCAL.contains(&kind))
}
