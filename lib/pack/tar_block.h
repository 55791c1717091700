/* Where things are in a ustar header block (POSIX.1-2017, pax, "ustar Interchange Format"). For tar itself. */
#ifndef WS_PACK_TAR_BLOCK_H
#define WS_PACK_TAR_BLOCK_H

struct tar_block {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[8]; /* "ustar\0" "00" */
	char uname[32];
	char gname[32];
	char dev_major[8];
	char dev_minor[8];
	char prefix[155];
	char unused[12];
};

/* The sum of the block's bytes with the checksum field taken as spaces. */
static inline unsigned tar_block_sum(const struct tar_block *b)
{
	const unsigned char *p = (const unsigned char *)b;
	unsigned sum = 8 * ' ';
	for (unsigned i = 0; i < sizeof(*b); i++)
		sum += p[i];
	for (unsigned i = 0; i < sizeof(b->checksum); i++)
		sum -= (unsigned char)b->checksum[i];
	return sum;
}

#define TAR_BLOCK_MAGIC \
	"ustar\0"       \
	"00"

/* What a field of eleven octal digits says when the value is in a pax record. */
#define TAR_BLOCK_ELSEWHERE 077777777777ULL

#endif
