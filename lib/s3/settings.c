/* Looking values up, and remembering where they were. */
#include "s3/settings.h"

#include "os/sys.h"
#include "s3/endpoint.h"

static const char region_default[] = "us-east-1";

static bool take(const char *text, const char *origin, struct settings_value *out)
{
	*out = (struct settings_value){ str_of(text), origin };
	return out->text.len > 0;
}

static bool from_env(const char *variable, struct settings_value *out)
{
	return take(sys_env(variable), variable, out);
}

static bool from_config(const struct awsconf *conf, const char *name, struct settings_value *out)
{
	out->origin = "the config file";
	return awsconf_setting(conf, conf->profile, name, &out->text);
}

int settings_region(const char *option, const struct awsconf *conf, struct settings_value *out,
                    struct err *e)
{
	if (!take(option, "--region", out) && !from_env("AWS_REGION", out) &&
	    !from_env("AWS_DEFAULT_REGION", out) && !from_config(conf, "region", out))
		take(region_default, "default", out);
	if (endpoint_region_ok(out->text))
		return 0;
	return err_set(e, ERR_KIND_CONFIG, "the region's name must be letters, digits and '-'");
}

static bool is_true(struct str text)
{
	return str_eq_nocase(text, S("true"));
}

static bool are_ignored(const struct awsconf *conf)
{
	struct settings_value said;
	return (from_env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", &said) ||
	        from_config(conf, "ignore_configured_endpoint_urls", &said)) &&
	       is_true(said.text);
}

void settings_endpoint(const char *service, const char *option, const struct awsconf *conf,
                       struct settings_value *out)
{
	bool is_s3 = str_is(S("s3"), service);
	if (take(option, "--endpoint-url", out))
		return;
	if (!are_ignored(conf)) {
		if (from_env(is_s3 ? "AWS_ENDPOINT_URL_S3" : "AWS_ENDPOINT_URL_STS", out) ||
		    from_env("AWS_ENDPOINT_URL", out))
			return;
		out->origin = "the services section of the config file";
		if (awsconf_service(conf, service, "endpoint_url", &out->text) ||
		    from_config(conf, "endpoint_url", out))
			return;
	}
	*out = (struct settings_value){ .origin = "default" };
}
