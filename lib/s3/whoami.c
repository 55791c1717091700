/* The same look-ups as s3_open makes, with their answers kept. */
#include "s3/whoami.h"

#include "base/mem.h"
#include "s3/endpoint.h"

/* Those of the connection that the chain needs. */
static struct chain_config chain_of(const struct s3_config *config)
{
	return (struct chain_config){
		.profile = config->profile,
		.region = config->region,
		.ca_bundle = config->ca_bundle,
		.allow_http = config->allow_http,
	};
}

/* The address that requests about no bucket would go to. */
static int find_endpoint(const struct s3_config *config, struct whoami *id, struct err *e)
{
	struct endpoint ep;
	struct endpoint_place place;
	settings_endpoint("s3", config->endpoint_url, &id->conf, &id->endpoint);
	MEM_AUTO char *said = id->endpoint.text.len > 0 ? mem_str(id->endpoint.text) : NULL;
	MEM_AUTO char *region = mem_str(id->region.text);
	if (endpoint_init(&ep, said, config->style, e))
		return -1;
	int result = endpoint_place(&ep, S(""), region, &place, e);
	endpoint_free(&ep);
	if (result || said)
		return result;
	id->endpoint_owned = mem_printf("https://%s", place.host_field);
	id->endpoint.text = str_of(id->endpoint_owned);
	return 0;
}

static int find(const struct s3_config *config, struct whoami *id, struct err *e)
{
	struct chain_config chain = chain_of(config);
	if (awsconf_load(config->profile, &id->conf, e) ||
	    settings_region(config->region, &id->conf, &id->region, e) ||
	    find_endpoint(config, id, e))
		return -1;
	if (!config->no_sign_request &&
	    chain_find(&chain, &id->conf, &id->keys, &id->trace, &id->why))
		id->keys = (struct credentials){ .access_key = NULL };
	return 0;
}

int whoami_find(const struct s3_config *config, struct whoami *out, struct err *e)
{
	*out = (struct whoami){ .why = ERR_INIT };
	if (find(config, out, e) == 0)
		return 0;
	whoami_free(out);
	return -1;
}

int whoami_verify(const struct s3_config *config, const struct whoami *id, struct chain_caller *out,
                  struct err *e)
{
	struct chain_config chain = chain_of(config);
	return chain_caller(&chain, &id->conf, &id->keys, out, e);
}

void whoami_free(struct whoami *id)
{
	awsconf_free(&id->conf);
	credentials_free(&id->keys);
	mem_free(id->endpoint_owned);
	id->endpoint_owned = NULL;
}
