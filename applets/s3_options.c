/* Option rows over struct s3_config. */
#include "applets/s3_options.h"

static const char *const styles[] = { "auto", "path", "virtual", NULL };

const struct opt_row s3_options_rows[S3_OPTIONS_COUNT] = {
	OPT_TEXT("endpoint-url", 0, "URL", struct s3_config, endpoint_url,
	         "server to talk to instead of AWS (AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL)"),
	OPT_TEXT("region", 0, "NAME", struct s3_config, region,
	         "region to sign for, never corrected by what the server says (AWS_REGION)"),
	OPT_TEXT("aws-profile", 0, "NAME", struct s3_config, profile,
	         "profile in the AWS configuration files (AWS_PROFILE)"),
	OPT_CHOICE("addressing-style", 0, "STYLE", struct s3_config, style, styles,
	           "where the bucket's name goes: into the path, or the host name"),
	OPT_TEXT("ca-bundle", 0, "FILE", struct s3_config, ca_bundle,
	         "PEM file of certificate authorities to trust (AWS_CA_BUNDLE)"),
	OPT_TEXT("client-cert", 0, "FILE", struct s3_config, client_cert,
	         "PEM file of a certificate to show to the server"),
	OPT_TEXT("client-key", 0, "FILE", struct s3_config, client_key,
	         "PEM file of its private key (default: in the same file)"),
	OPT_TEXT("connect-to", 0, "HOST[:PORT]", struct s3_config, connect_to,
	         "connect here, whatever the endpoint's name says"),
	OPT_FLAG("no-sign-request", 0, struct s3_config, no_sign_request,
	         "use no credentials: for public buckets"),
	OPT_FLAG("allow-http", 0, struct s3_config, allow_http,
	         "allow credentials over plain http to another host"),
	OPT_FLAG("request-payer", 0, struct s3_config, request_payer,
	         "pay for the requests to somebody else's bucket"),
	OPT_TEXT("sse-c-key", 0, "FILE", struct s3_config, sse_c_key,
	         "file with the 32 bytes that objects are encrypted with on the server (SSE-C)"),
	OPT_COUNT("jobs", 0, "N", struct s3_config, jobs,
	          "requests in parallel (default: 8 per core, 32 to 64)"),
	OPT_SIZE("part-size", 0, "SIZE", struct s3_config, part_size,
	         "size of the parts of large uploads (default: 8 MiB and up)"),
	OPT_COUNT("max-attempts", 0, "N", struct s3_config, max_attempts,
	          "tries of one request (AWS_MAX_ATTEMPTS, default 5)"),
	OPT_DURATION("timeout", 0, "TIME", struct s3_config, timeout_ms,
	             "give up on a connection that moves no byte for so long (default 30s)"),
};
