use super::*;
use Effect::{Announce, Quit, Signal as Send, Start};
use Event::{Asked, Died, NotStarted, Ready, Started, Tick};
use proptest::prelude::*;
use std::time::UNIX_EPOCH;

/// `millis` after the moment at which every test's supervise starts.
fn at(millis: u64) -> Now {
    let elapsed = Duration::from_millis(millis);
    Now { label: Tai64n::of(UNIX_EPOCH + elapsed), elapsed }
}

fn pid(number: i32) -> Pid {
    Pid::from_raw(number)
}

fn down(since: u64, want: Want) -> Effect {
    Announce(Status { since: at(since).label, pid: 0, paused: false, want })
}

fn up(since: u64, want: Want) -> Effect {
    Announce(Status { since: at(since).label, pid: 7, paused: false, want })
}

fn paused(since: u64, want: Want) -> Effect {
    Announce(Status { since: at(since).label, pid: 7, paused: true, want })
}

/// A service that was started as process 7 at 0 ms.
fn running(want: Want) -> Machine {
    let mut machine = Machine::new(want, at(0));
    let _ = machine.step(Started(pid(7)), at(0));
    machine
}

/// A service that is down and whose rest is over.
fn stopped() -> Machine {
    Machine::new(Want::Down, at(0))
}

/// A service that died 100 ms after its start, and is to be started again.
fn resting() -> Machine {
    let mut machine = running(Want::Up);
    assert_eq!(machine.step(Died, at(100)), [down(100, Want::Up)]);
    machine
}

fn signals() -> [Command; 5] {
    [Signal::SIGHUP, Signal::SIGALRM, Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL].map(Command::Send)
}

#[test]
fn it_starts_when_ready_unless_there_is_a_down_file() {
    assert_eq!(Machine::new(Want::Up, at(0)).step(Ready, at(0)), [Start]);
    assert_eq!(Machine::new(Want::Down, at(0)).step(Ready, at(0)), []);
}

#[test]
fn a_start_is_announced_with_its_pid_and_time() {
    let mut machine = Machine::new(Want::Up, at(0));
    assert_eq!(machine.step(Started(pid(7)), at(5)), [up(5, Want::Up)]);
    assert_eq!(machine.pid(), Some(pid(7)));
}

#[test]
fn a_service_that_lived_a_second_is_started_again_at_once() {
    assert_eq!(running(Want::Up).step(Died, at(1000)), [down(1000, Want::Up), Start]);
}

#[test]
fn one_that_did_not_is_started_a_second_after_its_start() {
    let mut machine = resting();
    assert_eq!(machine.due(), Some(Duration::from_secs(1)));
    assert_eq!(machine.step(Tick, at(999)), []);
    assert_eq!(machine.step(Tick, at(1000)), [Start]);
    assert_eq!(machine.due(), None);
}

#[test]
fn one_that_is_not_wanted_up_stays_down() {
    for want in [Want::Down, Want::Once] {
        let mut machine = running(want);
        assert_eq!(machine.step(Died, at(2000)), [down(2000, want)]);
        assert_eq!(machine.due(), None);
    }
}

#[test]
fn down_terminates_then_continues_then_announces() {
    let expected = [Send(pid(7), Signal::SIGTERM), Send(pid(7), Signal::SIGCONT), up(0, Want::Down)];
    assert_eq!(running(Want::Up).step(Asked(Command::Down), at(2000)), expected);
}

#[test]
fn down_on_a_paused_service_says_it_is_not_paused() {
    let mut machine = running(Want::Up);
    let _ = machine.step(Asked(Command::Pause), at(10));
    assert_eq!(machine.step(Asked(Command::Down), at(20)).last(), Some(&up(0, Want::Down)));
}

#[test]
fn down_calls_off_a_start_that_is_due() {
    let mut machine = resting();
    assert_eq!(machine.step(Asked(Command::Down), at(200)), [down(100, Want::Down)]);
    assert_eq!(machine.step(Tick, at(5000)), []);
}

#[test]
fn up_and_once_announce_then_start() {
    assert_eq!(stopped().step(Asked(Command::Up), at(50)), [down(0, Want::Up), Start]);
    assert_eq!(stopped().step(Asked(Command::Once), at(50)), [down(0, Want::Once), Start]);
}

#[test]
fn up_and_once_on_a_running_service_change_only_what_is_wanted() {
    let mut machine = running(Want::Up);
    let _ = machine.step(Asked(Command::Pause), at(10));
    assert_eq!(machine.step(Asked(Command::Once), at(20)), [paused(0, Want::Once)]);
    assert_eq!(machine.step(Asked(Command::Up), at(30)), [paused(0, Want::Up)]);
}

#[test]
fn up_and_once_wait_for_the_rest_too() {
    for (command, want) in [(Command::Up, Want::Up), (Command::Once, Want::Once)] {
        let mut machine = resting();
        assert_eq!(machine.step(Asked(command), at(200)), [down(100, want)]);
        assert_eq!(machine.step(Tick, at(1000)), [Start]);
    }
}

#[test]
fn pause_and_continue_announce_then_signal() {
    let mut machine = running(Want::Up);
    assert_eq!(machine.step(Asked(Command::Pause), at(10)), [paused(0, Want::Up), Send(pid(7), Signal::SIGSTOP)]);
    assert_eq!(machine.step(Asked(Command::Continue), at(20)), [up(0, Want::Up), Send(pid(7), Signal::SIGCONT)]);
}

#[test]
fn signals_announce_nothing() {
    for command in signals() {
        let Command::Send(signal) = command else { unreachable!() };
        assert_eq!(running(Want::Up).step(Asked(command), at(10)), [Send(pid(7), signal)]);
        assert_eq!(stopped().step(Asked(command), at(10)), []);
    }
}

#[test]
fn commands_to_a_service_that_is_down_announce_and_signal_nobody() {
    for command in [Command::Down, Command::Pause, Command::Continue] {
        assert_eq!(stopped().step(Asked(command), at(10)), [down(0, Want::Down)]);
    }
}

#[test]
fn a_start_forgets_the_pause() {
    let mut machine = stopped();
    let _ = machine.step(Asked(Command::Pause), at(10));
    let _ = machine.step(Asked(Command::Up), at(20));
    assert_eq!(machine.step(Started(pid(7)), at(30)), [up(30, Want::Up)]);
}

#[test]
fn exit_announces_and_leaves_at_once_when_down() {
    assert_eq!(stopped().step(Asked(Command::Exit), at(10)), [down(0, Want::Down), Quit]);
}

#[test]
fn exit_signals_nobody_and_leaves_at_the_next_death_whatever_is_wanted() {
    let mut machine = running(Want::Up);
    assert_eq!(machine.step(Asked(Command::Exit), at(10)), [up(0, Want::Up)]);
    assert_eq!(machine.step(Asked(Command::Up), at(20)), [up(0, Want::Up)]);
    assert_eq!(machine.step(Died, at(3000)), [down(3000, Want::Up), Quit]);
}

#[test]
fn exit_does_not_wait_for_a_restart() {
    assert_eq!(resting().step(Asked(Command::Exit), at(200)), [down(100, Want::Up), Quit]);
}

#[test]
fn exit_waits_for_a_run_that_was_asked_for() {
    let mut machine = resting();
    let _ = machine.step(Asked(Command::Once), at(200));
    assert_eq!(machine.step(Asked(Command::Exit), at(201)), [down(100, Want::Once)]);
    assert_eq!(machine.step(Tick, at(1000)), [Start]);
    assert_eq!(machine.step(Started(pid(7)), at(1000)), [up(1000, Want::Once)]);
    assert_eq!(machine.step(Died, at(1001)), [down(1001, Want::Once), Quit]);
}

#[test]
fn a_start_that_is_called_off_while_leaving_is_waited_for_no_longer() {
    let mut machine = resting();
    let _ = machine.step(Asked(Command::Once), at(200));
    let _ = machine.step(Asked(Command::Exit), at(201));
    assert_eq!(machine.step(Asked(Command::Down), at(202)), [down(100, Want::Down), Quit]);
}

#[test]
fn a_fork_that_failed_is_tried_again_after_a_minute_for_up_and_for_once() {
    for command in [Command::Up, Command::Once] {
        let mut machine = stopped();
        let _ = machine.step(Asked(command), at(0));
        assert_eq!(machine.step(NotStarted, at(10)), []);
        assert_eq!(machine.step(Tick, at(60_009)), []);
        assert_eq!(machine.step(Tick, at(60_010)), [Start]);
        assert_eq!(machine.due(), None);
    }
}

#[test]
fn commands_are_heard_while_a_fork_waits() {
    let failed = || {
        let mut machine = stopped();
        let _ = machine.step(Asked(Command::Up), at(0));
        let _ = machine.step(NotStarted, at(0));
        machine
    };
    assert_eq!(failed().step(Asked(Command::Exit), at(10)), [down(0, Want::Up), Quit]);
    assert_eq!(failed().step(Asked(Command::Up), at(10)), [down(0, Want::Up), Start]);
    let mut machine = failed();
    let _ = machine.step(Asked(Command::Down), at(10));
    assert_eq!(machine.step(Tick, at(60_000)), []);
}

fn command() -> impl Strategy<Value = Command> {
    (0..crate::wire::control::LETTERS.len())
        .prop_map(|index| Command::from_letter(crate::wire::control::LETTERS.as_bytes()[index]).unwrap())
}

/// What a world may do to a supervise, besides answering a start.
#[derive(Debug, Clone, Copy)]
enum Stimulus {
    Ask(Command),
    Die,
    Pass(u64),
}

fn stimulus() -> impl Strategy<Value = Stimulus> {
    prop_oneof![
        4 => command().prop_map(Stimulus::Ask),
        2 => Just(Stimulus::Die),
        2 => prop_oneof![0..1500_u64, 50_000..70_000_u64].prop_map(Stimulus::Pass),
    ]
}

proptest! {
    /// Whatever happens: never two children, no signal to a child that is not there, every announcement is true,
    /// no two starts within a second, `Start` and `Quit` last, and a wanted service that is down has a start due.
    #[test]
    fn the_promises_hold_in_any_order_of_events(stimuli in prop::collection::vec(stimulus(), 0..60)) {
        let mut machine = Machine::new(Want::Up, at(0));
        let (mut alive, mut clock, mut next, mut last_start): (Option<Pid>, u64, i32, Option<u64>) = (None, 0, 10, None);
        let mut events = vec![Ready];
        let mut stimuli = stimuli.into_iter();
        loop {
            let Some(event) = events.pop() else {
                match stimuli.next() {
                    None => break,
                    Some(Stimulus::Ask(command)) => events.push(Asked(command)),
                    Some(Stimulus::Die) => {
                        if alive.take().is_some() {
                            events.push(Died);
                        }
                    }
                    Some(Stimulus::Pass(millis)) => {
                        clock += millis;
                        events.push(Tick);
                    }
                }
                continue;
            };
            let effects = machine.step(event, at(clock));
            for (index, effect) in effects.iter().enumerate() {
                match *effect {
                    Announce(status) => {
                        prop_assert_eq!(status.pid, alive.map_or(0, |pid| pid.as_raw().cast_unsigned()));
                        prop_assert!(status.pid != 0 || !status.paused);
                    }
                    Send(to, _) => prop_assert_eq!(Some(to), alive),
                    Start => {
                        prop_assert_eq!(index, effects.len() - 1);
                        prop_assert_eq!(alive, None);
                        if let Some(last) = last_start {
                            prop_assert!(clock >= last + 1000);
                        }
                        if next % 5 == 0 {
                            events.push(NotStarted);
                        } else {
                            alive = Some(pid(next));
                            last_start = Some(clock);
                            events.push(Started(pid(next)));
                        }
                        next += 1;
                    }
                    Quit => {
                        prop_assert_eq!((index, alive), (effects.len() - 1, None));
                        return Ok(());
                    }
                }
            }
            if alive.is_none() && events.is_empty() && machine.status().want == Want::Up {
                prop_assert!(machine.due().is_some());
            }
        }
    }
}
