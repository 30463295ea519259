/* What browsers are told of a certificate. */
#include "../../test.h"

#include "base/net/certificate.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Self-signed, for 127.0.0.1 and node.invalid, until 2126: openssl req -x509 -newkey ec -pkeyopt
 * ec_paramgen_curve:P-256 -nodes -days 36500 -subj "/CN=webinfer test" -addext
 * subjectAltName=IP:127.0.0.1,DNS:node.invalid; its key is not kept. */
static const char pem[] = "-----BEGIN CERTIFICATE-----\n"
                          "MIIBpjCCAUygAwIBAgIUAN9RpKlOas6MiZnfjhznZlgtfo4wCgYIKoZIzj0EAwIw\n"
                          "GDEWMBQGA1UEAwwNd2ViaW5mZXIgdGVzdDAgFw0yNjExMjEwNDAwMTlaGA8yMTI2\n"
                          "MTAyODA0MDAxOVowGDEWMBQGA1UEAwwNd2ViaW5mZXIgdGVzdDBZMBMGByqGSM49\n"
                          "AgEGCCqGSM49AwEHA0IABHFWw+I7QqoaIHzcsxjfNWHlX7iSi5+/yeAI+Naurbi3\n"
                          "AmE0zZkweBATeNqcxDzP6a3nheRh6orLKaUcmIXQ99GjcjBwMB0GA1UdDgQWBBSu\n"
                          "UgQl3WZ8pK0YT48IbqngjosFUjAfBgNVHSMEGDAWgBSuUgQl3WZ8pK0YT48Ibqng\n"
                          "josFUjAPBgNVHRMBAf8EBTADAQH/MB0GA1UdEQQWMBSHBH8AAAGCDG5vZGUuaW52\n"
                          "YWxpZDAKBggqhkjOPQQDAgNIADBFAiBPiPAq+gtqRKNNPRWDvKs8DZ3nP9hpIrKi\n"
                          "rHHRVvbJmQIhAMr3wO7fQlmftqP9NEgcPdZJaNsw4LPgSu7WQVosjTlU\n"
                          "-----END CERTIFICATE-----\n";
/* openssl x509 -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary |
 * base64 */
static const char pin[] = "NcIVC7q5AoYrfCBaS7wGqL1sHNgIwGfnVTj3bXkSnkA=";

static void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int is_trusted(const char *path, const char *url)
{
    struct wi_certificate *certificate = wi_certificate_read(path, url, NULL);
    int trusted;

    assert_non_null(certificate);
    trusted = certificate->trusted;
    wi_certificate_free(certificate);
    return trusted;
}

TEST(it_is_known_by_its_key)
{
    char path[] = "/tmp/wi-certificate-XXXXXX";
    struct wi_certificate *certificate;

    write_file(path, pem);
    certificate = wi_certificate_read(path, "https://127.0.0.1:8471", NULL);
    assert_non_null(certificate);
    assert_string_equal(certificate->path, path);
    assert_string_equal(certificate->pin, pin);
    assert_string_equal(certificate->subject, "/CN=webinfer test");
    assert_string_equal(certificate->until, "2126-10-28 04:00:19 UTC");
    assert_false(certificate->expired);
    wi_certificate_free(certificate);
    unlink(path);
}

TEST(it_is_trusted_for_its_hosts_if_the_system_trusts_who_signed_it)
{
    char path[] = "/tmp/wi-certificate-XXXXXX";

    write_file(path, pem);
    unsetenv("SSL_CERT_FILE");
    assert_false(is_trusted(path, "https://127.0.0.1:8471"));
    setenv("SSL_CERT_FILE", path, 1); /* as if the administrator had added it */
    assert_true(is_trusted(path, "https://127.0.0.1:8471"));
    assert_true(is_trusted(path, "https://node.invalid"));
    assert_false(is_trusted(path, "https://[::1]:8471"));
    assert_false(is_trusted(path, "https://other.invalid"));
    unsetenv("SSL_CERT_FILE");
    unlink(path);
}

TEST(what_is_no_certificate_is_refused)
{
    char path[] = "/tmp/wi-certificate-XXXXXX";
    struct wi_error error;

    write_file(path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert_null(wi_certificate_read(path, "https://127.0.0.1", &error));
    assert_int_equal(error.code, WI_INVALID_FIELD);
    assert_non_null(strstr(error.detail, path));
    unlink(path);
    assert_null(wi_certificate_read(path, "https://127.0.0.1", &error));
    assert_non_null(strstr(error.detail, path));
}

static void write_fresh_key(const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(path, "w");

    assert_non_null(key);
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    EVP_PKEY_free(key);
}

static void assert_refused(const char *path, const char *key, const char *field, const char *detail)
{
    struct wi_error error;

    assert_int_equal(wi_certificate_check_files("api", path, key, &error), WI_INVALID_FIELD);
    assert_string_equal(error.field, field);
    if (!strstr(error.detail, detail))
        fail_msg("%s", error.detail);
}

TEST(a_key_must_be_the_certificates)
{
    char path[] = "/tmp/webinfer-cert-XXXXXX", key[] = "/tmp/webinfer-key-XXXXXX";

    write_file(path, pem);
    write_file(key, "");
    write_fresh_key(key);
    assert_refused(path, key, "api.tls_key", "[api] tls_key: /tmp/webinfer-key-");
    assert_refused(path, key, "api.tls_key", "is not the key of the certificate in");
    assert_refused(path, path, "api.tls_key", "has no private key in PEM form");
    assert_refused(key, key, "api.tls_certificate", "[api] tls_certificate: /tmp/webinfer-key-");
    assert_refused(key, key, "api.tls_certificate", "has no certificate in PEM form");
    unlink(key);
    assert_refused(path, key, "api.tls_key", "has no private key in PEM form");
    unlink(path);
    assert_refused(path, key, "api.tls_certificate", "has no certificate in PEM form");
}

/* Self-signed, and kept nowhere. */
static void write_fresh_certificate(const char *path, EVP_PKEY *key)
{
    X509 *x509 = X509_new();
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    X509_gmtime_adj(X509_getm_notBefore(x509), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_X509(file, x509), 1);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    X509_free(x509);
}

TEST(without_a_certificate_there_is_nothing_to_check)
{
    char path[] = "/tmp/webinfer-cert-XXXXXX";
    EVP_PKEY *key = EVP_EC_gen("P-256");
    struct wi_error error;

    write_file(path, "");
    write_fresh_certificate(path, key); /* both are in one file */
    EVP_PKEY_free(key);
    assert_int_equal(wi_certificate_check_files("api", path, path, &error), WI_OK);
    unlink(path);
    assert_int_equal(wi_certificate_check_files("api", "", path, &error), WI_OK);
    assert_int_equal(wi_certificate_check_files("api", NULL, NULL, &error), WI_OK);
}
