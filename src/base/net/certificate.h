/*
 * The TLS certificate of a listener, as far as browsers have to be told of it: they accept a
 * certificate that no trusted authority has signed only if they know it in advance.
 */
#ifndef WI_BASE_NET_CERTIFICATE_H
#define WI_BASE_NET_CERTIFICATE_H

#include "base/error.h"

struct wi_certificate {
    char *path;        /* of the PEM file; the chain follows the first certificate */
    char pin[48];      /* base64 of the SHA-256 of its public key (RFC 7469, 2.4) */
    char subject[128]; /* for people */
    char until[32];    /* not valid after, for people */
    int trusted; /* it is valid for the host and signed by an authority that this system trusts */
    int expired;
};

/* Reads the file for the host of `url`, which may also be a bare host or an address. NULL with
 * `error` filled. Free with wi_certificate_free. */
struct wi_certificate *wi_certificate_read(
    const char *path, const char *url, struct wi_error *error);
void wi_certificate_free(struct wi_certificate *certificate);
/* Replaces the content of `certificate` by that of `fresh`, and frees `fresh`. Logs for `part`
 * ("bridge"; NULL: for none) that it is another one, if it is. */
void wi_certificate_take(
    struct wi_certificate *certificate, struct wi_certificate *fresh, const char *part);
/* Checks the files of tls_certificate, `path`, and tls_key in a section of the configuration
 * ("bridge"), which the error names. WI_OK if the key is that of the first certificate, or if there
 * is no path, and so no TLS. Where there is a path there is a key. */
enum wi_code wi_certificate_check_files(
    const char *section, const char *path, const char *key, struct wi_error *error);

#endif
