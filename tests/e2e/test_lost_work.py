"""Each way in which users of the five systems, and of those that are like them, lost work: where it is shown that it is none here.

The numbers are those of the issues, the letters those of the list of system 001's weak points. Those that have no other home are tested below.
"""
import os
import re
import stat
import sys
from pathlib import Path

import pytest
from faults import error, reply

import ws as helpers
from place import Base, file_base, make_files, need_root, one_message, read_files, untar  # noqa: F401 (fixtures)
from test_session import HOME_KEY, WORKSPACE, memory, objects, seed, start, through_faults  # noqa: F401 (fixtures)

WAYS = {
    # Letta
    "b6857f3: a sweep deleted every session that was not in memory, which is empty after a restart": "gc what_has_no_record_of_ours_is_left_alone a_live_session_is_left_alone",
    "the workspaces lay beside the operator's own directories, a glob away from being deleted": "gc a_directory_without_our_marker_is_no_base",
    "iree 10392, compose 13612: what is missing is made as root's": "task the_directory_is_there_with_owner_and_mode_before_anything_mounts_it",
    "the KILL reached the docker client alone": "task one_that_does_not_listen_is_killed_with_its_whole_group",
    "state was in memory alone": "task the_same_key_gives_the_same_task_for_as_long_as_there_is_a_record",
    "03h7: a size was looked at after the file had been read": "file the_size_limit_is_checked_before_a_byte_is_read",
    # cc-broker
    "60, 69: the last writer won": "session 60_of_many_sessions_that_end_at_once_one_is_current_and_every_other_is_kept_and_named",
    "61, 63: a server refused every condition": "session 61_63_conditions_that_only_seem_to_be_honoured_are_not_believed",
    "ceph/s3-tests 583, s3gw 674: a server ignores them": "session 61_63_conditions_that_only_seem_to_be_honoured_are_not_believed",
    "minio 21526: If-Match of a key that is gone": "lost_work minio_21526_a_shared_state_that_is_gone_is_not_taken_for_ours",
    "62: all but the transcript was left out": "session 62_every_file_of_a_session_is_kept_and_not_only_the_transcript",
    "57: an AccessDenied was called a bad archive; an empty secret was told late": "session 57_a_403_for_a_key_that_is_there_names_the_other_permission 57_a_secret_that_was_left_empty_is_told_before_a_turn_begins",
    "59: an endpoint with a scheme": "session 59_the_endpoint_is_a_full_url_with_scheme",
    "a: removed although the upload had failed": "session upload_failures_do_not_block_and_lose_nothing an_upload_that_a_store_only_says_to_have_is_not_believed",
    "b: the incomplete archive replaced the good one": "session 2_1_b_what_can_not_be_read_does_not_replace_what_is_complete",
    "c: a file that grew aborted the upload": "session 2_1_c_a_file_that_grows_or_shrinks_while_it_is_saved_does_not_abort",
    "d: all of it in memory, and in one PUT": "lost_work 2_1_d_a_large_session_is_streamed_and_sent_in_parts_gitpod_4602",
    "e: links, modes, times": "session 2_1_e_symlinks_modes_and_times_survive",
    "f: the lock was released before the teardown": "session 2_1_f_the_next_turn_waits_for_the_teardown_of_the_last_one",
    "g: leftovers were mixed in": "session 2_1_g_leftovers_of_a_crashed_turn_are_not_mixed_into_the_restored_state",
    "h: any session id was part of a path": "session 2_1_h_a_session_id_that_is_no_name_is_refused",
    "i: everybody could read it": "session 2_1_i_nobody_else_can_read_a_workspace",
    "j: 403 for a missing key": "session 2_1_j_a_403_for_a_key_that_is_missing_names_the_permission_that_is",
    "k: names that begin with two dots": "session 2_1_k_names_that_begin_with_two_dots_are_legal",
    "l: how another program names its directory": "session 2_1_l_a_cli_that_names_its_directory_otherwise_loses_nothing",
    "aistudio 1373, codenvy 1663, agentcore: a failed read became a write": "session aistudio_1373_a_failed_read_never_becomes_a_write",
    "eliza 18228: it could not be stopped": "session eliza_18228_a_stop_always_ends",
    # Denker
    "work was deleted when a setting changed": "flat a_restart_with_other_settings_never_deletes_work an_option_makes_nothing_temporary_that_was_left_to_be_found_again",
    "the handler ended before the cleanup": "flat it_is_removed_when_the_application_receives_termination_signals",
    "a part of a path decided what was deleted": "flat removal_is_decided_by_what_setup_made_and_not_by_what_a_path_is_called",
    "two wrote the registry at once": "flat no_entry_is_lost_when_many_put_at_once",
    "names met when paths were cut": "flat a_path_is_an_error_that_says_so_and_is_never_cut_to_its_name a_name_that_is_taken_is_an_error_and_not_the_old_file_silently",
    "the migration deleted what it had not copied": "flat every_file_of_every_session_arrives a_session_with_something_that_can_not_be_taken_stays a_full_disk_drops_nothing",
    "the place in /tmp was anybody's to take first": "flat a_link_that_somebody_put_in_the_place_of_the_base_is_refused",
    "first-tree 1609: a link that an agent had planted": "file links_that_an_agent_planted_are_never_followed",
    "factory-factory 1730: a prefix of a path": "git a_link_in_the_place_of_a_workspace_deletes_no_other_factory_factory_1730",
    "openai-agents 3093: a stored state reached outside": "session openai_agents_3093_a_stored_state_reaches_nothing_outside",
    # opencode-cloud
    "dcfd313, 32aaa74, 668ba4f: what was in none of the volumes": "volumes the_container_uses_seven_persistent_storage_locations",
    "e3afb83: a volume of root's": "volumes a_volume_that_is_not_writable_fails_the_check",
    "ccbeab9, vaultwarden, tv-taplist 28, authelia 7824, postgres 1319, compose-cli 1815: an anonymous volume": "volumes an_anonymous_volume_is_not_taken_for_persistent",
    "certmate 680: a check that could not tell said yes": "volumes without_mountinfo_the_answer_is_unknown",
    "158df10: changed mounts were not heeded": "volumes what_is_mounted_is_what_was_asked_for_this_time_158df10",
    "4047cda, reset host: shared directories were deleted": "volumes a_host_directory_that_was_there_before_is_never_reset the_plan_of_a_reset_is_what_the_reset_does",
    "a restore was a merge": "volumes a_restore_does_not_merge_with_what_was_there",
    "a backup was taken of what was at work, and never verified": "volumes a_workspace_that_somebody_works_in_is_neither_backed_up_nor_restored_meanwhile",
    "livekit 1384: a TERM before its handler": "pid1 handlers_are_there_before_anything_else",
    "agentscope 2885: 30 s in every turn": "supervise no_grace_is_added_to_a_turn_that_ends_agentscope_2885",
    # agent-orchestrator
    "1926": "git what_was_not_committed_comes_back_as_it_was_issue_1926",
    "5074": "git a_workspace_in_use_is_not_removed_issue_5074",
    "3591": "git the_session_that_asks_is_not_removed_issue_3591",
    "322": "git destroy_removes_the_link_and_not_what_it_points_to_issue_322",
    "7: the stash is everybody's": "git the_stash_of_others_is_not_touched_issue_7",
    "1650": "git a_stale_branch_is_not_taken_for_a_new_one_issue_1650",
    "3860, claude-code 88967, catalyst 963": "git a_new_branch_begins_at_what_origin_has_now_issue_3860",
    "3942": "git a_branch_that_is_checked_out_elsewhere_is_named_with_its_user_issue_3942 a_ref_that_is_nowhere_is_named_issue_3942 an_invalid_branch_is_named_issue_3942",
    "1743": "git the_branch_of_the_main_worktree_is_refused_with_a_way_out_issue_1743",
    "3402": "git destroy_can_be_done_twice_issue_3402",
    "2608": "git a_setup_that_is_killed_is_made_good_by_the_next_issue_2608",
    "5463": "git teardown_of_a_worktree_whose_directory_is_gone_ends_issue_5463",
    "2045": "git what_a_workspace_that_is_over_left_registered_is_forgotten_issue_2045 nothing_registered_is_left_that_would_block_the_branch_issue_2045",
    "1641": "git a_worktree_without_a_record_is_not_touched_issue_1641",
    "1739": "git keep_saves_and_leaves_the_worktree_issue_1739",
    "2f127ae": "git a_relative_source_gives_links_that_work_issue_2f127ae",
    "o8 1764, letta-code 3046": "git copies_are_their_own_and_secrets_keep_their_modes_letta_code_3046",
    "agentric 73": "git links_share_large_files_and_are_not_committed_agentric_73",
    "claude-code 40259": "git links_come_back_with_the_workspace_claude_code_40259",
    "claude-code 75275": "git destroy_removes_the_link_and_not_what_it_points_to_issue_322",
    "claude-code 47266, 34645, 55724, dot-agent-deck 541": "git 32_at_once_and_none_fails_claude_code_47266",
    "openagents 5818": "git the_lock_of_the_repository_is_waited_for_openagents_5818",
    "agent-deck 1995": "git gc_keeps_the_work_of_what_it_collects_agent_deck_1995",
    "vibesql 3286, 20x 481: a count was the wrong signal": "ls the_table_for_people",
    # Gitpod
    "1862, 16165: a 503 or a time that was up was the end of a backup": "lost_work gitpod_16165_1862_an_answer_that_may_come_later_is_asked_for_again",
    "4602: too big": "lost_work 2_1_d_a_large_session_is_streamed_and_sent_in_parts_gitpod_4602",
    "5689: no workspace, although there was a backup": "lost_work gitpod_5689_what_a_store_has_comes_back_without_a_record",
    "7694: a file of the user's broke the marker": "lost_work gitpod_7694_names_like_ours_in_a_workspace_are_the_users",
    "11183, 18235: what root owns could not be restored": "lost_work gitpod_18235_what_root_saved_a_user_can_restore",
    "1255: one workspace filled the disk": "workspace on_a_full_disk_the_work_goes_to_the_spool_and_is_sent_later the_collector_works_on_a_full_disk",
    "walk errors were passed over": "workspace an_unreadable_file_makes_the_save_fail_and_the_directory_is_kept",
}


def test_every_way_has_its_test():
    for way, shown_by in WAYS.items():
        file, *names = shown_by.split()
        text = (Path(__file__).parent / f"test_{file}.py").read_text()
        for name in names:
            assert re.search(rf"^def test_{name}\(", text, re.M), f"{way}: test_{name} in test_{file}.py"


@pytest.mark.parametrize("conditions", ["honoured", "ignored", "refused"])
def test_minio_21526_a_shared_state_that_is_gone_is_not_taken_for_ours(memory, tmp_path, conditions):
    """MinIO took an If-Match for a key that is not there; AWS answers 404, Ceph 412. Somebody removed it: ours goes beside, and says so."""
    base = memory(conditions)
    seed(base, tmp_path, {"settings.json": "old"})
    start(base, "s1", {"settings.json": "new"})
    del base.store.s3.objects["b"][f"p/{HOME_KEY}"]
    result = base.teardown("sess_s1", status=73)
    (side,) = objects(base.store)
    assert side in result.stderr and ".conflict-s1-" in side
    assert read_files(untar(base.store.get(side), tmp_path / "side")) == {"settings.json": "new"}


@pytest.mark.parametrize("conditions, found", [("ignored", "overwr"), ("refused", "412")])
def test_61_what_was_found_of_a_server_that_does_not_put_conditionally_is_said(memory, conditions, found):
    base = memory(conditions)
    start(base, "s1", {"settings.json": "new"})
    result = base.teardown("-v", "sess_s1")
    (said,) = set(re.findall(r"does not put conditionally \((.*)\), and claims decide", result.stderr))
    assert found in said, result


def test_2_1_d_a_large_session_is_streamed_and_sent_in_parts_gitpod_4602(memory):
    """1 GiB, most of it a hole, in less than 128 MiB of memory."""
    base = memory("honoured")
    root = start(base, "s1")
    noise = os.urandom(20 << 20)
    with open(root / "claude-config/large", "wb") as large:
        large.write(noise)
        large.truncate(1 << 30)
    # Of a child of ours alone; what a process had before it became ws counts, too, and here that is all of pytest.
    measure = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=2); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    for command in (["ws-teardown", "sess_s1"], ["ws-setup", *WORKSPACE, "--session", "s1"]):
        result = helpers.run([sys.executable, "-c", measure, helpers.BINARY, *command], env=base.ws.environment(base.env))
        assert int(result.stdout) <= 128 << 10, (command, result)
    assert base.store.s3.objects["b"][f"p/{HOME_KEY}"].etag.endswith("-3"), "the number of its parts"
    with open(root / "claude-config/large", "rb") as large:
        assert large.read(len(noise)) == noise and os.fstat(large.fileno()).st_size == 1 << 30


@pytest.mark.parametrize("fault", [error(503, "SlowDown"), reply(200, silent=True, then="reset")], ids=["503", "reset"])
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_gitpod_16165_1862_an_answer_that_may_come_later_is_asked_for_again(memory, faults, method, fault):
    base = through_faults(memory, faults)
    if method == "GET":
        base.teardown("sess_s1")
    faults.on(method, HOME_KEY, fault, times=2)
    if method == "PUT":
        base.teardown("sess_s1")
    assert (start(base, "s1") / "claude-config/turn").read_text() == "work"
    assert base.area("spool") == []


def test_gitpod_5689_what_a_store_has_comes_back_without_a_record(file_base, tmp_path):
    """On another host, or when the base was lost. --restore goes by the record, and says what to do without one."""
    make_files(file_base.setup("--id", "t1"), {"file": "work"})
    file_base.teardown("t1")
    there = Base(file_base.ws, tmp_path / "elsewhere", file_base.store)
    for _ in range(2):  # without a base, and with one
        assert "without --restore" in one_message(there.run("ws-setup", "--restore", "t1", status=66), "ws-setup")
        there.setup("--id", "t2")
    assert read_files(there.setup("--id", "t1")) == {"file": "work"}


def test_gitpod_7694_names_like_ours_in_a_workspace_are_the_users(file_base):
    files = {name: name for name in (".ws/t1/record.json", ".ws/audit.jsonl", ".ws-quarantine/x", ".ws-tmp-abcdefghi", "ready", "workspace_metadata.json")}
    for _ in range(2):
        root = make_files(file_base.setup("--id", "t1"), files)
        file_base.teardown("t1")
    assert read_files(file_base.setup("--id", "t1")) == files and read_files(root) == files


def test_gitpod_18235_what_root_saved_a_user_can_restore(plain_user, ws, tmp_path):
    """Its owners can't be given back; the modes that keep others out are."""
    need_root()
    store = helpers.FileStore(plain_user.dir / "store")
    base = Base(ws, tmp_path / "base", store)
    root = make_files(base.setup("--id", "t1"), {"private/file": "work"})
    os.chown(root / "private", 1234, 1234)
    (root / "private/file").chmod(0o400)
    (root / "private").chmod(0o500)
    base.teardown("t1")
    helpers.run(["chown", "-R", f"{helpers.NOBODY}:{helpers.NOBODY}", store.directory])
    theirs = Base(plain_user, plain_user.dir / "base", store)
    back = theirs.setup("--id", "t1") / "private"
    assert stat.S_IMODE(back.stat().st_mode) == 0o500 and (back / "file").stat().st_uid == helpers.NOBODY
    assert stat.S_IMODE((back / "file").stat().st_mode) == 0o400 and (back / "file").read_text() == "work"
    theirs.teardown("t1")
