/* DER elements. */
#include "net/der.h"

enum { TAG_NUMBER = 0x1f, LENGTH_BYTES_MAX = 3 };

/* The length behind an identifier byte; *in starts at its first byte. */
static int take_length(struct str *in, size_t *len)
{
	if (in->len == 0)
		return -1;
	unsigned char first = (unsigned char)in->p[0];
	*in = str_skip(*in, 1);
	*len = first;
	if (first < 0x80)
		return 0;
	size_t count = first & 0x7f;
	if (count == 0 || count > LENGTH_BYTES_MAX || in->len < count || in->p[0] == 0)
		return -1;
	*len = 0;
	for (size_t i = 0; i < count; i++)
		*len = *len << 8 | (unsigned char)in->p[i];
	*in = str_skip(*in, count);
	return *len < 0x80 ? -1 : 0;
}

int der_next(struct str *in, unsigned *tag, struct str *content)
{
	struct str rest = str_skip(*in, 1);
	size_t len;
	if (in->len == 0 || ((unsigned char)in->p[0] & TAG_NUMBER) == TAG_NUMBER)
		return -1;
	*tag = (unsigned char)in->p[0];
	if (take_length(&rest, &len) < 0 || rest.len < len)
		return -1;
	*content = str_head(rest, len);
	*in = str_skip(rest, len);
	return 0;
}

int der_take(struct str *in, unsigned tag, struct str *content)
{
	unsigned found;
	return der_next(in, &found, content) < 0 || found != tag ? -1 : 0;
}

int der_take_whole(struct str *in, unsigned tag, struct str *whole)
{
	struct str content;
	const char *start = in->p;
	if (der_take(in, tag, &content) < 0)
		return -1;
	*whole = str_from(start, (size_t)(content.p - start) + content.len);
	return 0;
}

int der_take_if(struct str *in, unsigned tag, struct str *content)
{
	if (in->len == 0 || (unsigned char)in->p[0] != tag)
		return 0;
	return der_take(in, tag, content) < 0 ? -1 : 1;
}

int der_take_number(struct str *in, struct str *number)
{
	if (der_take(in, DER_INTEGER, number) < 0 || number->len == 0)
		return -1;
	if ((unsigned char)number->p[0] >= 0x80)
		return -1;
	while (number->len > 0 && number->p[0] == 0)
		*number = str_skip(*number, 1);
	return number->len > 0 ? 0 : -1;
}
