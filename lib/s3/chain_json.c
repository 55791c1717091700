/* The JSON that programs and metadata services answer with. */
#include "data/js.h"
#include "s3/chain_parts.h"

static int take(const struct js *document, const char *token, bool versioned, const char *origin,
                struct credentials *out, struct err *e)
{
	struct credentials_text text = {
		.access = js_get_str(document, "AccessKeyId"),
		.secret = js_get_str(document, "SecretAccessKey"),
		.token = js_get_str(document, token),
		.expiration = js_get_str(document, "Expiration"),
	};
	struct str code = js_get_str(document, "Code");
	if (versioned && js_get_int(document, "Version", 0) != 1)
		return err_set(e, ERR_KIND_DATA, "the output of %s is not of Version 1", origin);
	if (code.len > 0 && !str_is(code, "Success"))
		return err_set(e, ERR_KIND_DENIED, "%s has no keys to give", origin);
	if (text.access.len > 0 && text.secret.len > 0)
		return credentials_take(&text, origin, out, e);
	return err_set(e, ERR_KIND_DATA, "the answer of %s has no AccessKeyId and SecretAccessKey",
	               origin);
}

int chain_json_take(struct str text, const char *token, bool versioned, const char *origin,
                    struct credentials *out, struct err *e)
{
	struct err unsaid = ERR_INIT; /* it may quote the text */
	JS_AUTO document = NULL;
	if (js_parse(text, "credentials", &document, &unsaid) || !js_is_object(document))
		return err_set(e, ERR_KIND_DATA, "the answer of %s is not a JSON object", origin);
	return take(document, token, versioned, origin, out, e);
}
