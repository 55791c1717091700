"""SIGKILL and SIGTERM at system calls: one consistent state, nothing lost, and a second run converges. A sample; `make fault` takes every one."""
import pytest

from scenarios import SCENARIOS, Git, calls_of, stopped


def sample(pairs, size):
    return [pairs[index * len(pairs) // size] for index in range(size)] if len(pairs) > size else pairs


@pytest.mark.parametrize("what", SCENARIOS)
def test_killed_anywhere_nothing_is_lost_and_a_second_run_converges(ws, tmp_path, what):
    check(SCENARIOS[what](), ws, tmp_path, "KILL", 8 if issubclass(SCENARIOS[what], Git) else 12)


@pytest.mark.parametrize("what", ["a setup", "a teardown", "a save while the command runs"])
def test_ended_anywhere_nothing_is_lost_and_a_second_run_converges(ws, tmp_path, what):
    check(SCENARIOS[what](), ws, tmp_path, "TERM", 6)


def check(scenario, ws, directory, how, size):
    pairs = calls_of(scenario, ws, directory / "count")
    assert len(pairs) > 3, pairs
    runs = [stopped(scenario, ws, directory / str(i), *pair, how, i) for i, pair in enumerate(sample(pairs, size))]
    assert any(runs)
