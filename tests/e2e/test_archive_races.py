"""Unpacking while somebody changes the directories that it is working in: T82 to T85. The attackers are counted, not timed; what
lies outside must stay as it is whatever the race ends with (77: Landlock had the last word). tests/fault/extract_race.py plays the same for longer."""
import pytest
import racers
import rawtar


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("race") / "a.tar.gz"
    path.write_bytes(racers.archive())
    return path


def run_races(ws, archive, canary, tmp_path, attack, options, prepare=lambda target: None):
    """Extractions into one target after the other, until the attacker has hit often enough."""
    more, how = options
    race = racers.Race(tmp_path, canary, racers.ATTACKS[attack])
    try:
        for number in range(8):
            target = tmp_path / f"out{number}"
            prepare(target)
            process = ws.start("ws-archive", "extract", "-q", *more, "-C", target, archive, **how)
            race.run(process)
            assert process.returncode in (0, 65, 66, 73, 74, 77), process.stderr.read()
            if race.hits >= 50:
                break
    except PermissionError as e:
        pytest.skip(f"this attack takes more than there is: {e}")
    finally:
        race.clean()
    assert race.hits > 0


@pytest.mark.parametrize("way", rawtar.WAYS)
@pytest.mark.parametrize("attack", racers.ATTACKS)
def test_whoever_wins_the_race_nothing_outside_changes(ws, archive, canary, tmp_path, attack, way):
    run_races(ws, archive, canary, tmp_path, attack, rawtar.WAYS[way])


@pytest.mark.parametrize("way", rawtar.WAYS)
@pytest.mark.parametrize("attack", racers.ATTACKS)
def test_what_is_joined_with_what_is_there_goes_nowhere_else_either(ws, archive, canary, tmp_path, attack, way):
    def prepare(target):
        for number in range(230):
            (target / f"d{number:03}/deep").mkdir(parents=True)

    more, how = rawtar.WAYS[way]
    run_races(ws, archive, canary, tmp_path, attack, (["--into-existing", *more], how), prepare)
