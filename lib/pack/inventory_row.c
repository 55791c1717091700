/* A head of fixed length, then path, link, and of what is hashed the hash. */
#include "pack/inventory_row.h"

#include <string.h>

#include "pack/names.h"

/* Where it is in the head. */
enum { PATH_LEN = 0, LINK_LEN = 4, TYPE = 8, MODE = 12, NUMBER = 16, SIZE = 24, HEAD = 32 };
enum { HASHED = 0x100 }; /* in the type */

void inventory_row_put(const struct inventory_row *row, struct buf *out)
{
	const struct inventory_item *item = &row->item;
	unsigned char head[HEAD];
	wire_put_u32(head + PATH_LEN, (uint32_t)item->path.len);
	wire_put_u32(head + LINK_LEN, (uint32_t)item->link.len);
	wire_put_u32(head + TYPE, item->type | (item->hashed ? HASHED : 0U));
	wire_put_u32(head + MODE, item->mode);
	wire_put_u64(head + NUMBER, row->number);
	wire_put_u64(head + SIZE, item->size_bytes);
	buf_add(out, head, sizeof(head));
	buf_add_str(out, item->path);
	buf_add_str(out, item->link);
	if (item->hashed)
		buf_add(out, item->sha256, sizeof(item->sha256));
}

static const unsigned char *head_of(struct str record)
{
	return (const unsigned char *)record.p;
}

struct inventory_row inventory_row_of(struct str record, struct str *rest)
{
	const unsigned char *head = head_of(record);
	uint32_t type = wire_u32(head + TYPE);
	struct inventory_row row = {
		.item = { .path = inventory_row_path(record),
		          .link = str_from(record.p + HEAD + wire_u32(head + PATH_LEN),
		                           wire_u32(head + LINK_LEN)),
		          .type = (enum entry_type)(type % HASHED),
		          .mode = wire_u32(head + MODE),
		          .size_bytes = inventory_row_size(record),
		          .hashed = type >= HASHED },
		.number = inventory_row_number(record),
	};
	size_t len = HEAD + row.item.path.len + row.item.link.len;
	if (row.item.hashed) {
		memcpy(row.item.sha256, record.p + len, INVENTORY_SHA256);
		len += INVENTORY_SHA256;
	}
	if (rest)
		*rest = str_skip(record, len);
	return row;
}

struct str inventory_row_path(struct str record)
{
	return str_from(record.p + HEAD, wire_u32(head_of(record) + PATH_LEN));
}

uint64_t inventory_row_number(struct str record)
{
	return wire_u64(head_of(record) + NUMBER);
}

uint64_t inventory_row_size(struct str record)
{
	return wire_u64(head_of(record) + SIZE);
}

int inventory_row_cmp(struct str a, struct str b)
{
	int order = names_cmp(inventory_row_path(a), inventory_row_path(b));
	if (order != 0)
		return order;
	uint64_t x = inventory_row_number(a), y = inventory_row_number(b);
	return x < y ? -1 : x > y;
}

int inventory_row_add(struct sorter *s, const struct inventory_row *row, struct err *e)
{
	struct buf *record = sorter_scratch(s);
	inventory_row_put(row, record);
	return sorter_add(s, buf_str(record), e);
}
