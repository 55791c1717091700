/* Things of an inventory as records of a sorter. */
#ifndef WS_PACK_INVENTORY_ROW_H
#define WS_PACK_INVENTORY_ROW_H

#include "base/buf.h"
#include "pack/inventory.h"
#include "pack/wire.h"

struct inventory_row {
	struct inventory_item item;
	uint64_t number; /* in the order of the archive */
};

void inventory_row_put(const struct inventory_row *row, struct buf *out);
int inventory_row_add(struct sorter *s, const struct inventory_row *row, struct err *e) MUST_CHECK;
/* The row at the start of the record, with views of it. `rest` may be NULL. */
struct inventory_row inventory_row_of(struct str record, struct str *rest);
/* One thing of it alone. */
struct str inventory_row_path(struct str record);
uint64_t inventory_row_number(struct str record);
uint64_t inventory_row_size(struct str record);

/* sorter_cmp: by path, of one path by number. */
int inventory_row_cmp(struct str a, struct str b);

#endif
