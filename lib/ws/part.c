/* Parts: names and order. */
#include "ws/part.h"

#include <string.h>

#include "base/mem.h"

enum { PART_TEXT_MAX = 8192 };

static int expand(const char *text, const struct profile_words *w, char **out, struct err *e)
{
	BUF_AUTO filled = buf_make(PART_TEXT_MAX);
	if (profile_expand(text, w, &filled, e) != 0)
		return -1;
	*out = buf_take(&filled);
	return 0;
}

static int expand_part(const struct profile_part *def, const struct profile_words *w,
                       struct part *out, struct err *e)
{
	size_t count = 0;
	while (def->excludes && def->excludes[count])
		count++;
	out->def = def;
	out->excludes = mem_new(count + 1, sizeof(char *));
	if (expand(def->path, w, &out->path, e) != 0 || expand(def->key, w, &out->key, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (expand(def->excludes[i], w, &out->excludes[i], e) != 0)
			return -1;
	}
	return 0;
}

int part_expand(const struct profile *p, const struct profile_words *w, struct part_list *out,
                struct err *e)
{
	*out = (struct part_list){ .count = 0 };
	for (size_t i = 0; i < p->part_count; i++) {
		if (expand_part(&p->parts[i], w, &out->list[out->count++], e) == 0)
			continue;
		part_free(out);
		return err_context(e, "profile %s, part %s", p->name, p->parts[i].name);
	}
	return 0;
}

void part_free(struct part_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct part *p = &l->list[i];
		for (char **exclude = p->excludes; exclude && *exclude; exclude++)
			mem_free(*exclude);
		mem_free(p->excludes);
		mem_free(p->path);
		mem_free(p->key);
	}
	l->count = 0;
}

struct profile_words part_words(const struct record *r)
{
	return (struct profile_words){
		.id = r->id,
		.workspace = r->workspace,
		.session = r->session,
		.root = r->root,
	};
}

static int order_of(const struct part *p, enum part_order order)
{
	return order == PART_SAVE_ORDER ? p->def->save_order : p->def->restore_order;
}

/* An insertion sort: it is stable, and there are few. */
void part_sort(const struct part_list *l, enum part_order order,
               const struct part *out[PROFILE_PARTS_MAX])
{
	for (size_t i = 0; i < l->count; i++) {
		size_t at = i;
		while (at > 0 && order_of(out[at - 1], order) > order_of(&l->list[i], order)) {
			out[at] = out[at - 1];
			at--;
		}
		out[at] = &l->list[i];
	}
}
