/* Keys that end, used by many threads: one asks, the others go on. */
#include "s3/keyring.h"

#include "base/datetime.h"
#include "base/mem.h"
#include "os/pool.h"
#include "os/sys.h"

#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"

enum { THREADS = 8, TAKES = 200 };

/* A credential_process that counts its runs, and gives keys AK<run> that end when the file `end` says. */
static const char program[] =
	"#!/bin/sh\n"
	"cd \"${0%/*}\" || exit 1\n"
	"echo x >>runs; test ! -e broken || exit 7\n"
	"n=$(wc -l <runs); n=$((n + 0)); test ! -e same || n=1\n"
	"echo '{\"Version\":1,\"AccessKeyId\":\"AK'$n'\",\"SecretAccessKey\":\"S\","
	"\"Expiration\":\"'$(cat end)'\"}'\n";

static void ends_in(const struct scratch *dir, int64_t seconds)
{
	char text[DATETIME_TEXT_MAX];
	scratch_file(dir->fd, "end", datetime_iso_ms(sys_now_ms() + seconds * 1000, text));
}

static unsigned runs(const struct scratch *dir)
{
	struct file_stat st;
	struct err e = ERR_INIT;
	FD_AUTO fd = openat(dir->fd, "runs", O_RDONLY | O_CLOEXEC);
	return fd < 0 || file_stat(fd, &st, &e, "runs") ? 0 : (unsigned)(st.size_bytes / 2);
}

static void begin(struct scratch *dir)
{
	char text[200];
	scratch_open(dir);
	scratch_file(dir->fd, "keys", program);
	fchmodat(dir->fd, "keys", 0755, 0);
	snprintf(text, sizeof(text), "[default]\ncredential_process = %s/keys\n", dir->path);
	scratch_file(dir->fd, "config", text);
	fchmodat(dir->fd, "config", 0600, 0);
	snprintf(text, sizeof(text), "%s/config", dir->path);
	setenv("AWS_CONFIG_FILE", text, 1);
}

static struct keyring *open_ring(void)
{
	static const struct chain_config config = { .profile = NULL };
	struct err e = ERR_INIT;
	struct keyring *k = NULL;
	TAP_OK(keyring_open(&config, &k, &e) == 0, "a keyring opens %s", e.msg);
	return k;
}

/* The access key, or the kind of error. */
static const char *take(struct keyring *k, char out[16])
{
	struct err e = ERR_INIT;
	struct keyring_keys *keys;
	if (keyring_take(k, NULL, &keys, &e)) {
		snprintf(out, 16, "error %d", (int)e.kind);
		return out;
	}
	snprintf(out, 16, "%s", keys->value.access_key);
	keyring_give(k, keys);
	return out;
}

static void test_time(void)
{
	char text[16];
	struct scratch dir;
	begin(&dir);
	ends_in(&dir, 3600);
	struct keyring *k = open_ring();
	TAP_TEXT(take(k, text), "AK1", "keys that hold for an hour are used");
	sys_fake_clock(sys_now_ms() + 3290 * 1000);
	TAP_TEXT(take(k, text), "AK1", "until five minutes before their end");
	ends_in(&dir, 7200);
	sys_fake_clock(sys_now_ms() + 20 * 1000);
	TAP_TEXT(take(k, text), "AK2", "then there are new ones");
	TAP_TEXT(take(k, text), "AK2", "which are kept");
	TAP_INT(runs(&dir), 2, "and nobody asks without need");
	sys_fake_clock(-1);
	keyring_close(k);
	scratch_close(&dir);
}

static void test_failure(void)
{
	char text[16];
	struct scratch dir;
	begin(&dir);
	ends_in(&dir, 200);
	struct keyring *k = open_ring();
	scratch_file(dir.fd, "broken", "");
	TAP_TEXT(take(k, text), "AK1", "keys that hold are used when a replacement fails");
	TAP_TEXT(take(k, text), "AK1", "again");
	TAP_INT(runs(&dir), 2, "without asking each time");
	sys_fake_clock(sys_now_ms() + 201 * 1000);
	TAP_TEXT(take(k, text), "error 77", "keys that have ended are an error that says why");
	sys_fake_clock(-1);
	keyring_close(k);
	scratch_close(&dir);
}

static void test_born_ended(void)
{
	char text[16];
	struct scratch dir;
	begin(&dir);
	ends_in(&dir, -100);
	struct keyring *k = open_ring();
	TAP_TEXT(take(k, text), "AK2", "keys that seem to have ended are replaced once");
	TAP_TEXT(take(k, text), "AK2", "and then used: the clock that is wrong may be ours");
	TAP_INT(runs(&dir), 2, "and nobody asks without end");
	keyring_close(k);
	scratch_close(&dir);
}

static void test_renew(void)
{
	struct err e = ERR_INIT;
	struct keyring_keys *first, *second;
	struct scratch dir;
	begin(&dir);
	ends_in(&dir, 3600);
	struct keyring *k = open_ring();
	TAP_OK(keyring_take(k, NULL, &first, &e) == 0 && keyring_renew(k, first, NULL),
	       "keys that a server refuses are replaced");
	TAP_OK(keyring_take(k, NULL, &second, &e) == 0 &&
	               strcmp(second->value.access_key, "AK2") == 0,
	       "by others");
	TAP_TEXT(first->value.access_key, "AK1", "while the old ones stay for who uses them");
	TAP_OK(keyring_renew(k, first, NULL) && runs(&dir) == 2,
	       "another thread that was refused the old ones takes what is there");
	scratch_file(dir.fd, "broken", "");
	TAP_OK(!keyring_renew(k, second, NULL), "a replacement that fails is none");
	keyring_give(k, first);
	keyring_give(k, second);
	TAP_OK(!keyring_renew(NULL, NULL, NULL), "who does not sign has nothing to replace");
	keyring_close(k);
	scratch_close(&dir);
}

static void test_same(void)
{
	struct err e = ERR_INIT;
	struct keyring_keys *keys;
	struct scratch dir;
	begin(&dir);
	scratch_file(dir.fd, "same", "");
	ends_in(&dir, 3600);
	struct keyring *k = open_ring();
	for (int i = 0; i < 5; i++) {
		if (keyring_take(k, NULL, &keys, &e) != 0)
			break;
		TAP_OK(!keyring_renew(k, keys, NULL), "the same keys again are no replacement");
		keyring_give(k, keys);
	}
	TAP_INT(runs(&dir), 2, "and a storm of refusals asks once");
	keyring_close(k);
	scratch_close(&dir);
}

struct user {
	struct pool_job job;
	struct keyring *k;
};

/* Take, be refused now and then, give back. */
static int use(struct pool_job *job, struct err *e)
{
	struct user *u = (struct user *)(void *)job;
	for (int i = 0; i < TAKES; i++) {
		struct keyring_keys *keys;
		if (keyring_take(u->k, NULL, &keys, e))
			return -1;
		if (i % 50 == 49 && keys->value.access_key[2] < '4')
			(void)!keyring_renew(u->k, keys, NULL);
		if (keys->value.access_key[0] != 'A')
			return err_set(e, ERR_KIND_BUG, "freed too early");
		keyring_give(u->k, keys);
	}
	return 0;
}

static void test_threads(void)
{
	struct err e = ERR_INIT;
	struct user users[THREADS];
	struct scratch dir;
	begin(&dir);
	ends_in(&dir, 200);
	struct keyring *k = open_ring();
	POOL_AUTO pool = NULL;
	TAP_OK(pool_open(THREADS, 0, THREADS, &pool, &e) == 0, "threads start");
	for (size_t i = 0; i < THREADS; i++) {
		users[i] = (struct user){ .job.run = use, .k = k };
		pool_submit(pool, &users[i].job);
	}
	for (size_t i = 0; i < THREADS; i++)
		TAP_OK(pool_wait(pool, &users[i].job, &e) == 0, "thread %zu ends well %s", i,
		       e.msg);
	TAP_OK(runs(&dir) >= 4 && runs(&dir) <= 6, "threads ask one after the other: %u runs",
	       runs(&dir));
	keyring_close(k);
	scratch_close(&dir);
}

int main(void)
{
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_PROFILE");
	test_time();
	test_failure();
	test_born_ended();
	test_renew();
	test_same();
	test_threads();
	return tap_done();
}
