"""A million keys: memory does not grow with the listing."""
import http.server
import re
import threading
from pathlib import Path

import pytest

PAGES = 1000
KIB = 1024


class _Handler(http.server.BaseHTTPRequestHandler):
    """A bucket of PAGES pages of 1,000 keys. Before the last page is sent, the client's peak of memory is read."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        token = re.search(r"continuation-token=(\d+)", self.path)
        page = int(token[1]) if token else 0
        if page == PAGES - 1:
            status = Path(f"/proc/{self.server.client.pid}/status").read_text()
            self.server.peak_kib = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])
        time = "<LastModified>2024-01-01T00:00:00.000Z</LastModified>"
        keys = "".join(f"<Contents><Key>k{page:04}/{n:04}</Key>{time}<ETag>&quot;x&quot;</ETag><Size>1</Size></Contents>" for n in range(1000))
        more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{page + 1}</NextContinuationToken>"
        end = more if page < PAGES - 1 else "<IsTruncated>false</IsTruncated>"
        body = f"<ListBucketResult><KeyCount>1000</KeyCount>{end}{keys}</ListBucketResult>".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def bucket():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_million_keys_take_less_than_16_mib(bucket, ws):
    url = f"http://127.0.0.1:{bucket.server_address[1]}"
    env = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": url}
    bucket.client = ws.start("ws-s3", "ls", "-r", "s3://b/", env=env)
    output, stderr = bucket.client.communicate(timeout=120)
    assert bucket.client.returncode == 0, stderr
    assert output.count(b"\n") == 1_000_000 and bucket.peak_kib <= 16 * KIB, f"{bucket.peak_kib} KiB"


def test_sync_of_a_million_keys_takes_less_than_16_mib(bucket, ws, tmp_path):
    (tmp_path / "src").mkdir()
    for number in range(10):
        (tmp_path / "src" / f"f{number}").write_text("x")
    url = f"http://127.0.0.1:{bucket.server_address[1]}"
    env = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": url}
    bucket.client = ws.start("ws-s3", "sync", "--dry-run", tmp_path / "src", "s3://b/", env=env)
    output, stderr = bucket.client.communicate(timeout=120)
    assert bucket.client.returncode == 0, stderr
    assert output.count(b"upload: ") == 10 and bucket.peak_kib <= 16 * KIB, f"{bucket.peak_kib} KiB"
