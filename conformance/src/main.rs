//! svconform: does a set of commands behave like daemontools?
#![forbid(unsafe_code)]

mod deviations;
mod explain;
mod model;
mod observe;
mod probe;
mod random;
mod report;
mod requirement;
mod runner;
mod scenario;
mod scenarios;
mod target;
mod worker;
mod world;

use clap::{Args, Parser, Subcommand, ValueEnum};
use deviations::Deviations;
use report::{Column, Judged, Report, Row};
use requirement::Class;
use runner::Orders;
use scenario::Scenario;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use target::Target;

/// Says whether a set of commands behaves like daemontools.
///
/// Exit code: 0 all as expected; 1 a fail, timeout, stale entry or leaked process; 2 wrong usage or nothing selected;
/// 3 the harness broke or was interrupted.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs scenarios on targets and reports
    Run(Run),
    /// Lists scenarios, or the requirements that no scenario proves
    List {
        /// Lists requirements that no scenario proves
        #[arg(long)]
        uncovered: bool,
        /// The beginning or a part of an id, or a requirement such as SUP-22
        filter: Vec<String>,
    },
    /// Compares two reports in JSON: what regressed, was fixed, is newly skipped, new, gone, or flaky
    ///
    /// Exit code: 1 if anything regressed, is newly skipped, gone or flaky.
    Compare {
        /// The report from before
        old: PathBuf,
        /// The report from after
        new: PathBuf,
    },
    /// Explains a scenario or a requirement
    Explain {
        /// The id of either
        id: String,
    },
    #[command(hide = true)]
    Worker(worker::Assignment),
}

#[derive(Debug, Args)]
struct Run {
    /// A build to judge: what to call it, and the directory with its commands. May be given again
    #[arg(long = "target", value_name = "NAME=DIR", required = true)]
    targets: Vec<Target>,
    /// Judges also the mixes of two targets: the clients, or svscan, of each with all else of the other
    #[arg(long, value_name = "A,B")]
    mix: Option<String>,
    /// The target whose transcript is shown beside a failure [default: `reference`, if there is one]
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,
    /// How many scenarios to run at once: they mostly wait
    #[arg(long, value_name = "N", default_value_t = default_jobs(), value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// How many times longer waits may take: for slow or busy machines
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = scale)]
    time_scale: f64,
    /// Runs N random sequences of events, alone or with the scenarios that are filtered
    #[arg(long, value_name = "N", default_value_t = 0)]
    random: u16,
    /// The seed of the first random sequence; the others have the next numbers
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Runs each scenario this many times; the worst run counts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    repeat: u16,
    /// Runs them in another order, which follows from SEED
    #[arg(long, value_name = "SEED")]
    shuffle: Option<u64>,
    /// Starts no more scenarios after the first failure
    #[arg(long)]
    fail_fast: bool,
    /// Leaves the directories of the scenarios in place and says where
    #[arg(long)]
    keep: bool,
    /// A file of known differences. May be given again
    #[arg(long, value_name = "FILE")]
    deviations: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Where to report to, instead of the standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Which scenarios: those that prove nothing but what the manual promises, or all
    #[arg(long, value_enum, default_value = "all")]
    level: Level,
    /// Takes a scenario that had to be skipped for a failure
    #[arg(long)]
    require_all: bool,
    /// The beginning or a part of an id, or a requirement such as SUP-22
    filter: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Junit,
    Tap,
    Markdown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    Doc,
    All,
}

fn default_jobs() -> u16 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    u16::try_from(cores * 12).unwrap_or(u16::MAX)
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(scale) if (1.0..=1000.0).contains(&scale) => Ok(scale),
        _ => Err("a number from 1 to 1000".to_owned()),
    }
}

fn main() -> ExitCode {
    let called = std::env::args_os().next().unwrap_or_default();
    if PathBuf::from(called).file_name().is_some_and(|name| name == probe::NAME) {
        return probe::main();
    }
    let outcome = match Cli::parse().command {
        Command::Run(run) => judge(&run),
        Command::List { uncovered, filter } => list(uncovered, &filter),
        Command::Compare { old, new } => compare(&old, &new),
        Command::Explain { id } => explain(&id),
        Command::Worker(assignment) => worker::work(&assignment).map(|()| 0).map_err(Trouble::Harness),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(trouble) => {
            let (code, words) = match trouble {
                Trouble::Usage(words) => (2, words),
                Trouble::Harness(error) => (3, error.to_string()),
            };
            let _ = writeln!(io::stderr(), "svconform: {words}");
            ExitCode::from(code)
        }
    }
}

/// Why there is no report.
enum Trouble {
    /// Exit code 2.
    Usage(String),
    /// Exit code 3.
    Harness(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Harness(error)
    }
}

fn select(filters: &[String]) -> Result<Vec<&'static Scenario>, Trouble> {
    let (random, filters): (Vec<_>, Vec<_>) =
        filters.iter().map(|filter| (random::find(filter), filter)).partition(|(random, _)| random.is_some());
    for (_, filter) in &filters {
        if !scenarios::all().any(|scenario| scenario.matches(filter)) {
            return Err(Trouble::Usage(format!("no scenario matches {filter}")));
        }
    }
    let whole = filters.is_empty() && random.is_empty();
    let selected = scenarios::all().filter(|one| whole || filters.iter().any(|(_, filter)| one.matches(filter)));
    Ok(selected.chain(random.into_iter().filter_map(|(random, _)| random)).collect())
}

fn judge(run: &Run) -> Result<u8, Trouble> {
    // With --random and no filter, the random sequences are all that is asked for.
    let mut selected = if run.random > 0 && run.filter.is_empty() { vec![] } else { select(&run.filter)? };
    selected.extend(random::rows(run.random.into(), run.seed));
    selected.retain(|scenario| run.level == Level::All || scenario.class() == Class::Doc);
    if selected.is_empty() {
        return Err(Trouble::Usage("no scenario is selected".to_owned()));
    }
    let names: Vec<&str> = run.targets.iter().map(|target| target.name.as_str()).collect();
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            return Err(Trouble::Usage(format!("two targets are called {name}")));
        }
        let directory = &run.targets[index].directory;
        if !scenarios::commands().any(|command| target::has_command(directory, command)) {
            return Err(Trouble::Usage(format!("{}: none of the commands is there", directory.display())));
        }
        // A skip, as for a command that was left out, would let a forgotten mode or a dangling link pass.
        if let Some(command) = scenarios::commands().find(|one| target::has_no_command_but_its_name(directory, one)) {
            let path = directory.join(command);
            return Err(Trouble::Usage(format!("{}: no file that may be executed", path.display())));
        }
    }
    let mut targets = run.targets.clone();
    let place = tempfile::Builder::new().prefix("svconform-mix-").tempdir()?;
    if let Some(mix) = &run.mix {
        let find = |name: &str| run.targets.iter().find(|target| target.name == name);
        let Some((Some(one), Some(other))) = mix.split_once(',').map(|(one, other)| (find(one), find(other))) else {
            return Err(Trouble::Usage(format!("--mix takes the names of two targets, A,B: {mix}")));
        };
        if one.name == other.name {
            return Err(Trouble::Usage(format!("--mix takes two targets: {mix}")));
        }
        targets.extend(Target::mixes(one, other, place.path())?);
    }
    let baseline = run.baseline.clone().or_else(|| names.contains(&"reference").then(|| "reference".to_owned()));
    if let Some(baseline) = run.baseline.as_deref().filter(|baseline| !names.contains(baseline)) {
        return Err(Trouble::Usage(format!("no target is called {baseline}")));
    }
    let lists = run.deviations.iter().map(|path| Deviations::read(path)).collect::<Result<Vec<_>, _>>();
    let lists = lists.map_err(Trouble::Usage)?;
    for (list, path) in lists.iter().zip(&run.deviations) {
        if !names.contains(&list.target.as_str()) {
            return Err(Trouble::Usage(format!("{}: no target is called {}", path.display(), list.target)));
        }
    }
    // Before the long run, so that a bad name fails first.
    let mut output: Box<dyn Write> = match &run.output {
        None => Box::new(io::stdout()),
        Some(path) => {
            let file = File::create(path).map_err(|error| Trouble::Usage(format!("{}: {error}", path.display())))?;
            Box::new(file)
        }
    };

    let begin = Instant::now();
    let orders = Orders {
        jobs: run.jobs.into(),
        scale: run.time_scale,
        fail_fast: run.fail_fast,
        keep: run.keep,
        repeat: run.repeat.into(),
        shuffle: run.shuffle,
    };
    let entry = |scenario: &Scenario, target: &Target| deviations::entry(&lists, target.judged(scenario), scenario.id);
    let results = runner::run(&selected, &targets, &orders, &|scenario, target, cell| {
        !deviations::judged(cell, entry(scenario, target)).is_trouble()
    })?;
    let rows = selected.iter().zip(results.cells).map(|(scenario, cells)| Row {
        scenario: scenario.id.to_owned(),
        requirements: scenario.requirements.iter().map(|&id| id.to_owned()).collect(),
        class: scenario.class(),
        results: targets
            .iter()
            .zip(cells)
            .map(|(target, cells)| Judged::of(&target.name, cells, entry(scenario, target)))
            .collect(),
    });
    let mut report = Report {
        schema: report::SCHEMA,
        svconform: env!("CARGO_PKG_VERSION").to_owned(),
        targets: targets
            .iter()
            .map(|target| Column {
                name: target.name.clone(),
                arguments: target.arguments(&targets),
                mixed: target.is_mixed(),
            })
            .collect(),
        program: target::quoted(&std::env::current_exe()?.display().to_string()),
        baseline,
        milliseconds: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        interrupted: results.interrupted,
        kept: results.kept.map(|place| place.display().to_string()),
        rows: rows.collect(),
    };
    report.doubt_failures_alike();
    report.forget_files_that_nobody_needs();
    let bytes = match run.format {
        Format::Table => report::table::render(&report),
        Format::Json => report::json::render(&report),
        Format::Junit => report::junit::render(&report),
        Format::Tap => report::tap::render(&report),
        Format::Markdown => report::markdown::render(&report),
    };
    unless_gone(output.write_all(&bytes))?;
    if report.interrupted {
        return Err(Trouble::Harness(io::Error::other("interrupted: the report holds what was done by then")));
    }
    Ok(report.exit_code(run.require_all))
}

fn list(uncovered: bool, filters: &[String]) -> Result<u8, Trouble> {
    let mut text = String::new();
    if uncovered {
        let proven: Vec<&str> = scenarios::all().flat_map(|scenario| scenario.requirements).copied().collect();
        let wanted = |id: &str| filters.is_empty() || filters.iter().any(|filter| id.contains(filter.as_str()));
        if !requirement::ALL.iter().any(|row| wanted(row.id)) {
            return Err(Trouble::Usage(format!("no requirement matches {}", filters.join(" "))));
        }
        let unproven = |row: &&requirement::Requirement| row.class != Class::Bug && !proven.contains(&row.id);
        for requirement in requirement::ALL.iter().filter(unproven).filter(|row| wanted(row.id)) {
            let reason = requirement::UNPROVEN.iter().find(|(id, _)| *id == requirement.id).map_or("", |(_, why)| *why);
            text += &format!("{:8} {:4} {}\n", requirement.id, requirement.class.word(), requirement.promise);
            text += &format!("{:13} not proved: {reason}\n", "");
        }
    } else {
        let selected = select(filters)?;
        let width = selected.iter().map(|scenario| scenario.id.len()).max().unwrap_or(0);
        for scenario in selected {
            let rows = scenario.requirements.join(" ");
            text += &format!("{:width$}  {}  {rows}\n", scenario.id, scenario.class().word());
        }
    }
    print(&text)
}

fn explain(id: &str) -> Result<u8, Trouble> {
    let page = explain::page(id);
    print(&page.ok_or_else(|| Trouble::Usage(format!("neither a scenario nor a requirement: {id}")))?)
}

fn compare(old: &Path, new: &Path) -> Result<u8, Trouble> {
    let read = |path: &Path| {
        let bytes = std::fs::read(path).map_err(|error| error.to_string());
        let report = bytes.and_then(|bytes| report::json::read(&bytes));
        report.map_err(|problem| Trouble::Usage(format!("{}: {problem}", path.display())))
    };
    let (old, new) = (read(old)?, read(new)?);
    let changes = report::compare::changes(&old, &new);
    if new.interrupted {
        print("the newer run was interrupted: what is gone was not run\n")?;
    }
    print(&report::compare::render(&changes))?;
    Ok(u8::from(changes.iter().any(|change| change.kind.is_bad())))
}

/// Writes to the standard output. A reader that went away is no error.
fn print(text: &str) -> Result<u8, Trouble> {
    unless_gone(io::stdout().write_all(text.as_bytes()))?;
    Ok(0)
}

fn unless_gone(written: io::Result<()>) -> io::Result<()> {
    written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}
