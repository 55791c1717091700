"""Kernels that lack something: a system call that answers an error, for run(..., preexec_fn=...)."""
import ctypes
import errno
import platform
import struct

OPENAT2 = 437
LANDLOCK_CREATE_RULESET = 444

_SET_SECCOMP, _SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000

# Both calls have the same number everywhere but on alpha.
KNOWN = platform.machine() in ("x86_64", "aarch64", "riscv64")


def refuse(number, error=errno.ENOSYS):
    """What makes system call `number` fail in the process that runs it, and all that come from it."""
    code = b"".join(
        struct.pack("HBBI", *row) for row in ((_LOAD, 0, 0, 0), (_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | error), (_RETURN, 0, 0, _ALLOW))
    )
    text = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(text)))
    libc = ctypes.CDLL(None, use_errno=True)

    def apply(_kept=text):
        if libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(_SET_SECCOMP, _MODE_FILTER, program, 0, 0):
            raise OSError(ctypes.get_errno(), "seccomp")

    return apply
