# The warnings that our own code is compiled with, by gcc and clang alike.
WARNINGS := -pedantic -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wvla -Wcast-qual -Wcast-align -Wundef -Wformat=2 \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wwrite-strings -Wswitch-enum \
	-Wimplicit-fallthrough -Wdouble-promotion -fno-common -Wno-overlength-strings

# Flow warnings see what the optimizer sees, and the sanitizers' checks confuse them.
WARNINGS-release := -Wnull-dereference
WARNINGS-asan := -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds -Wno-format-truncation
WARNINGS-tsan := $(WARNINGS-asan)

# clang 14 does not see the use that lies in __attribute__((cleanup)); gcc finds what is really unused.
WARNINGS-clang := -Wno-unused-variable
WARNINGS-fuzz := $(WARNINGS-clang)
