"""nginx with many faces: one port for each way in which a server may set up TLS, all in front of one plain http server."""
import subprocess

from daemons import Daemons, PortBlock, is_listening

_NAMES = "DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1"
_WEAK = "ssl_ciphers ALL:@SECLEVEL=0;"
_12 = "ssl_protocols TLSv1.2;"
_BOTH = "ssl_protocols TLSv1.2 TLSv1.3;"

# name: (certificate, what else nginx is told)
SITES = {
    "tls12": ("good", _12),
    "tls13": ("good", "ssl_protocols TLSv1.3;"),
    "both": ("good", _BOTH),
    "ec": ("ec", _12),
    "expired": ("expired", _BOTH),
    "not-yet": ("not-yet", _BOTH),
    "wrong-host": ("wrong-host", _BOTH),
    "self-signed": ("self-signed", _BOTH),
    "untrusted": ("untrusted", _BOTH),
    "client-cert": ("good", _12 + " ssl_client_certificate client-ca.pem; ssl_verify_client on;"),
    "chain": ("chain", _BOTH),
    "no-intermediate": ("leaf", _BOTH),
    "old": ("good", "ssl_protocols TLSv1 TLSv1.1; " + _WEAK),
    "chacha": ("good", _12 + " ssl_ciphers ECDHE-RSA-CHACHA20-POLY1305;"),
    "cbc": ("good", _12 + " ssl_ciphers AES128-SHA:@SECLEVEL=0;"),
    "aes256": ("good", _12 + " ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384; ssl_ecdh_curve secp384r1;"),
    "rsa4096": ("rsa4096", _12),
    "rsa1024": ("rsa1024", _12 + " " + _WEAK),
    "ec384": ("ec384", _12),
    "ip-only": ("ip-only", _BOTH),
    "cn-only": ("cn-only", _BOTH),
    "sha1": ("sha1", _12 + " " + _WEAK),
    "cached": ("good", _12 + " ssl_session_tickets off; ssl_session_cache shared:a:1m; ssl_buffer_size 4k;"),
    "one-request": ("good", _12 + " keepalive_requests 1; ssl_session_cache shared:b:1m;"),
    "refuses-put": ("good", _12 + " if ($request_method = PUT) { return 503; }"),
    "slow": ("good", _12 + " limit_rate 200k;"),
}


class TlsSite:
    """url(name): where a face of SITES is; ca, client: what to trust and what to show, as PEM files. host: what to listen on."""

    def __init__(self, directory, backend):
        self.directory, self.backend = directory, backend
        self.ca, self.client = directory / "ca.pem", directory / "client.pem"
        self._ports = PortBlock()
        self._port = {name: self._ports[i] for i, name in enumerate(SITES)}
        self._daemons = Daemons(directory)
        make_certificates(directory)

    def url(self, name, host="localhost"):
        return f"https://{host}:{self._port[name]}"

    def start(self):
        (self.directory / "nginx.conf").write_text(self._config())
        self._daemons.start("nginx", ["/usr/sbin/nginx", "-p", str(self.directory), "-c", str(self.directory / "nginx.conf")])
        self._daemons.wait_until("nginx", lambda: is_listening(self._port["slow"]))
        return self

    def stop(self):
        self._daemons.stop()

    def _config(self):
        servers = "".join(
            f"server {{ listen 127.0.0.1:{self._port[name]} ssl; listen [::1]:{self._port[name]} ssl; ssl_certificate {cert}.pem;"
            f" ssl_certificate_key {cert}.key; {more} location / {{ proxy_pass {self.backend}; proxy_set_header Host $http_host; proxy_set_header X-Reused $ssl_session_reused; }} }}\n"
            for name, (cert, more) in SITES.items()
        )
        scratch = " ".join(f"{kind}_temp_path {self.directory}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return (
            f"user root; worker_processes 1; daemon off; pid {self.directory}/pid; error_log {self.directory}/errors;\n"
            f"events {{ worker_connections 256; }}\nhttp {{ access_log off; client_max_body_size 0; {scratch}\n{servers}}}\n"
        )


def make_certificates(directory):
    """Everything that SITES names, by openssl."""

    def openssl(*arguments):
        subprocess.run(["/usr/bin/openssl", *arguments], cwd=directory, check=True, capture_output=True)

    def root(name, algorithm="rsa:2048", *more):
        usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign", "-addext", "basicConstraints=critical,CA:TRUE"]
        openssl("req", "-x509", *_key(name, algorithm), "-days", "30", "-subj", f"/CN=ws {name}", "-out", f"{name}.pem", *usage, *more)

    def leaf(name, issuer="ca", algorithm="rsa:2048", names=_NAMES, *more):
        extensions = ["-addext", "basicConstraints=CA:FALSE", "-addext", f"subjectAltName={names}"]
        signed = ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key"] if issuer else []
        openssl("req", "-x509", *_key(name, algorithm), "-days", "30", "-subj", "/CN=localhost", "-out", f"{name}.pem", *signed, *extensions, *more)

    def dated(name, start, end):
        openssl("req", "-new", *_key(name, "rsa:2048"), "-subj", "/CN=localhost", "-addext", f"subjectAltName={_NAMES}", "-out", f"{name}.csr")
        openssl("ca", "-batch", "-config", "ca.cnf", "-in", f"{name}.csr", "-startdate", start, "-enddate", end, "-notext", "-out", f"{name}.pem")

    (directory / "ca.cnf").write_text(
        "[ca]\ndefault_ca=c\n[c]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ncertificate=ca.pem\nprivate_key=ca.key\ndefault_md=sha256\n"
        "policy=p\ncopy_extensions=copy\nunique_subject=no\n[p]\ncommonName=supplied\n"
    )
    (directory / "index").touch()
    (directory / "serial").write_text("1000\n")
    root("ca")
    root("other-ca")
    root("client-ca")
    root("middle", "rsa:2048", "-CA", "ca.pem", "-CAkey", "ca.key")
    leaf("good")
    leaf("ec", algorithm="prime256v1")
    leaf("ec384", algorithm="secp384r1")
    leaf("rsa4096", algorithm="rsa:4096")
    leaf("rsa1024", algorithm="rsa:1024")
    leaf("wrong-host", names="DNS:other.example")
    leaf("ip-only", names="IP:127.0.0.1")
    leaf("cn-only", names="DNS:unrelated.example")
    leaf("sha1", "ca", "rsa:2048", _NAMES, "-sha1")
    leaf("untrusted", "other-ca")
    leaf("self-signed", None)
    leaf("leaf", "middle")
    leaf("client-alone", "client-ca", "prime256v1")
    dated("expired", "20200101000000Z", "20210101000000Z")
    dated("not-yet", "20400101000000Z", "20410101000000Z")
    for name, parts in {"chain": ("leaf.pem", "middle.pem"), "client": ("client-alone.pem", "client-alone.key")}.items():
        (directory / f"{name}.pem").write_bytes(b"".join((directory / part).read_bytes() for part in parts))
    (directory / "chain.key").write_bytes((directory / "leaf.key").read_bytes())


def _key(name, algorithm):
    curve = [] if algorithm.startswith("rsa") else ["-pkeyopt", f"ec_paramgen_curve:{algorithm}"]
    return ["-nodes", "-newkey", algorithm if not curve else "ec", *curve, "-keyout", f"{name}.key"]
