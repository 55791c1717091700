"""Cases N1 to N30 of a network that fails, each against the scripted fault server. N23 (names) is test_dns.py; what TLS adds to N30 is
test_tls.py and tests/unit/x509_test.c; proxies (N25) are test_proxy.py, too."""
import dataclasses
import socket
import time
from email.utils import formatdate

import pytest
from faults import Faults, Reply, error, raw, reply

MIB = 1 << 20
SECRET = "secret-of-the-test"
KEYS = {"AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
TAG = {"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
HELLO = b"hello, world, this is an object"


@pytest.fixture
def s3(ws, faults):
    """s3("ls", ...): ws-s3 on the fault server alone."""
    env = {**KEYS, "AWS_ENDPOINT_URL_S3": faults.url}
    return lambda *args, **options: ws("ws-s3", *args, env={**env, **options.pop("env", {})}, **options)


@pytest.fixture
def once(s3):
    """The same with a single try."""
    return lambda *args, **options: s3(*args, "--max-attempts", "1", **options)


def whole(body=HELLO, **faults):
    return reply(200, body, TAG, **faults)


def part(body, first, total=len(HELLO), tag='"1"', **faults):
    return reply(206, body, {"ETag": tag, "Content-Range": f"bytes {first}-{first + len(body) - 1}/{total}"}, **faults)


def list_page(*keys, more=None):
    contents = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in keys)
    token = f"<NextContinuationToken>{more}</NextContinuationToken>" if more else ""
    truncated = "true" if more else "false"
    text = f"<ListBucketResult><KeyCount>1</KeyCount><IsTruncated>{truncated}</IsTruncated>{token}{contents}</ListBucketResult>"
    return reply(200, text.encode())


def nothing_but(tmp_path, *names):
    """Of what is downloaded only these files are there: no part, no temporary one."""
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == sorted(names)


# ---- N1 to N3: connections that break, stall, dribble ----


def test_n1_a_reset_at_any_byte_of_a_body_costs_nothing_but_a_second_request(s3, faults, tmp_path):
    for at in range(0, len(HELLO), 3):
        faults.on("GET", f"/k{at}$", part(HELLO, 0, send=at, then="reset"), part(HELLO[at:], at))
        if at == 0:
            faults.on("GET", "/k0$", part(HELLO, 0), optional=True)
    for at in range(0, len(HELLO), 3):
        s3("cp", f"s3://b/k{at}", tmp_path / "f")
        assert (tmp_path / "f").read_bytes() == HELLO
        first, second = faults.seen("GET", f"/k{at}$")
        assert at == 0 or (second.headers["range"].startswith(f"bytes={at}-") and second.headers["if-match"] == '"1"')
    nothing_but(tmp_path, "f")


def test_n1_a_body_that_never_ends_well_is_given_up_and_leaves_no_file(s3, faults, tmp_path):
    faults.on("GET", "/k", part(HELLO, 0, send=0, then="reset"), times=99)
    s3("cp", "--max-attempts", "3", "s3://b/k", tmp_path / "f", status=75)
    assert len(faults.requests) == 3
    nothing_but(tmp_path)


STALLS = {
    "before the head": reply(200, silent=True, then="stall"),
    "after the head": whole(send=0, then="stall"),
    "within the body": whole(send=9, then="stall"),
    "within a chunk": part(HELLO, 0, chunked=True, send=9, then="stall"),
}


@pytest.mark.parametrize("where", STALLS)
def test_n2_a_server_that_stalls_is_left_after_the_time_out(once, faults, where):
    faults.on("GET", "", STALLS[where], times=9)
    once("cat", "--timeout", "200ms", "s3://b/k", status=75, timeout=10).stderr.index("timed out")


def test_n2_a_server_that_stops_reading_an_upload_is_left(once, faults, tmp_path):
    (tmp_path / "f").write_bytes(bytes(32 * MIB))
    faults.on("PUT", "", reply(200, read=1000, silent=True, then="stall"), times=9)
    faults.on("POST", "uploads", reply(200, b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"), optional=True)
    faults.on("*", "uploadId", reply(204), times=9, optional=True)
    once("cp", "--timeout", "300ms", tmp_path / "f", "s3://b/k", status=75, timeout=20)


def test_n2_a_handshake_that_stalls_is_left(ws, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        env = {**KEYS, "AWS_ENDPOINT_URL_S3": f"https://127.0.0.1:{listener.getsockname()[1]}"}
        result = ws("ws-s3", "ls", "s3://b", "--max-time", "300ms", env=env, status=75, timeout=10)
        assert "timed out" in result.stderr


@pytest.mark.parametrize("where", [*STALLS, "connecting", "within an upload"])
def test_n3_the_time_allowed_for_all_ends_every_wait(once, faults, swallowed, tmp_path, where):
    """With 30 seconds for one connection and 10 for connecting. Names: test_dns.py; a handshake: above."""
    (tmp_path / "f").write_bytes(bytes(8 * MIB))
    limits = ["--max-time", "300ms"]
    if where == "connecting":
        limits += ["--connect-to", swallowed]
    elif where == "within an upload":
        faults.on("PUT", "", reply(200, read=1000, silent=True, then="stall"), optional=True)
    else:
        faults.on("GET", "", STALLS[where], optional=True)
    what = ["put", tmp_path / "f", "s3://b/k"] if where == "within an upload" else ["cat", "s3://b/k"]
    assert "timed out" in once(*what, *limits, status=75, timeout=10).stderr


def test_n3_a_byte_now_and_then_does_not_keep_us(once, faults):
    faults.on("GET", "", whole(bytes(100_000), dribble=(1, 0.02)), times=9)
    once("cat", "--timeout", "300ms", "s3://b/k", status=75, timeout=10).stderr.index("timed out")


def test_n3_a_slow_head_does_not_keep_us(once, faults):
    """The head comes as a body of bytes: the rest of it one by one."""
    faults.on("GET", "", Reply(599, wire=b"HTTP/1.1 200 OK\r\nx: ", then="stall"), times=9)
    once("cat", "--timeout", "200ms", "s3://b/k", status=75, timeout=10)


def test_n3_the_time_allowed_for_all_ends_what_moves_fast_enough(s3, faults):
    faults.on("GET", "", whole(bytes(10_000_000), dribble=(5000, 0.02)), times=9, optional=True)
    started = time.monotonic()
    s3("cat", "--max-time", "500ms", "s3://b/k", status=75, timeout=10)
    assert time.monotonic() - started < 5


def test_n3_retries_end_with_the_time_allowed_for_all(s3, faults):
    faults.on("GET", "", error(503, "SlowDown", retry_after=30), times=99)
    started = time.monotonic()
    s3("ls", "--max-time", "1s", "s3://b", status=75)
    assert time.monotonic() - started < 5


# ---- N4 to N8: framing ----


def test_n4_more_announced_than_sent_is_a_short_body_and_tried_again(s3, faults):
    faults.play(whole(length=1000, then="close"))
    result = s3("cat", "--max-attempts", "1", "s3://b/k", status=75)
    assert "31 of 1000 bytes" in result.stderr


def test_n4_less_announced_than_sent_ends_the_connection_not_the_answer(s3, faults):
    faults.on("GET", "/k1", whole(length=5))
    faults.on("GET", "/k2", whole(b"second"))
    assert s3("cat", "s3://b/k1", "s3://b/k2").output == b"hello" + b"second"
    assert [r.connection for r in faults.requests] == [1, 2]


def test_n5_a_body_that_ends_with_the_connection_is_taken_over_http_only(once, faults):
    faults.on("GET", "list-type", dataclasses.replace(list_page("a"), length=None))
    assert "a" in once("ls", "s3://b").stdout


LENGTHS = {
    "both kinds": "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "two lengths": "Content-Length: 5\r\nContent-Length: 6",
    "a list": "Content-Length: 5, 5",
    "a sign": "Content-Length: +5",
    "a minus": "Content-Length: -1",
    "hexadecimal": "Content-Length: 0x5",
    "20 digits": "Content-Length: 99999999999999999999",
    "identity": "Transfer-Encoding: identity",
    "chunked not last": "Transfer-Encoding: chunked, gzip",
    "chunked twice": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
}


@pytest.mark.parametrize("what", LENGTHS)
def test_n6_a_framing_that_two_could_read_differently_is_refused(once, faults, what):
    faults.on("GET", "", raw(f"HTTP/1.1 200 OK\r\nETag: \"1\"\r\n{LENGTHS[what]}\r\n\r\n5\r\nhello\r\n0\r\n\r\n".encode()), times=9)
    once("cat", "s3://b/k", status=65).stderr.index("malformed answer")


CHUNKS = {
    "17 digits": b"11111111111111111\r\n",
    "a blank": b"5 \r\nhello\r\n0\r\n\r\n",
    "bare LF": b"5\nhello\n0\n\n",
    "no CR LF behind": b"5\r\nhello0\r\n\r\n",
    "10 MB of extension": b"5;" + b"x" * 10_000_000,
    "1 MB of trailers": b"0\r\n" + b"x: y\r\n" * 170_000,
}


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("what", CHUNKS)
def test_n7_a_chunk_that_is_none_is_refused_in_bounded_memory(once, faults, what):
    faults.on("GET", "", raw(CHUNKED + CHUNKS[what]), times=9)
    assert "RFC 9112 section 7.1" in once("ls", "s3://b", status=65).stderr


def test_n7_chunks_that_end_early_are_a_short_body(once, faults):
    faults.on("GET", "", part(HELLO, 0, chunked=True, send=20, then="close"), times=9)
    once("cat", "s3://b/k", status=75).stderr.index("before its last chunk")


def test_n8_a_refusal_behind_100_continue_is_the_answer(once, faults, tmp_path):
    (tmp_path / "f").write_bytes(bytes(2 * MIB))
    denied = b"<Error><Code>AccessDenied</Code></Error>"
    wire = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%b" % (len(denied), denied)
    faults.on("PUT", "", raw(wire, read=0), times=9)
    once("cp", tmp_path / "f", "s3://b/k", status=77).stderr.index("403 AccessDenied")


def test_n8_a_storm_of_1xx_answers_is_an_error(once, faults):
    faults.on("GET", "", raw(b"HTTP/1.1 102 Processing\r\n\r\n" * 10_000), times=9)
    once("cat", "s3://b/k", status=65).stderr.index("1xx")


@pytest.mark.parametrize("framing", ["Content-Length: 31", "Transfer-Encoding: chunked"])
def test_an_answer_is_the_same_wherever_the_network_cuts_it(s3, faults, framing):
    """Once for each length of the pieces, all on one connection."""
    body = HELLO if "Length" in framing else b"A;ext=1\r\n" + HELLO[:10] + b"\r\n15\r\n" + HELLO[10:] + b"\r\n0\r\nTrailer: x\r\n\r\n"
    head = f'HTTP/1.1 206 Partial Content\r\nETag: "1"\r\nContent-Range: bytes 0-30/31\r\n{framing}\r\n\r\n'.encode()
    wire = b"HTTP/1.1 102 Processing\r\n\r\n" + head + body
    sizes = range(1, len(wire) + 1)
    for size in sizes:
        faults.on("GET", f"/b/{size}$", raw(wire, then="next", dribble=(size, 0.0005)))
    assert s3("cat", *(f"s3://b/{size}" for size in sizes)).output == HELLO * len(sizes)
    assert faults.connections == 1


# ---- N9 and N10: errors with a good status ----


def test_n9_a_copy_that_says_200_and_an_error_is_that_error(s3, faults):
    faults.on("HEAD", "", reply(200, b"", {**TAG, "Content-Length": "5"}, length=5), times=9, optional=True)
    faults.on("PUT", "/b/to", error(200, "InternalError"), reply(200, b"<CopyObjectResult><ETag>\"1\"</ETag></CopyObjectResult>"))
    s3("cp", "s3://b/from", "s3://b/to")
    assert len(faults.seen("PUT")) == 2
    faults.on("PUT", "/b/no", error(200, "AccessDenied"), times=9)
    s3("cp", "s3://b/from", "s3://b/no", status=77).stderr.index("AccessDenied")
    assert len(faults.seen("PUT", "/b/no")) == 1


@pytest.fixture
def copied_parts(faults):
    """A copy in parts of 5 MiB of an object of 12 MiB; what copies the second is the test's."""
    for key in "from", "to":
        faults.on("HEAD", f"/b/{key}", reply(200, b"", {"ETag": f'"{key}"', "Last-Modified": TAG["Last-Modified"]}, length=12 * MIB), times=9, optional=True)
    faults.on("POST", "[?]uploads", reply(200, MULTIPART))
    faults.on("PUT", "partNumber=[13]", reply(200, b"<CopyPartResult><ETag>e</ETag></CopyPartResult>"), times=9, optional=True)
    faults.on("POST", "uploadId", reply(200, COMPLETE), optional=True)
    faults.on("DELETE", "uploadId", reply(204), optional=True)
    faults.on("GET", "uploadId", reply(200, b"<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>"), optional=True)
    return ["cp", "--part-size", "5M", "s3://b/from", "s3://b/to"]


@pytest.mark.parametrize("answer", [error(200, "InternalError"), reply(200, b""), reply(200, b"<CopyPartResult><ETag>"), reply(200, b"<CopyObjectResult/>")])
def test_n9_n10_a_part_whose_copy_says_200_and_is_none_is_copied_again(s3, faults, copied_parts, answer):
    faults.on("PUT", "partNumber=2", answer, reply(200, b"<CopyPartResult><ETag>e</ETag></CopyPartResult>"))
    s3(*copied_parts)
    spans = sorted(request.headers["x-amz-copy-source-range"] for request in faults.seen("PUT"))
    assert spans == ["bytes=0-5242879", "bytes=10485760-12582911", "bytes=5242880-10485759", "bytes=5242880-10485759"]


@pytest.mark.parametrize("answer, status", [(error(200, "AccessDenied"), 77), (reply(200, b"<CopyPartResult/>"), 65)])
def test_n9_n10_a_part_whose_copy_is_refused_with_200_ends_the_upload_which_is_aborted(s3, faults, copied_parts, answer, status):
    """Once, as the server shows no part any more, even if it still knows the upload."""
    faults.on("PUT", "partNumber=2", answer, times=9)
    s3(*copied_parts, status=status)
    assert len(faults.seen("DELETE")) == 1 and not faults.seen("POST", "uploadId")


@pytest.mark.parametrize("body", [b"", b"<CopyObjectResult><ETag>", b"<html/>"])
def test_n10_a_copy_with_an_answer_that_is_cut_is_no_success(once, faults, body):
    faults.on("HEAD", "", reply(200, b"", TAG, length=5), times=9, optional=True)
    faults.on("PUT", "/b/to", reply(200, body), times=9)
    once("cp", "s3://b/from", "s3://b/to", status=65)


MULTIPART = b"<InitiateMultipartUploadResult><UploadId>u/+=</UploadId></InitiateMultipartUploadResult>"
COMPLETE = b"<CompleteMultipartUploadResult><ETag>\"9-2\"</ETag></CompleteMultipartUploadResult>"


@pytest.fixture
def two_parts(faults, tmp_path):
    """A file of two parts; what completes their upload is the test's."""
    (tmp_path / "f").write_bytes(bytes(16 * MIB))
    faults.on("POST", "[?]uploads", reply(200, MULTIPART))
    faults.on("PUT", "partNumber", reply(200, b"", {"ETag": '"p"'}), times=9)
    faults.on("HEAD", "", reply(200, b"", {"ETag": '"9-2"', "Last-Modified": TAG["Last-Modified"]}, length=16 * MIB), times=9, optional=True)
    return tmp_path / "f"


def test_n9_white_space_that_keeps_the_connection_alive_is_waited_for(s3, faults, two_parts):
    faults.on("POST", "uploadId", reply(200, b" " * 40 + b"\n<?xml version='1.0'?>" + COMPLETE, dribble=(8, 0.05)), optional=True)
    faults.on("POST", "uploadId", reply(200, b" " * 40 + COMPLETE), times=9, optional=True)
    s3("cp", "--timeout", "400ms", two_parts, "s3://b/k")
    assert "uploadId=u%2F%2B%3D" in faults.seen("POST", "uploadId")[0].target


# ---- N11 and N12: trying again ----


@pytest.mark.parametrize("wish, at_least, at_most", [("1", 1, 10), ("-1", 0, 10), ("soon", 0, 10), ("", 0, 10), ("0", 0, 10)])
def test_n11_a_wish_to_wait_is_honoured_when_it_is_one(s3, faults, wish, at_least, at_most):
    faults.play(error(503, "SlowDown", retry_after=wish), list_page("a"))
    s3("ls", "s3://b")
    first, second = faults.requests
    assert at_least <= second.at_s - first.at_s < at_most


def test_n11_a_wish_of_days_is_not_granted_beyond_the_time_allowed(s3, faults):
    faults.on("GET", "", error(503, "SlowDown", retry_after=999_999), times=9)
    started = time.monotonic()
    s3("ls", "--max-time", "20s", "s3://b", status=75)
    assert time.monotonic() - started < 15 and len(faults.requests) == 1


def test_n11_a_signal_ends_the_wait(ws, faults):
    faults.on("GET", "", error(503, "SlowDown", retry_after=50), times=9)
    process = ws.start("ws-s3", "ls", "s3://b", env={**KEYS, "AWS_ENDPOINT_URL_S3": faults.url})
    while not faults.requests:
        time.sleep(0.01)
    process.terminate()
    assert process.wait(30) in (-15, 143)


FINAL = [400, 401, 403, 404, 405, 409, 410, 411, 412, 413, 414, 416, 422, 431, 451, 501, 505]
AGAIN = [408, 429, 500, 502, 503, 504]


@pytest.mark.parametrize("status", FINAL)
def test_n12_what_will_not_pass_is_asked_once(s3, faults, status):
    faults.on("GET", "list-type=2", error(status, "Scripted"), times=9)
    faults.on("GET", "", error(status, "Scripted"), times=9, optional=True)
    assert s3("ls", "s3://b", status=None).status not in (0, 75)
    assert len(faults.seen("GET", "list-type=2")) == 1


@pytest.mark.parametrize("status", AGAIN)
def test_n12_what_may_pass_is_asked_again(s3, faults, status):
    faults.play(error(status, "Scripted"), list_page("a"))
    s3("ls", "s3://b")


@pytest.mark.parametrize("code", ["BadDigest", "XAmzContentSHA256Mismatch"])
def test_n12_a_body_that_arrives_as_another_one_is_sent_once_more(s3, faults, tmp_path, code):
    (tmp_path / "f").write_bytes(HELLO)
    faults.on("PUT", "/k", error(400, code), reply(200, b"", TAG))
    s3("cp", tmp_path / "f", "s3://b/k")
    faults.on("PUT", "/bad", error(400, code), times=9)
    s3("cp", tmp_path / "f", "s3://b/bad", status=65)
    assert len(faults.seen("PUT", "/bad")) == 2


def test_n12_an_outage_does_not_become_a_storm(s3, faults, tmp_path):
    """One budget for all objects: 60 of them, up to 5 tries each, could make 300 requests; 100 repeats are paid for."""
    faults.on("GET", "list-type", list_page(*(f"k{i:02}" for i in range(60))))
    faults.on("GET", "/b/k", error(500, "InternalError"), times=999)
    s3("cp", "-r", "--jobs", "16", "s3://b/", tmp_path / "out", status=1)
    assert 60 < len(faults.seen("GET", "/b/k")) <= 60 + 100


# ---- N13: redirects ----

ELSEWHERE = ["http://{other}/b/k", "//{other}/b/k", "http://{other}.evil.example/", "/b/other", "https://s3.amazonaws.com.evil.example/b/k"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_n13_no_redirect_is_followed_wherever_it_points(once, faults, status):
    other = Faults().start()
    try:
        for location in ELSEWHERE:
            place = location.format(other=other.url.removeprefix("http://"))
            faults.on("*", "", reply(status, b"<Error><Code>PermanentRedirect</Code><Endpoint>evil.example</Endpoint></Error>", {"Location": place}))
            before = len(faults.requests)
            result = once("cat", "s3://b/k", status=None)
            assert result.status != 0 and len(faults.requests) == before + 1
        assert other.requests == []
    finally:
        other.stop()


# ---- N14 and N15: clocks and keys ----


@pytest.mark.parametrize("date", ["never", "Thu, 99 Foo 2026 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", ""])
def test_n14_a_clock_that_cannot_be_does_not_loop(s3, faults, date):
    skewed = error(403, "RequestTimeTooSkewed")
    faults.on("GET", "", Reply(403, skewed.body, {"Date": date}), times=9)
    s3("ls", "s3://b", status=None).stderr.index("RequestTimeTooSkewed")
    assert len(faults.requests) <= 2


def test_n14_a_clock_within_a_day_is_taken_and_told(s3, faults):
    ahead = formatdate(time.time() + 20 * 3600, usegmt=True)
    faults.play(Reply(403, error(403, "RequestTimeTooSkewed").body, {"Date": ahead}), list_page("a"))
    s3("ls", "s3://b")
    assert len(faults.requests) == 2


def test_n14_a_clock_more_than_a_day_off_is_not_taken(s3, faults):
    ahead = formatdate(time.time() + 30 * 3600, usegmt=True)
    faults.on("GET", "", Reply(403, error(403, "RequestTimeTooSkewed").body, {"Date": ahead}), times=9)
    s3("ls", "s3://b", status=77).stderr.index("clock")
    assert len(faults.requests) == 1


def test_n15_ended_keys_that_nobody_can_renew_fail_at_once(s3, faults):
    faults.on("GET", "", error(400, "ExpiredToken"), times=9)
    s3("ls", "s3://b", status=77)
    assert len(faults.requests) == 1


# ---- N18 to N20: what the object is; conditions (N16, N17) are tests/unit/s3_put_test.c ----


@pytest.mark.parametrize("tag", ['W/"5d41402abc4b2a76b9719d911017c592"', '"5d41402abc4b2a76b9719d911017c592-3"', '"not a digest"', "unquoted", '"00000000000000000000000000000000"'])
def test_n18_an_etag_is_no_digest_of_what_is_downloaded(once, faults, tmp_path, tag):
    faults.on("GET", "/k", reply(200, b"hello", {"ETag": tag}))
    once("cp", "s3://b/k", tmp_path / "f")
    assert (tmp_path / "f").read_text() == "hello"


def test_n19_the_whole_in_place_of_a_range_starts_over(s3, faults, tmp_path):
    faults.on("GET", "/k", part(HELLO, 0, send=10, then="close"), whole(), times=9)
    s3("cp", "s3://b/k", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == HELLO


def test_n19_a_range_that_was_not_asked_for_is_refused(once, faults, tmp_path):
    faults.on("GET", "/k", part(HELLO[5:], 5), times=9)
    once("cp", "s3://b/k", tmp_path / "f", status=65)
    nothing_but(tmp_path)


def test_n20_more_than_the_size_that_was_said_is_not_written(once, faults, tmp_path):
    faults.on("GET", "/k", reply(206, HELLO * 100, {"ETag": '"1"', "Content-Range": "bytes 0-9/10"}), times=9)
    assert once("cp", "s3://b/k", tmp_path / "f", status=None).status in (65, 75)
    nothing_but(tmp_path)


# ---- N21 and N22: heads ----


def test_n21_an_encoding_is_not_undone(once, faults):
    faults.on("GET", "/k", Reply(200, b"\x1f\x8bcompressed", {**TAG, "Content-Encoding": "gzip"}))
    assert once("cat", "s3://b/k").output == b"\x1f\x8bcompressed"
    assert faults.requests[0].headers["accept-encoding"] is None


HEADS = {
    "64 KiB of fields": b"x: " + b"y" * 1000 + b"\r\n",
    "1 MB in a line": b"x: " + b"y" * 1_000_000 + b"\r\n",
    "200 fields": b"x: y\r\n" * 200,
    "a NUL": b"x: a\0b\r\n",
    "a folded line": b"x: a\r\n b\r\n",
    "no colon": b"what\r\n",
    "a blank before the colon": b"Content-Length : 5\r\n",
}


@pytest.mark.parametrize("what", HEADS)
def test_n21_a_head_over_its_limits_or_against_the_grammar_is_refused(once, faults, what):
    more = 80 if what.startswith("64") else 1
    faults.on("GET", "", raw(b"HTTP/1.1 200 OK\r\n" + HEADS[what] * more + b"Content-Length: 0\r\n\r\n"), times=9)
    once("cat", "s3://b/k", status=65)


@pytest.mark.parametrize("line", ["HTTP/1.1 2000 OK", "HTTP/9.9 200 OK", "\r\nHTTP/1.1 200 OK", "HTTP/1.1 20 OK", "PRI * HTTP/2.0", "HTTP/1.1  200 OK", "ICY 200 OK", "HTTP/1.1 999 X"])
def test_n22_a_status_line_that_is_none_is_refused(once, faults, line):
    faults.on("GET", "", raw(f"{line}\r\nContent-Length: 0\r\n\r\n".encode()), times=9)
    once("cat", "s3://b/k", status=65)


# ---- N24: IPv6; an endpoint that has it is in test_tls.py ----


def test_n24_a_zone_id_is_refused(once):
    once("ls", "--endpoint-url", "http://[fe80::1%25eth0]:9000", "s3://b", status=78)


# ---- N25: proxies; the rest is test_proxy.py ----


@pytest.mark.parametrize("answer, says", [(b"SSH-2.0-x\r\n", "proxy"), (b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", "502"), (b"HTTP/1.1 200 OK\r\n\r\nmore than was asked", "proxy")])
def test_n25_a_proxy_that_does_not_open_a_clean_tunnel_is_an_error(ws, answer, says):
    from proxy import Proxy

    proxy = Proxy(1, answer=answer).start()
    try:
        env = {**KEYS, "AWS_MAX_ATTEMPTS": "1", "AWS_ENDPOINT_URL_S3": "https://storage.example", "HTTPS_PROXY": proxy.url}
        assert says in ws("ws-s3", "ls", "s3://b", env=env, status=None).stderr
        assert "authorization" not in "".join(proxy.heads).lower() and SECRET not in "".join(proxy.heads)
    finally:
        proxy.stop()


# ---- N26 and N27: connections ----


def test_n26_a_connection_closed_between_requests_is_replaced_and_a_put_repeated(s3, faults, tmp_path):
    (tmp_path / "f").write_text("body")
    faults.on("PUT", "/k1", reply(200, b"", TAG, then="close"))
    faults.on("PUT", "/k2", reply(200, b"", TAG))
    (tmp_path / "run").write_text(f"put {tmp_path}/f s3://b/k1\nput {tmp_path}/f s3://b/k2\n")
    s3("run", "--jobs", "1", "--max-attempts", "1", tmp_path / "run")
    assert [r.body for r in faults.seen("PUT")] == [b"body", b"body"]


def test_n26_two_endpoints_and_two_keys_share_no_connection(ws, faults):
    faults.on("GET", "", list_page("a"), times=9)
    for key in ("AK1", "AK2"):
        ws("ws-s3", "ls", "s3://b", env={**KEYS, "AWS_ACCESS_KEY_ID": key, "AWS_ENDPOINT_URL_S3": faults.url})
    assert [r.connection for r in faults.requests] == [1, 2]


def test_n27_an_answer_while_we_upload_stops_the_upload(once, faults, tmp_path):
    (tmp_path / "f").write_bytes(bytes(900_000))  # below what waits for 100 Continue
    faults.on("PUT", "", error(403, "AccessDenied", read=1000), times=9)
    once("cp", tmp_path / "f", "s3://b/k", status=77).stderr.index("AccessDenied")


# ---- N28 and N29: where credentials go ----


def test_n28_credentials_over_plain_http_to_another_host_are_refused(ws):
    env = {**KEYS, "AWS_ENDPOINT_URL_S3": "http://192.0.2.7:9000"}
    ws("ws-s3", "ls", "s3://b", env=env, status=78).complains("plain http", "--allow-http")
    assert "192.0.2.7" in ws("ws-s3", "ls", "s3://b", "--allow-http", "--max-time", "100ms", env=env, status=None).stderr


@pytest.mark.parametrize("uri", ["http://192.0.2.1/creds", "http://169.254.169.254/x", "http://evil.example/", "http://169.254.170.2.evil.example/"])
def test_n29_keys_of_a_container_are_asked_of_known_hosts_only(ws, uri):
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": uri, "AWS_CONTAINER_AUTHORIZATION_TOKEN": SECRET, "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
    assert SECRET not in ws("ws-s3", "ls", "s3://b", env=env, status=78).stderr


# ---- N30: TLS. Certificates are x509_test.c, faces of a server test_tls.py ----

RECORDS = {
    "an alert flood": bytes.fromhex("15030300020100") * 50_000,
    "a flood of empty records": bytes.fromhex("1603030000") * 50_000,
    "a certificate message of 16 MB": bytes.fromhex("16030340000bffffff") + bytes(0x4000 - 4),
    "plain text": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "a closed connection": b"",
}


@pytest.mark.parametrize("what", RECORDS)
def test_n30_what_is_no_handshake_ends_in_bounded_time_and_memory(ws, what):
    import threading

    def serve(listener):
        try:
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(RECORDS[what])
        except OSError:
            pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        env = {**KEYS, "AWS_MAX_ATTEMPTS": "1", "AWS_ENDPOINT_URL_S3": f"https://127.0.0.1:{listener.getsockname()[1]}"}
        result = ws("ws-s3", "ls", "s3://b", "--timeout", "1s", "--max-time", "3s", env=env, status=None, timeout=10)
        assert result.status in (65, 69, 75) and result.stderr.count("\n") == 1
        listener.shutdown(socket.SHUT_RDWR)
