"""Ceph's RADOS gateway on loopback, http and https, over one monitor and one OSD that keeps everything in memory."""
import base64
import configparser
import contextlib
import os
import struct
import subprocess
import uuid
from pathlib import Path

import certificate
from daemons import Daemons, PortBlock, StartError, is_listening
from packages import make_root, need


class Ceph:
    """RADOS gateway of the system's packages (16.2 on Debian 12). Checks neither checksum headers nor the region."""

    packages = ["ceph-mon", "ceph-osd", "radosgw", "openssl"]
    access_key = "WSTESTACCESSKEY00001"
    secret_key = "Ceph/Test+Secret/Key=0123456789abcdefghi"
    region = "us-east-1"
    vhost_domain = "localhost"
    user = []  # further arguments of its making
    gateway = {}  # further settings
    cipher, key_bytes = 1, 16  # AES-128: of the keys among the daemons

    def __init__(self, directory):
        self._dir = Path(directory)
        self._inside = []  # what puts a command where its files are
        self._ports = PortBlock()
        self._daemons = Daemons(self._dir / "log")
        self._monitor = f"[v2:127.0.0.1:{self._ports[2]}/0]"
        self.endpoint = f"http://127.0.0.1:{self._ports[0]}"
        self.tls_endpoint = f"https://localhost:{self._ports[1]}"
        self.ca_file = self._dir / "tls/ca.pem"

    def start(self):
        self._prepare()
        for name in ("mon", "osd", "rgw", "log", "run", "tls"):
            (self._dir / name).mkdir()
        certificate.make(self._dir / "tls")
        fsid = str(uuid.uuid4())
        self._write_config(fsid)
        self._write_keyring()

        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", self._monitor, f"{self._dir}/monmap")
        self._run("ceph-mon", "-i", "a", "--mkfs", "--monmap", f"{self._dir}/monmap", "--keyring", f"{self._dir}/keyring")
        self._daemon("ceph-mon", "-i", "a")
        self._daemons.wait_until("ceph monitor", lambda: is_listening(self._ports[2]))
        osd_uuid = str(uuid.uuid4())
        self._run("ceph", "osd", "new", osd_uuid)
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd_uuid)
        self._daemon("ceph-osd", "-i", "0")
        self._daemon("radosgw", "-n", "client.rgw")
        keys = [f"--access-key={self.access_key}", f"--secret-key={self.secret_key}"]
        self._run("radosgw-admin", "-n", "client.rgw", "user", "create", "--uid=tester", "--display-name=tester", *self.user, *keys)
        for port in (0, 1):
            self._daemons.wait_until(f"{self.endpoint}: gateway", lambda: is_listening(self._ports[port]))

    def _prepare(self):
        need(self.packages)

    def stop(self):
        self._daemons.stop()

    def first_dead(self):
        return self._daemons.first_dead()

    def _run(self, program, *arguments):
        command = [*self._inside, f"/usr/bin/{program}", "--conf", f"{self._dir}/ceph.conf", *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise StartError(f"{' '.join(command)}: status {done.returncode}\n{done.stderr[-2000:]}")

    def _daemon(self, program, *arguments):
        command = [*self._inside, f"/usr/bin/{program}", "--conf", f"{self._dir}/ceph.conf", "-f", *arguments]
        self._daemons.start(program, command)

    def _write_keyring(self):
        """One key for everybody: the monitor takes over all entries when it is made."""
        key = base64.b64encode(struct.pack("<HIIH", self.cipher, 0, 0, self.key_bytes) + os.urandom(self.key_bytes)).decode()
        entry = {"key": key, "caps mon": '"allow *"', "caps osd": '"allow *"'}
        self._write("keyring", {name: entry for name in ("mon.", "client.admin", "client.rgw", "osd.0")})

    def _write_config(self, fsid):
        tls = f"ssl_endpoint=127.0.0.1:{self._ports[1]} ssl_certificate={self._dir}/tls/cert.pem ssl_private_key={self._dir}/tls/key.pem"
        sections = {
            "global": {
                "fsid": fsid,
                "keyring": self._dir / "keyring",
                "mon_host": self._monitor,
                "public_addr": "127.0.0.1",
                "cluster_addr": "127.0.0.1",
                "ms_bind_msgr1": "false",
                "ms_bind_port_min": self._ports[8],
                "ms_bind_port_max": self._ports[31],
                "admin_socket": "",
                "crash_dir": self._dir / "run",
                "log_file": "",
                "log_to_stderr": "true",
                "osd_pool_default_size": "1",
                "osd_pool_default_min_size": "1",
                "osd_pool_default_pg_num": "1",
                "osd_pool_default_pg_autoscale_mode": "off",
                "osd_crush_chooseleaf_type": "0",
                "mon_allow_pool_size_one": "true",
                "mon_max_pg_per_osd": "1000",
            },
            "mon": {
                "mon_data": self._dir / "mon",
                "mon_cluster_log_file": "",
                "mon_data_avail_crit": "1",
                "paxos_propose_interval": "0.02",  # as it comes, each of a dozen map changes waits a second
                "paxos_min_wait": "0.01",
            },
            "osd": {
                "osd_data": self._dir / "osd",
                "osd_objectstore": "memstore",
                "memstore_device_bytes": str(8 << 30),
                "osd_class_load_list": "*",
                "osd_class_default_list": "*",
            },
            "client": {
                "objecter_tick_interval": "0.1",  # as it comes, a client that misses a map change sleeps five seconds
                "rgw_data": self._dir / "rgw",
                "rgw_frontends": f"beast endpoint=127.0.0.1:{self._ports[0]} {tls}",
                "rgw_dns_name": self.vhost_domain,
                "rgw_crypt_require_ssl": "false",
                **self.gateway,
                "rgw_thread_pool_size": "64",
                "rgw_override_bucket_index_max_shards": "1",
                "rgw_dynamic_resharding": "false",
                "rgw_run_sync_thread": "false",
                "rgw_enable_lc_threads": "false",
                "rgw_enable_quota_threads": "false",
            },
        }
        self._write("ceph.conf", sections)

    def _write(self, name, sections):
        config = configparser.RawConfigParser()
        config.read_dict(sections)
        with open(self._dir / name, "w") as file:
            config.write(file)


class CephSts(Ceph):
    """The same with its Security Token Service, which changes what a wrong key is answered with."""

    user = ["--caps=roles=*"]
    gateway = {"rgw_s3_auth_use_sts": "true", "rgw_sts_key": "0123456789abcdef"}


class Ceph20(Ceph):
    """RADOS gateway of Debian sid, in a root of that suite. Honours If-Match on PUT and keeps checksums."""

    packages = ["ceph-mon", "ceph-osd", "radosgw", "ceph-common"]
    cipher, key_bytes = 2, 32  # AES-256: it takes no others

    def _prepare(self):
        """Each program gets a mount namespace of its own, in which our directory is in its root at the same place."""
        need(["openssl"])
        root = make_root("sid", self.packages)
        self._place = Path(f"{root}{self._dir}")
        self._place.mkdir(parents=True)
        script = 'mount --bind "$1" "$2$1" && mount -t proc proc "$2/proc" && root=$2 && shift 2 && exec chroot "$root" "$@"'
        self._inside = ["/usr/bin/unshare", "-m", "sh", "-c", script, "sh", str(self._dir), str(root)]

    def stop(self):
        super().stop()
        if self._inside:
            with contextlib.suppress(OSError):  # up to what others use, too
                os.removedirs(self._place)
