/* The persistence check. */
#include "ws/persist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/dir.h"
#include "os/sys.h"

enum { ID_DIGITS = 64 };

static const char *const answer_names[] = {
	[PERSIST_PERSISTENT] = "persistent",
	[PERSIST_EPHEMERAL] = "ephemeral",
	[PERSIST_ANONYMOUS] = "anonymous",
	[PERSIST_UNKNOWN] = "unknown",
};

const char *persist_answer_name(enum persist_answer a)
{
	return answer_names[a];
}

/* ---- what a mount says ---- */

/* Gone with the machine's memory, or never written to at all. */
static const char *const memory_types[] = { "tmpfs", "ramfs",  "devtmpfs", "squashfs", "proc",
	                                    "sysfs", "rootfs", "devpts",   "erofs",    "iso9660" };
/* A container's layer, unless something was bound from one. */
static const char *const layer_types[] = { "overlay", "overlayfs", "aufs", "fuse-overlayfs",
	                                   "fuse.fuse-overlayfs" };
/* Disks, networks, and the ways of virtual machines to their hosts. */
static const char *const lasting_types[] = {
	"ext2", "ext3",  "ext4", "xfs",   "btrfs", "zfs",     "f2fs",      "bcachefs",  "jfs",
	"nfs",  "nfs4",  "cifs", "smb3",  "ceph",  "9p",      "virtiofs",  "glusterfs", "lustre",
	"gpfs", "ntfs3", "vfat", "exfat", "ubifs", "fuseblk", "fakeowner", "grpcfuse",  "vboxsf",
};

static bool is_id(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		bool digit = (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f');
		if (!digit)
			return false;
	}
	return s.len == ID_DIGITS;
}

/* /var/lib/docker/volumes/<64 hex>/_data, where the engine has its data wherever. */
static bool is_anonymous_volume(const char *root)
{
	struct str component, rest = str_of(root);
	bool more = true, after_id = false;
	while (more) {
		more = str_cut(rest, '/', &component, &rest);
		if (after_id && str_is(component, "_data"))
			return true;
		after_id = is_id(component);
	}
	return false;
}

static void say(struct persist *out, enum persist_answer answer, const char *reason)
{
	out->answer = answer;
	out->reason = reason;
}

/* The root: of a container it is its own layer whatever the type (btrfs, zfs and vfs drivers); of a machine nobody can say
 * from inside whether the machine is thrown away. */
static void judge_root(bool in_container, struct persist *out)
{
	if (in_container)
		say(out, PERSIST_EPHEMERAL, "it is in the container's own layer");
	else
		say(out, PERSIST_UNKNOWN,
		    "it is on the root file system, which may go with the machine");
}

void persist_judge(const struct mount *m, bool in_container, struct persist *out)
{
	snprintf(out->mount_point, sizeof(out->mount_point), "%s", m->mount_point);
	snprintf(out->fs_type, sizeof(out->fs_type), "%s", m->fs_type);
	snprintf(out->source, sizeof(out->source), "%s", m->source);
	bool is_root = strcmp(m->mount_point, "/") == 0;
	bool is_layer = str_is_any(str_of(m->fs_type), layer_types, COUNTOF(layer_types));
	if (str_is_any(str_of(m->fs_type), memory_types, COUNTOF(memory_types)))
		say(out, PERSIST_EPHEMERAL, "it is in memory, or made anew at each start");
	else if (is_layer && strcmp(m->root, "/") == 0)
		say(out, PERSIST_EPHEMERAL, "it is in the container's own layer");
	else if (is_layer)
		say(out, PERSIST_UNKNOWN, "it is bound from a container's layer");
	else if (is_root)
		judge_root(in_container, out);
	else if (is_anonymous_volume(m->root))
		say(out, PERSIST_ANONYMOUS,
		    "it is an anonymous volume, which goes with the container");
	else if (str_has(str_of(m->root), S("kubernetes.io~empty-dir")))
		say(out, PERSIST_EPHEMERAL, "it is an emptyDir, which goes with the pod");
	else if (str_is_any(str_of(m->fs_type), lasting_types, COUNTOF(lasting_types)) ||
	         str_starts(str_of(m->fs_type), S("fuse.")))
		say(out, PERSIST_PERSISTENT, "it is mounted");
	else
		say(out, PERSIST_UNKNOWN, "its file system's type is not a known one");
}

/* ---- looking ---- */

/* What container engines leave for their guests. */
static bool is_in_container(void)
{
	struct err ignored = ERR_INIT;
	FD_AUTO root = -1;
	return sys_env("container") || sys_env("KUBERNETES_SERVICE_HOST") ||
	       (dir_open_root("/", &root, &ignored) == 0 &&
	        (dir_exists(root, ".dockerenv", &ignored) == 1 ||
	         dir_exists(root, "run/.containerenv", &ignored) == 1));
}

/* The deepest directory at or above `path` that is there, links resolved; mem_free. */
static char *resolve(const char *path, bool *exists)
{
	MEM_AUTO char *at = mem_text(path);
	*exists = true;
	for (;;) {
		char *real = realpath(at, NULL);
		if (real) {
			char *out = mem_text(real);
			free(real);
			return out;
		}
		*exists = false;
		char *slash = strrchr(at, '/');
		if (!slash || slash == at)
			return mem_text("/");
		*slash = '\0';
	}
}

static bool is_writable(const char *path)
{
	FD_AUTO dir = -1, made = -1;
	char name[sizeof(DIR_TEMP_PREFIX) + 10] = DIR_TEMP_PREFIX;
	struct err ignored = ERR_INIT;
	sys_random_name(name + strlen(name));
	return dir_open_root(path, &dir, &ignored) == 0 &&
	       dir_create_file(dir, name, 0600, &made, &ignored) == 0 &&
	       dir_unlink(dir, name, &ignored) == 0;
}

void persist_look(const char *path, struct persist *out)
{
	struct err ignored = ERR_INIT;
	MOUNTS_AUTO mounts = { .list = NULL };
	*out = (struct persist){ .answer = PERSIST_UNKNOWN, .reason = "the path is not absolute" };
	if (path[0] != '/')
		return;
	MEM_AUTO char *real = resolve(path, &out->exists);
	out->writable = out->exists && is_writable(real);
	out->reason = "the mounts can't be read";
	if (mounts_read(&mounts, &ignored) != 0)
		return;
	const struct mount *m = mounts_at(&mounts, real);
	out->reason = "no mount holds it";
	if (m)
		persist_judge(m, is_in_container(), out);
}
