# The libraries, one static archive each, below $(OUT). Called by the Makefile once the sources are unpacked (so that wildcards work):
#   make -f third_party/build.mk SRC=build/src OUT=build/release/third_party CC=... CFLAGS=...
# Only what ws needs is compiled; warnings in code of others are not ours to fix.

SRC := build/src
AR := ar
LIBS := libarchive zlib libzstd libdeflate jansson bearssl
OBJECTS = $(patsubst $(SRC)/%,$(OUT)/%.o,$(basename $(1)))

all: $(LIBS:%=$(OUT)/%.a)

# libarchive: read tar and zip through gzip, zstd or nothing; write pax. The functions that pull in every format (*_all, *_by_code,
# *_by_name) are not compiled, so the linker cannot pick up rar, 7zip, iso9660, cab or xar.
libarchive-sources := $(patsubst %,$(SRC)/libarchive/libarchive/archive_%.c, \
	acl check_magic cryptor entry entry_copy_stat entry_link_resolver entry_sparse entry_stat entry_strmode entry_xattr \
	hmac options pack_dev ppmd8 random rb string string_sprintf util version_details virtual \
	read read_add_passphrase read_open_fd read_open_memory read_set_options read_support_filter_gzip read_support_filter_none \
	read_support_filter_zstd read_support_format_empty read_support_format_tar read_support_format_zip \
	write write_add_filter_none write_open_fd write_open_memory write_set_format_pax write_set_format_ustar write_set_options)
libarchive-own := third_party/config/libarchive/filetype_unsupported.c
libarchive-flags := -I$(SRC)/libarchive/libarchive -DHAVE_CONFIG_H -Ithird_party/config/libarchive -I$(SRC)/zlib -I$(SRC)/libzstd/lib

# zlib: the streams, without the gz* file layer.
zlib-sources := $(patsubst %,$(SRC)/zlib/%.c,adler32 compress crc32 deflate inffast inflate inftrees trees uncompr zutil)
zlib-flags := -DHAVE_HIDDEN -D_LARGEFILE64_SOURCE=1

# zstd: no legacy formats, no threads of its own (os/pool has ours), no dictionary builder. Of compressors those for levels up to 12;
# the search of levels 5 and more without forced inlining, which makes 160 kB more of it.
libzstd-sources := $(wildcard $(patsubst %,$(SRC)/libzstd/lib/%/*.c,common compress decompress))
libzstd-flags := -DXXH_NAMESPACE=ZSTD_ -DZSTD_LEGACY_SUPPORT=0 -DZSTD_DISABLE_ASM=1 \
	$(patsubst %,-DZSTD_EXCLUDE_%_BLOCK_COMPRESSOR,BTLAZY2 BTOPT BTULTRA)

libdeflate-sources := $(wildcard $(SRC)/libdeflate/lib/*.c $(SRC)/libdeflate/lib/*/cpu_features.c)
libdeflate-flags := -I$(SRC)/libdeflate

jansson-sources := $(wildcard $(SRC)/jansson/src/*.c)
jansson-flags := -DHAVE_CONFIG_H -Ithird_party/config/jansson

# BearSSL: entropy comes from getrandom through br_ssl_engine_inject_entropy. Its own sources are RDRAND, in a form that trusts
# faulty processors, and /dev/urandom, which an empty container lacks.
bearssl-sources := $(wildcard $(SRC)/bearssl/src/*.c $(SRC)/bearssl/src/*/*.c)
bearssl-flags := -I$(SRC)/bearssl/src -I$(SRC)/bearssl/inc -DBR_RDRAND=0 -DBR_USE_URANDOM=0

define library
$(OUT)/$(1).a: $$(call OBJECTS,$$($(1)-sources)) $$($(1)-own:third_party/%.c=$(OUT)/%.o)
	@rm -f $$@
	@$$(AR) rcsD $$@ $$^
$$(call OBJECTS,$$($(1)-sources)): $(OUT)/$(1)/%.o: $(SRC)/$(1)/%.c third_party/build.mk $$(wildcard third_party/config/$(1)/*)
	@mkdir -p $$(@D)
	@$$(CC) $$(CFLAGS) -w $$($(1)-flags) -c -o $$@ $$<
endef

$(OUT)/config/%.o: third_party/config/%.c third_party/build.mk
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(libarchive-flags) -c -o $@ $<

$(OUT)/libzstd/lib/compress/zstd_lazy.o: libzstd-flags += -DZSTD_NO_INLINE

$(foreach l,$(LIBS),$(eval $(call library,$(l))))
