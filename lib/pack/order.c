/* Well-known names. */
#include "pack/order.h"

static const char *const locks[] = {
	"package-lock.json",
	"npm-shrinkwrap.json",
	"yarn.lock",
	"pnpm-lock.yaml",
	"bun.lock",
	"bun.lockb",
	"Cargo.lock",
	"poetry.lock",
	"uv.lock",
	"Pipfile.lock",
	"Gemfile.lock",
	"composer.lock",
	"go.sum",
	"flake.lock",
	"mix.lock",
	"deno.lock",
	"pubspec.lock",
	"Podfile.lock",
};

static const char *const caches[] = {
	"node_modules",  "bower_components", ".cache", ".npm",  ".yarn",       ".pnpm-store",
	".parcel-cache", ".turbo",           ".next",  ".nuxt", "__pycache__", ".pytest_cache",
	".mypy_cache",   ".ruff_cache",      ".tox",   ".nox",  ".venv",       ".gradle",
	"target",
};

enum order order_of(struct str path, bool is_dir)
{
	struct str rest = path, part = { "", 0 };
	bool git = false;
	while (rest.len > 0) {
		str_cut(rest, '/', &part, &rest);
		/* A file of such a name is no cache. */
		if ((is_dir || rest.len > 0) && str_is_any(part, caches, COUNTOF(caches)))
			return ORDER_LAST;
		git |= str_is(part, ".git");
	}
	if (git || is_dir || str_is_any(part, locks, COUNTOF(locks)))
		return ORDER_FIRST;
	return ORDER_MIDDLE;
}

bool order_is_whole(struct str path)
{
	struct str name;
	str_cut_last(path, '/', NULL, &name);
	return str_is(name, ".git") || order_of(path, true) == ORDER_LAST;
}
