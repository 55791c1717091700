"""Archives in a store are looked into by few requests, pinned to one state of the object: counted on a server with a 10 GB archive."""
import hashlib
import http.server
import io
import os
import re
import struct
import tarfile
import threading

import pytest
import wsformat
from wsformat import Entry, deflate, footer, front, hidden, varint

GROUP = 4 << 20
TAIL = 65536
SMALL = {f"small/{number:05}": b"content of %d\n" % number for number in range(20_000)}


def block(members, entries, lead):
    """One index block: [(packed, raw, crc)], entries; and what the root says of it."""
    out = varint(sum(e.type == 0 for e in entries)) + varint(lead)
    out += b"".join(varint(packed) + varint(raw) + struct.pack("<I", crc) for packed, raw, crc in members)
    path, mtime = b"", 0
    for entry in entries:
        out += entry.packed(path, mtime)
        path, mtime = entry.path, entry.mtime
    out += b"".join(e.sha256 for e in entries if e.type == 0)
    stored = hidden(b"WI", deflate(out))
    sums = [len(members), len(entries), sum(m[0] for m in members), sum(m[1] for m in members), len(stored), len(out)]
    return stored, b"".join(map(varint, sums)) + struct.pack("<I", wsformat.zlib.crc32(out))


class Sparse:
    """The bytes of an archive of 10 GB: the content of its large file is not there until somebody asks for it."""

    def __init__(self):
        size = 10 << 30
        large = io.BytesIO()
        with tarfile.open(fileobj=large, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            info = tarfile.TarInfo("large")
            info.size = size
            header = info.tobuf(tarfile.PAX_FORMAT)
        blocks = len(header) // 512
        self.head = wsformat.data_member(header)
        members = [(len(self.head), len(header), wsformat.zlib.crc32(header))] + [(GROUP + 1000, GROUP, 1)] * (size // GROUP)
        first = [Entry(path=b"large", blocks=blocks, size=size, stored=size)]
        self.hole = (GROUP + 1000) * (size // GROUP)
        stored, roots, paths, tail, raw_len = [], [], [], b"", 0
        chunk, rest = block(members[:], first, 0)
        stored.append(chunk), roots.append(rest), paths.append(b"large")
        names = sorted(SMALL)
        for at in range(0, len(names), 500):
            last = at + 500 >= len(names)
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
                for name in names[at : at + 500]:
                    info = tarfile.TarInfo(name)
                    info.size = len(SMALL[name])
                    tar.addfile(info, io.BytesIO(SMALL[name]))
            raw = out.getvalue()[: 500 * 1024] + (bytes(1024) if last else b"")
            member = wsformat.data_member(raw)
            entries = [
                Entry(path=n.encode(), blocks=1, size=len(SMALL[n]), stored=len(SMALL[n]), sha256=hashlib.sha256(SMALL[n]).digest())
                for n in names[at : at + 500]
            ]
            chunk, rest = block([(len(member), len(raw), wsformat.zlib.crc32(raw))], entries, 0)
            stored.append(chunk), roots.append(rest), paths.append(names[at].encode())
            tail += member
            raw_len += len(raw)
        data = len(self.head) + self.hole + len(tail)
        content = size + sum(map(len, SMALL.values()))
        root = b"".join(map(varint, [1, 1 + len(SMALL), content, len(header) + size + raw_len, data, len(members) + 40, len(stored)]))
        before = b""
        for rest, path in zip(roots, paths):
            root += rest + front(before, path)
            before = path
        index = b"".join(stored)
        self.member_len = len(member)
        self.tail = tail + index + hidden(b"WI", deflate(root)) + footer(data, data + len(index), len(root), wsformat.zlib.crc32(root))
        self.size = len(self.head) + self.hole + len(self.tail)

    def read(self, first, last):
        out = bytearray(last - first + 1)
        for start, part in ((0, self.head), (self.size - len(self.tail), self.tail)):
            a, b = max(first, start), min(last + 1, start + len(part))
            if a < b:
                out[a - first : b - first] = part[a - start : b - start]
        return bytes(out)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, archive, suffix):
        super().__init__(("127.0.0.1", 0), Handler)
        self.archive, self.suffix, self.seen, self.etag = archive, suffix, [], '"one"'
        self.replaced = False  # after the first request
        self.env = {
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.server_address[1]}",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1",
        }
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.shutdown()
        self.server_close()
        self.thread.join()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        server = self.server
        if server.replaced and server.seen:
            server.etag = '"two"'
        asked = self.headers.get("Range", "")
        server.seen.append((self.command, asked, self.headers.get("If-Match")))
        size, status = server.archive.size, 200
        first, last = 0, size - 1
        if found := re.fullmatch(r"bytes=(\d+)-(\d+)", asked):
            first, last, status = int(found[1]), min(int(found[2]), size - 1), 206
        elif found := re.fullmatch(r"bytes=-(\d+)", asked):
            if server.suffix in (400, 416, 501):
                return self.say(server.suffix)
            if server.suffix == 206:
                first, status = max(0, size - int(found[1])), 206
        if self.headers.get("If-Match") not in (None, server.etag):
            return self.say(412)
        self.send_response(status)
        self.send_header("ETag", server.etag)
        self.send_header("Last-Modified", "Tue, 01 Jan 2030 00:00:00 GMT")
        self.send_header("Content-Length", str(last - first + 1))
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        try:
            while self.command == "GET" and first <= last:
                step = min(last, first + (1 << 20) - 1)
                self.wfile.write(server.archive.read(first, step))
                first = step + 1
        except OSError:
            self.close_connection = True

    do_HEAD = do_GET

    def say(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def sparse():
    return Sparse()


@pytest.fixture
def serve(sparse):
    """serve(how suffix ranges are answered): a server of that archive."""
    servers = []

    def start(suffix=206):
        servers.append(Server(sparse, suffix))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def read_bytes(server):
    spans = [re.fullmatch(r"bytes=(\d+)-(\d+)", asked) for _, asked, _ in server.seen]
    return TAIL + sum(int(s[2]) - int(s[1]) + 1 for s in spans if s)


@pytest.mark.parametrize("name", ["small/00000", "small/12345", "small/19999"])
def test_one_file_out_of_10_gb_is_three_requests_and_100_kb_beyond_its_member(ws, serve, sparse, name):
    server = serve()
    assert ws("ws-archive", "cat", "s3://b/big.tar.gz", name, env=server.env).output == SMALL[name]
    assert len(server.seen) <= 3, server.seen
    assert [match for _, _, match in server.seen[1:]] == [server.etag] * (len(server.seen) - 1)
    assert read_bytes(server) - sparse.member_len <= 100_000


@pytest.mark.parametrize("name", ["small/00000", "small/12345", "small/19999"])
def test_extracting_one_file_out_of_10_gb_costs_no_more(ws, serve, sparse, tmp_path, name):
    server = serve()
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", "s3://b/big.tar.gz", f"./{name}", env=server.env)
    assert (tmp_path / "out" / name).read_bytes() == SMALL[name] and os.listdir(tmp_path / "out/small") == [name[-5:]]
    assert len(server.seen) <= 3, server.seen
    assert [match for _, _, match in server.seen[1:]] == [server.etag] * (len(server.seen) - 1)
    assert read_bytes(server) - sparse.member_len <= 100_000


def test_a_list_of_20000_entries_is_three_requests(ws, serve):
    server = serve()
    listed = ws("ws-archive", "list", "--names", "s3://b/big.tar.gz", env=server.env).stdout.splitlines()
    assert listed == ["large", *sorted(SMALL)]
    assert len(server.seen) <= 3, server.seen


@pytest.mark.parametrize("suffix", [200, 400, 416, 501])
def test_a_server_without_suffix_ranges_is_asked_otherwise(ws, serve, suffix):
    server = serve(suffix)
    assert ws("ws-archive", "cat", "s3://b/big.tar.gz", "small/00777", env=server.env).output == SMALL["small/00777"]
    assert [command for command, _, _ in server.seen][1] == "HEAD" and len(server.seen) <= 5


def test_an_archive_that_is_replaced_meanwhile_is_not_mixed(ws, serve):
    server = serve()
    server.replaced = True
    ws("ws-archive", "cat", "s3://b/big.tar.gz", "small/00000", env=server.env, status=73).complains("changed while reading")


def test_one_file_on_each_server_is_three_requests_whatever_lies_beside_it(ws, s3, bucket, tmp_path):
    """As create makes it when nothing is said: equal names lie together."""
    files = {f"{n:03}/{name}": os.urandom(3000) for n in range(600) for name in ("package.json", "index.js")}
    for path, content in files.items():
        (tmp_path / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / path).write_bytes(content)
    url = f"s3://{bucket}/a.tar.gz"
    ws("ws-archive", "create", "-q", "-C", tmp_path / "tree", "-o", url, env=s3.env)

    def run(*command):
        result = ws("ws-archive", command[0], "-vv", *command[1:], env=s3.env)
        assert 1 <= len(re.findall(r" debug: [A-Z]+ /", result.stderr)) <= 3, result.stderr
        return result.output

    for path in ("000/index.js", "300/package.json", "599/package.json"):
        assert run("cat", url, path) == files[path]
        run("extract", "-C", tmp_path / f"out-{path[:3]}", url, path)
        assert (tmp_path / f"out-{path[:3]}" / path).read_bytes() == files[path]
    assert run("list", "--names", url).count(b"\n") == len(files) + 601
