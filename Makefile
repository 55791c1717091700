# ws: one static binary, from its own sources and those that third_party/manifest names.
#
#   make           dist/ws: static-pie, musl, stripped, checked by tests/lint/gate.sh
#   make demo      the same, then see the main job done
#   make test      every test: unit tests under sanitizers, the build's own tests, end to end with the binary that ships
#   make fault     what takes too long for make test: killed at every system call, ...; T='NAME...' for some of it
#   make bench     how fast, as ratios against peers in the same run
#   make lint      layers, names, format, the warnings of two compilers, ...;  make format: let clang-format change the files
#   make unit      unit tests under ASan and UBSan;  make unit-tsan: those with threads under TSan
#   make fuzz      libFuzzer on each parser, SECONDS=60 each; T=xml: on this one. What it finds is in build/fuzz/found
#   make install   [DESTDIR=] [PREFIX=/usr/local]
#   make clean     forgets what was built from our sources;  make distclean: all of build/, downloads too
#
# demo, test and lint install what they miss when run as root, and print the command otherwise.
#
#   WS_TARBALLS=DIR     the libraries' sources are in DIR (for machines without a mirror)
#   WERROR=-Werror      warnings are errors
#   FLAVOUR=asan        what the inner makes are told: release (musl, ships), asan, tsan, fuzz (glibc), clang (compiled only, for lint)
#   make unit T='buf_test str_*' FOLDERS='lib/base lib/os' B=build/mine      some tests, with some folders, in a place of their own

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SECONDARY:

FLAVOUR ?= release
B ?= build/$(FLAVOUR)
TP := build/$(FLAVOUR)/third_party
SRC := build/src
PREFIX ?= /usr/local
T ?= *_test
FOLDERS ?= lib/* applets
SECONDS ?= 60

# ---- compilers and flags --------------------------------------------------------------------------------------------------------
include tests/lint/warnings.mk third_party/flavours.mk

CC := $(CC-$(FLAVOUR))
CODE := $(CODE-$(FLAVOUR)) -pthread -ffile-prefix-map=$(CURDIR)=.
INCLUDES := -Ilib -I. -isystem $(SRC)/libarchive/libarchive -isystem $(SRC)/zlib -isystem $(SRC)/libzstd/lib \
	-isystem $(SRC)/libdeflate -isystem $(SRC)/jansson/src -isystem third_party/config/jansson -isystem $(SRC)/bearssl/inc
CFLAGS := -std=gnu11 -D_GNU_SOURCE $(CODE) $(CHECK-$(FLAVOUR)) $(INCLUDES) $(WARNINGS) $(WARNINGS-$(FLAVOUR))
LIBRARIES := $(patsubst %,$(TP)/%.a,libarchive zlib libzstd libdeflate jansson bearssl)

COMPILE = @mkdir -p $(@D) && $(CC) $(CFLAGS) $(WERROR) -MMD -MP -c -o $@ $<
LINK = @mkdir -p $(@D) && $(CC) $(CODE) $(LINK-$(FLAVOUR)) -o $@ $(filter %.o %.a,$^)

# ---- what is built --------------------------------------------------------------------------------------------------------------
SOURCES := $(filter-out applets/main.c,$(wildcard $(FOLDERS:%=%/*.c)))
OBJECTS := $(SOURCES:%.c=$(B)/obj/%.o) $(patsubst %,$(B)/obj/build/gen/%.o,licenses ca_bundle)
MAIN := $(patsubst %.c,$(B)/obj/%.o,$(wildcard applets/main.c))
TESTS := $(patsubst tests/unit/%.c,%,$(wildcard $(T:%=tests/unit/%.c)))
THREADED := $(filter pool_test %_threads_test,$(TESTS))
FUZZED := $(filter-out replay,$(patsubst tests/fuzz/%.c,%,$(wildcard $(patsubst %,tests/fuzz/%.c,$(subst *_test,*,$(T))))))
# Whose headers must be there before anything is compiled.
READY := $(SRC)/done $(if $(filter release clang,$(FLAVOUR)),build/musl/done)

binary: $(if $(MAIN),dist/ws,$(B)/libws.a) ; @:
unit-programs: $(TESTS:%=$(B)/unit/%) ; @:
threaded-programs: $(THREADED:%=$(B)/unit/%) ; @:
fuzz-programs: $(FUZZED:%=$(B)/fuzz/%) ; @:
compiled: $(OBJECTS) $(MAIN) $(patsubst %,$(B)/obj/tests/%.o,$(TESTS:%=unit/%) $(FUZZED:%=fuzz/%) build/libraries) ; @:

dist/ws: $(B)/ws tests/lint/gate.sh
	@mkdir -p dist && strip -o $<.stripped $< && tests/lint/gate.sh $<.stripped $< && mv $<.stripped $@
$(B)/ws: $(MAIN) $(B)/libws.a $(LIBRARIES)
	$(LINK)
# For make bench: what the checks of paths cost.
$(B)/ws-unchecked: $(MAIN) $(B)/obj/tests/bench/unchecked.o $(B)/libws.a $(LIBRARIES)
	$(LINK) -Wl,--wrap=openat,--wrap=syscall
$(B)/unit/%: $(B)/obj/tests/unit/%.o $(B)/libws.a $(LIBRARIES)
	$(LINK)
# libFuzzer brings a main of its own; elsewhere the corpus is replayed.
$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(if $(filter-out fuzz,$(FLAVOUR)),$(B)/obj/tests/fuzz/replay.o) $(B)/libws.a $(LIBRARIES)
	$(LINK)
$(B)/libraries: $(B)/obj/tests/build/libraries.o $(B)/obj/build/gen/licenses.o $(LIBRARIES)
	$(LINK)
$(B)/libws.a: $(OBJECTS)
	@rm -f $@ && ar rcsD $@ $^
$(B)/obj/%.o: %.c $(READY) Makefile tests/lint/warnings.mk third_party/flavours.mk
	$(COMPILE)
build/gen/licenses.c: $(SRC)/done third_party/licenses.sh LICENSE
	@mkdir -p $(@D) && third_party/licenses.sh third_party/manifest $(SRC) LICENSE >$@
build/gen/ca_bundle.c: $(SRC)/done third_party/ca_bundle.sh
	@mkdir -p $(@D) && third_party/ca_bundle.sh third_party/manifest $(SRC)/ca-certificates/mozilla/certdata.txt >$@

-include $(patsubst %.o,%.d,$(OBJECTS) $(MAIN) $(TESTS:%=$(B)/obj/tests/unit/%.o) \
	$(FUZZED:%=$(B)/obj/tests/fuzz/%.o))

# ---- third-party ----------------------------------------------------------------------------------------------------------------
build/dl/done: third_party/manifest third_party/fetch.sh third_party/sources.sh
	@third_party/fetch.sh third_party/manifest build/dl && touch $@
$(SRC)/done: build/dl/done third_party/unpack.sh
	@third_party/unpack.sh third_party/manifest build/dl $(SRC) && touch $@
build/musl/done: $(SRC)/done third_party/musl.sh
	@echo "building musl"
	+@MAKE="$(MAKE)" third_party/musl.sh $(SRC)/musl build/musl && touch $@
$(TP)/done: $(READY) third_party/build.mk third_party/flavours.mk $(wildcard third_party/config/*/*)
	@echo "building the libraries ($(FLAVOUR))" && rm -rf $(TP)
	@$(MAKE) -f third_party/build.mk SRC=$(SRC) OUT=$(TP) CC="$(CC)" CFLAGS="$(CODE)" && touch $@
$(LIBRARIES): $(TP)/done ;

# ---- what people type -----------------------------------------------------------------------------------------------------------
NEED-build := gcc libc6-dev binutils patch xz-utils ca-certificates
NEED-test = python3 $(shell cat tests/need-e2e.txt)
NEED-fuzz := clang libclang-rt-14-dev
NEED-lint := clang clang-format shellcheck
CHECKS := layers banned sizes words format shell
# All cores, unless the caller said how many.
INNER = +@$(MAKE) $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

.DEFAULT_GOAL := all
.PHONY: all binary unit-programs threaded-programs fuzz-programs compiled asan tsan fuzz unit unit-tsan check-fetch demo bench test fault \
	lint lint-need lint-text lint-gcc lint-clang format install clean distclean
all:
	$(INNER) FLAVOUR=release binary
asan:
	$(INNER) FLAVOUR=asan unit-programs fuzz-programs
tsan:
	$(INNER) FLAVOUR=tsan threaded-programs
unit: asan
	@T='$(T)' tests/run unit
unit-tsan: tsan
	@T='$(T)' tests/run tsan
check-fetch:
	@T='fetch_test sources_test' tests/run build
fuzz:
	@tests/need.sh $(NEED-build) $(NEED-fuzz)
	$(INNER) FLAVOUR=fuzz fuzz-programs
	@tests/fuzz/run.sh $(SECONDS) $(FUZZED)

demo:
	@tests/need.sh $(NEED-build)
	$(INNER) all
	@tests/demo/demo.sh
bench: all
	$(INNER) FLAVOUR=release build/release/ws-unchecked
	@for bench in tests/bench/*.sh; do echo "== $$bench"; $$bench || exit 1; done
test:
	@tests/need.sh $(NEED-build) $(NEED-test)
	$(INNER) all
	$(INNER) asan
	$(INNER) tsan
	@tests/run

fault: T = *
fault:
	@tests/need.sh $(NEED-build) $(NEED-test)
	$(INNER) all
	@T='$(T)' tests/run fault

# Each part says all it has to say; make -k lint goes on to the next part.
lint: lint-text lint-gcc lint-clang
	@echo "lint: clean"
lint-need:
	@tests/need.sh $(NEED-build) $(NEED-lint)
lint-text: lint-need
	@status=0; for check in $(CHECKS); do tests/lint/$$check.sh || { echo "lint: $$check"; status=1; }; done; exit $$status
lint-gcc: lint-need
	$(INNER) FLAVOUR=release B=build/lint WERROR=-Werror compiled
	@CC="$(CC-release)" CFLAGS="$(CFLAGS)" tests/lint/headers.sh
	@tests/lint/symbols.sh build/lint/obj
	@tests/lint/globals.sh build/lint/obj
lint-clang: lint-need
	$(INNER) FLAVOUR=clang WERROR=-Werror compiled
format:
	@find lib applets tests third_party -name '*.[ch]' | xargs clang-format -i

install: all
	install -D -m 755 dist/ws $(DESTDIR)$(PREFIX)/bin/ws
	for applet in $$(dist/ws --help | awk '/^  ws-/ { print $$1 }'); do ln -sf ws $(DESTDIR)$(PREFIX)/bin/$$applet; done
clean:
	rm -rf build/release build/asan build/tsan build/fuzz build/clang build/lint build/gen build/results dist/ws
distclean: clean
	rm -rf build
