/*
 * The parts of an X.509 certificate (RFC 5280) that BearSSL's engine does not judge, and what a trust
 * anchor is made of. Views of the certificate's bytes; nothing is copied.
 */
#ifndef WS_NET_X509_H
#define WS_NET_X509_H

#include <bearssl_x509.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "base/url.h"

enum { X509_CERT_MAX = 65536, X509_EXTENSIONS_MAX = 64 };

struct x509_cert {
	struct str issuer, subject; /* names, as complete DER elements */
	struct str key;             /* content of the SubjectPublicKeyInfo */
	struct str names;           /* content of the subject alternative names; empty: none */
	struct str constraints;     /* content of the name constraints; empty: none */
	int64_t not_before_s, not_after_s;
	int path_len; /* how many CAs may come between it and a server's certificate; -1: any number */
	bool is_ca;
	bool signs_certs;      /* there is a key usage with keyCertSign */
	bool limited_use;      /* there is an extended key usage */
	bool for_servers;      /* and it has serverAuth or any */
	bool unknown_critical; /* there is a critical extension that nobody here reads */
	bool for_policies; /* there are policy constraints, critical or not (RFC 5280 section 4.2.1.11) */
};

/* Errors: DATA, saying what is malformed (also an extension that is there twice). */
int x509_parse(struct str der, struct x509_cert *out, struct err *e) MUST_CHECK;
/* Whether a CA with these name constraints may sign for `names`, the content of subject alternative names (RFC 5280 section
 * 4.2.1.10: DNS names and addresses; constraints on the subject's own name are refused, those on mail addresses and URIs say
 * nothing about a server). Errors: UNAVAILABLE with the name, or what cannot be judged. */
int x509_constraints_check(struct str constraints, struct str names, struct err *e) MUST_CHECK;
/* The public key; its pointers go into the certificate. -1 when BearSSL has no such kind of key. */
int x509_key(const struct x509_cert *cert, br_x509_pkey *out) MUST_CHECK;
/* The kinds of keys, and BearSSL's number of a curve (0: none that it has), by their object identifiers. */
bool x509_is_rsa(struct str oid);
bool x509_is_ec(struct str oid);
int x509_curve(struct str oid);
/* Append the common name in a DER name, quoted for a terminal; what to say when there is none too. */
void x509_common_name(struct str name, struct buf *out);

/* Whom we want to talk to: a name, or an address when ip_len is 4 or 16. */
struct x509_host {
	char name[URL_HOST_MAX]; /* without a dot at its end */
	unsigned char ip[16];
	size_t ip_len;
};

/* `host` as struct url has it. Errors: USAGE when it is empty. */
int x509_host_init(struct x509_host *h, const char *host, struct err *e) MUST_CHECK;
/* Whether one of the subject alternative names is this host (RFC 6125 section 6.4; a wildcard stands for
 * one whole label, the leftmost, and two more must follow). */
bool x509_host_matches(const struct x509_host *h, struct str names);
/* Append the first few names for a message, quoted: "a.example, *.b.example, IP 10.0.0.1". */
void x509_host_list(struct str names, struct buf *out);

#endif
