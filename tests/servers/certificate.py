"""A test CA and a server certificate for loopback names and *.example.test, made by openssl."""
import subprocess

_NAMES = "DNS:localhost,DNS:*.localhost,DNS:*.example.test,IP:127.0.0.1,IP:::1"


def make(directory):
    """Write ca.pem (to trust), cert.pem and key.pem (to serve) into directory."""
    _openssl(
        directory,
        "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=ws-test-CA -keyout ca.key -out ca.pem"
        " -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign",
    )
    (directory / "leaf.ext").write_text(f"subjectAltName={_NAMES}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    _openssl(directory, "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out leaf.csr")
    _openssl(directory, "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile leaf.ext -out cert.pem")


def _openssl(directory, arguments):
    subprocess.run(["/usr/bin/openssl", *arguments.split()], cwd=directory, check=True, capture_output=True)
