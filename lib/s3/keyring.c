/* Shared keys: who may replace them, and when the old ones are forgotten. */
#include "s3/keyring.h"

#include "base/mem.h"
#include "os/mutex.h"
#include "os/sys.h"

struct keyring {
	struct chain_config config;
	struct mutex turn; /* held while the chain is asked: one at a time */
	struct mutex lock; /* of what follows; taken last, held for a moment */
	struct keyring_keys *now;
	bool busy;             /* someone is replacing keys that still hold */
	int64_t rest_until_ms; /* monotonic; before that nobody asks again */
	struct err failure;    /* of the last replacement */
};

static int ask(const struct chain_config *config, struct keyring_keys **out, struct err *e)
{
	AWSCONF_AUTO conf = { .profile = NULL };
	struct chain_trace trace;
	struct keyring_keys *keys = mem_new(1, sizeof(*keys));
	keys->users = 1; /* the keyring itself */
	if (awsconf_load(config->profile, &conf, e) ||
	    chain_find(config, &conf, &keys->value, &trace, e)) {
		mem_free(keys);
		return -1;
	}
	*out = keys;
	return 0;
}

int keyring_open(const struct chain_config *config, struct keyring **out, struct err *e)
{
	struct keyring_keys *first;
	if (ask(config, &first, e))
		return -1;
	struct keyring *k = mem_new(1, sizeof(*k));
	k->config = *config;
	k->now = first;
	mutex_init(&k->turn);
	mutex_init(&k->lock);
	*out = k;
	return 0;
}

void keyring_give(struct keyring *k, struct keyring_keys *keys)
{
	if (!keys)
		return;
	mutex_lock(&k->lock);
	bool unused = --keys->users == 0;
	mutex_unlock(&k->lock);
	if (!unused)
		return;
	credentials_free(&keys->value);
	mem_free(keys);
}

void keyring_close(struct keyring *k)
{
	if (!k)
		return;
	keyring_give(k, k->now);
	mutex_free(&k->turn);
	mutex_free(&k->lock);
	mem_free(k);
}

static bool ends_within(const struct keyring_keys *keys, int64_t ms)
{
	return keys->value.expires_ms > 0 && keys->value.expires_ms - sys_now_ms() <= ms;
}

/* Put new keys in the place of the present ones; `turn` is held. */
static int replace(struct keyring *k, const struct stop *stop, struct err *e)
{
	struct err failure = ERR_INIT;
	struct keyring_keys *fresh = NULL, *old = NULL;
	struct chain_config config = k->config;
	config.stop = stop;
	int result = ask(&config, &fresh, &failure);
	mutex_lock(&k->lock);
	k->busy = false;
	k->failure = failure;
	k->rest_until_ms = sys_monotonic_ms() + KEYRING_REST_MS;
	if (result == 0) {
		fresh->last = credentials_same(&fresh->value, &k->now->value);
		old = k->now;
		k->now = fresh;
	}
	mutex_unlock(&k->lock);
	keyring_give(k, old);
	if (result)
		*e = failure;
	return result;
}

/* Whether the present keys should be replaced, by whoever asks; `lock` is held. */
static bool is_due(const struct keyring *k)
{
	return ends_within(k->now, KEYRING_AHEAD_MS) && sys_monotonic_ms() >= k->rest_until_ms;
}

/* Wait for one's turn, and replace them unless somebody did. */
static void replace_in_turn(struct keyring *k, const struct stop *stop)
{
	struct err said = ERR_INIT; /* kept in k->failure */
	mutex_lock(&k->turn);
	mutex_lock(&k->lock);
	bool due = is_due(k);
	mutex_unlock(&k->lock);
	if (due && replace(k, stop, &said))
		err_clear(&said);
	mutex_unlock(&k->turn);
}

int keyring_take(struct keyring *k, const struct stop *stop, struct keyring_keys **out,
                 struct err *e)
{
	*out = NULL;
	if (!k)
		return 0;
	mutex_lock(&k->lock);
	bool replacing = is_due(k) && (!k->busy || ends_within(k->now, 0));
	k->busy |= replacing;
	mutex_unlock(&k->lock);
	if (replacing)
		replace_in_turn(k, stop);
	mutex_lock(&k->lock);
	bool failed = ends_within(k->now, 0) && err_is(&k->failure);
	if (failed) {
		*e = k->failure;
	} else {
		*out = k->now;
		k->now->users++;
	}
	mutex_unlock(&k->lock);
	return failed ? -1 : 0;
}

bool keyring_renew(struct keyring *k, struct keyring_keys *used, const struct stop *stop)
{
	struct err said = ERR_INIT;
	if (!k || !used)
		return false;
	mutex_lock(&k->turn);
	mutex_lock(&k->lock);
	bool others = !credentials_same(&used->value, &k->now->value);
	/* A storm of refusals is not to become a storm of questions. */
	bool hopeless = k->now->last && sys_monotonic_ms() < k->rest_until_ms;
	mutex_unlock(&k->lock);
	if (!others && !hopeless && replace(k, stop, &said) == 0)
		others = !credentials_same(&used->value, &k->now->value);
	mutex_unlock(&k->turn);
	return others;
}

const struct credentials *keyring_value(const struct keyring_keys *keys)
{
	return keys ? &keys->value : NULL;
}
