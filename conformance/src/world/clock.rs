//! Steps the clock of one process. Setting the machine's clock would affect every other process.
//!
//! A program reads the time by calling the kernel's vDSO, which is mapped into the program's own memory. This module
//! overwrites the vDSO functions with a system call that adds a number of seconds to the result. The step has no effect
//! on a program that makes the system call itself. [`Running::clock`] cannot detect that, so a scenario must check for
//! an effect of the step.

use super::{Need, Running, World, broken, machine_lacks};
use crate::outcome::{Failure, Outcome};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// The entry of the auxiliary vector with the address of the vDSO (`AT_SYSINFO_EHDR`).
const VDSO: u64 = 33;
/// More than the size of any vDSO.
const LONGEST_VDSO: usize = 16 << 10;
const X86_64: u16 = 62;
/// The section type of dynamic symbols (`SHT_DYNSYM`).
const DYNAMIC_SYMBOLS: u32 = 11;

/// `mov eax, 228; syscall; test edi, edi; jne +8; add qword [rsi], WALL; ret; add qword [rsi], OTHER; ret`: number 228 is
/// clock_gettime, edi the clock, 0 for the wall clock, and rsi points to the seconds.
const CLOCK_GETTIME: Patch = Patch {
    name: "__vdso_clock_gettime",
    code: &[
        0xb8, 0xe4, 0, 0, 0, 0x0f, 0x05, 0x85, 0xff, 0x75, 0x08, 0x48, 0x81, 0x06, 0, 0, 0, 0, 0xc3, 0x48, 0x81, 0x06,
        0, 0, 0, 0, 0xc3,
    ],
    wall: 14,
    other: Some(22),
};
/// `mov eax, 96; syscall; test rdi, rdi; je +7; add qword [rdi], WALL; ret`.
const GETTIMEOFDAY: Patch = Patch {
    name: "__vdso_gettimeofday",
    code: &[0xb8, 0x60, 0, 0, 0, 0x0f, 0x05, 0x48, 0x85, 0xff, 0x74, 0x07, 0x48, 0x81, 0x07, 0, 0, 0, 0, 0xc3],
    wall: 15,
    other: None,
};
/// `mov eax, 201; syscall; add rax, WALL; test rdi, rdi; je +3; mov [rdi], rax; ret`.
const TIME: Patch = Patch {
    name: "__vdso_time",
    code: &[
        0xb8, 0xc9, 0, 0, 0, 0x0f, 0x05, 0x48, 0x05, 0, 0, 0, 0, 0x48, 0x85, 0xff, 0x74, 0x03, 0x48, 0x89, 0x07, 0xc3,
    ],
    wall: 9,
    other: None,
};

/// Code of a function whose clock stands still, with the offset of the seconds of that moment.
struct Stopped {
    code: &'static [u8],
    seconds: usize,
}

/// `test edi, edi; jne +18; mov qword [rsi], SECONDS; mov qword [rsi+8], 0; xor eax, eax; ret; mov eax, 228; syscall; ret`.
const STOPPED_CLOCK_GETTIME: &[u8] = &[
    0x85, 0xff, 0x75, 0x12, 0x48, 0xc7, 0x06, 0, 0, 0, 0, 0x48, 0xc7, 0x46, 0x08, 0, 0, 0, 0, 0x31, 0xc0, 0xc3, 0xb8,
    0xe4, 0, 0, 0, 0x0f, 0x05, 0xc3,
];
/// `mov qword [rdi], SECONDS; mov qword [rdi+8], 0; xor eax, eax; ret`.
const STOPPED_GETTIMEOFDAY: &[u8] =
    &[0x48, 0xc7, 0x07, 0, 0, 0, 0, 0x48, 0xc7, 0x47, 0x08, 0, 0, 0, 0, 0x31, 0xc0, 0xc3];
/// For clock_gettime and gettimeofday, in this order.
const STOPPED: [Stopped; 2] =
    [Stopped { code: STOPPED_CLOCK_GETTIME, seconds: 7 }, Stopped { code: STOPPED_GETTIMEOFDAY, seconds: 3 }];

/// Replacement code for a function of the vDSO, with the offsets of the seconds that it adds to each clock.
struct Patch {
    name: &'static str,
    code: &'static [u8],
    wall: u64,
    other: Option<u64>,
}

/// The clocks of a process.
#[derive(Debug)]
pub(crate) struct Clock {
    world: World,
    pid: i32,
    memory: File,
    path: PathBuf,
    /// Where the functions are: clock_gettime, gettimeofday, time.
    functions: Vec<u64>,
    wall: Vec<u64>,
    other: Vec<u64>,
}

impl World {
    /// Takes over the clocks of `pid`, which must have executed its program already. They keep the right time until they
    /// are stepped. Skips the scenario if the clocks of that process cannot be replaced.
    pub(crate) fn clock_of(&self, pid: i32) -> Result<Clock, Failure> {
        self.must_declare(Need::Clock)?;
        let path = PathBuf::from(format!("/proc/{pid}/mem"));
        let taken = || -> io::Result<Option<Clock>> {
            let memory = OpenOptions::new().read(true).write(true).open(&path)?;
            let auxiliary = std::fs::read(format!("/proc/{pid}/auxv"))?;
            let entry = auxiliary.chunks_exact(16).find(|entry| number(entry, 0, 8) == Some(VDSO));
            let Some(base) = entry.and_then(|entry| number(entry, 8, 8)) else { return Ok(None) };
            let mut image = vec![0; LONGEST_VDSO];
            // The mapping may be shorter than the buffer.
            let length = memory.read_at(&mut image, base)?;
            image.truncate(length);
            let (wall, other, functions) = (vec![], vec![], vec![]);
            let mut clock = Clock { world: self.clone(), pid, memory, path: path.clone(), functions, wall, other };
            for patch in [CLOCK_GETTIME, GETTIMEOFDAY, TIME] {
                let Some((value, size)) = function(&image, patch.name) else { return Ok(None) };
                if size < patch.code.len().max(STOPPED_CLOCK_GETTIME.len()) as u64 {
                    return Ok(None);
                }
                clock.functions.push(base + value);
                clock.memory.write_all_at(patch.code, base + value)?;
                clock.wall.push(base + value + patch.wall);
                clock.other.extend(patch.other.map(|at| base + value + at));
            }
            Ok(Some(clock))
        };
        match taken() {
            Ok(clock) => clock.ok_or_else(|| machine_lacks("a way to step the clock of a process")),
            Err(error) => Err(machine_lacks(&format!("a way to step the clock of a process ({error})"))),
        }
    }
}

impl Running {
    /// Takes over the clocks of this process, as [`World::clock_of`] does.
    pub(crate) fn clock(&self) -> Result<Clock, Failure> {
        self.world.clock_of(self.pid)
    }
}

impl Clock {
    /// Steps the wall clock by `seconds`, as setting the machine's clock does.
    pub(crate) fn step(&self, seconds: i32) -> Outcome {
        self.world.note(format!("step the wall clock of {} by {seconds} seconds", self.pid), "");
        self.write(&self.wall, seconds)
    }

    /// Advances all clocks by `seconds`, as if that much time had passed.
    pub(crate) fn pass(&self, seconds: i32) -> Outcome {
        self.world.note(format!("let {seconds} seconds pass for {}", self.pid), "");
        self.write(&self.wall, seconds)?;
        self.write(&self.other, seconds)
    }

    /// Stops the wall clock at a moment of the present second. Every reading gives this moment until [`Clock::go_on`].
    pub(crate) fn stop(&self) -> Outcome {
        self.world.note(format!("stop the wall clock of {}", self.pid), "");
        let seconds = i32::try_from(self.world.time_of_day().as_secs()).map_err(|error| broken(&self.path, &error))?;
        for (stopped, at) in STOPPED.iter().zip(&self.functions) {
            let mut code = stopped.code.to_vec();
            code.splice(stopped.seconds..stopped.seconds + 4, seconds.to_le_bytes());
            self.memory.write_all_at(&code, *at).map_err(|error| broken(&self.path, &error))?;
        }
        Ok(())
    }

    /// Lets the clock go on after [`Clock::stop`], with the right time.
    pub(crate) fn go_on(&self) -> Outcome {
        self.world.note(format!("let the wall clock of {} go on", self.pid), "");
        let written = [CLOCK_GETTIME, GETTIMEOFDAY]
            .iter()
            .zip(&self.functions)
            .try_for_each(|(patch, at)| self.memory.write_all_at(patch.code, *at));
        written.map_err(|error| broken(&self.path, &error))
    }

    fn write(&self, places: &[u64], seconds: i32) -> Outcome {
        let written = places.iter().try_for_each(|&at| self.memory.write_all_at(&seconds.to_le_bytes(), at));
        written.map_err(|error| broken(&self.path, &error))
    }
}

/// Returns the little-endian number of `size` bytes at `at`.
fn number(bytes: &[u8], at: u64, size: usize) -> Option<u64> {
    let at = usize::try_from(at).ok()?;
    let bytes = bytes.get(at..at.checked_add(size)?)?;
    Some(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

/// Returns the offset and the size of the function `name` in an ELF image for x86-64.
fn function(image: &[u8], name: &str) -> Option<(u64, u64)> {
    if image.get(..5)? != b"\x7fELF\x02" || number(image, 18, 2)? != u64::from(X86_64) {
        return None;
    }
    let (sections, size, count) = (number(image, 40, 8)?, number(image, 58, 2)?, number(image, 60, 2)?);
    let section = |index: u64| sections + index * size;
    let of_symbols = |index: &u64| number(image, section(*index) + 4, 4) == Some(u64::from(DYNAMIC_SYMBOLS));
    let symbols = section((0..count).find(of_symbols)?);
    let strings = number(image, section(number(image, symbols + 40, 4)?) + 24, 8)?;
    let (begin, length) = (number(image, symbols + 24, 8)?, number(image, symbols + 32, 8)?);
    let named = |symbol: &u64| {
        let at = usize::try_from(strings + number(image, *symbol, 4)?).ok()?;
        image.get(at..)?.split(|&byte| byte == 0).next().filter(|found| *found == name.as_bytes())
    };
    let symbol = (begin..begin + length).step_by(24).find(|symbol| named(symbol).is_some())?;
    Some((number(image, symbol + 8, 8)?, number(image, symbol + 16, 8)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_image_has_no_functions() {
        assert_eq!(function(b"", "__vdso_time"), None);
        assert_eq!(function(b"\x7fELF\x02", "__vdso_time"), None);
        assert_eq!(function(&[0xff; 200], "__vdso_time"), None);
    }

    #[test]
    fn each_place_for_seconds_is_in_the_code_and_zero() {
        for patch in [CLOCK_GETTIME, GETTIMEOFDAY, TIME] {
            for at in [Some(patch.wall), patch.other].into_iter().flatten() {
                assert_eq!(number(patch.code, at, 4), Some(0), "{}", patch.name);
            }
        }
    }
}
