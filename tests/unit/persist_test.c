/* persist: what a line of mountinfo says about the time after the container. */
#include "ws/persist.h"

#include "tests/unit/tap.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *line;
	bool in_container;
	enum persist_answer answer;
	const char *what;
} cases[] = {
	{ "1 0 0:1 / / rw - overlay overlay rw", true, PERSIST_EPHEMERAL, "a container's overlay" },
	{ "1 0 0:1 / / rw - fuse.fuse-overlayfs f rw", true, PERSIST_EPHEMERAL,
	  "a rootless container's layer" },
	{ "1 0 0:1 /@/var/lib/docker/btrfs/subvolumes/" HEX " / rw - btrfs /dev/sda rw", true,
	  PERSIST_EPHEMERAL, "a root of the btrfs driver" },
	{ "1 0 0:1 / / rw - zfs rpool/docker/" HEX " rw", true, PERSIST_EPHEMERAL,
	  "a root of the zfs driver" },
	{ "1 0 8:1 / / rw - ext4 /dev/sda1 rw", false, PERSIST_UNKNOWN, "the root of a machine" },
	{ "1 0 0:1 / /data rw - tmpfs tmpfs rw", false, PERSIST_EPHEMERAL, "a tmpfs" },
	{ "1 0 8:1 /var/lib/docker/volumes/opencode-data/_data /data rw - ext4 /dev/sda1 rw", true,
	  PERSIST_PERSISTENT, "a named volume" },
	{ "1 0 8:1 /var/lib/docker/volumes/" HEX "/_data /data rw - ext4 /dev/sda1 rw", true,
	  PERSIST_ANONYMOUS, "an anonymous volume" },
	{ "1 0 8:1 /volumes/" HEX "/_data /data rw - xfs /dev/sdb rw", true, PERSIST_ANONYMOUS,
	  "an anonymous volume on a disk of the engine's own" },
	{ "1 0 8:1 /" HEX "/_data/sub /data rw - xfs /dev/sdb rw", true, PERSIST_ANONYMOUS,
	  "a part of an anonymous volume" },
	{ "1 0 8:1 /home/u/containers/storage/volumes/" HEX "/_data /data rw - ext4 /dev/sda1 rw",
	  true, PERSIST_ANONYMOUS, "podman's anonymous volume" },
	{ "1 0 8:1 /srv/" HEX " /data rw - ext4 /dev/sda1 rw", true, PERSIST_PERSISTENT,
	  "a directory that only looks like one" },
	{ "1 0 8:1 /home/u/opencode /data rw - ext4 /dev/sda1 rw", true, PERSIST_PERSISTENT,
	  "a bind mount" },
	{ "1 0 0:1 /var/lib/x /data rw - overlay overlay rw", true, PERSIST_UNKNOWN,
	  "a bind mount from a container's layer" },
	{ "1 0 8:1 /var/lib/kubelet/pods/1/volumes/kubernetes.io~empty-dir/d /data rw - ext4 /dev/a rw",
	  true, PERSIST_EPHEMERAL, "an emptyDir" },
	{ "1 0 0:1 / /data rw - nfs4 host:/x rw", true, PERSIST_PERSISTENT, "a network's disk" },
	{ "1 0 0:1 / /data rw - fuse.s3fs s3fs rw", true, PERSIST_PERSISTENT, "a bucket" },
	{ "1 0 0:1 / /data rw - whatfs x rw", true, PERSIST_UNKNOWN, "a type nobody knows" },
};

int main(void)
{
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		MOUNTS_AUTO m = { .list = NULL };
		struct err e = ERR_INIT;
		struct persist p = { .reason = NULL };
		if (mounts_parse(cases[i].line, strlen(cases[i].line), &m, &e) != 0) {
			TAP_OK(false, "%s is parsed: %s", cases[i].what, e.msg);
			continue;
		}
		persist_judge(&m.list[0], cases[i].in_container, &p);
		TAP_TEXT(persist_answer_name(p.answer), persist_answer_name(cases[i].answer),
		         "%s: %s", cases[i].what, p.reason);
	}
	return tap_done();
}
