//! svconform: tests whether a supervisor behaves like daemontools.
#![forbid(unsafe_code)]

mod bench;
mod commands;
mod deviations;
mod doctor;
mod faults;
mod last;
mod matrix;
mod observe;
mod outcome;
mod output;
mod probe;
mod random;
mod report;
mod requirement;
mod run;
mod scenario;
mod scenarios;
mod target;
mod transcript;
mod verdict;
mod world;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use deviations::{Deviation, Deviations};
use output::{Output, ignore_closed_pipe};
use report::{ChangesFormat, Format, Report, ScenarioEntry, TargetEntry, TargetResult, compare, explain, json, since};
use requirement::Class;
use run::{RunOptions, worker};
use scenario::Scenario;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use target::Target;
use verdict::{Judgement, Verdict};

/// Test whether a supervisor behaves like daemontools
///
/// Exit status: 0 all verdicts are as expected; 1 a scenario failed, timed out, is stale or left a process behind;
/// 2 usage error, or no scenario was selected; 3 svconform failed or was interrupted.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios and print a report
    Run(RunArguments),
    /// List scenarios, the requirements that no scenario proves, or the figures of bench
    List {
        /// List requirements that no scenario proves
        #[arg(long)]
        uncovered: bool,
        /// List the figures that bench measures
        #[arg(long, conflicts_with = "uncovered")]
        figures: bool,
        /// Part of an id, or a requirement such as SUP-22
        filter: Vec<String>,
    },
    /// Compare two JSON reports of run: list what regressed, is flaky, newly skipped, gone, fixed or new
    ///
    /// Of two reports of bench, list what became slower or faster by more than the noise. Exit status: 1 if anything
    /// regressed, is flaky, newly skipped or gone, or became slower.
    Compare {
        /// The older report
        old: PathBuf,
        /// The newer report
        new: PathBuf,
        /// Format of the comparison
        #[arg(long, value_enum, default_value = "table")]
        format: ChangesFormat,
        /// Write the comparison to FILE instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Print a JSON report of run in another format
    Report {
        /// The report
        file: PathBuf,
        /// Format to print it in
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
        /// Write it to FILE instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Measure how fast targets are, in turns, and print median, spread and ratio of each figure
    ///
    /// Exit status: 0 all is measured or skipped; 1 a target failed; 2 usage error, or no figure was selected; 3 svconform
    /// failed or was interrupted.
    Bench(BenchArguments),
    /// Describe a scenario or a requirement, and what the last run found
    ///
    /// Without an id, list what failed in the last run. A part of several ids lists those.
    Explain {
        /// Read the JSON report FILE [default: the last report that run printed as a table]
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        /// The id of a scenario or a requirement, or a part of it
        id: Option<String>,
    },
    /// Say what this machine lacks for which scenarios, and how to get it
    ///
    /// Exit status: 0 nothing is missing; 1 something is; 2 usage error; 3 this machine cannot run scenarios at all.
    Doctor {
        /// Also list the scenarios, and what was tried
        #[arg(long, short)]
        verbose: bool,
        /// Part of an id, or a requirement such as SUP-22
        filter: Vec<String>,
    },
    /// Print a script that completes commands and options in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    #[command(hide = true)]
    Worker(worker::Assignment),
    #[command(hide = true)]
    BenchWorker(bench::worker::Assignment),
}

#[derive(Debug, Args)]
struct RunArguments {
    /// Test the commands in DIR and call them NAME in reports. May be given more than once [default: the daemontools in
    /// /command or PATH, called installed]
    #[arg(long = "target", value_name = "NAME=DIR")]
    targets: Vec<Target>,
    /// Also test mixes of two targets: the clients or svscan of one with all other commands of the other
    #[arg(long, value_name = "A,B")]
    mix: Option<String>,
    /// Show the transcript of this target beside that of a target that failed [default: reference, if there is one]
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,
    /// Number of scenarios to run in parallel
    #[arg(long, value_name = "N", default_value_t = default_jobs(), value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// Multiply all time limits by X, a number from 1 to 1000, for slow or busy machines
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = scale)]
    time_scale: f64,
    /// Also run N random sequences of events. Without a filter, run nothing else
    #[arg(long, value_name = "N", default_value_t = 0)]
    random: u16,
    /// Seed of the first random sequence. The numbers after it are used for the others
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Run each scenario N times. The worst verdict counts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    repeat: u16,
    /// Run the scenarios in a different order, determined by SEED
    #[arg(long, value_name = "SEED")]
    shuffle: Option<u64>,
    /// Run only scenarios of the JSON report FILE that did not pass: all but pass and known
    #[arg(long, value_name = "FILE", conflicts_with = "random")]
    since: Option<PathBuf>,
    /// Do not start more scenarios after the first failure
    #[arg(long)]
    fail_fast: bool,
    /// Keep the directories in which the scenarios ran, and print where they are
    #[arg(long)]
    keep: bool,
    /// Read known differences from FILE. May be given more than once
    #[arg(long, value_name = "FILE")]
    deviations: Vec<PathBuf>,
    /// Format of the report
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Write the report to FILE instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// In the format table, also print a line per scenario
    #[arg(long, short)]
    verbose: bool,
    /// Do not keep a report that is printed as a table for explain
    #[arg(long)]
    forget: bool,
    /// Scenarios to run: only those for promises of the manual, all, or the fault matrix and nothing else
    #[arg(long, value_enum, default_value = "all")]
    level: Level,
    /// Of the fault matrix, run only N cells on each target, chosen by --seed
    #[arg(long, value_name = "N")]
    cells: Option<usize>,
    /// Treat skipped scenarios as failures
    #[arg(long)]
    require_all: bool,
    /// Part of an id, or a requirement such as SUP-22
    filter: Vec<String>,
}

#[derive(Debug, Args)]
struct BenchArguments {
    /// Measure the commands in DIR and call them NAME in reports. May be given more than once [default: as for run]
    #[arg(long = "target", value_name = "NAME=DIR")]
    targets: Vec<Target>,
    /// Measure nothing, but read the JSON report FILE of an earlier run
    #[arg(long, value_name = "FILE", conflicts_with_all = ["targets", "baseline", "services", "rounds", "filter"])]
    from: Option<PathBuf>,
    /// Give ratios to this target [default: reference, or the last target if none has this name]
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,
    /// Number of services in figures that need many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    services: u16,
    /// Number of rounds. In each of them, each figure is measured once on each target
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Format of the report
    #[arg(long, value_enum, default_value = "table")]
    format: bench::Format,
    /// Write the report to FILE instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also draw each figure as a bar chart, an SVG file in DIR
    #[arg(long, value_name = "DIR")]
    charts: Option<PathBuf>,
    /// Part of the id of a figure, such as throughput/
    filter: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    Doc,
    All,
    Faults,
}

impl RunArguments {
    /// Returns whether to run the fault matrix, and not single cells of it.
    fn is_matrix(&self) -> bool {
        self.level == Level::Faults || self.filter.iter().any(|filter| faults::is_matrix(filter))
    }
}

/// The shells that completions are for.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

fn default_jobs() -> u16 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    u16::try_from(cores * 12).unwrap_or(u16::MAX)
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(scale) if (1.0..=1000.0).contains(&scale) => Ok(scale),
        _ => Err("must be a number from 1 to 1000".to_owned()),
    }
}

fn main() -> ExitCode {
    let called = std::env::args_os().next().unwrap_or_default();
    if PathBuf::from(called).file_name().is_some_and(|name| name == probe::NAME) {
        return probe::main();
    }
    let outcome = match Cli::parse().command {
        Command::Run(arguments) => run_and_report(&arguments),
        Command::List { figures: true, filter, .. } => {
            bench::list(&filter).map_err(CliError::Usage).and_then(|text| print(&text))
        }
        Command::List { uncovered, filter, .. } => list(uncovered, &filter),
        Command::Compare { old, new, format, output } => compare_reports(&old, &new, format, output.as_deref()),
        Command::Report { file, format, output } => convert(&file, format, output.as_deref()),
        Command::Explain { report, id } => explain_id(report.as_deref(), id.as_deref()),
        Command::Doctor { verbose, filter } => examine_machine(verbose, &filter),
        Command::Completions { shell } => completions(shell),
        Command::Bench(arguments) => bench_and_report(&arguments),
        Command::BenchWorker(assignment) => bench::worker::work(&assignment).map(|()| 0).map_err(CliError::Suite),
        Command::Worker(assignment) => worker::work(&assignment).map(|()| 0).map_err(CliError::Suite),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let (code, message) = match error {
                CliError::Usage(message) => (2, message),
                CliError::Suite(error) => (3, error.to_string()),
            };
            let _ = writeln!(io::stderr(), "svconform: {message}");
            ExitCode::from(code)
        }
    }
}

/// Why there is no report.
enum CliError {
    /// Exit code 2.
    Usage(String),
    /// Exit code 3.
    Suite(io::Error),
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> CliError {
        CliError::Suite(error)
    }
}

/// Returns the scenario `id` if it is not one of the list, but follows from a seed or is a cell of the fault matrix.
fn generated(id: &str) -> Option<&'static Scenario> {
    random::find(id).or_else(|| faults::find(id))
}

/// Returns the scenarios that `filters` select, or all without filters.
fn select(filters: &[String]) -> Result<Vec<&'static Scenario>, CliError> {
    let (random, filters): (Vec<_>, Vec<_>) =
        filters.iter().map(|filter| (generated(filter), filter)).partition(|(generated, _)| generated.is_some());
    for (_, filter) in &filters {
        if !scenarios::all().any(|scenario| scenario.matches(filter)) {
            return Err(CliError::Usage(format!("no scenario matches {filter}")));
        }
    }
    let select_all = filters.is_empty() && random.is_empty();
    let selected = scenarios::all().filter(|one| select_all || filters.iter().any(|(_, filter)| one.matches(filter)));
    Ok(selected.chain(random.into_iter().filter_map(|(random, _)| random)).collect())
}

/// Returns the scenarios that `arguments` select for `targets`, the random ones included. None at all if everything in the
/// report of `--since` passed.
fn selected(arguments: &RunArguments, targets: &[Target]) -> Result<Vec<&'static Scenario>, CliError> {
    if arguments.is_matrix() {
        let lives = faults::select(&arguments.filter);
        return if lives.is_empty() { Err(CliError::Usage("no life is selected".to_owned())) } else { Ok(lives) };
    }
    let only_random = arguments.random > 0 && arguments.filter.is_empty();
    let mut selected = if only_random { vec![] } else { select(&arguments.filter)? };
    selected.extend(random::scenarios(arguments.random.into(), arguments.seed));
    if let Some(path) = &arguments.since {
        let left = left_since(path, arguments, targets)?;
        if left.is_empty() {
            let _ = writeln!(io::stderr(), "svconform: nothing to run: all passed in {}", path.display());
            return Ok(left);
        }
        // Random scenarios of that report are not among those that a filter selects.
        selected = left;
        selected.retain(|one| arguments.filter.is_empty() || arguments.filter.iter().any(|filter| one.matches(filter)));
    }
    selected.retain(|scenario| arguments.level == Level::All || scenario.class() == Class::Doc);
    if selected.is_empty() {
        return Err(CliError::Usage("no scenario is selected".to_owned()));
    }
    Ok(selected)
}

/// Returns the scenarios that did not pass in the report at `path`.
fn left_since(path: &Path, arguments: &RunArguments, targets: &[Target]) -> Result<Vec<&'static Scenario>, CliError> {
    let in_file = |problem: String| CliError::Usage(format!("{}: {problem}", path.display()));
    let report = read_report(path)?;
    let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    let ids = since::unsettled(&report, &names, arguments.mix.is_some()).map_err(in_file)?;
    let (known, unknown): (Vec<&str>, Vec<&str>) = ids.into_iter().partition(|id| scenarios::find(id).is_some());
    if !unknown.is_empty() {
        let unknown = unknown.join(", ");
        let _ = writeln!(io::stderr(), "svconform: {}: no longer a scenario: {unknown}", path.display());
    }
    Ok(known.into_iter().filter_map(scenarios::find).collect())
}

/// Reads a JSON report of run.
fn read_report(path: &Path) -> Result<Report, CliError> {
    read_with(path, json::read)
}

/// Returns `given`, or without any the daemontools of this machine.
fn targets_or_installed(given: &[Target]) -> Result<Vec<Target>, CliError> {
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    let Some(found) = Target::installed(std::env::var_os("PATH").as_deref()) else {
        let problem = "neither /command nor a directory of PATH has supervise and svscan";
        let remedy = "give --target NAME=DIR with a directory of commands";
        return Err(CliError::Usage(format!("{problem}: {remedy}")));
    };
    let (name, directory) = (&found.name, found.directory.display());
    let _ = writeln!(io::stderr(), "svconform: no --target: taking {directory} under the name {name}");
    Ok(vec![found])
}

/// Fails if two of the targets and mixes have one name.
fn check_names(targets: &[Target]) -> Result<(), CliError> {
    for (index, Target { name, .. }) in targets.iter().enumerate() {
        if targets[..index].iter().any(|earlier| earlier.name == *name) {
            return Err(CliError::Usage(format!("two targets are called {name}")));
        }
    }
    Ok(())
}

/// Fails if a directory has none of `known`, the commands to test, or one that cannot be used.
fn check_directories(targets: &[Target], known: &[&str]) -> Result<(), CliError> {
    for Target { directory, .. } in targets {
        if !known.iter().any(|command| commands::has_command(directory, command)) {
            return Err(CliError::Usage(format!("{}: no commands to test in this directory", directory.display())));
        }
        // Skipping it, like a command that was left out, would hide a forgotten mode or a dangling link.
        if let Some(command) = known.iter().find(|command| commands::is_unusable(directory, command)) {
            let path = directory.join(command);
            return Err(CliError::Usage(format!("{}: not an executable file", path.display())));
        }
    }
    Ok(())
}

/// Returns the mixes of the two targets that `--mix` names, as directories of links below `directory`.
fn mixes(targets: &[Target], names: &str, directory: &Path) -> Result<Vec<Target>, CliError> {
    let find = |name: &str| targets.iter().find(|target| target.name == name);
    match names.split_once(',').map(|(one, other)| (find(one), find(other))) {
        Some((Some(one), Some(other))) if one.name != other.name => Ok(Target::mixes(one, other, directory)?),
        _ => Err(CliError::Usage(format!("--mix takes the names of two targets, A,B: {names}"))),
    }
}

/// Reads the deviations files, each of which must be for one of `targets`.
fn read_deviations(paths: &[PathBuf], targets: &[Target]) -> Result<Vec<Deviations>, CliError> {
    let mut lists = vec![];
    for path in paths {
        let list = Deviations::read(path).map_err(CliError::Usage)?;
        if !targets.iter().any(|target| target.name == list.target) {
            let (path, name) = (path.display(), &list.target);
            return Err(CliError::Usage(format!("{path}: no target is called {name}: give --target {name}=DIR")));
        }
        if let Some(scenario) = list.repeated(&lists) {
            let problem = format!("an earlier file also lists {scenario} for {}", list.target);
            return Err(CliError::Usage(format!("{}: {problem}", path.display())));
        }
        lists.push(list);
    }
    Ok(lists)
}

fn run_and_report(arguments: &RunArguments) -> Result<u8, CliError> {
    let plain = targets_or_installed(&arguments.targets)?;
    let selected = selected(arguments, &plain)?;
    check_names(&plain)?;
    check_directories(&plain, &[commands::ALL, commands::EXTENSIONS].concat())?;
    let has_target = |name: &str| plain.iter().any(|target| target.name == name);
    let mix_directory = tempfile::Builder::new().prefix("svconform-mixes-").tempdir().map_err(|error| {
        let directory = std::env::temp_dir();
        CliError::Usage(format!("{}: cannot be used for temporary files: {error}; set TMPDIR", directory.display()))
    })?;
    let mut targets = plain.clone();
    if let Some(names) = &arguments.mix {
        targets.extend(mixes(&plain, names, mix_directory.path())?);
    }
    check_names(&targets)?;
    if let Some(baseline) = arguments.baseline.as_deref().filter(|baseline| !has_target(baseline)) {
        return Err(CliError::Usage(format!("no target is called {baseline}")));
    }
    let default_baseline = || has_target("reference").then(|| "reference".to_owned());
    let lists = read_deviations(&arguments.deviations, &plain)?;
    let output = Output::open(arguments.output.as_deref()).map_err(CliError::Usage)?;

    let begin = Instant::now();
    let options = RunOptions {
        jobs: arguments.jobs.into(),
        scale: arguments.time_scale,
        fail_fast: arguments.fail_fast,
        keep: arguments.keep,
        repeat: arguments.repeat.into(),
        shuffle: arguments.shuffle,
    };
    let deviation = |scenario: &Scenario, target: &Target| -> Option<&Deviation> {
        deviations::entry(&lists, target.judged(scenario), scenario.id)
    };
    let results = run::run(&selected, &targets, &options, &|scenario, target, run| {
        !Verdict::of(run.failure.as_ref(), deviation(scenario, target).is_some()).is_trouble()
    })?;
    let matrix = if arguments.is_matrix() {
        let plan = matrix::Plan { filters: &arguments.filter, cells: arguments.cells, seed: arguments.seed };
        matrix::run(&selected, &results, &targets, &options, &plan)?
    } else {
        matrix::Matrix::default()
    };
    let entry = |(scenario, runs): (&&Scenario, Vec<Vec<outcome::Run>>)| {
        let result = |(target, runs): (&Target, Vec<outcome::Run>)| {
            let deviation = deviation(scenario, target);
            let judgement = Judgement::of(runs, deviation.is_some());
            TargetResult { target: target.name.clone(), judgement, deviation: deviation.cloned() }
        };
        ScenarioEntry {
            id: scenario.id.to_owned(),
            requirements: scenario.requirements.iter().map(|&id| id.to_owned()).collect(),
            class: scenario.class(),
            results: targets.iter().zip(runs).map(result).collect(),
        }
    };
    let mut report = Report {
        schema: report::SCHEMA,
        svconform: env!("CARGO_PKG_VERSION").to_owned(),
        program: target::quoted(&std::env::current_exe()?.display().to_string()),
        targets: targets
            .iter()
            .map(|target| TargetEntry {
                name: target.name.clone(),
                arguments: arguments_again(target, &targets, arguments, &lists),
                mixed: target.is_mixed(),
            })
            .collect(),
        baseline: arguments.baseline.clone().or_else(default_baseline),
        milliseconds: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        interrupted: results.interrupted || matrix.interrupted,
        kept: results.kept.map(|directory| directory.display().to_string()),
        scenarios: selected.iter().zip(results.runs).map(entry).chain(matrix.entries(&targets, &lists)).collect(),
    };
    report.settle();
    let format = arguments.format;
    output.write(&if arguments.verbose { format.render_all_lines(&report) } else { format.render(&report) })?;
    if report.interrupted {
        let _ = writeln!(io::stderr(), "svconform: interrupted; the report covers the scenarios that finished");
    }
    // Whoever chose another format takes care of the report. A table cannot be read again.
    if format == Format::Table && !arguments.forget {
        keep(&report);
    }
    Ok(report.exit_code(arguments.require_all))
}

/// Returns the arguments of `svconform run` that make `target` again and judge it by the same deviations, quoted for a shell.
fn arguments_again(target: &Target, all: &[Target], arguments: &RunArguments, lists: &[Deviations]) -> String {
    let mut again = target.arguments(all);
    for (path, list) in arguments.deviations.iter().zip(lists) {
        if target.is_made_of(&list.target) {
            let path = path.canonicalize().unwrap_or_else(|_| path.clone());
            again += &format!(" --deviations {}", target::quoted(&path.display().to_string()));
        }
    }
    again
}

/// Keeps `report` for explain, and says where. That it cannot be kept does not change the result of a run.
fn keep(report: &Report) {
    let Some(path) = last::path() else { return };
    let _ = match last::keep(&path, &json::render(report)) {
        Ok(()) => writeln!(io::stderr(), "svconform: kept {} for svconform explain", path.display()),
        Err(problem) => writeln!(io::stderr(), "svconform: the report is not kept for explain: {problem}"),
    };
}

fn bench_and_report(arguments: &BenchArguments) -> Result<u8, CliError> {
    if let Some(path) = &arguments.from {
        let in_file = |problem: String| CliError::Usage(format!("{}: {problem}", path.display()));
        let bytes = std::fs::read(path).map_err(|error| in_file(error.to_string()))?;
        let report = bench::report::read(&bytes).map_err(in_file)?;
        let output = Output::open(arguments.output.as_deref()).map_err(CliError::Usage)?;
        output.write(&arguments.format.render(&report))?;
        if let Some(directory) = &arguments.charts {
            bench::write_charts(&report, directory)?;
        }
        return Ok(0);
    }
    let targets = &targets_or_installed(&arguments.targets)?;
    let subjects = bench::select(&arguments.filter).map_err(CliError::Usage)?;
    check_names(targets)?;
    check_directories(targets, &bench::commands())?;
    let has_target = |name: &str| targets.iter().any(|target| target.name == name);
    let baseline = match &arguments.baseline {
        Some(name) if has_target(name) => name,
        Some(name) => return Err(CliError::Usage(format!("no target is called {name}"))),
        None if has_target("reference") => "reference",
        None => targets.last().map_or("", |target| &target.name),
    };
    let output = Output::open(arguments.output.as_deref()).map_err(CliError::Usage)?;
    let report = bench::measure(&bench::Plan {
        subjects: &subjects,
        filters: &arguments.filter,
        targets,
        baseline,
        services: arguments.services.into(),
        rounds: arguments.rounds.into(),
    })?;
    output.write(&arguments.format.render(&report))?;
    if let Some(directory) = &arguments.charts {
        bench::write_charts(&report, directory)?;
    }
    if report.interrupted {
        let _ = writeln!(io::stderr(), "svconform: interrupted; the report covers the rounds that finished");
    }
    Ok(report.exit_code())
}

fn list(uncovered: bool, filters: &[String]) -> Result<u8, CliError> {
    if uncovered {
        return list_uncovered(filters);
    }
    let selected = select(filters)?;
    let width = selected.iter().map(|scenario| scenario.id.len()).max().unwrap_or(0);
    let line = |scenario: &&Scenario| {
        format!("{:width$}  {}  {}\n", scenario.id, scenario.class().word(), scenario.requirements.join(" "))
    };
    print(&selected.iter().map(line).collect::<String>())
}

fn list_uncovered(filters: &[String]) -> Result<u8, CliError> {
    let is_selected = |id: &str| filters.is_empty() || filters.iter().any(|filter| id.contains(filter.as_str()));
    if !requirement::all().any(|requirement| is_selected(requirement.id)) {
        return Err(CliError::Usage(format!("no requirement matches {}", filters.join(" "))));
    }
    let proven: Vec<&str> = scenarios::all().flat_map(|scenario| scenario.requirements).copied().collect();
    let mut text = String::new();
    for requirement in requirement::all().filter(|one| one.class != Class::Bug && !proven.contains(&one.id)) {
        if is_selected(requirement.id) {
            let reason = requirement::UNPROVEN.iter().find(|(id, _)| *id == requirement.id).map_or("", |(_, why)| *why);
            text += &format!("{:8} {:4} {}\n", requirement.id, requirement.class.word(), requirement.promise);
            text += &format!("{:13} not proved: {reason}\n", "");
        }
    }
    print(&text)
}

fn explain_id(report: Option<&Path>, id: Option<&str>) -> Result<u8, CliError> {
    let path = report.map(Path::to_owned).or_else(|| last::path().filter(|path| path.exists()));
    let Some(id) = id else {
        let Some(path) = path else {
            let problem = "no report is kept: give an id, or --report FILE with a JSON report";
            return Err(CliError::Usage(problem.to_owned()));
        };
        let troubles = explain::troubles(&read_report(&path)?);
        let nothing = format!("nothing failed in {}\n", path.display());
        return print(if troubles.is_empty() { &nothing } else { &troubles });
    };
    let ids = if explain::page(id).is_some() { vec![id] } else { explain::ids(id) };
    let [id] = ids[..] else {
        return match ids.len() {
            0 => Err(CliError::Usage(format!("neither a scenario nor a requirement: {id}; see svconform list"))),
            _ => print(&explain::list(&ids)),
        };
    };
    let mut text = explain::page(id).unwrap_or_default();
    if let Some(path) = path {
        match (read_report(&path), report) {
            (Ok(read), _) => match explain::last_run(&read, &path.display().to_string(), id) {
                Some(run) => text += &format!("\n{run}"),
                None if report.is_some() => {
                    return Err(CliError::Usage(format!("{}: no scenario for {id} was selected", path.display())));
                }
                None => {}
            },
            (Err(error), Some(_)) => return Err(error),
            // Nobody asked for the last report, which another version may have written.
            (Err(_), None) => {}
        }
    }
    print(&text)
}

fn examine_machine(is_verbose: bool, filters: &[String]) -> Result<u8, CliError> {
    let selected = select(filters)?;
    let lacks = doctor::examine(&selected)?;
    print(&doctor::render(&lacks, selected.len(), is_verbose))?;
    Ok(u8::from(!lacks.is_empty()))
}

fn completions(shell: Shell) -> Result<u8, CliError> {
    // clap_complete would offer the hidden commands too.
    let visible =
        Cli::command().get_subcommands().filter(|command| !command.is_hide_set()).cloned().collect::<Vec<_>>();
    let mut command = clap::Command::new("svconform").version(env!("CARGO_PKG_VERSION")).subcommands(visible);
    let mut script = vec![];
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    clap_complete::generate(shell, &mut command, "svconform", &mut script);
    ignore_closed_pipe(io::stdout().write_all(&script))?;
    Ok(0)
}

/// Reads the file `path`, which is an operand, and hands its bytes to `parse`.
fn read_with<T>(path: &Path, parse: impl FnOnce(&[u8]) -> Result<T, String>) -> Result<T, CliError> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string());
    bytes.and_then(|bytes| parse(&bytes)).map_err(|problem| CliError::Usage(format!("{}: {problem}", path.display())))
}

fn convert(file: &Path, format: Format, output: Option<&Path>) -> Result<u8, CliError> {
    let report = read_with(file, |bytes| {
        if bench::report::is_bench(bytes) {
            return Err("a report of bench: use svconform bench --from FILE".to_owned());
        }
        json::read(bytes)
    })?;
    Output::open(output).map_err(CliError::Usage)?.write(&format.render(&report))?;
    Ok(0)
}

fn compare_reports(old: &Path, new: &Path, format: ChangesFormat, output: Option<&Path>) -> Result<u8, CliError> {
    let is_bench = |path: &Path| read_with(path, |bytes| Ok(bench::report::is_bench(bytes)));
    let (text, is_worse) = match (is_bench(old)?, is_bench(new)?) {
        (false, false) => {
            let (old, new) = (read_report(old)?, read_report(new)?);
            let changes = compare::changes(&old, &new);
            let is_worse = changes.iter().any(|change| change.kind.is_bad());
            (format.render(&old, &new, &changes), is_worse)
        }
        (true, true) => {
            let (old, new) = (read_with(old, bench::report::read)?, read_with(new, bench::report::read)?);
            let (text, is_worse) = bench::compare(&old, &new).map_err(CliError::Usage)?;
            match format {
                ChangesFormat::Table => (text.into_bytes(), is_worse),
                ChangesFormat::Html => (bench::changes_page(&text), is_worse),
            }
        }
        _ => return Err(CliError::Usage("one report is of bench and the other is not".to_owned())),
    };
    Output::open(output).map_err(CliError::Usage)?.write(&text)?;
    Ok(u8::from(is_worse))
}

/// Writes to standard output.
fn print(text: &str) -> Result<u8, CliError> {
    ignore_closed_pipe(io::stdout().write_all(text.as_bytes()))?;
    Ok(0)
}
