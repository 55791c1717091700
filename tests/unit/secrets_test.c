/* secrets: which names are those of keys and passwords. */
#include "pack/secrets.h"

#include "tests/unit/tap.h"

static const struct {
	const char *path;
	bool is_secret;
} cases[] = {
	{ ".env", true },
	{ "app/.env", true },
	{ ".env.production", true },
	{ ".env.local", true },
	{ ".env.example", false },
	{ "a/.env.sample", false },
	{ "env", false },
	{ "my.env", false },
	{ "ssh/id_rsa", true },
	{ "ssh/id_rsa.pub", false },
	{ ".ssh/id_ed25519", true },
	{ "server.key", true },
	{ "a/b/tls.pem", true },
	{ "key", false },
	{ ".key", true },
	{ "keyboard.c", false },
	{ "store.kdbx", true },
	{ ".netrc", true },
	{ ".git-credentials", true },
	{ ".aws/credentials", true },
	{ "home/.aws/credentials", true },
	{ "x.aws/credentials", false },
	{ "credentials", false },
	{ ".docker/config.json", true },
	{ "config.json", false },
	{ ".kube/config", true },
	{ ".git/config", false },
	{ ".secrets/anything", true },
	{ "a/.secrets/x.txt", true },
	{ "secrets/x.txt", false },
	{ "", false },
	{ "README.md", false },
};

int main(void)
{
	for (size_t i = 0; i < COUNTOF(cases); i++)
		TAP_OK(secrets_match(str_of(cases[i].path)) == cases[i].is_secret, "\"%s\" %s one",
		       cases[i].path, cases[i].is_secret ? "looks like" : "does not look like");
	return tap_done();
}
