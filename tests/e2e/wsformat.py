"""The archive format written and read a second time, from lib/pack/FORMAT.md alone: to look into archives, and to make false ones."""
import dataclasses
import functools
import hashlib
import io
import struct
import subprocess
import tarfile
import zlib

FIXED = bytes.fromhex("1f8b08040000000000ff")
EMPTY = b"\x03\x00" + bytes(8)
ZSTD_FRAME, ZSTD_HIDDEN, ZSTD_SEEK, ZSTD_SEEKABLE = 0xFD2FB528, 0x184D2A57, 0x184D2A5E, 0x8F92EAB1


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


@functools.cache
def zstd(raw, *options):
    return subprocess.run(["/usr/bin/zstd", "-qc", *options], input=raw, stdout=subprocess.PIPE, check=True).stdout


def data_member(raw, form="gz"):
    if form == "zst":
        return zstd(raw, "--check", f"--stream-size={len(raw)}")
    body = deflate(raw)
    return FIXED + struct.pack("<H2sHII", 12, b"WS", 8, len(body) + 32, len(raw)) + body + struct.pack("<II", zlib.crc32(raw), len(raw))


def hidden(kind, payload, form="gz"):
    """Members that carry payload, in slices."""
    slices = [payload[i : i + 65000] for i in range(0, len(payload), 65000)]
    if form == "zst":
        return b"".join(struct.pack("<II", ZSTD_HIDDEN, len(s) + 4) + kind + b"\0\0" + s for s in slices)
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
    again: bool = False  # a directory that came before
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
                    blocks=(member.offset_data - member.offset) // 512, size=size, stored=size, again=member.pax_headers.get("comment") == "again",
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
        self._say(f"{name} type", e.type | (0x10 if e.sparse else 0) | (0x20 if e.again else 0), lambda n: bytes([n & 0xFF]))
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


def pack(raw, entries=None, cuts=(), lies=None, sorted_flag=0, block_members=1000, seen=None, form="gz", runs=()):
    """An archive of a tar: cut into members at `cuts`, with an index of `entries` (default: the truth).

    runs: of how many blocks what is written between the data is; form: "gz" or "zst".
    lies: {field: the value to write, or a function of the true one}; checksums over the field are made to fit. seen (a dict) gets
    every field and its true value.
    """
    entries = entries_of(raw) if entries is None else entries
    lies, seen = lies or {}, {} if seen is None else seen
    bounds = [0, *cuts, len(raw)]
    parts = [raw[a:b] for a, b in zip(bounds, bounds[1:])]
    members = [data_member(part, form) for part in parts]
    packed = sum(map(len, members))
    starts, at = [], 0
    for e in entries:
        starts.append(at)
        at += e.span

    numbers = range(0, len(members), block_members)
    root = _Fields(lies, seen)
    content = sum(e.size for e in entries if e.type == 0)
    for name, value in (("flags", sorted_flag | (2 if runs else 0)), ("entries", sum(not e.again for e in entries)), ("content", content), ("raw", len(raw)), ("packed", packed),
                        ("members", len(members)), ("blocks", len(numbers))):
        root.varint(f"root {name}", value)
    if runs:
        root.varint("root runs", len(runs))
    for number, blocks in enumerate(runs):
        root.varint(f"root run {number}", blocks)
    out, index, first_path, run_ends = b"", b"", b"", [sum(runs[: n + 1]) - 1 for n in range(len(runs))]
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
        stored = hidden(b"WI", deflate(block.out), form)
        counted = [e.path for _, e in own if not e.again]
        for name, value in (("members", last - first), ("entries", len(counted)), ("packed", sum(map(len, members[first:last]))), ("raw", end - begin),
                            ("stored", len(stored)), ("length", len(block.out))):
            root.varint(f"root block {number} {name}", value)
        root.u32(f"root block {number} crc", zlib.crc32(block.out))
        root.path(f"root block {number}", first_path, counted[0] if counted else b"")
        first_path = counted[0] if counted else b""
        out += b"".join(members[first:last])
        index += stored
        if number in run_ends:
            out, index = out + index, b""
    whole = out + index + hidden(b"WI", deflate(root.out), form)
    whole += footer(len(out), len(out) + len(index), len(root.out), zlib.crc32(root.out), lies, seen, form)
    return whole + (seek_table(whole, lies, seen) if form == "zst" else b"")


def seek_table(frames, lies, seen):
    """Of zstd's seekable format; its fields too may lie, but for the two that say that it is one."""
    table = _Fields(lies, seen)
    found = frames_of(frames)
    for number, (_, _, frame, raw_len) in enumerate(found):
        table.u32(f"seek {number} packed", len(frame))
        table.u32(f"seek {number} raw", raw_len)
    return struct.pack("<II", ZSTD_SEEK, len(table.out) + 9) + table.out + struct.pack("<IBI", len(found), 0, ZSTD_SEEKABLE)


def footer(index_off, root_off, root_raw_len, root_crc, lies=None, seen=None, form="gz"):
    """The last member; of its fields too any can be a lie, under a checksum that fits."""
    fields = {"index_off": index_off, "root_off": root_off, "root_length": root_raw_len, "root_crc": root_crc, "version": 1, "magic": b"wsarchiv", "zero": 0}
    for name, value in fields.items():
        if seen is not None:
            seen[f"footer {name}"] = value
        lie = (lies or {}).get(f"footer {name}", value)
        fields[name] = lie(value) if callable(lie) else lie
    numbers = [value if isinstance(value, bytes) else value % (1 << bits) for value, bits in zip(fields.values(), (64, 64, 64, 32, 32, 0, 32))]
    payload = struct.pack("<QQQII8sI", *numbers)
    return hidden(b"WF", payload + struct.pack("<I", zlib.crc32(payload)), form)


# ---- reading ----


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


def frames_of(data):
    """[(kind, payload, whole frame, its raw length)] of zstd frames."""
    out, at = [], 0
    while at < len(data):
        magic, length = struct.unpack_from("<II", data, at)
        start, raw_len, payload, kind = at, 0, b"", b"WS"
        if magic & 0xFFFFFFF0 == 0x184D2A50:
            payload, at = data[at + 8 : at + 8 + length], at + 8 + length
            kind = payload[:2] if magic == ZSTD_HIDDEN and payload[2:4] == b"\0\0" else b"seek" if magic == ZSTD_SEEK else b"?"
            payload = payload[4:] if magic == ZSTD_HIDDEN else payload
        else:
            assert magic == ZSTD_FRAME, f"no frame at {at}"
            descriptor = data[at + 4]
            assert descriptor & 4 and not descriptor & 0x1B, "a checksum and no dictionary"
            at += 5 if descriptor & 0x20 else 6
            width = (1, 2, 4, 8)[descriptor >> 6]
            raw_len = int.from_bytes(data[at : at + width], "little") + (256 if width == 2 else 0)
            at += width
            last = False
            while not last:
                head = int.from_bytes(data[at : at + 3], "little")
                last = head & 1
                at += 3 + (1 if head >> 1 & 3 == 1 else head >> 3)
            at += 4
        out.append((kind, payload, data[start:at], raw_len))
    return out


def form_of(data):
    return "zst" if data[-4:] == struct.pack("<I", ZSTD_SEEKABLE) else "gz"


def members_of(data, form="gz"):
    """[(kind, payload, whole member)] by hopping."""
    if form == "zst":
        return [(kind, payload, frame) for kind, payload, frame, _ in frames_of(data)]
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


def inflated(member, form):
    return zstd(member, "-d") if form == "zst" else zlib.decompress(member, 31)


@dataclasses.dataclass
class Block:
    """What the root says of a block, and where its members and it are."""

    members: int
    entries: int
    packed: int
    raw: int
    stored_len: int
    raw_len: int
    crc: int
    first_path: bytes = b""
    data_at: int = 0
    raw_at: int = 0
    stored_at: int = 0


@dataclasses.dataclass
class Index:
    """Footer and root of the archive of which fetch(offset, length) gives bytes."""

    fetch: object
    form: str
    flags: int
    entries: int
    content: int
    raw: int
    packed: int
    members: int
    blocks: list

    def joined(self, offset, length, raw_len, crc):
        whole = b"".join(payload for _, payload, _ in members_of(self.fetch(offset, length), self.form))
        out = zlib.decompress(whole, -15)
        assert len(out) == raw_len and zlib.crc32(out) == crc
        return out

    def block(self, number):
        """([(packed, raw, crc) of each member], [Entry]), offsets and all."""
        b = self.blocks[number]
        cursor = Cursor(self.joined(b.stored_at, b.stored_len, b.raw_len, b.crc))
        files, lead = cursor.varint(), cursor.varint()
        members = [(cursor.varint(), cursor.varint(), cursor.u32()) for _ in range(b.members)]
        assert (sum(m[0] for m in members), sum(m[1] for m in members)) == (b.packed, b.raw)
        entries, path, mtime, pos = [], b"", 0, b.raw_at + lead
        while cursor.at < len(cursor.data) - 32 * files:
            tag = cursor.take(1)[0]
            path = cursor.path(path)
            e = Entry(path, tag & 15, cursor.varint(), cursor.varint(), cursor.varint(), 0, sparse=bool(tag & 0x10), again=bool(tag & 0x20))
            mtime += cursor.signed()
            e.mtime, e.ns, e.blocks = mtime, cursor.varint(), cursor.varint()
            if e.type == 0:
                e.size = e.stored = cursor.varint()
                if e.sparse:
                    e.stored = cursor.varint()
            else:
                e.link = cursor.take(cursor.varint())
            e.offset = pos
            pos += e.span
            entries.append(e)
        for e in entries:
            if e.type == 0:
                e.sha256 = cursor.take(32)
        assert cursor.at == len(cursor.data) and sum(e.type == 0 for e in entries) == files
        counted = [e.path for e in entries if not e.again]
        assert len(counted) == b.entries and (not counted or counted[0] == b.first_path)
        return members, entries


def order(path):
    """What paths are compared by."""
    return path.replace(b"/", b"\0")


def open_index(fetch, size):
    """The Index of an archive of `size` bytes; fetch(offset, length) reads it."""
    tail_at = max(0, size - 65536)
    tail = fetch(tail_at, size - tail_at)

    def piece(offset, length):
        return tail[offset - tail_at :][:length] if offset >= tail_at else fetch(offset, length)

    form, footer_at, footer_len = form_of(tail), size - 74, 74
    if form == "zst":
        footer_at, footer_len = size - (struct.unpack("<I", tail[-9:-5])[0] * 8 + 17) - 60, 60
    [(kind, payload, _)] = members_of(piece(footer_at, footer_len), form)
    index_off, root_off, root_raw_len, root_crc, version, magic, zero, crc = struct.unpack("<QQQII8sII", payload)
    assert (kind, version, magic, zero, crc) == (b"WF", 1, b"wsarchiv", 0, zlib.crc32(payload[:44]))
    index = Index(piece, form, 0, 0, 0, 0, 0, 0, [])
    root = Cursor(index.joined(root_off, footer_at - root_off, root_raw_len, root_crc))
    index.flags, index.entries, index.content, index.raw, index.packed, index.members, count = [root.varint() for _ in range(7)]
    runs = [root.varint() for _ in range(root.varint())] if index.flags & 2 else []
    path = b""
    for _ in range(count):
        block = Block(*[root.varint() for _ in range(6)], root.u32())
        path = block.first_path = root.path(path)
        index.blocks.append(block)
    assert root.at == len(root.data)
    at = raw_at = first = 0
    for blocks in [*runs, count - sum(runs)]:
        run = index.blocks[first : first + blocks]
        for block in run:
            block.data_at, block.raw_at = at, raw_at
            at, raw_at = at + block.packed, raw_at + block.raw
        data_end = at
        for block in run:
            block.stored_at, at = at, at + block.stored_len
        first += blocks
    assert (data_end, at, raw_at) == (index_off, root_off, index.raw)
    return index


def read_one(fetch, size, path):
    """The content of the file `path`, from the tail, one block, and the members in which it lies."""
    index = open_index(fetch, size)
    assert index.flags & 1, "without order every block has to be read"
    number = max(n for n, b in enumerate(index.blocks) if n == 0 or (b.entries and order(b.first_path) <= order(path)))
    members, entries = index.block(number)
    [entry] = [e for e in entries if e.path == path and not e.again]
    assert entry.type == 0 and not entry.sparse
    content, begin, raw = entry.offset + entry.blocks * 512, entry.offset, b""
    while not raw or begin + len(raw) < content + entry.size:  # it may go on in the members of the blocks behind
        at, raw_at = index.blocks[number].data_at, index.blocks[number].raw_at
        for packed_len, raw_len, crc in members:
            if raw_at + raw_len > entry.offset and raw_at < content + entry.size:
                part = inflated(index.fetch(at, packed_len), index.form)
                assert len(part) == raw_len and zlib.crc32(part) == crc
                begin, raw = min(begin, raw_at), raw + part
            at, raw_at = at + packed_len, raw_at + raw_len
        number += 1
        members = index.block(number)[0] if number < len(index.blocks) else []
    found = raw[content - begin :][: entry.size]
    header = raw[entry.offset - begin : content - begin]
    assert header[-512 + 257 : -512 + 263] == b"ustar\0", "the header is where the index says"
    assert hashlib.sha256(found).digest() == entry.sha256
    return found


def read(data):
    """(tar, entries) of an archive; asserts everything that FORMAT.md says."""
    form = form_of(data)
    members = members_of(data, form)
    kinds = [kind for kind, _, _ in members]
    ends = [b"WI", b"WF", b"seek"] if form == "zst" else [b"WI", b"WF"]
    assert kinds[-len(ends) :] == ends and kinds.count(b"WF") == 1 and set(kinds) <= {b"WS", *ends}
    parts = [inflated(member, form) for kind, _, member in members if kind == b"WS"]
    raw = b"".join(parts)
    if form == "gz":
        assert len(members[-1][2]) == 74
        assert all(member.endswith(EMPTY) and zlib.decompress(member, 31) == b"" for kind, _, member in members if kind != b"WS")
    else:
        lengths = [(len(frame), raw_len) for _, _, frame, raw_len in frames_of(data)]
        assert members[-1][1] == b"".join(struct.pack("<II", *both) for both in lengths[:-1]) + struct.pack("<IBI", len(lengths) - 1, 0, ZSTD_SEEKABLE)
    index = open_index(lambda offset, length: data[offset : offset + length], len(data))
    entries, told, pos = [], [], 0
    for number, block in enumerate(index.blocks):
        here, new = index.block(number)
        assert not new or new[0].offset == pos
        pos = new[-1].offset + new[-1].span if new else pos
        entries, told = entries + new, told + here
    whole = [member for kind, _, member in members if kind == b"WS"]
    assert told == [(len(member), len(part), zlib.crc32(part)) for member, part in zip(whole, parts, strict=True)]
    for e in entries:
        data_at = e.offset + e.blocks * 512
        assert e.type != 0 or e.sha256 == hashlib.sha256(raw[data_at : data_at + e.stored]).digest(), e.path
    counted = [e for e in entries if not e.again]
    assert (len(counted), len(raw), sum(map(len, whole)), len(told)) == (index.entries, index.raw, index.packed, index.members)
    assert pos == len(raw) - 1024 and raw.endswith(bytes(1024)) and index.content == sum(e.size for e in entries)
    check_again(entries, parts)
    if index.flags & 1:
        check_order(index, counted, parts)
    return raw, entries


def of_members(entries, parts):
    """The entries whose headers are in each member."""
    begin = 0
    for part in parts:
        yield [e for e in entries if begin <= e.offset < begin + len(part)]
        begin += len(part)


def check_again(entries, parts):
    """What comes again came in the same member, or is above the greatest path of those before, and is the same."""
    known, highest = {}, b""
    for own in of_members(entries, parts):
        known = {path: e for path, e in known.items() if path in (b"", highest) or highest.startswith(path + b"/")}
        for e in own:
            if e.again:
                was = known[e.path]
                assert e.type == 1 and (e.mode, e.uid, e.gid, e.mtime, e.ns) == (was.mode, was.uid, was.gid, was.mtime, was.ns)
            else:
                highest = max(highest, e.path, key=order)
                known |= {e.path: e} if e.type == 1 else {}


def check_order(index, counted, parts):
    assert len({e.path for e in counted}) == len(counted)
    for number in range(len(index.blocks)):
        keys = [order(e.path) for e in index.block(number)[1] if not e.again]
        assert not keys or min(keys) == keys[0]
    last = None
    for keys in [[order(e.path) for e in own] for own in of_members(counted, parts)]:
        assert not keys or last is None or last < min(keys)
        last = max(keys, default=last)
