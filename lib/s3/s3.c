/* Making a client from what the user, the environment and the AWS files say. */
#include "s3/s3.h"

#include "base/mem.h"
#include "base/num.h"
#include "os/sys.h"
#include "s3/awsconf.h"
#include "s3/s3_checksum.h"
#include "s3/s3_client.h"
#include "s3/s3_request.h"
#include "s3/settings.h"

enum {
	JOBS_PER_CORE = 8,
	JOBS_LEAST = 32,
	JOBS_MOST = 64,
	JOBS_LIMIT = 1024,
	ATTEMPTS_LIMIT = 100
};
enum { TIMEOUT_DEFAULT_MS = 30000 };

static const uint64_t part_least = 5 << 20;
static const uint64_t part_most = (uint64_t)5 << 30;

static int set_region(struct s3 *s3, const struct s3_config *config, const struct awsconf *conf,
                      struct err *e)
{
	struct settings_value region;
	s3->region_pinned = config->region != NULL && config->region[0] != '\0';
	if (settings_region(config->region, conf, &region, e))
		return -1;
	return str_copy(region.text, s3->region, sizeof(s3->region))
	               ? err_set(e, ERR_KIND_BUG, "the region's name is too long")
	               : 0;
}

static int set_endpoint(struct s3 *s3, const struct s3_config *config, const struct awsconf *conf,
                        struct err *e)
{
	struct settings_value endpoint;
	settings_endpoint("s3", config->endpoint_url, conf, &endpoint);
	MEM_AUTO char *owned = endpoint.text.len > 0 ? mem_str(endpoint.text) : NULL;
	return endpoint_init(&s3->endpoint, owned, config->style, e);
}

static bool over_http(const struct s3 *s3)
{
	return s3->endpoint.text && !s3->endpoint.url.https;
}

static bool leaves_machine(const struct s3 *s3, const struct s3_config *config)
{
	if (config->connect_to)
		return !stream_stays_here(config->connect_to);
	return !url_is_loopback(&s3->endpoint.url);
}

static int set_credentials(struct s3 *s3, const struct s3_config *config, struct err *e)
{
	if (config->no_sign_request)
		return 0;
	if (over_http(s3) && !config->allow_http && leaves_machine(s3, config))
		return err_set(
			e, ERR_KIND_CONFIG,
			"credentials would go to %.200s over plain http; use https, or --allow-http "
			"(--no-sign-request for public data)",
			config->connect_to ? config->connect_to : s3->endpoint.url.host);
	struct chain_config chain = {
		.profile = config->profile,
		.region = config->region,
		.ca_bundle = config->ca_bundle,
		.allow_http = config->allow_http,
		.until_ms = s3->until_ms,
	};
	return keyring_open(&chain, &s3->keyring, e);
}

static int set_attempts(struct s3 *s3, const struct s3_config *config, struct err *e)
{
	uint64_t attempts = config->max_attempts;
	const char *from_env = sys_env("AWS_MAX_ATTEMPTS");
	if (attempts == 0 && from_env && num_parse_u64(str_of(from_env), &attempts, e)) {
		e->kind = ERR_KIND_CONFIG;
		return err_context(e, "AWS_MAX_ATTEMPTS");
	}
	if (attempts > ATTEMPTS_LIMIT)
		return err_set(e, ERR_KIND_USAGE, "at most %d attempts are allowed",
		               ATTEMPTS_LIMIT);
	s3->max_attempts = attempts > 0 ? (unsigned)attempts : RETRY_ATTEMPTS_DEFAULT;
	return 0;
}

static int set_numbers(struct s3 *s3, const struct s3_config *config, struct err *e)
{
	uint64_t jobs = config->jobs;
	if (jobs == 0) {
		jobs = (uint64_t)sys_cpu_count() * JOBS_PER_CORE;
		jobs = jobs < JOBS_LEAST ? JOBS_LEAST : jobs > JOBS_MOST ? JOBS_MOST : jobs;
	}
	if (jobs > JOBS_LIMIT)
		return err_set(e, ERR_KIND_USAGE, "at most %d jobs are allowed", JOBS_LIMIT);
	if (config->part_size > 0 &&
	    (config->part_size < part_least || config->part_size > part_most))
		return err_set(e, ERR_KIND_USAGE, "the part size must be from 5 MiB to 5 GiB");
	s3->jobs = (unsigned)jobs;
	s3->part_size = config->part_size;
	s3->timeout_ms = config->timeout_ms > 0 ? config->timeout_ms : TIMEOUT_DEFAULT_MS;
	s3->until_ms = config->max_time_ms > 0 ? sys_monotonic_ms() + config->max_time_ms : 0;
	return set_attempts(s3, config, e);
}

static int set_tls(struct s3 *s3, const struct s3_config *config, struct err *e)
{
	s3->sessions = tls_sessions_new();
	if (config->client_key && !config->client_cert)
		return err_set(e, ERR_KIND_USAGE, "--client-key needs --client-cert");
	if (config->client_cert &&
	    identity_load(config->client_cert, config->client_key, &s3->identity, e))
		return -1;
	return trust_load(config->ca_bundle, &s3->trust, e);
}

static int configure(struct s3 *s3, const struct s3_config *config, struct err *e)
{
	AWSCONF_AUTO conf = { .profile = NULL };
	if (awsconf_load(config->profile, &conf, e) || set_region(s3, config, &conf, e) ||
	    set_endpoint(s3, config, &conf, e) || set_numbers(s3, config, e) ||
	    set_credentials(s3, config, e))
		return -1;
	if (s3_checksum_init(s3, e))
		return -1;
	s3->connect_to = config->connect_to;
	proxy_read_env(&s3->proxies);
	s3->version_id = config->version_id;
	s3->request_payer = config->request_payer;
	if (config->sse_c_key && s3_extra_load_key(s3, config->sse_c_key, e))
		return -1;
	return over_http(s3) ? 0 : set_tls(s3, config, e);
}

int s3_open(const struct s3_config *config, struct s3 **out, struct err *e)
{
	if (config->client) {
		atomic_fetch_add(&config->client->sharers, 1);
		*out = config->client;
		return 0;
	}
	struct s3 *s3 = mem_new(1, sizeof(*s3));
	mutex_init(&s3->lock);
	mutex_init(&s3->asking);
	retry_budget_init(&s3->budget);
	if (stop_open(&s3->stop, e) || configure(s3, config, e)) {
		s3_close(s3);
		return -1;
	}
	*out = s3;
	return 0;
}

void s3_close(struct s3 *s3)
{
	if (!s3 || atomic_fetch_sub(&s3->sharers, 1) > 0)
		return;
	s3_conn_drop_all(s3);
	trust_free(s3->trust);
	tls_sessions_free(s3->sessions);
	identity_free(s3->identity);
	keyring_close(s3->keyring);
	endpoint_free(&s3->endpoint);
	stop_close(s3->stop);
	mutex_free(&s3->lock);
	mutex_free(&s3->asking);
	mem_wipe(s3->sse_c_key, sizeof(s3->sse_c_key));
	mem_free(s3);
}

void s3_close_auto(struct s3 **s3)
{
	s3_close(*s3);
	*s3 = NULL;
}

struct stop *s3_stop(const struct s3 *s3)
{
	return s3->stop;
}

bool s3_stopped(const struct s3 *s3)
{
	return stop_asked(s3->stop);
}

unsigned s3_jobs(const struct s3 *s3)
{
	return s3->jobs;
}
