/* Runs a fuzz target on nothing, and on each file of its corpus: one test each. What fails ends the process, under the file's name. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/tap.h"

enum { FILE_MAX = 1 << 20 };

/* The bytes lie in an allocation of exactly their size: a step beyond it is seen. */
static int replay(const void *bytes, size_t len)
{
	uint8_t *exact = malloc(len > 0 ? len : 1);
	assert(exact);
	memcpy(exact, bytes, len);
	int result = LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	return result;
}

static void replay_file(const char *path)
{
	static char bytes[FILE_MAX];
	FILE *file = fopen(path, "rb");
	fprintf(stderr, "%s\n", path);
	size_t len = file ? fread(bytes, 1, sizeof(bytes), file) : 0;
	TAP_OK(file && len < sizeof(bytes) && replay(bytes, len) == 0, "%s is taken as it should",
	       path);
	if (file)
		fclose(file);
}

int main(int argc, char **argv)
{
	char folder[4096], path[8192];
	struct dirent **names = NULL;
	const char *target = strrchr(argv[argc - 1], '/');
	snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s", target ? target + 1 : argv[0]);
	TAP_OK(replay("", 0) == 0, "nothing is taken as it should");
	int count = scandir(folder, &names, NULL, alphasort);
	TAP_OK(count > 2, "%s has files", folder);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			replay_file(path);
		free(names[i]);
	}
	free(names);
	return tap_done();
}
