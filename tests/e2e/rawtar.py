"""Tar archives byte by byte, whatever they say; the wrappings that they come in; and the ways in which they are unpacked."""
import gzip
import tarfile
import zlib

import seccomp
import wsformat

DIR, SYM, HARD, FIFO, CHAR, BLOCK = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE


def header(name, type=tarfile.REGTYPE, size=0, link="", mode=0o644, mtime=1_600_000_000, uid=0, gid=0, **fields):
    """One ustar block as it is, whatever it says; fields replace bytes: {offset: bytes} as at124=b"..."."""
    name = name.encode(errors="surrogateescape") if isinstance(name, str) else name
    link = link.encode(errors="surrogateescape") if isinstance(link, str) else link
    assert len(name) <= 100 and len(link) <= 100
    block = bytearray(512)

    def put(at, data):
        block[at : at + len(data)] = data

    put(0, name)
    for at, digits, value in ((100, 7, mode), (108, 7, uid), (116, 7, gid), (124, 11, size), (136, 11, mtime)):
        put(at, b"%0*o\0" % (digits, value))
    put(156, type)
    put(157, link)
    put(257, b"ustar\x0000")
    for key, value in fields.items():
        put(int(key[2:]), value)
    block[148:156] = b"        "
    put(148, b"%06o\0 " % sum(block))
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % 512)


def file(name, content=b"evil", **more):
    return header(name, size=len(content), **more) + padded(content)


def pax(records, name="PaxHeader"):
    text = b""
    for key, value in records:
        body = b" " + key + b"=" + value + b"\n"
        length = len(body) + 1
        while len(str(length)) + len(body) != length:
            length += 1
        text += str(length).encode() + body
    return header(name, b"x", len(text)) + padded(text)


def raw_pax(text):
    return header("PaxHeader", b"x", len(text)) + padded(text)


def tar(*parts):
    return b"".join(parts) + bytes(1024)


def as_plain(raw):
    return raw


def as_gzip(raw):
    return gzip.compress(raw, mtime=0)


def as_ours(raw):
    """In our members, without an index that would have to tell the same."""
    member = wsformat.data_member(raw)
    root = b"".join(map(wsformat.varint, [0, 0, 0, len(raw), len(member), 1, 0]))
    return member, root


def ours_in_a_pipe(raw):
    """What a reader hops over: members, some index, a footer that is in the right place."""
    member, root = as_ours(raw)
    return member + wsformat.hidden(b"WI", wsformat.deflate(root)) + wsformat.footer(len(member), len(member), len(root), zlib.crc32(root))


# How each is unpacked: more options of extract, and of run().
WAYS = {"as it is": ([], {}), "with two threads": (["-T", "2"], {})}
if seccomp.KNOWN:
    WAYS["without openat2"] = ([], {"preexec_fn": seccomp.refuse(seccomp.OPENAT2)})


def base256(value, size=12):
    return (value & ((1 << 8 * size) - 1) | 1 << (8 * size - 1)).to_bytes(size, "big")


def long_name(text, type=b"L"):
    """GNU's way to give a name (L) or a link's target (K) that is long."""
    return header("././@LongLink", type, len(text)) + padded(text)


def global_pax(text):
    return header("GlobalHead", b"g", len(text)) + padded(text)


def sparse_records(*more):
    """What announces a file of GNU's sparse format 1.0."""
    return pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), *more])


def sparse_extents(extents):
    """Blocks of GNU's first sparse format that go on with the map."""
    out = b""
    for at in range(0, len(extents), 21):
        rows = b"".join(b"%011o\0%011o\0" % row for row in extents[at : at + 21])
        out += rows.ljust(504, b"\0") + (b"\1" if at + 21 < len(extents) else b"\0") + bytes(7)
    return out


def sparse_old(name, extents, real_size, data=b""):
    """A file of GNU's first sparse format."""
    rows = b"".join(b"%011o\0%011o\0" % row for row in extents[:4])
    flag = b"\1" if len(extents) > 4 else b"\0"
    return header(name, b"S", len(data), at257=b"ustar  \0", at386=rows, at482=flag, at483=b"%011o\0" % real_size) + sparse_extents(extents[4:]) + padded(data)
