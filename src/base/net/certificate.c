/* See certificate.h. */
#include "base/net/certificate.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/net/url.h"
#include "base/text.h"
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHAIN_MAX 16
#define NO_CERTIFICATE "has no certificate in PEM form that can be read"

/* Reads the first certificate of the file, and those after it. NULL: there is none. */
static X509 *certificate_read(const char *path, STACK_OF(X509) * chain)
{
    BIO *file = BIO_new_file(path, "r");
    X509 *first = file ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL, *next;

    while (first && sk_X509_num(chain) < CHAIN_MAX &&
           (next = PEM_read_bio_X509(file, NULL, NULL, NULL)))
        sk_X509_push(chain, next);
    BIO_free(file);
    ERR_clear_error(); /* the end of the file is one */
    return first;
}

static void take_pin(struct wi_certificate *certificate, X509 *x509)
{
    unsigned char *key = NULL, hash[SHA256_DIGEST_LENGTH];
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &key);

    SHA256(key, size > 0 ? (size_t)size : 0, hash);
    EVP_EncodeBlock((unsigned char *)certificate->pin, hash, sizeof hash);
    OPENSSL_free(key);
}

static void take_validity(struct wi_certificate *certificate, X509 *x509)
{
    struct tm end = {0};

    certificate->expired = X509_cmp_current_time(X509_get0_notAfter(x509)) < 0;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(x509), &end) == 1)
        strftime(certificate->until, sizeof certificate->until, "%Y-%m-%d %H:%M:%S UTC", &end);
}

static int chain_is_trusted(X509 *x509, STACK_OF(X509) * chain, const char *url)
{
    char *host = wi_url_host(url);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    int trusted = 0;

    if (store && context && X509_STORE_set_default_paths(store) == 1 &&
        X509_STORE_CTX_init(context, store, x509, chain) == 1) {
        X509_VERIFY_PARAM *wanted = X509_STORE_CTX_get0_param(context);
        /* An address is looked for among the addresses, a name among the names. */
        if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host) != 1)
            X509_VERIFY_PARAM_set1_host(wanted, host, 0);
        X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
        trusted = X509_verify_cert(context) == 1;
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    free(host);
    return trusted;
}

struct wi_certificate *wi_certificate_read(
    const char *path, const char *url, struct wi_error *error)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *x509 = certificate_read(path, chain);
    struct wi_certificate *certificate = NULL;

    if (x509) {
        certificate = wi_alloc(sizeof *certificate);
        certificate->path = wi_strdup(path);
        take_pin(certificate, x509);
        take_validity(certificate, x509);
        X509_NAME_oneline(
            X509_get_subject_name(x509), certificate->subject, sizeof certificate->subject);
        certificate->trusted = chain_is_trusted(x509, chain, url);
    } else {
        wi_error_set(error, WI_INVALID_FIELD, "tls_certificate", "%.200s %s", path, NO_CERTIFICATE);
    }
    X509_free(x509);
    sk_X509_pop_free(chain, X509_free);
    return certificate;
}

void wi_certificate_take(
    struct wi_certificate *certificate, struct wi_certificate *fresh, const char *part)
{
    struct wi_certificate old = *certificate;

    if (part && (strcmp(fresh->pin, old.pin) != 0 || strcmp(fresh->until, old.until) != 0))
        wi_info(part, NULL, "shows the certificate of %s, valid until %s, from now on",
            fresh->subject, fresh->until);
    *certificate = *fresh;
    *fresh = old;
    wi_certificate_free(fresh);
}

enum wi_code wi_certificate_check_files(
    const char *section, const char *path, const char *key, struct wi_error *error)
{
    const char *fault = NULL;
    char field[64];

    if (!path || !*path)
        return WI_OK;
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *x509 = certificate_read(path, chain);
    BIO *file = BIO_new_file(key, "r");
    EVP_PKEY *private_key = file ? PEM_read_bio_PrivateKey(file, NULL, NULL, NULL) : NULL;
    const char *option = x509 ? "tls_key" : "tls_certificate", *bad = x509 ? key : path;
    if (!x509)
        fault = NO_CERTIFICATE;
    else if (!private_key)
        fault = "has no private key in PEM form that can be read";
    else if (X509_check_private_key(x509, private_key) != 1)
        fault = "is not the key of the certificate in tls_certificate";
    EVP_PKEY_free(private_key);
    BIO_free(file);
    X509_free(x509);
    sk_X509_pop_free(chain, X509_free);
    ERR_clear_error();
    if (!fault)
        return WI_OK;
    wi_join(field, sizeof field, section, ".", option, NULL);
    return wi_error_set(
        error, WI_INVALID_FIELD, field, "[%s] %s: %.200s %s", section, option, bad, fault);
}

void wi_certificate_free(struct wi_certificate *certificate)
{
    if (!certificate)
        return;
    free(certificate->path);
    free(certificate);
}
