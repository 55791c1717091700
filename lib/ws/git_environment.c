/* What git finds in its environment. */
#include "base/mem.h"
#include "os/sys.h"
#include "ws/git.h"

/* What it needs to find programs, configuration, keys and the way out. GIT_* of our caller would send it elsewhere, and
 * AWS_* and WS_* are not its business. */
static const char *const passed[] = {
	"PATH",           "HOME",          "USER",
	"LOGNAME",        "TMPDIR",        "XDG_CONFIG_HOME",
	"SSH_AUTH_SOCK",  "GIT_SSH",       "GIT_SSH_COMMAND",
	"GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"http_proxy",     "https_proxy",   "no_proxy",
	"HTTP_PROXY",     "HTTPS_PROXY",   "NO_PROXY",
	"all_proxy",      "ALL_PROXY",
};

static const char *const set[] = {
	"LC_ALL=C",
	"GIT_TERMINAL_PROMPT=0",
	"GIT_OPTIONAL_LOCKS=0",
	"GIT_PAGER=cat",
	"GIT_EDITOR=:",
	"GIT_AUTHOR_NAME=ws",
	"GIT_AUTHOR_EMAIL=ws@localhost",
	"GIT_COMMITTER_NAME=ws",
	"GIT_COMMITTER_EMAIL=ws@localhost",
};

char **git_environment(const struct git *g)
{
	size_t count = 0;
	char **env = mem_new(COUNTOF(passed) + COUNTOF(set) + 4, sizeof(char *));
	for (size_t i = 0; i < COUNTOF(passed); i++) {
		const char *value = sys_env(passed[i]);
		if (value)
			env[count++] = mem_printf("%s=%s", passed[i], value);
	}
	for (size_t i = 0; i < COUNTOF(set); i++)
		env[count++] = mem_text(set[i]);
	if (g->git_dir)
		env[count++] = mem_printf("GIT_DIR=%s", g->git_dir);
	if (g->git_dir && !g->no_tree)
		env[count++] = mem_text("GIT_WORK_TREE=.");
	if (g->index_file)
		env[count++] = mem_printf("GIT_INDEX_FILE=%s", g->index_file);
	return env;
}
