# Compiler and flags of each flavour, for the libraries and for our own sources. What only ours get is CHECK-*.

# Ships. The stack is initialised, overflow defined; each function in a section of its own, so that the linker drops the unused.
# No unwind tables: nothing unwinds, they are a twelfth of the file, and a debugger has .debug_frame of the unstripped one.
CC-release := gcc -specs=build/musl/ws.specs
CODE-release := -O2 -g -fPIE -fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero -fno-strict-aliasing \
	-fno-strict-overflow -fno-delete-null-pointer-checks -fvisibility=hidden -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables
LINK-release := -static-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--gc-sections,--build-id=none,--fatal-warnings

# Tests; glibc, because the sanitizers cannot be linked statically.
CC-asan := gcc
CODE-asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address
CHECK-asan := -fsanitize=undefined,float-cast-overflow -fno-sanitize-recover=all
LINK-asan := -fsanitize=address,undefined

CC-tsan := gcc
CODE-tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
LINK-tsan := -fsanitize=thread

CC-fuzz := clang
CODE-fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=address,fuzzer-no-link
CHECK-fuzz := -fsanitize=undefined,float-cast-overflow -fno-sanitize-recover=all
LINK-fuzz := -fsanitize=undefined,fuzzer

# Compiled, never linked: the second opinion of make lint, on the headers of musl.
CC-clang := clang -nostdlibinc -isystem build/musl/include -idirafter build/musl/kernel
CODE-clang := -O1 -fPIE
