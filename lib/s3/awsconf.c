/* Finding and reading the AWS files. */
#include "s3/awsconf.h"

#include <stdio.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/file.h"
#include "os/sys.h"

enum { SECTION_MAX = 300, MODE_OTHERS_READ = 04, MODE_OTHERS_WRITE = 02 };

/* The path that `variable` gives, else ~/.aws/NAME; NULL without a home directory. */
static char *find_path(const char *variable, const char *name)
{
	const char *given = sys_env(variable);
	const char *home = sys_env("HOME");
	if (given && (given[0] != '~' || given[1] != '/'))
		return mem_text(given);
	if (!home)
		return NULL;
	return given ? mem_printf("%s%s", home, given + 1) : mem_printf("%s/.aws/%s", home, name);
}

static void looked_at(struct awsconf *c, const char *place, const char *why)
{
	buf_printf(&c->looked, "%s%s%s", c->looked.len > 0 ? ", " : "", place, why);
}

static int look_at_mode(int fd, const char *path, struct awsconf_file *out, struct err *e)
{
	struct file_stat st;
	if (file_stat(fd, &st, e, path))
		return -1;
	out->exposed = (st.mode & MODE_OTHERS_READ) != 0;
	out->foreign = (st.mode & MODE_OTHERS_WRITE) != 0 || (st.uid != 0 && st.uid != sys_uid());
	return 0;
}

static int read_ini(struct awsconf *c, const char *path, struct ini *out, struct awsconf_file *file,
                    struct err *e)
{
	struct err why = ERR_INIT;
	FD_AUTO fd = -1;
	if (!path)
		return 0;
	if (dir_open_user_file(path, false, &fd, &why)) {
		/* What cannot be read is as good as absent until somebody needs it: then it is named. */
		bool absent = why.kind == ERR_KIND_NOT_FOUND;
		looked_at(c, path, absent ? " (absent)" : " (not readable)");
		return 0;
	}
	struct buf text = buf_make(INI_FILE_MAX);
	int result = -1;
	if (look_at_mode(fd, path, file, e) == 0 && file_read_rest(fd, &text, e, path) == 0)
		result = ini_parse(buf_str(&text), path, out, e);
	mem_wipe(text.p, text.cap);
	buf_free(&text);
	looked_at(c, path, "");
	return result;
}

/* In the config file every section but the default one is called "profile NAME". False when that is too long to be
 * there. */
static bool section_of(const char *kind, struct str name, char out[SECTION_MAX])
{
	int len = snprintf(out, SECTION_MAX, "%s %" STR_FMT, kind, STR_ARG(name));
	return len > 0 && len < SECTION_MAX;
}

bool awsconf_has_profile(const struct awsconf *c, const char *profile)
{
	char section[SECTION_MAX];
	return ini_has_section(&c->credentials, str_of(profile)) ||
	       (section_of("profile", str_of(profile), section) &&
	        ini_has_section(&c->config, str_of(section))) ||
	       str_is(S("default"), profile);
}

static int check_profile(const struct awsconf *c, struct err *e)
{
	if (awsconf_has_profile(c, c->profile))
		return 0;
	return err_set(e, ERR_KIND_CONFIG, "the AWS profile \"%s\" is not in %s", c->profile,
	               c->looked.len > 0 ? c->looked.p : "any file: HOME is not set");
}

int awsconf_load(const char *profile, struct awsconf *out, struct err *e)
{
	const char *from_env = sys_env("AWS_PROFILE");
	*out = (struct awsconf){ .profile = profile ? profile : from_env,
		                 .looked = buf_make(4096) };
	out->profile_from_user = profile != NULL;
	if (!out->profile)
		out->profile = "default";
	out->credentials_path = find_path("AWS_SHARED_CREDENTIALS_FILE", "credentials");
	out->config_path = find_path("AWS_CONFIG_FILE", "config");
	if (read_ini(out, out->credentials_path, &out->credentials, &out->credentials_file, e) ||
	    read_ini(out, out->config_path, &out->config, &out->config_file, e) ||
	    check_profile(out, e)) {
		awsconf_free(out);
		return -1;
	}
	return 0;
}

void awsconf_free(struct awsconf *c)
{
	ini_free(&c->credentials);
	ini_free(&c->config);
	mem_free(c->credentials_path);
	mem_free(c->config_path);
	buf_free(&c->looked);
	*c = (struct awsconf){ .profile = NULL, .looked = buf_make(0) };
}

bool awsconf_credential(const struct awsconf *c, const char *profile, const char *name,
                        struct str *value)
{
	return ini_get(&c->credentials, str_of(profile), name, value) && value->len > 0;
}

bool awsconf_setting(const struct awsconf *c, const char *profile, const char *name,
                     struct str *value)
{
	char section[SECTION_MAX];
	bool found = section_of("profile", str_of(profile), section) &&
	             ini_get(&c->config, str_of(section), name, value);
	if (!found && str_is(S("default"), profile))
		found = ini_get(&c->config, S("default"), name, value);
	return found && value->len > 0;
}

bool awsconf_either(const struct awsconf *c, const char *profile, const char *name,
                    struct str *value)
{
	return awsconf_credential(c, profile, name, value) ||
	       awsconf_setting(c, profile, name, value);
}

/* NAME = VALUE among the lines of a nested block. */
static bool nested(struct str block, const char *name, struct str *value)
{
	while (block.len > 0) {
		struct str line, left, right;
		str_cut(block, '\n', &line, &block);
		if (str_cut(line, '=', &left, &right) &&
		    str_eq_nocase(str_trim(left), str_of(name))) {
			*value = str_trim(right);
			return value->len > 0;
		}
	}
	return false;
}

bool awsconf_service(const struct awsconf *c, const char *service, const char *name,
                     struct str *value)
{
	char section[SECTION_MAX];
	struct str services, block;
	return awsconf_setting(c, c->profile, "services", &services) &&
	       section_of("services", services, section) &&
	       ini_get(&c->config, str_of(section), service, &block) && nested(block, name, value);
}
