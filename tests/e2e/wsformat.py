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
    shared = 0
    while shared < min(len(before), len(path)) and before[shared] == path[shared]:
        shared += 1
    return varint(shared) + varint(len(path) - shared) + path[shared:]


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
        out = bytes([self.type | (0x10 if self.sparse else 0)]) + front(before_path, self.path)
        out += varint(self.mode) + varint(self.uid) + varint(self.gid) + signed(self.mtime - before_mtime) + varint(self.ns) + varint(self.blocks)
        if self.type == 0:
            return out + varint(self.size) + (varint(self.stored) if self.sparse else b"")
        return out + varint(len(self.link)) + self.link


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


@dataclasses.dataclass
class Lie:
    """What pack() shall get wrong; each is added to the true value."""

    index_off: int = 0
    root_off: int = 0
    root_raw_len: int = 0
    packed_len: int = 0  # of the first member, in the block
    raw_len: int = 0
    member_crc: int = 0
    lead: int = 0
    block_members: int = 0
    block_entries: int = 0
    entries: int = 0
    raw_bytes: int = 0
    block_crc: int = 0
    version: int = 0
    files: int = 0


def pack(raw, entries=None, cuts=(), lie=Lie(), sorted_flag=0):
    """An archive of a tar: cut into members at `cuts`, with an index of `entries` (default: the truth)."""
    entries = entries_of(raw) if entries is None else entries
    bounds = [0, *cuts, len(raw)]
    parts = [raw[a:b] for a, b in zip(bounds, bounds[1:])]
    members = [data_member(part) for part in parts]
    data = b"".join(members)

    block = varint(sum(e.type == 0 for e in entries) + lie.files) + varint(lie.lead)
    for number, (member, part) in enumerate(zip(members, parts)):
        wrong = lie if number == 0 else Lie()
        block += varint(len(member) + wrong.packed_len) + varint(len(part) + wrong.raw_len)
        block += struct.pack("<I", (zlib.crc32(part) + wrong.member_crc) & 0xFFFFFFFF)
    path, mtime = b"", 0
    for entry in entries:
        block += entry.packed(path, mtime)
        path, mtime = entry.path, entry.mtime
    block += b"".join(e.sha256 for e in entries if e.type == 0)
    stored = hidden(b"WI", deflate(block))

    content = sum(e.size for e in entries if e.type == 0)
    root = b"".join(map(varint, [sorted_flag, len(entries) + lie.entries, content, len(raw) + lie.raw_bytes, len(data), len(members), 1]))
    root += b"".join(map(varint, [len(members) + lie.block_members, len(entries) + lie.block_entries, len(data), len(raw), len(stored), len(block)]))
    root += struct.pack("<I", (zlib.crc32(block) + lie.block_crc) & 0xFFFFFFFF) + front(b"", entries[0].path if entries else b"")
    return data + stored + hidden(b"WI", deflate(root)) + footer(
        len(data) + lie.index_off, len(data) + len(stored) + lie.root_off, len(root) + lie.root_raw_len, zlib.crc32(root), 1 + lie.version
    )


def footer(index_off, root_off, root_raw_len, root_crc, version=1):
    payload = struct.pack("<QQQII8sI", index_off, root_off, root_raw_len, root_crc, version, b"wsarchiv", 0)
    return hidden(b"WF", payload + struct.pack("<I", zlib.crc32(payload)))


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
    entries, positions, pos, start, first_path, stored_at = [], [], 0, 0, b"", index_off
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
        start += b_raw
        stored_at += stored_len
    assert root.at == len(root.data) and stored_at == root_off
    assert (len(entries), len(raw), index_off, len(positions)) == (entry_count, tar_bytes, packed, member_count)
    assert pos == len(raw) - 1024 and raw.endswith(bytes(1024)) and content == sum(e.size for e in entries)
    if flags & 1:
        keys = [e.path.replace(b"/", b"\0") for e in entries]
        assert keys == sorted(set(keys))
    return raw, entries
