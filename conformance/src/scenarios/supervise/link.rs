//! supervise: `supervise` as a symbolic link to a directory elsewhere.

use crate::outcome::Failure;
use crate::scenario::{STRACE, SUPERVISE, SVC, SVOK, SVSTAT, Scenario};

/// The files of a running supervise.
const FILES: [&str; 4] = ["control", "lock", "ok", "status"];

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "supervise/link/leads-to-its-directory",
        requirements: &["SUP-11"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Makes `supervise` a link to a directory, relative, absolute or over another link: the files are made \
               in that directory, which keeps its mode, and commands arrive.",
        run: |world| {
            let full = world.path("full-place").to_string_lossy().into_owned();
            if full.len() > 255 {
                // SUP-12: the original refuses longer links.
                return Err(Failure::missing("the name of the directory for temporary files is too long for a link"));
            }
            let mut services = vec![];
            for (name, link, place) in [
                ("relative", "../relative-place", "relative-place"),
                ("full", &full, "full-place"),
                ("inside", "place", "inside/place"),
                ("twice", "../second", "twice-place"),
            ] {
                let service = world.service(name, "")?;
                world.files.make_directory(place)?;
                world.files.set_mode(place, 0o755)?;
                if link == "../second" {
                    world.files.link("twice-place", "second")?;
                }
                world.files.link(link, format!("{name}/supervise"))?;
                let supervise = service.supervise()?;
                world.until(&format!("files in {place}"), FILES, || Ok(world.files.names(place)))?;
                world.expect(&format!("mode of {place}"), world.files.mode(place), "0755")?;
                service.svc("-d")?;
                services.push((supervise, service));
            }
            for (supervise, service) in &services {
                service.until_down()?;
                world.expect("stderr of supervise", supervise.err(), "")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/link/makes-the-directory-that-it-names",
        requirements: &["SUP-11"],
        uses: &[SUPERVISE, SVOK],
        does: "Makes `supervise` a dangling link: its target is made with mode 0700. Neither a missing parent of the \
               target is made, nor what a second dangling link names.",
        run: |world| {
            for (number, mask) in [0o022, 0o000, 0o077].into_iter().enumerate() {
                let (name, place) = (format!("web{number}"), format!("place{number}"));
                let service = world.service(&name, "")?;
                world.files.link(format!("../{place}"), format!("{name}/supervise"))?;
                let supervise = world.command("supervise").arg(&name).umask(mask).start()?;
                service.until_supervised()?;
                world.expect("mode of the target", world.files.mode(&place), "0700")?;
                let has_record = world.files.names(&place).contains(&"status".to_owned());
                world.expect("the record is in the target", has_record, true)?;
                world.expect("stderr of supervise", supervise.err(), "")?;
            }
            world.service("over", "")?;
            world.files.link("second", "over/supervise")?;
            world.files.link("missing", "over/second")?;
            world.expect_refusal("over", "unable to acquire over/supervise/lock: file does not exist")?;
            world.expect("mode of what must not be made", world.files.mode("over/missing"), "-")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/link/may-have-255-bytes",
        requirements: &["SUP-12"],
        uses: &[SUPERVISE, SVOK],
        does: "Makes `supervise` a link of 255 bytes, to a directory or dangling: it works. A link to itself makes \
               the lock fail with `symbolic link loop`.",
        run: |world| {
            for place in ["there", "not-yet-there"] {
                let name = format!("link-to-{place}");
                let service = world.service(&name, "")?;
                if place == "there" {
                    world.files.make_directory(format!("{name}/{place}"))?;
                }
                world.files.link(long_link(place, 255), format!("{name}/supervise"))?;
                service.start_supervise()?;
                service.until_supervised()?;
                let has_record = world.files.names(format!("{name}/{place}")).contains(&"status".to_owned());
                world.expect("the record is in the target", has_record, true)?;
            }
            world.service("web", "")?;
            world.files.link("supervise", "web/supervise")?;
            world.expect_refusal("web", "unable to acquire web/supervise/lock: symbolic link loop")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/link/is-refused-at-256-bytes",
        requirements: &["SUP-12"],
        uses: &[SUPERVISE, SVOK],
        does: "Makes `supervise` a good link of 256 bytes: exit code 111, and a message without the program's name.",
        run: |world| {
            let web = world.service("web", "")?;
            world.files.make_directory("web/place")?;
            world.files.link(long_link("place", 256), "web/supervise")?;
            let supervise = web.start_supervise()?;
            world.until("supervise has exited or is ready", true, || {
                Ok(!supervise.is_running() || web.is_supervised()?)
            })?;
            world.expect("its stderr", supervise.err(), "unable to readlink ./supervise: unknown error\\n")?;
            supervise.expect_exit("exit 111")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/link/reports-why-it-cannot-be-read",
        requirements: &["SUP-12", "ERR-01"],
        uses: &[SUPERVISE, STRACE],
        does: "Makes readlink fail with EIO: exit code 111, a message without the program's name, and no file is made.",
        run: |world| {
            world.service("web", "")?;
            world.files.make_directory("web/supervise")?;
            let options = ["-o", "/dev/null", "-e", "inject=?readlink,?readlinkat:error=EIO"];
            let ran = world.traced(&options, "supervise")?.arg("web").run()?;
            world.expect_end(&ran, "exit 111", "unable to readlink ./supervise: input/output error")?;
            world.expect("files in supervise", world.files.names("web/supervise"), vec![""; 0])
        },
        ..Scenario::ORDINARY
    },
];

/// Returns a link text of `length` bytes that leads to `place` in the same directory.
fn long_link(place: &str, length: usize) -> String {
    let missing = length - place.len();
    let slash = if missing.is_multiple_of(2) { "" } else { "/" };
    format!("{}{slash}{place}", "./".repeat(missing / 2))
}
