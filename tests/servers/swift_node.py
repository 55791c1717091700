"""A whole Swift from one command: swift_node.py ETC DEVICE ACCOUNT CONTAINER OBJECT

ETC holds swift.conf and NAME-server.conf; the last three are ports. Writes the rings (one device, one replica), loads Swift
once, and becomes four servers by fork: four separate starts would pay four times for the same imports. When one ends, all end.
"""
import array
import os
import sys

from swift.common import utils, wsgi

from daemons import die_with_parent


def write_ring(etc, name, port, device):
    """A ring of two partitions, both on the only device."""
    from swift.common.ring.ring import RingData

    node = {"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": device, "weight": 1.0, "meta": ""}
    node.update(replication_ip=node["ip"], replication_port=port)
    RingData([array.array("H", [0, 0])], [node], 31).save(f"{etc}/{name}.ring.gz")


def main():
    etc, device, *ports = sys.argv[1:]
    utils.set_swift_dir(etc)
    for name, port in zip(("account", "container", "object"), ports):
        write_ring(etc, name, int(port), device)
    utils.eventlet_monkey_patch()
    import swift.account.server, swift.container.server, swift.obj.server, swift.proxy.server  # noqa: F401

    for name in ("account", "container", "object", "proxy"):
        if os.fork() == 0:
            die_with_parent()
            os._exit(wsgi.run_wsgi(f"{etc}/{name}-server.conf", f"{name}-server", verbose=True) or 1)
    os.wait()
    sys.exit(1)


main()
