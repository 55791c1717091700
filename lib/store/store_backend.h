/* What a kind of store has to do. For lib/store itself; others use store.h. */
#ifndef WS_STORE_STORE_BACKEND_H
#define WS_STORE_STORE_BACKEND_H

#include "store/store.h"

struct store_backend {
	int (*stat)(struct store *s, const char *key, struct store_object *out, struct err *e);
	int (*source)(struct store *s, const char *key, struct source **out,
	              struct store_object *object, struct err *e);
	int (*sink)(struct store *s, const char *key, const struct store_put *put,
	            struct sink **out, struct err *e);
	/* NULL: read and written */
	int (*copy)(struct store *s, const char *from, const char *to, const struct store_put *put,
	            struct blob_id *id, struct err *e);
	bool (*is_conditional)(struct store *s, const char *if_etag, bool is_small);
	int (*remove)(struct store *s, const char *key, struct err *e);
	int (*list)(struct store *s, const char *prefix, struct store_list **out, struct err *e);
	void (*close)(struct store *s); /* frees the struct, but not url */
};

/* First member of each kind's struct. */
struct store {
	const struct store_backend *backend;
	char *url; /* without '/' at the end; mem_free */
};

/* First member of each kind's listing. */
struct store_list {
	int (*next)(struct store_list *l, struct store_list_entry *entry, struct err *e);
	void (*close)(struct store_list *l);
};

enum { STORE_KEY_MAX = 1024, STORE_SAVE_ID_MAX = 63, STORE_URL_MAX = 4096 };

/* The key grammar of store.h. Errors: USAGE. */
int store_check_key(const char *key, struct err *e) MUST_CHECK;
/* Whether `object` (NULL: absent) is in the state that put->if_etag asks for. Errors: CONFLICT, naming `shown`. */
int store_check_condition(const struct store_put *put, const struct store_object *object,
                          const char *shown, struct err *e) MUST_CHECK;
/* put->content_type, or what the key's ending says, or NULL. */
const char *store_content_type(const char *key, const struct store_put *put);

#endif
