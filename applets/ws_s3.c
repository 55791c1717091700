/* ws-s3: the verbs. */
#include "applets/s3_cp.h"
#include "applets/s3_du.h"
#include "applets/s3_ls.h"
#include "applets/s3_mb.h"
#include "applets/s3_probe.h"
#include "applets/s3_rm.h"
#include "applets/s3_run.h"
#include "applets/s3_stat.h"
#include "applets/s3_sync.h"
#include "applets/s3_uploads.h"
#include "applets/s3_whoami.h"
#include "applets/table.h"

static const struct applet *const verbs[] = {
	&s3_stat_cat_applet, &s3_cp_applet,           &s3_du_applet,
	&s3_cp_get_applet,   &s3_ls_applet,           &s3_mb_applet,
	&s3_cp_mv_applet,    &s3_stat_presign_applet, &s3_probe_applet,
	&s3_cp_put_applet,   &s3_mb_rb_applet,        &s3_rm_applet,
	&s3_run_applet,      &s3_stat_applet,         &s3_sync_applet,
	&s3_uploads_applet,  &s3_whoami_applet,       NULL,
};

const struct applet ws_s3_applet = {
	.name = "ws-s3",
	.summary = "objects in an S3 store: list, copy, show, remove",
	.synopsis = "COMMAND [OPTIONS] …",
	.details =
		"Operands are s3://BUCKET/KEY, local paths, and - for standard input or output.\n"
		"Credentials are looked for as the AWS tools do: the environment, a role to assume, web\n"
		"identity, ~/.aws/credentials, credential_process, ~/.aws/config, the container's agent, the\n"
		"machine's metadata service (unless AWS_EC2_METADATA_DISABLED is true).\n"
		"Any server that speaks S3 will do: --endpoint-url https://host:port.\n"
		"Proxies: HTTPS_PROXY, HTTP_PROXY (http://[user:password@]host:port), NO_PROXY.",
	.subs = verbs,
};
