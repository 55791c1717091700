/* What a failed handshake or record means for whoever reads it. */
#include "net/tls_error.h"

#include <bearssl_ssl.h>

enum {
	ALERT_HANDSHAKE_FAILURE = 40,
	ALERT_BAD_CERTIFICATE = 42,
	ALERT_UNKNOWN_CERTIFICATE = 46,
	ALERT_UNKNOWN_CA = 48,
	ALERT_PROTOCOL_VERSION = 70,
	ALERT_UNKNOWN_NAME = 112,
};

#define NOT_ACCEPTED "the server does not accept the client certificate (--client-cert)"

static const struct {
	int code;
	const char *text;
} texts[] = {
	{ BR_ERR_RECV_FATAL_ALERT + ALERT_PROTOCOL_VERSION,
	  "the server refuses TLS 1.2, the version that ws speaks (it may be set to TLS 1.3 only)" },
	{ BR_ERR_RECV_FATAL_ALERT + ALERT_HANDSHAKE_FAILURE,
	  "the server refuses the handshake: it shares no version and cipher suite with ws (TLS 1.2, "
	  "ECDHE with AES-GCM or ChaCha20), or it wants a client certificate "
	  "(--client-cert)" },
	{ BR_ERR_RECV_FATAL_ALERT + ALERT_BAD_CERTIFICATE, NOT_ACCEPTED },
	{ BR_ERR_RECV_FATAL_ALERT + ALERT_UNKNOWN_CERTIFICATE, NOT_ACCEPTED },
	{ BR_ERR_RECV_FATAL_ALERT + ALERT_UNKNOWN_CA, NOT_ACCEPTED },
	{ BR_ERR_RECV_FATAL_ALERT + ALERT_UNKNOWN_NAME, "the server has no site of that name" },
	{ BR_ERR_UNSUPPORTED_VERSION,
	  "the server does not speak TLS 1.2 (an old server, or plain http on this port)" },
	{ BR_ERR_BAD_VERSION, "the server does not keep to one TLS version" },
	{ BR_ERR_BAD_CIPHER_SUITE, "the server chose a cipher suite that was not offered" },
	{ BR_ERR_BAD_SIGNATURE, "the server's signature on the handshake is wrong" },
	{ BR_ERR_WRONG_KEY_USAGE, "the server's key does not fit the cipher suite" },
	{ BR_ERR_NO_CLIENT_AUTH, "the server wants a client certificate (--client-cert)" },
	{ BR_ERR_BAD_MAC, "a TLS record was changed on the way" },
};

int tls_error_explain(int code, struct err *e)
{
	for (size_t i = 0; i < COUNTOF(texts); i++)
		if (texts[i].code == code)
			return err_set(e, ERR_KIND_UNAVAILABLE, "TLS: %s", texts[i].text);
	if (code >= BR_ERR_SEND_FATAL_ALERT)
		return err_set(e, ERR_KIND_UNAVAILABLE, "TLS: gave up with alert %d",
		               code - BR_ERR_SEND_FATAL_ALERT);
	if (code >= BR_ERR_RECV_FATAL_ALERT)
		return err_set(e, ERR_KIND_UNAVAILABLE, "TLS: the server gave up with alert %d",
		               code - BR_ERR_RECV_FATAL_ALERT);
	return err_set(e, ERR_KIND_UNAVAILABLE,
	               "TLS: the server broke the protocol (BearSSL error %d)", code);
}
