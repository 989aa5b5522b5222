use super::*;
use Effect::{Announce, Exit, Signal as Send, Start};
use Event::{Exited, ForkFailed, Ready, Received, Started, Tick};
use proptest::prelude::*;
use std::time::UNIX_EPOCH;

/// Returns the time `millis` after the start of supervise.
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

/// Returns a service that was started as process 7 at 0 ms.
fn running(want: Want) -> Machine {
    let mut machine = Machine::new(want, at(0));
    let _ = machine.step(Started(pid(7)), at(0));
    machine
}

/// Returns a service that is down and may be started.
fn stopped() -> Machine {
    Machine::new(Want::Down, at(0))
}

/// Returns a service that exited 100 ms after its start, with a restart pending.
fn restarting() -> Machine {
    let mut machine = running(Want::Up);
    assert_eq!(machine.step(Exited, at(100)), [down(100, Want::Up)]);
    machine
}

const SIGNALS: [(Command, Signal); 5] = [
    (Command::Hangup, Signal::SIGHUP),
    (Command::Alarm, Signal::SIGALRM),
    (Command::Interrupt, Signal::SIGINT),
    (Command::Terminate, Signal::SIGTERM),
    (Command::Kill, Signal::SIGKILL),
];

#[test]
fn it_starts_when_ready_unless_the_service_is_wanted_down() {
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
fn a_service_that_ran_for_a_second_is_restarted_at_once() {
    assert_eq!(running(Want::Up).step(Exited, at(1000)), [down(1000, Want::Up), Start]);
}

#[test]
fn a_service_that_did_not_is_restarted_a_second_after_its_start() {
    let mut machine = restarting();
    assert_eq!(machine.next_start(), Some(Duration::from_secs(1)));
    assert_eq!(machine.step(Tick, at(999)), []);
    assert_eq!(machine.step(Tick, at(1000)), [Start]);
    assert_eq!(machine.next_start(), None);
}

#[test]
fn a_service_that_is_not_wanted_up_stays_down() {
    for want in [Want::Down, Want::Once] {
        let mut machine = running(want);
        assert_eq!(machine.step(Exited, at(2000)), [down(2000, want)]);
        assert_eq!(machine.next_start(), None);
    }
}

#[test]
fn down_terminates_then_continues_then_announces() {
    let expected = [Send(pid(7), Signal::SIGTERM), Send(pid(7), Signal::SIGCONT), up(0, Want::Down)];
    assert_eq!(running(Want::Up).step(Received(Command::Down), at(2000)), expected);
}

#[test]
fn down_clears_paused() {
    let mut machine = running(Want::Up);
    let _ = machine.step(Received(Command::Pause), at(10));
    assert_eq!(machine.step(Received(Command::Down), at(20)).last(), Some(&up(0, Want::Down)));
}

#[test]
fn down_cancels_a_pending_start() {
    let mut machine = restarting();
    assert_eq!(machine.step(Received(Command::Down), at(200)), [down(100, Want::Down)]);
    assert_eq!(machine.step(Tick, at(5000)), []);
}

#[test]
fn up_and_once_announce_then_start() {
    assert_eq!(stopped().step(Received(Command::Up), at(50)), [down(0, Want::Up), Start]);
    assert_eq!(stopped().step(Received(Command::Once), at(50)), [down(0, Want::Once), Start]);
}

#[test]
fn up_and_once_on_a_running_service_change_only_want() {
    let mut machine = running(Want::Up);
    let _ = machine.step(Received(Command::Pause), at(10));
    assert_eq!(machine.step(Received(Command::Once), at(20)), [paused(0, Want::Once)]);
    assert_eq!(machine.step(Received(Command::Up), at(30)), [paused(0, Want::Up)]);
}

#[test]
fn up_and_once_keep_the_start_interval() {
    for (command, want) in [(Command::Up, Want::Up), (Command::Once, Want::Once)] {
        let mut machine = restarting();
        assert_eq!(machine.step(Received(command), at(200)), [down(100, want)]);
        assert_eq!(machine.step(Tick, at(1000)), [Start]);
    }
}

#[test]
fn pause_and_continue_announce_then_signal() {
    let mut machine = running(Want::Up);
    assert_eq!(machine.step(Received(Command::Pause), at(10)), [paused(0, Want::Up), Send(pid(7), Signal::SIGSTOP)]);
    assert_eq!(machine.step(Received(Command::Continue), at(20)), [up(0, Want::Up), Send(pid(7), Signal::SIGCONT)]);
}

#[test]
fn signals_announce_nothing() {
    for (command, signal) in SIGNALS {
        assert_eq!(running(Want::Up).step(Received(command), at(10)), [Send(pid(7), signal)]);
        assert_eq!(stopped().step(Received(command), at(10)), []);
    }
}

#[test]
fn commands_to_a_service_that_is_down_announce_and_send_no_signal() {
    for command in [Command::Down, Command::Pause, Command::Continue] {
        assert_eq!(stopped().step(Received(command), at(10)), [down(0, Want::Down)]);
    }
}

#[test]
fn a_start_clears_paused() {
    let mut machine = stopped();
    let _ = machine.step(Received(Command::Pause), at(10));
    let _ = machine.step(Received(Command::Up), at(20));
    assert_eq!(machine.step(Started(pid(7)), at(30)), [up(30, Want::Up)]);
}

#[test]
fn exit_announces_and_exits_at_once_when_down() {
    assert_eq!(stopped().step(Received(Command::Exit), at(10)), [down(0, Want::Down), Exit]);
}

#[test]
fn exit_sends_no_signal_and_exits_when_the_service_does_whatever_is_wanted() {
    let mut machine = running(Want::Up);
    assert_eq!(machine.step(Received(Command::Exit), at(10)), [up(0, Want::Up)]);
    assert_eq!(machine.step(Received(Command::Up), at(20)), [up(0, Want::Up)]);
    assert_eq!(machine.step(Exited, at(3000)), [down(3000, Want::Up), Exit]);
}

#[test]
fn exit_does_not_wait_for_an_automatic_restart() {
    assert_eq!(restarting().step(Received(Command::Exit), at(200)), [down(100, Want::Up), Exit]);
}

#[test]
fn exit_waits_for_a_requested_run() {
    let mut machine = restarting();
    let _ = machine.step(Received(Command::Once), at(200));
    assert_eq!(machine.step(Received(Command::Exit), at(201)), [down(100, Want::Once)]);
    assert_eq!(machine.step(Tick, at(1000)), [Start]);
    assert_eq!(machine.step(Started(pid(7)), at(1000)), [up(1000, Want::Once)]);
    assert_eq!(machine.step(Exited, at(1001)), [down(1001, Want::Once), Exit]);
}

#[test]
fn exit_does_not_wait_for_a_requested_run_that_down_cancelled() {
    let mut machine = restarting();
    let _ = machine.step(Received(Command::Once), at(200));
    let _ = machine.step(Received(Command::Exit), at(201));
    assert_eq!(machine.step(Received(Command::Down), at(202)), [down(100, Want::Down), Exit]);
}

#[test]
fn a_failed_fork_is_retried_after_a_minute_for_up_and_for_once() {
    for command in [Command::Up, Command::Once] {
        let mut machine = stopped();
        let _ = machine.step(Received(command), at(0));
        assert_eq!(machine.step(ForkFailed, at(10)), []);
        assert_eq!(machine.step(Tick, at(60_009)), []);
        assert_eq!(machine.step(Tick, at(60_010)), [Start]);
        assert_eq!(machine.next_start(), None);
    }
}

#[test]
fn commands_are_obeyed_while_a_failed_fork_waits() {
    let failed = || {
        let mut machine = stopped();
        let _ = machine.step(Received(Command::Up), at(0));
        let _ = machine.step(ForkFailed, at(0));
        machine
    };
    assert_eq!(failed().step(Received(Command::Exit), at(10)), [down(0, Want::Up), Exit]);
    assert_eq!(failed().step(Received(Command::Up), at(10)), [down(0, Want::Up), Start]);
    let mut machine = failed();
    let _ = machine.step(Received(Command::Down), at(10));
    assert_eq!(machine.step(Tick, at(60_000)), []);
}

fn command() -> impl Strategy<Value = Command> {
    prop::sample::select(crate::wire::control::letters()).prop_map(|letter| Command::from_letter(letter).unwrap())
}

/// What may happen to a supervise, apart from the outcome of a start.
#[derive(Debug, Clone, Copy)]
enum Stimulus {
    Receive(Command),
    ChildExits,
    TimePasses(u64),
}

fn stimulus() -> impl Strategy<Value = Stimulus> {
    prop_oneof![
        4 => command().prop_map(Stimulus::Receive),
        2 => Just(Stimulus::ChildExits),
        2 => prop_oneof![0..1500_u64, 50_000..70_000_u64].prop_map(Stimulus::TimePasses),
    ]
}

proptest! {
    /// Whatever happens: there are never two children, no signal goes to a child that has exited, every announcement is
    /// true, no two starts are within a second, `Start` and `Exit` come last, and a service that is down and wanted up
    /// has a start pending.
    #[test]
    fn the_promises_hold_in_any_order_of_events(stimuli in prop::collection::vec(stimulus(), 0..60)) {
        let mut machine = Machine::new(Want::Up, at(0));
        let (mut child, mut clock, mut next, mut last_start): (Option<Pid>, u64, i32, Option<u64>) = (None, 0, 10, None);
        let mut events = vec![Ready];
        let mut stimuli = stimuli.into_iter();
        loop {
            let Some(event) = events.pop() else {
                match stimuli.next() {
                    None => break,
                    Some(Stimulus::Receive(command)) => events.push(Received(command)),
                    Some(Stimulus::ChildExits) => {
                        if child.take().is_some() {
                            events.push(Exited);
                        }
                    }
                    Some(Stimulus::TimePasses(millis)) => {
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
                        prop_assert_eq!(status.pid, child.map_or(0, |pid| pid.as_raw().cast_unsigned()));
                        prop_assert!(status.pid != 0 || !status.paused);
                    }
                    Send(to, _) => prop_assert_eq!(Some(to), child),
                    Start => {
                        prop_assert_eq!(index, effects.len() - 1);
                        prop_assert_eq!(child, None);
                        if let Some(last) = last_start {
                            prop_assert!(clock >= last + 1000);
                        }
                        if next % 5 == 0 {
                            events.push(ForkFailed);
                        } else {
                            child = Some(pid(next));
                            last_start = Some(clock);
                            events.push(Started(pid(next)));
                        }
                        next += 1;
                    }
                    Exit => {
                        prop_assert_eq!((index, child), (effects.len() - 1, None));
                        return Ok(());
                    }
                }
            }
            if child.is_none() && events.is_empty() && machine.status().want == Want::Up {
                prop_assert!(machine.next_start().is_some());
            }
        }
    }
}
