"""OpenStack Swift with s3api on loopback: the packaged one (2.30 on Debian 12), and a newer one unpacked beside it."""
import configparser
import os
import pwd
import secrets
from pathlib import Path

from daemons import Daemons, PortBlock, Unavailable, is_listening
from packages import need, unpack_suite

HERE = Path(__file__).resolve().parent
DEVICE = "disk"
USER = pwd.getpwuid(os.geteuid()).pw_name
# On a busy machine the half second that comes with Swift turns into 503s, and into objects that are missing in listings.
PATIENCE = {"conn_timeout": "30", "node_timeout": "60"}


class Swift:
    """Swift from the system's packages. Answers 501 to aws-chunked bodies and to conditional puts; at most 1,000 parts."""

    packages = ["python3-swift", "memcached"]
    access_key = "ws:tester"
    secret_key = "Swift/Test+Secret=Key"
    region = "us-east-1"
    vhost_domain = "localhost"
    tls_endpoint = ca_file = None

    def __init__(self, directory):
        self._dir = Path(directory)
        self._ports = PortBlock()
        self._daemons = Daemons(self._dir / "log")
        self.endpoint = f"http://127.0.0.1:{self._ports[0]}"

    def start(self):
        need(self.packages)
        for name in ("etc", "log", f"srv/{DEVICE}"):
            (self._dir / name).mkdir(parents=True)
        self._check_xattr()
        proxy, account, container, object_, memcached = (self._ports[i] for i in range(5))
        self._write_config(proxy, {"account": account, "container": container, "object": object_}, memcached)

        self._daemons.start("memcached", ["/usr/bin/memcached", "-u", USER, "-l", "127.0.0.1", "-p", str(memcached), "-U", "0", "-m", "64"])
        node = ["/usr/bin/python3", str(HERE / "swift_node.py"), str(self._dir / "etc"), DEVICE]
        self._daemons.start("swift", node + [str(port) for port in (account, container, object_)], env=self._environment())
        for port in (memcached, account, container, object_, proxy):
            self._daemons.wait_until(f"{self.endpoint}: port {port}", lambda: is_listening(port))

    def stop(self):
        self._daemons.stop()

    def first_dead(self):
        return self._daemons.first_dead()

    def _environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}

    def _check_xattr(self):
        try:
            os.setxattr(self._dir, "user.ws", b"1")
        except OSError as error:
            raise Unavailable(f"{self._dir}: Swift keeps metadata in user xattrs, which this file system refuses ({error.strerror})")

    def _write_config(self, proxy_port, storage_ports, memcached_port):
        default = {"bind_ip": "127.0.0.1", "workers": "0", "user": USER, "log_level": "WARNING", "swift_dir": self._dir / "etc"}
        self._write(
            "swift.conf",
            {
                "swift-hash": {"swift_hash_path_suffix": secrets.token_hex(8)},
                "storage-policy:0": {"name": "only", "default": "yes"},
                "swift-constraints": {"max_header_size": "16384"},
            },
        )
        for name, port in storage_ports.items():
            disk = {"devices": self._dir / "srv", "mount_check": "false", "disable_fallocate": "true", "fallocate_reserve": "0"}
            self._write(
                f"{name}-server.conf",
                {
                    "DEFAULT": {**default, **disk, "bind_port": port},
                    "pipeline:main": {"pipeline": f"{name}-server"},
                    f"app:{name}-server": {"use": f"egg:swift#{name}", "container_update_timeout": "60", **PATIENCE},
                },
            )
        filters = {
            "catch_errors": {},
            "gatekeeper": {},
            "healthcheck": {},
            "cache": {"use": "egg:swift#memcache", "memcache_servers": f"127.0.0.1:{memcached_port}"},
            "s3api": {"location": self.region, "storage_domain": self.vhost_domain, "s3_acl": "true", "check_bucket_owner": "true"},
            "tempauth": {f"user_{self.access_key.replace(':', '_')}": f"{self.secret_key} .admin"},
            "bulk": {},
            "copy": {},
            "slo": {},
            "dlo": {},
            "versioned_writes": {"allow_versioned_writes": "true", "allow_object_versioning": "true"},
            "symlink": {},
        }
        self._write(
            "proxy-server.conf",
            {
                "DEFAULT": {**default, "bind_port": proxy_port},
                "pipeline:main": {"pipeline": " ".join([*filters, "proxy-server"])},
                "app:proxy-server": {
                    "use": "egg:swift#proxy",
                    "account_autocreate": "true",
                    "allow_account_management": "true",
                    "error_suppression_limit": "1000000",  # there is no second node to turn to
                    **PATIENCE,
                },
                **{f"filter:{name}": {"use": f"egg:swift#{name}", **options} for name, options in filters.items()},
            },
        )

    def _write(self, name, sections):
        config = configparser.RawConfigParser()
        config.read_dict(sections)
        with open(self._dir / "etc" / name, "w") as file:
            config.write(file)


class Swift238(Swift):
    """Swift of a newer Debian suite (sid unless WS_TEST_SWIFT_SUITE names another), its pure Python run by the system's interpreter.

    The strict one: checks checksums, region and content hash, and honours If-None-Match: *.
    """

    packages = Swift.packages + ["libisal2"]  # without it every CRC-32C request is answered 501

    def start(self):
        need(self.packages)
        self._root = unpack_suite(os.environ.get("WS_TEST_SWIFT_SUITE", "sid"), ["python3-swift"])
        super().start()

    def _environment(self):
        return {**super()._environment(), "PYTHONPATH": str(self._root / "usr/lib/python3/dist-packages")}
