"""The archive format written and read a second time, from lib/pack/FORMAT.md alone: to look into archives, and to make false ones."""
import dataclasses
import hashlib
import struct
import tarfile
import io
import zlib

FIXED = bytes.fromhex("1f8b08040000000000ff")
EMPTY = b"\x03\x00" + bytes(8)


def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out + bytes([n]))


def signed(n):
    return varint(n * 2 if n >= 0 else -n * 2 - 1)


def deflate(raw):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(raw) + packer.flush()


def data_member(raw):
    body = deflate(raw)
    return FIXED + struct.pack("<H2sHII", 12, b"WS", 8, len(body) + 32, len(raw)) + body + struct.pack("<II", zlib.crc32(raw), len(raw))


def hidden(kind, payload):
    """Members that carry payload, in slices."""
    slices = [payload[i : i + 65000] for i in range(0, len(payload), 65000)]
    return b"".join(FIXED + struct.pack("<H2sH", len(s) + 4, kind, len(s)) + s + EMPTY for s in slices)


def front(before, path):
    """A path by what it shares with the one before it."""
    fields = _Fields({}, {})
    fields.path("", before, path)
    return fields.out


@dataclasses.dataclass
class Entry:
    """What the index says of one entry."""

    path: bytes
    type: int = 0
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    ns: int = 0
    blocks: int = 1  # of the header
    size: int = 0
    stored: int = 0
    sparse: bool = False
    link: bytes = b""
    sha256: bytes = bytes(32)

    def packed(self, before_path, before_mtime):
        fields = _Fields({}, {})
        fields.entry("", self, before_path, before_mtime)
        return fields.out

    @property
    def span(self):
        """Bytes of the tar from this header to the next."""
        return self.blocks * 512 + (self.stored + 511) // 512 * 512


def entries_of(raw):
    """The index entries that tell the truth about a tar."""
    kinds = {tarfile.REGTYPE: 0, tarfile.DIRTYPE: 1, tarfile.SYMTYPE: 2, tarfile.LNKTYPE: 3}
    out = []
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        for member in tar:
            name = member.name.encode(errors="surrogateescape")
            name = b"" if name == b"." else name.removeprefix(b"./")
            size = member.size if member.isreg() else 0
            content = raw[member.offset_data : member.offset_data + size]
            out.append(
                Entry(
                    path=name, type=kinds.get(member.type, 0), mode=member.mode, uid=member.uid, gid=member.gid, mtime=int(member.mtime),
                    blocks=(member.offset_data - member.offset) // 512, size=size, stored=size,
                    link=member.linkname.encode(errors="surrogateescape"), sha256=hashlib.sha256(content).digest(),
                )
            )
    return out


class _Fields:
    """Bytes of an index, field by field, each under its name; what `lies` has under that name is written instead."""

    def __init__(self, lies, seen):
        self.out, self.lies, self.seen = b"", lies, seen

    def _say(self, name, value, form):
        self.seen[name] = value
        lie = self.lies.get(name, value)
        self.out += form(lie(value) if callable(lie) else lie)

    def varint(self, name, value):
        self._say(name, value, varint)

    def signed(self, name, value):
        self._say(name, value, signed)

    def u32(self, name, value):
        self._say(name, value, lambda n: struct.pack("<I", n & 0xFFFFFFFF))

    def bytes(self, name, value):
        self._say(name, value, bytes)

    def path(self, name, before, path):
        shared = 0
        while shared < min(len(before), len(path)) and before[shared] == path[shared]:
            shared += 1
        self.varint(f"{name} path shared", shared)
        self.varint(f"{name} path length", len(path) - shared)
        self.bytes(f"{name} path", path[shared:])

    def entry(self, name, e, before_path, before_mtime):
        self._say(f"{name} type", e.type | (0x10 if e.sparse else 0), lambda n: bytes([n & 0xFF]))
        self.path(name, before_path, e.path)
        for field in ("mode", "uid", "gid"):
            self.varint(f"{name} {field}", getattr(e, field))
        self.signed(f"{name} mtime", e.mtime - before_mtime)
        self.varint(f"{name} ns", e.ns)
        self.varint(f"{name} blocks", e.blocks)
        if e.type == 0:
            self.varint(f"{name} size", e.size)
            if e.sparse:
                self.varint(f"{name} stored", e.stored)
        else:
            self.varint(f"{name} link length", len(e.link))
            self.bytes(f"{name} link", e.link)


def pack(raw, entries=None, cuts=(), lies=None, sorted_flag=0, block_members=1000, seen=None):
    """An archive of a tar: cut into members at `cuts`, with an index of `entries` (default: the truth).

    lies: {field: the value to write, or a function of the true one}; checksums over the field are made to fit. seen (a dict) gets
    every field and its true value.
    """
    entries = entries_of(raw) if entries is None else entries
    lies, seen = lies or {}, {} if seen is None else seen
    bounds = [0, *cuts, len(raw)]
    parts = [raw[a:b] for a, b in zip(bounds, bounds[1:])]
    members = [data_member(part) for part in parts]
    data = b"".join(members)
    starts, at = [], 0
    for e in entries:
        starts.append(at)
        at += e.span

    numbers = range(0, len(members), block_members)
    root = _Fields(lies, seen)
    content = sum(e.size for e in entries if e.type == 0)
    for name, value in (("flags", sorted_flag), ("entries", len(entries)), ("content", content), ("raw", len(raw)), ("packed", len(data)),
                        ("members", len(members)), ("blocks", len(numbers))):
        root.varint(f"root {name}", value)
    index, first_path = b"", b""
    for number, first in enumerate(numbers):
        last = min(first + block_members, len(members))
        begin, end = bounds[first], bounds[last]
        own = [(n, e) for n, (e, start) in enumerate(zip(entries, starts)) if begin <= start < end or (last == len(members) and start >= end)]
        block = _Fields(lies, seen)
        block.varint(f"block {number} files", sum(e.type == 0 for _, e in own))
        block.varint(f"block {number} lead", starts[own[0][0]] - begin if own else 0)
        for n in range(first, last):
            block.varint(f"member {n} packed", len(members[n]))
            block.varint(f"member {n} raw", len(parts[n]))
            block.u32(f"member {n} crc", zlib.crc32(parts[n]))
        path, mtime = b"", 0
        for n, e in own:
            block.entry(f"entry {n}", e, path, mtime)
            path, mtime = e.path, e.mtime
        for n, e in own:
            if e.type == 0:
                block.bytes(f"entry {n} sha256", e.sha256)
        stored = hidden(b"WI", deflate(block.out))
        for name, value in (("members", last - first), ("entries", len(own)), ("packed", sum(map(len, members[first:last]))), ("raw", end - begin),
                            ("stored", len(stored)), ("length", len(block.out))):
            root.varint(f"root block {number} {name}", value)
        root.u32(f"root block {number} crc", zlib.crc32(block.out))
        root.path(f"root block {number}", first_path, own[0][1].path if own else b"")
        first_path = own[0][1].path if own else b""
        index += stored
    return data + index + hidden(b"WI", deflate(root.out)) + footer(len(data), len(data) + len(index), len(root.out), zlib.crc32(root.out), lies, seen)


def footer(index_off, root_off, root_raw_len, root_crc, lies=None, seen=None):
    """The last member; of its fields too any can be a lie, under a checksum that fits."""
    fields = {"index_off": index_off, "root_off": root_off, "root_length": root_raw_len, "root_crc": root_crc, "version": 1, "magic": b"wsarchiv", "zero": 0}
    for name, value in fields.items():
        if seen is not None:
            seen[f"footer {name}"] = value
        lie = (lies or {}).get(f"footer {name}", value)
        fields[name] = lie(value) if callable(lie) else lie
    numbers = [value if isinstance(value, bytes) else value % (1 << bits) for value, bits in zip(fields.values(), (64, 64, 64, 32, 32, 0, 32))]
    payload = struct.pack("<QQQII8sI", *numbers)
    return hidden(b"WF", payload + struct.pack("<I", zlib.crc32(payload)))


# ---- reading ----


def after_key(e):
    """A directory is greater than all below it."""
    return [(0, part) for part in e.path.split(b"/") if part] + [(1,)] * (e.type == 1)


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        assert self.at + n <= len(self.data)
        self.at += n
        return self.data[self.at - n : self.at]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def signed(self):
        n = self.varint()
        return n >> 1 if n & 1 == 0 else -(n >> 1) - 1

    def u32(self):
        return struct.unpack("<I", self.take(4))[0]

    def path(self, before):
        shared = self.varint()
        return before[:shared] + self.take(self.varint())


def members_of(data):
    """[(kind, payload, whole member)] by hopping."""
    out, at = [], 0
    while at < len(data):
        assert data[at : at + 10] == FIXED, f"no member at {at}"
        xlen, kind, length = struct.unpack("<H2sH", data[at + 10 : at + 16])
        assert xlen == length + 4
        payload = data[at + 16 : at + 16 + length]
        size = struct.unpack("<I", payload[:4])[0] if kind == b"WS" else length + 26
        out.append((kind, payload, data[at : at + size]))
        at += size
    return out


def read(data):
    """(tar, entries) of an archive; asserts everything that FORMAT.md says."""
    members = members_of(data)
    kinds = [kind for kind, _, _ in members]
    assert kinds == sorted(kinds, key=[b"WS", b"WI", b"WF"].index) and kinds.count(b"WF") == 1 and len(members[-1][2]) == 74
    raw_parts = [zlib.decompress(member, 31) for kind, _, member in members if kind == b"WS"]
    raw = b"".join(raw_parts)
    assert all(member.endswith(EMPTY) and zlib.decompress(member, 31) == b"" for kind, _, member in members if kind != b"WS")
    payload = members[-1][1]
    index_off, root_off, root_raw_len, root_crc, version, magic, zero, crc = struct.unpack("<QQQII8sII", payload)
    assert (version, magic, zero, crc) == (1, b"wsarchiv", 0, zlib.crc32(payload[:44]))
    assert index_off == sum(len(m) for k, _, m in members if k == b"WS")

    def inflate(offset, length, raw_len, crc32):
        whole = b"".join(p for _, p, _ in members_of(data[offset : offset + length]))
        out = zlib.decompress(whole, -15)
        assert len(out) == raw_len and zlib.crc32(out) == crc32
        return out

    root = Cursor(inflate(root_off, len(data) - 74 - root_off, root_raw_len, root_crc))
    flags, entry_count, content, tar_bytes, packed, member_count, blocks = [root.varint() for _ in range(7)]
    entries, positions, pos, start, first_path, stored_at, blocks_of = [], [], 0, 0, b"", index_off, []
    assert flags in (0, 1, 2)
    for _ in range(blocks):
        n_members, n_entries, b_packed, b_raw, stored_len, raw_len = [root.varint() for _ in range(6)]
        block = Cursor(inflate(stored_at, stored_len, raw_len, root.u32()))
        first_path = root.path(first_path)
        files, lead = block.varint(), block.varint()
        if n_entries:
            assert start + lead == pos
        told = [(block.varint(), block.varint(), block.u32()) for _ in range(n_members)]
        assert (sum(t[0] for t in told), sum(t[1] for t in told)) == (b_packed, b_raw)
        done = len(positions)
        here = [m for k, _, m in members if k == b"WS"][done : done + n_members]
        assert told == [(len(m), len(r), zlib.crc32(r)) for m, r in zip(here, raw_parts[done:])]
        positions += told
        path, mtime, new = b"", 0, []
        for _ in range(n_entries):
            tag = block.take(1)[0]
            path = block.path(path)
            if not new:
                assert path == first_path
            e = Entry(path, tag & 15, block.varint(), block.varint(), block.varint(), 0, sparse=bool(tag & 0x10))
            mtime += block.signed()
            e.mtime, e.ns, e.blocks = mtime, block.varint(), block.varint()
            if e.type == 0:
                e.size = e.stored = block.varint()
                if e.sparse:
                    e.stored = block.varint()
            else:
                e.link = block.take(block.varint())
            e.offset = pos
            pos += e.blocks * 512 + (e.stored + 511) // 512 * 512
            new.append(e)
        for e in new:
            if e.type == 0:
                e.sha256 = block.take(32)
                data_at = e.offset + e.blocks * 512
                assert e.sha256 == hashlib.sha256(raw[data_at : data_at + e.stored]).digest(), e.path
        assert block.at == len(block.data) and sum(e.type == 0 for e in new) == files
        entries += new
        blocks_of.append(new)
        start += b_raw
        stored_at += stored_len
    assert root.at == len(root.data) and stored_at == root_off
    assert (len(entries), len(raw), index_off, len(positions)) == (entry_count, tar_bytes, packed, member_count)
    assert pos == len(raw) - 1024 and raw.endswith(bytes(1024)) and content == sum(e.size for e in entries)
    if flags == 2:
        last = None
        for keys in [[after_key(e) for e in new] for new in blocks_of if new]:
            assert min(keys) == keys[0] and (last is None or last < keys[0])
            last = max(keys)
    if flags == 1:
        keys = [e.path.replace(b"/", b"\0") for e in entries]
        assert keys == sorted(set(keys))
    return raw, entries
