//! Which errors a system call is made to fail with: those that a healthy kernel gives to a correct program when resources run
//! out, a disk fails, permissions change, or a signal arrives.

/// Memory, descriptors, or space on the disk ran out; the disk failed.
const MEMORY: &[&str] = &["ENOMEM"];
const DESCRIPTORS: &[&str] = &["EMFILE", "ENFILE", "ENOMEM"];
const OPENING: &[&str] = &["EMFILE", "ENFILE", "ENOMEM", "EACCES", "EIO"];
const CREATING: &[&str] = &["EMFILE", "ENFILE", "ENOMEM", "EACCES", "EIO", "ENOSPC", "EROFS"];
const LOOKING_UP: &[&str] = &["EACCES", "ENOMEM", "EIO"];
const CHANGING: &[&str] = &["EACCES", "ENOSPC", "EROFS", "EIO"];
const READING: &[&str] = &["EIO", "EINTR"];
const WRITING: &[&str] = &["ENOSPC", "EIO", "EINTR"];
const WAITING: &[&str] = &["EINTR"];

/// Names of system calls, and the errors that they are made to fail with.
///
/// Left out are errors that only a wrong argument causes (EBADF, EFAULT, EINVAL, ENOTDIR, ELOOP), those that are an answer and
/// no trouble (ENOENT and EEXIST of files, EAGAIN of something that does not block, ECHILD, ESRCH), and these calls:
///
/// - close: Linux closes the descriptor even if it reports an error, and strace cannot do both.
/// - brk: Linux returns the old break instead of an error, which strace cannot. A C library takes an error for a new break.
/// - kill: a signal that the kernel refuses is lost, whatever the program does.
/// - rt_sigaction, rt_sigprocmask, fcntl other than for a lock or a duplicate, getpid and their like: they cannot fail if they
///   are called correctly.
/// - dup2 and dup3: onto a descriptor that is open, they cannot fail.
/// - setsid and setpgid: EPERM is the answer to a process that leads a group already.
/// - munmap, mprotect, madvise: they can fail only where the kernel has no memory to split a mapping.
/// - write to descriptor 2: a message that cannot be printed is lost, and there is no other place for it.
/// - clock_gettime and gettimeofday: they are no system calls where the clock is mapped into the process.
const ERRORS: &[(&[&str], &[&str])] = &[
    (&["open", "openat", "openat2"], OPENING),
    (&["creat"], CREATING),
    (&["pipe", "pipe2", "socket", "socketpair", "signalfd4", "eventfd2", "timerfd_create"], DESCRIPTORS),
    (&["epoll_create1", "inotify_init1", "memfd_create", "pidfd_open"], DESCRIPTORS),
    (&["inotify_add_watch", "epoll_ctl"], &["ENOSPC", "ENOMEM"]),
    (&["dup"], &["EMFILE"]),
    (&["clone", "clone3", "fork", "vfork"], &["EAGAIN", "ENOMEM"]),
    (&["execve", "execveat"], &["ENOMEM", "EACCES", "EIO"]),
    (&["wait4", "waitid", "poll", "select", "nanosleep", "clock_nanosleep", "pause", "rt_sigsuspend"], WAITING),
    (&["ppoll", "pselect6", "epoll_wait", "epoll_pwait", "rt_sigtimedwait"], WAITING),
    (&["read", "readv", "pread64", "preadv"], READING),
    (&["write", "writev", "pwrite64", "pwritev"], WRITING),
    // A file system may not support them.
    (&["splice", "tee", "sendfile", "copy_file_range"], &["EINVAL", "EIO", "ENOMEM"]),
    (&["fsync", "fdatasync"], &["EIO", "ENOSPC"]),
    (&["fallocate", "ftruncate", "truncate"], &["ENOSPC", "EIO"]),
    (&["mkdir", "mkdirat", "mknod", "mknodat", "link", "linkat", "symlink", "symlinkat"], CHANGING),
    (&["rename", "renameat", "renameat2"], CHANGING),
    (&["unlink", "unlinkat", "rmdir", "chmod", "fchmod", "fchmodat"], &["EACCES", "EROFS", "EIO"]),
    (&["chdir", "access", "faccessat", "faccessat2", "readlink", "readlinkat"], LOOKING_UP),
    (&["stat", "lstat", "newfstatat", "fstat"], LOOKING_UP),
    // Linux 3.10 does not have it.
    (&["statx"], &["EACCES", "ENOMEM", "EIO", "ENOSYS"]),
    (&["fchdir"], &["EACCES", "EIO"]),
    (&["getdents", "getdents64"], &["EIO", "ENOMEM"]),
    (&["getcwd"], &["ENOENT", "ENOMEM"]),
    (&["flock"], &["ENOLCK", "EINTR"]),
    (&["setgroups"], &["EPERM", "ENOMEM"]),
    (&["setuid", "setreuid", "setresuid"], &["EPERM", "EAGAIN"]),
    (&["setgid", "setregid", "setresgid", "setrlimit"], &["EPERM"]),
    (&["mremap"], MEMORY),
];

/// Returns the errors that the system call `name` with `arguments`, as strace prints them, is made to fail with.
pub(super) fn errors(name: &str, arguments: &str) -> &'static [&'static str] {
    match name {
        "open" | "openat" if arguments.contains("O_CREAT") || arguments.contains("O_TMPFILE") => CREATING,
        "write" | "writev" if arguments.starts_with("2, ") => &[],
        "fcntl" if arguments.contains("F_DUPFD") => &["EMFILE"],
        "fcntl" if arguments.contains("F_SETLK") => &["ENOLCK"],
        "mmap" if arguments.contains("MAP_ANONYMOUS") => MEMORY,
        // It sets a limit if its third argument is not NULL.
        "prlimit64" if arguments.split(", ").nth(2).is_some_and(|limit| limit.starts_with('{')) => &["EPERM"],
        name => ERRORS.iter().find(|(names, _)| names.contains(&name)).map_or(&[], |(_, errors)| errors),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_listed_once_and_its_errors_exist() {
        let names: Vec<&str> = ERRORS.iter().flat_map(|(names, _)| *names).copied().collect();
        for (index, name) in names.iter().enumerate() {
            assert!(!names[..index].contains(name), "{name}");
        }
        // nix has no FromStr for Errno, so its Debug form is compared.
        let known: Vec<String> = (1..134).map(|number| format!("{:?}", nix::errno::Errno::from_raw(number))).collect();
        for error in ERRORS.iter().flat_map(|(_, errors)| *errors).chain(CREATING) {
            assert!(known.contains(&(*error).to_owned()), "{error}");
        }
    }

    #[test]
    fn arguments_decide_where_a_call_has_several_uses() {
        let errors = |line: &str| line.split_once('(').map(|(name, arguments)| errors(name, arguments).len());
        assert_eq!(errors("openat(AT_FDCWD, \"a\", O_RDONLY) = 3"), Some(OPENING.len()));
        assert_eq!(errors("openat(AT_FDCWD, \"a\", O_WRONLY|O_CREAT, 0600) = 3"), Some(CREATING.len()));
        assert_eq!(errors("fcntl(3, F_SETFD, FD_CLOEXEC) = 0"), Some(0));
        assert_eq!(errors("fcntl(3, F_DUPFD_CLOEXEC, 10) = 10"), Some(1));
        assert_eq!(errors("write(2, \"multilog: fatal\", 15) = 15"), Some(0));
        assert_eq!(errors("prlimit64(0, RLIMIT_NOFILE, NULL, {rlim_cur=20, rlim_max=20}) = 0"), Some(0));
        assert_eq!(errors("prlimit64(0, RLIMIT_NOFILE, {rlim_cur=20, rlim_max=20}, NULL) = 0"), Some(1));
    }
}
