/* Keys as a value: checked when taken, wiped when freed. */
#include "s3/credentials.h"

#include <string.h>

#include "base/datetime.h"
#include "base/mem.h"

/* Short ones would redact every message. */
enum { SECRET_MIN = 8 };

static void free_secret(char *secret)
{
	if (secret)
		mem_wipe(secret, strlen(secret));
	mem_free(secret);
}

static char *copy(struct str s)
{
	return s.p ? mem_str(s) : mem_text("");
}

static bool plausible(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return s.len <= CREDENTIALS_TEXT_MAX;
}

static int check(const struct credentials_text *text, const char *origin, int64_t *expires_ms,
                 struct err *e)
{
	if (text->access.len == 0 || text->secret.len == 0)
		return err_set(e, ERR_KIND_CONFIG, "%s has %s but not %s", origin,
		               text->access.len > 0 ? "an access key" : "a secret key",
		               text->access.len > 0 ? "the secret key" : "the access key");
	if (!plausible(text->access) || !plausible(text->secret) || !plausible(text->token))
		return err_set(e, ERR_KIND_CONFIG,
		               "the keys of %s have blanks or control characters in them", origin);
	*expires_ms = 0;
	if (text->expiration.len > 0 && datetime_parse_iso(text->expiration, expires_ms))
		return err_set(e, ERR_KIND_CONFIG, "%s says an expiration that is no date", origin);
	return 0;
}

int credentials_take(const struct credentials_text *text, const char *origin,
                     struct credentials *out, struct err *e)
{
	int64_t expires_ms;
	*out = (struct credentials){ .access_key = NULL };
	if (text->access.len == 0 && text->secret.len == 0)
		return 0;
	if (check(text, origin, &expires_ms, e))
		return -1;
	*out = (struct credentials){
		.access_key = copy(text->access),
		.secret_key = copy(text->secret),
		.session_token = copy(text->token),
		.origin = mem_text(origin),
		.expires_ms = expires_ms,
	};
	return 1;
}

void credentials_free(struct credentials *c)
{
	mem_free(c->access_key);
	free_secret(c->secret_key);
	free_secret(c->session_token);
	mem_free(c->origin);
	*c = (struct credentials){ .access_key = NULL };
}

bool credentials_same(const struct credentials *a, const struct credentials *b)
{
	return strcmp(a->access_key, b->access_key) == 0 &&
	       strcmp(a->secret_key, b->secret_key) == 0 &&
	       strcmp(a->session_token, b->session_token) == 0;
}

static bool holds(struct str text, const char *secret)
{
	return secret && strlen(secret) >= SECRET_MIN && str_has(text, str_of(secret));
}

bool credentials_leak(const struct credentials *c, struct str text)
{
	return (c && (holds(text, c->secret_key) || holds(text, c->session_token))) ||
	       str_has(text, S("AWS4-HMAC-SHA256")) || str_has(text, S("aws4_request"));
}
