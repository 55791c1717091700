"""A small S3 in memory whose ways with conditional writes can be chosen; for what no server that can be installed here does.

    server = MemoryS3("honoured").start()      If-Match and If-None-Match as AWS has them, of PUT and of CompleteMultipartUpload
    server = MemoryS3("ignored").start()       taken for granted: every write overwrites
    server = MemoryS3("refused").start()       412 to every write with a condition, also when it holds (a Ceph behind a proxy did so)
    server.objects["bucket"]["key"].body       what it has

busy_with: requests whose path has this part in it get 503.
shift_s: how far its clock is from ours. Signatures are not looked at. may_list=False: without s3:ListBucket a missing key is 403, as on AWS.
"""
import dataclasses
import hashlib
import http.server
import itertools
import threading
import time
from email.utils import formatdate
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@dataclasses.dataclass
class Object:
    body: bytes
    headers: dict
    etag: str
    modified_s: float


class MemoryS3:
    def __init__(self, conditions="honoured", may_list=True, shift_s=0):
        self.conditions, self.may_list, self.shift_s = conditions, may_list, shift_s
        self.objects, self.uploads, self.busy_with = {}, {}, None
        self.numbers = itertools.count(1)
        self.lock = threading.RLock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads, self._server.block_on_close, self._server.request_queue_size = True, False, 128
        self._server.s3 = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def now_s(self):
        return time.time() + self.shift_s

    def put(self, bucket, key, body, headers=None, etag=None):
        made = Object(body, headers or {}, etag or hashlib.md5(body).hexdigest(), self.now_s())
        self.objects.setdefault(bucket, {})[key] = made
        return made

    def start(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self):
        s3, url = self.server.s3, urlsplit(self.path)
        bucket, _, key = unquote(url.path)[1:].partition("/")
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with s3.lock:
            busy = s3.busy_with and s3.busy_with in self.path
            status, headers, answer = self._error(503, "SlowDown") if busy else self._work(s3, bucket, key, query, body)
        self.send_response(status)
        for name, value in {"Content-Length": len(answer), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return formatdate(self.server.s3.now_s(), usegmt=True)

    def _work(self, s3, bucket, key, query, body):
        objects = s3.objects.setdefault(bucket, {})
        if "uploads" in query or "uploadId" in query:
            return self._multipart(s3, bucket, key, query, body)
        if not key and not s3.may_list:
            return self._error(403, "AccessDenied")
        if not key:
            return self._list(objects, query.get("prefix", ""))
        if self.command == "PUT":
            return self._put(s3, bucket, key, *self._source(s3, body))
        if self.command == "DELETE":
            objects.pop(key, None)
            return 204, {}, b""
        if key not in objects:
            return self._error(404, "NoSuchKey") if s3.may_list else self._error(403, "AccessDenied")
        return self._get(objects[key])

    def _error(self, status, code):
        return status, {}, f"<Error><Code>{code}</Code><Message>as told</Message></Error>".encode()

    def _get(self, found):
        headers = {**found.headers, "ETag": f'"{found.etag}"', "Last-Modified": formatdate(found.modified_s, usegmt=True)}
        wanted = self.headers.get("Range")
        if self.headers.get("If-Match", f'"{found.etag}"') != f'"{found.etag}"':
            return self._error(412, "PreconditionFailed")
        if self.command == "HEAD" or not wanted or not found.body:
            return 200, {**headers, "Content-Length": len(found.body)}, found.body
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        if not first:  # the last so many bytes
            first, last = max(len(found.body) - int(last), 0), ""
        first = int(first)
        part = found.body[first : int(last) + 1 if last else None]
        return 206, {**headers, "Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(found.body)}"}, part

    def _list(self, objects, prefix):
        rows = [
            f"<Contents><Key>{escape(key)}</Key><Size>{len(o.body)}</Size><ETag>{o.etag}</ETag>"
            f"<LastModified>{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(o.modified_s))}</LastModified></Contents>"
            for key, o in sorted(objects.items())
            if key.startswith(prefix)
        ]
        text = f"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>{len(rows)}</KeyCount>{''.join(rows)}</ListBucketResult>"
        return 200, {}, text.encode()

    def _source(self, s3, body):
        """What a PUT writes: its body, or a copy; and whether it is one."""
        copied = self.headers.get("x-amz-copy-source")
        if not copied:
            return body, False
        bucket, _, key = unquote(copied).lstrip("/").partition("/")
        return s3.objects[bucket][key].body, True

    def _fails(self, s3, found):
        """The answer to a condition that does not hold, or None."""
        match, none_match = self.headers.get("If-Match"), self.headers.get("If-None-Match")
        if not match and not none_match or s3.conditions == "ignored":
            return None
        if match and not found and s3.conditions == "honoured":
            return self._error(404, "NoSuchKey")
        holds = found and match == f'"{found.etag}"' if match else not found
        return None if holds and s3.conditions == "honoured" else self._error(412, "PreconditionFailed")

    def _put(self, s3, bucket, key, body, is_copy=False, etag=None, headers=None):
        failure = self._fails(s3, s3.objects[bucket].get(key))
        if failure:
            return failure
        kept = headers or {n: v for n, v in self.headers.items() if n.lower() == "content-type" or n.lower().startswith("x-amz-meta-")}
        made = s3.put(bucket, key, body, kept, etag)
        text = f"<CopyObjectResult><ETag>{made.etag}</ETag></CopyObjectResult>" if is_copy else ""
        return 200, {"ETag": f'"{made.etag}"'}, text.encode()

    def _multipart(self, s3, bucket, key, query, body):
        if "uploads" in query:
            name = f"u{next(s3.numbers)}"
            s3.uploads[name] = ({n: v for n, v in self.headers.items() if n.lower().startswith("x-amz-meta-")}, {})
            root = "InitiateMultipartUploadResult"
            return 200, {}, f"<{root}><UploadId>{name}</UploadId></{root}>".encode()
        if query["uploadId"] not in s3.uploads:
            return self._error(404, "NoSuchUpload")
        headers, parts = s3.uploads[query["uploadId"]]
        if self.command == "PUT":
            parts[int(query["partNumber"])] = body
            return 200, {"ETag": f'"{hashlib.md5(body).hexdigest()}"'}, b""
        if self.command == "POST":
            md5s = b"".join(hashlib.md5(part).digest() for _, part in sorted(parts.items()))
            etag = f"{hashlib.md5(md5s).hexdigest()}-{len(parts)}"
            status, found, text = self._put(s3, bucket, key, b"".join(part for _, part in sorted(parts.items())), False, etag, headers)
            if status != 200:
                return status, found, text
            text = f"<CompleteMultipartUploadResult><ETag>{etag}</ETag></CompleteMultipartUploadResult>".encode()
        else:
            text = b""
        del s3.uploads[query["uploadId"]]
        return 204 if self.command == "DELETE" else 200, {}, text
