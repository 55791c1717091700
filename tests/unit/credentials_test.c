/* Which keys are found, where, and what is said when there are none. */
#include "s3/chain.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/tap.h"

static const char *const variables[] = {
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_PROFILE",       "AWS_CONFIG_FILE",       "AWS_SHARED_CREDENTIALS_FILE",
};

/* The chain, as far as it goes without a server. */
static int find(const struct awsconf *conf, struct credentials *out, struct err *e)
{
	struct chain_config config = { .profile = NULL };
	struct chain_trace trace;
	return chain_find(&config, conf, out, &trace, e);
}

static const struct {
	const char *says;
	const char *env[4];               /* "NAME=value" */
	const char *credentials, *config; /* the files; NULL: absent */
	const char *option;               /* --aws-profile */
	const char *access, *token,
		*origin; /* access NULL: an error of `kind` that has `origin` in it */
	enum err_kind kind;
} cases[] = {
	{ "keys in the environment",
	  { "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=S" },
	  NULL,
	  NULL,
	  NULL,
	  "A",
	  "",
	  "environment",
	  0 },
	{ "a session token beside them",
	  { "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=S", "AWS_SESSION_TOKEN=T" },
	  NULL,
	  NULL,
	  NULL,
	  "A",
	  "T",
	  "environment",
	  0 },
	{ "the environment before files",
	  { "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=S" },
	  "[default]\naws_access_key_id=F\naws_secret_access_key=S\n",
	  NULL,
	  NULL,
	  "A",
	  "",
	  "environment",
	  0 },
	{ "AWS_PROFILE not before keys in the environment",
	  { "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=S", "AWS_PROFILE=p" },
	  "[p]\naws_access_key_id=P\naws_secret_access_key=S\n",
	  NULL,
	  NULL,
	  "A",
	  "",
	  "environment",
	  0 },
	{ "a profile option before the environment",
	  { "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=S" },
	  "[p]\naws_access_key_id=P\naws_secret_access_key=S\naws_session_token=T\n",
	  NULL,
	  "p",
	  "P",
	  "T",
	  "credentials [p]",
	  0 },
	{ "the default section of the credentials file",
	  { NULL },
	  "[x]\naws_access_key_id=X\naws_secret_access_key=S\n"
	  "[default]\naws_access_key_id = F\naws_secret_access_key = S/+=\n",
	  NULL,
	  NULL,
	  "F",
	  "",
	  "credentials [default]",
	  0 },
	{ "the credentials file before the config file",
	  { NULL },
	  "[default]\naws_access_key_id=F\naws_secret_access_key=S\n",
	  "[default]\naws_access_key_id=C\naws_secret_access_key=S\n",
	  NULL,
	  "F",
	  "",
	  "credentials [",
	  0 },
	{ "the config file",
	  { NULL },
	  NULL,
	  "[default]\naws_access_key_id=C\naws_secret_access_key=S\n",
	  NULL,
	  "C",
	  "",
	  "config [default]",
	  0 },
	{ "a profile in the config file",
	  { "AWS_PROFILE=p" },
	  NULL,
	  "[profile p]\naws_access_key_id=C\naws_secret_access_key=S\n",
	  NULL,
	  "C",
	  "",
	  "config [p]",
	  0 },
	{ "not a section p in the config file, which is no profile",
	  { "AWS_PROFILE=p" },
	  NULL,
	  "[p]\naws_access_key_id=C\naws_secret_access_key=S\n",
	  NULL,
	  NULL,
	  NULL,
	  "\"p\"",
	  ERR_KIND_CONFIG },
	{ "not a profile that is nowhere",
	  { NULL },
	  "[default]\n",
	  NULL,
	  "ghost",
	  NULL,
	  NULL,
	  "\"ghost\"",
	  ERR_KIND_CONFIG },
	{ "nothing where there is nothing",
	  { NULL },
	  NULL,
	  NULL,
	  NULL,
	  NULL,
	  NULL,
	  "environment: AWS_ACCESS_KEY_ID is not set; assume-role: no role_arn",
	  ERR_KIND_DENIED },
	{ "nothing in files without keys",
	  { NULL },
	  "[default]\nregion=x\n",
	  "[default]\n",
	  NULL,
	  NULL,
	  NULL,
	  "credentials",
	  ERR_KIND_DENIED },
	{ "not half a pair in the environment",
	  { "AWS_ACCESS_KEY_ID=A" },
	  NULL,
	  NULL,
	  NULL,
	  NULL,
	  NULL,
	  "not the secret key",
	  ERR_KIND_CONFIG },
	{ "not half a pair in a file",
	  { NULL },
	  "[default]\naws_secret_access_key=S\n",
	  NULL,
	  NULL,
	  NULL,
	  NULL,
	  "not the access key",
	  ERR_KIND_CONFIG },
	{ "not keys with blanks in them",
	  { "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=geheim x" },
	  NULL,
	  NULL,
	  NULL,
	  NULL,
	  NULL,
	  "blanks",
	  ERR_KIND_CONFIG },
	{ "not a file that is no INI",
	  { NULL },
	  "geheim",
	  NULL,
	  NULL,
	  NULL,
	  NULL,
	  "credentials",
	  ERR_KIND_CONFIG },
};

static char home[] = "/tmp/ws-credentials-XXXXXX";

static void write_file(const char *name, const char *text)
{
	char path[200];
	snprintf(path, sizeof(path), "%s/.aws/%s", home, name);
	unlink(path);
	FILE *f = text ? fopen(path, "w") : NULL;
	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

static void set_up(size_t i)
{
	for (size_t v = 0; v < COUNTOF(variables); v++)
		unsetenv(variables[v]);
	for (size_t v = 0; v < COUNTOF(cases[i].env) && cases[i].env[v]; v++) {
		char name[64];
		struct str head, value;
		str_cut(str_of(cases[i].env[v]), '=', &head, &value);
		if (str_copy(head, name, sizeof(name)) == 0)
			setenv(name, value.p, 1);
	}
	write_file("credentials", cases[i].credentials);
	write_file("config", cases[i].config);
}

static void run_case(size_t i)
{
	struct err e = ERR_INIT;
	struct awsconf conf;
	struct credentials found = { .access_key = NULL };
	set_up(i);
	int result = awsconf_load(cases[i].option, &conf, &e);
	bool loaded = result == 0;
	if (loaded)
		result = find(&conf, &found, &e);
	if (cases[i].access) {
		TAP_OK(result == 0 && strcmp(found.access_key, cases[i].access) == 0 &&
		               strcmp(found.session_token, cases[i].token) == 0 &&
		               strstr(found.origin, cases[i].origin),
		       "found: %s", cases[i].says);
	} else {
		TAP_OK(result == -1 && e.kind == cases[i].kind && strstr(e.msg, cases[i].origin),
		       "found: %s", cases[i].says);
		TAP_OK(strstr(e.msg, "geheim") == NULL, "and the message keeps secrets: %s", e.msg);
	}
	credentials_free(&found);
	if (loaded)
		awsconf_free(&conf);
}

static void test_without_home(void)
{
	struct err e = ERR_INIT;
	struct awsconf conf;
	struct credentials found;
	unsetenv("HOME");
	TAP_OK(awsconf_load(NULL, &conf, &e) == 0,
	       "without HOME there are no files, and that is fine");
	TAP_OK(find(&conf, &found, &e) == -1 && e.kind == ERR_KIND_DENIED, "until keys are needed");
	awsconf_free(&conf);
	setenv("HOME", home, 1);
}

static void test_named_files(void)
{
	struct err e = ERR_INIT;
	struct awsconf conf;
	struct str value;
	write_file("other", "[profile p]\nregion = r-1\nendpoint_url = https://h\ns3 =\n  x = y\n");
	setenv("AWS_CONFIG_FILE", "~/.aws/other", 1);
	TAP_OK(awsconf_load("p", &conf, &e) == 0, "AWS_CONFIG_FILE may start with ~");
	TAP_OK(awsconf_setting(&conf, "p", "region", &value) && str_is(value, "r-1"),
	       "and gives settings");
	TAP_OK(!awsconf_setting(&conf, "p", "x", &value) &&
	               !awsconf_credential(&conf, "p", "region", &value),
	       "nested ones and those of the other file are not mixed in");
	awsconf_free(&conf);
	unsetenv("AWS_CONFIG_FILE");
	write_file("other", NULL);
}

static void test_leak(void)
{
	struct credentials c = { .access_key = (char[]){ "AK" },
		                 .secret_key = (char[]){ "s3cr3t-key" },
		                 .session_token = (char[]){ "" } };
	TAP_OK(credentials_leak(&c, S("you sent s3cr3t-key!")), "a quoted secret is seen");
	TAP_OK(credentials_leak(&c, S("StringToSign AWS4-HMAC-SHA256\n2013")),
	       "so is a string to sign");
	TAP_OK(!credentials_leak(&c, S("Access Denied for AK")), "an access key may be shown");
}

int main(void)
{
	char path[64];
	if (!mkdtemp(home))
		return 1;
	setenv("HOME", home, 1);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	snprintf(path, sizeof(path), "%s/.aws", home);
	mkdir(path, 0700);
	for (size_t i = 0; i < COUNTOF(cases); i++)
		run_case(i);
	for (size_t v = 0; v < COUNTOF(variables); v++)
		unsetenv(variables[v]);
	write_file("credentials", NULL);
	write_file("config", NULL);
	test_without_home();
	test_named_files();
	test_leak();
	rmdir(path);
	rmdir(home);
	return tap_done();
}
