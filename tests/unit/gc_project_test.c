/* gc_project: what the kernel counts for projects counts against quotas. The kernel is the test's own: tests/fault/gc_quota
 * asks real ones. */
#include "gc/gc_project.h"

#include <stdlib.h>
#include <unistd.h>

#include "os/project.h"
#include "tests/unit/gc_place.h"

/* ---- in the place of lib/os/project.c ---- */

static struct {
	uint64_t bytes[8]; /* by project */
	int asked[8];
	bool denied;
} kernel;

/* A directory's project is the content of a file in it. */
uint32_t project_of(int fd)
{
	char text[8] = "";
	FD_AUTO file = openat(fd, "project", O_RDONLY | O_CLOEXEC);
	if (file < 0 || read(file, text, sizeof(text) - 1) <= 0)
		return 0;
	return (uint32_t)(text[0] - '0');
}

int project_bytes(int fd, uint32_t id, uint64_t *bytes, struct err *e)
{
	(void)fd;
	kernel.asked[id]++;
	*bytes = kernel.bytes[id];
	return kernel.denied ? err_set(e, ERR_KIND_DENIED, "not for you") : 0;
}

/* ---- workspaces ---- */

enum { BIG = 60000 };

static void make(struct place *p, const char *id, const char *owner, const char *project, int days)
{
	struct record r;
	char path[300];
	char big[BIG + 1];
	memset(big, 'x', BIG);
	big[BIG] = '\0';
	make_idle(p, id);
	record_init(&r, id);
	r.state = RECORD_READY;
	r.last_used_ms = p->now_ms - days * (int64_t)DAY;
	snprintf(r.owner, sizeof(r.owner), "%s", owner);
	save_record(p, &r);
	snprintf(path, sizeof(path), "%s/big", id);
	scratch_file(p->base.fd, path, big);
	snprintf(path, sizeof(path), "%s/project", id);
	if (project)
		scratch_file(p->base.fd, path, project);
}

static void open_place(struct place *p)
{
	memset(&kernel, 0, sizeof(kernel));
	place_open(p);
	make(p, "a1", "alice", "1", 3);
	make(p, "a2", "alice", "1", 2);
	make(p, "a3", "alice", "1", 1);
	make(p, "b1", "bob", "2", 1);
	make(p, "b2", "bob", NULL, 2);
	make(p, "c1", "carol", NULL, 1);
}

static struct gc_options with_quotas(struct place *p, uint64_t bytes)
{
	static const struct gc_rule rule = { .name = "" };
	static struct gc_quota quota;
	quota = (struct gc_quota){ "*", bytes, bytes };
	return (struct gc_options){
		.policy = { .rules = &rule, .rule_count = 1, .quotas = &quota, .quota_count = 1 },
		.trash_ttl_ms = DAY,
		.sizes_too = true,
		.notice = keep_notice,
		.notice_ctx = p,
	};
}

static const struct gc_target *target_of(const struct collection *c, const char *name)
{
	for (size_t i = 0; i < c->plan.targets.count; i++) {
		if (strcmp(c->plan.targets.list[i].name, name) == 0)
			return &c->plan.targets.list[i];
	}
	return NULL;
}

static void says(const struct collection *c, const char *names, const char *sentence)
{
	char taken[64] = "";
	size_t len = 0;
	for (size_t i = 0; i < c->plan.count && len < sizeof(taken); i++) {
		if (c->plan.items[i].action == GC_TRASH)
			len += (size_t)snprintf(taken + len, sizeof(taken) - len, "%s ",
			                        c->plan.items[i].name);
	}
	TAP_TEXT(taken, names, "%s", sentence);
}

static void test_kernel(void)
{
	PLACE_AUTO p;
	open_place(&p);
	kernel.bytes[1] = 300000;
	kernel.bytes[2] = 400000;
	const struct gc_options o = with_quotas(&p, 210000);
	COLLECTION_AUTO c;
	TAP_OK(collection_open(&c, &p, &o), "a plan is made");
	TAP_OK(kernel.asked[1] == 1 && kernel.asked[2] == 1,
	       "the kernel is asked once for each project");
	says(&c, "a1 b1 b2 ",
	     "what the kernel counts decides: 300000 of alice, 400000 and more of bob");
	const struct gc_target *alice = target_of(&c, "quota alice");
	const struct gc_target *bob = target_of(&c, "quota bob");
	TAP_OK(alice && alice->by_kernel && !alice->by_scan && alice->before >= 299990 &&
	               alice->before <= 300000,
	       "three that share a project add up to what it holds");
	TAP_OK(bob && bob->by_kernel && bob->by_scan && bob->before > 400000 + BIG,
	       "with one that has none both are told");
	TAP_OK(!target_of(&c, "quota carol") && p.notice[0] == '\0', "and nothing is wrong");
}

static void test_trash(void)
{
	PLACE_AUTO p;
	struct err e = ERR_INIT;
	char as[256];
	open_place(&p);
	kernel.bytes[1] = 300000;
	kernel.bytes[2] = 100000;
	TAP_OK(base_dir_set_aside(&p.base, p.base.fd, "a1", "trash", "a1", as, &e) == 0 &&
	               base_dir_set_aside(&p.base, p.base.fd, "a2", "trash", "a2", as, &e) == 0,
	       "two of alice's are in the trash");
	const struct gc_options o = with_quotas(&p, 150000);
	COLLECTION_AUTO c;
	TAP_OK(collection_open(&c, &p, &o), "a plan is made");
	says(&c, "b2 ", "of what the project holds the trash's part is no more its owner's");
	TAP_OK(!target_of(&c, "quota alice"), "so no further one is taken");
}

static void test_denied(void)
{
	PLACE_AUTO p;
	open_place(&p);
	kernel.bytes[1] = kernel.bytes[2] = 900000;
	kernel.denied = true;
	const struct gc_options o = with_quotas(&p, 150000);
	COLLECTION_AUTO c;
	TAP_OK(collection_open(&c, &p, &o), "a plan is made");
	says(&c, "a1 ", "what the kernel does not say is measured");
	const struct gc_target *alice = target_of(&c, "quota alice");
	TAP_OK(alice && alice->by_scan && !alice->by_kernel, "which the target says");
	TAP_TEXT(p.notice,
	         "the kernel does not say what projects hold, so it is measured: not for you",
	         "and why is told");
	TAP_INT(kernel.asked[1] + kernel.asked[2], 1, "it is not asked again and again");
}

static void test_no_quota(void)
{
	PLACE_AUTO p;
	open_place(&p);
	const struct gc_options o = seven_days(&p);
	COLLECTION_AUTO c;
	TAP_OK(collection_open(&c, &p, &o) && kernel.asked[1] == 0 &&
	               item_named(&c, "a1")->project == 0,
	       "without quotas no project is looked at");
}

int main(void)
{
	test_kernel();
	test_trash();
	test_denied();
	test_no_quota();
	return tap_done();
}
