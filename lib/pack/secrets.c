/* Well-known names of secrets. */
#include "pack/secrets.h"

static const char *const names[] = {
	".env",
	".envrc",
	".netrc",
	".pgpass",
	".pypirc",
	".npmrc",
	".htpasswd",
	".git-credentials",
	".vault-token",
	"id_rsa",
	"id_dsa",
	"id_ecdsa",
	"id_ecdsa_sk",
	"id_ed25519",
	"id_ed25519_sk",
	"credentials.json",
	"application_default_credentials.json",
};

/* Behind a dot. */
static const char *const endings[] = {
	"pem", "key", "p12", "pfx", "jks", "keystore", "kdbx", "ppk",
};

/* Names that many programs use, in directories of these. */
static const char *const places[] = {
	".aws/credentials",
	".docker/config.json",
	".kube/config",
};

/* Of .env.NAME: what is written for others to read. */
static const char *const examples[] = { "example", "sample", "template", "dist" };

static bool is_place(struct str path)
{
	for (size_t i = 0; i < COUNTOF(places); i++) {
		struct str place = str_of(places[i]);
		if (str_eq(path, place) ||
		    (str_ends(path, place) && path.p[path.len - place.len - 1] == '/'))
			return true;
	}
	return false;
}

bool secrets_match(struct str path)
{
	struct str above, directory, name, head, ending;
	str_cut_last(path, '/', &above, &name);
	str_cut_last(above, '/', NULL, &directory);
	if (str_is(directory, ".secrets"))
		return true;
	if (str_starts(name, S(".env.")))
		return !str_is_any(str_skip(name, 5), examples, COUNTOF(examples));
	if (str_cut_last(name, '.', &head, &ending) &&
	    str_is_any(ending, endings, COUNTOF(endings)))
		return true;
	return str_is_any(name, names, COUNTOF(names)) || is_place(path);
}
