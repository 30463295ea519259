/* Peers and statements, signed with Ed25519 by OpenSSL; see peers.h. */
#include "nodes/bridge/peers/peers.h"

#include "base/buffer.h"
#include "base/text.h"
#include <assert.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 32
#define SIGNATURE_SIZE 64
/* The words that are signed with a peer. */
#define CERTIFICATE "webinfer-peer"
#define TICKET "webinfer-member"
#define FILE_TICKET "webinfer-file"
/* The text is made again after this time, so that its certificates have most of theirs left. */
#define TEXT_MS (WI_PEERS_MS / 12)

/* --- the key ---------------------------------------------------------------------------------- */

int wi_peers_begin(struct wi_peers *peers)
{
    *peers = (struct wi_peers){._key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    ERR_clear_error(); /* or a TLS connection of this thread would take it for its own */
    return peers->_key ? 0 : -1;
}

static void add_key(const struct wi_peers *peers, struct wi_buffer *out)
{
    unsigned char bytes[KEY_SIZE];
    char text[WI_BASE64URL_SIZE(KEY_SIZE)];
    size_t size = sizeof bytes;
    int printed = EVP_PKEY_get_raw_public_key(peers->_key, bytes, &size);
    assert(printed == 1 && size == sizeof bytes);
    (void)printed;
    wi_text_base64url(bytes, sizeof bytes, text);
    wi_buffer_puts(out, text);
}

static void add_signature(
    const struct wi_peers *peers, const struct wi_buffer *text, struct wi_buffer *out)
{
    unsigned char signature[SIGNATURE_SIZE];
    char printed[WI_BASE64URL_SIZE(SIGNATURE_SIZE)];
    size_t size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int made = EVP_DigestSignInit(context, NULL, NULL, NULL, peers->_key) == 1 &&
               EVP_DigestSign(
                   context, signature, &size, (const unsigned char *)text->text, text->size) == 1;
    assert(made && size == sizeof signature);
    (void)made;
    EVP_MD_CTX_free(context);
    wi_text_base64url(signature, sizeof signature, printed);
    wi_buffer_puts(out, printed);
}

/* The members of a statement, of which none needs escaping. `file`: NULL, or what it is about. */
static void add_statement(const struct wi_peers *peers, const char *word, const char *file,
    const char *peer, int64_t until, struct wi_buffer *out)
{
    struct wi_buffer text = {0};
    wi_buffer_add(&text, word, strlen(word) + 1);
    if (file) {
        wi_buffer_add(&text, file, strlen(file) + 1);
        wi_buffer_strings(out, "\"file\":\"", file, "\",", NULL);
    }
    wi_buffer_add(&text, peer, strlen(peer) + 1);
    wi_buffer_integer(&text, until);
    wi_buffer_strings(out, "\"peer\":\"", peer, "\",\"until\":", NULL);
    wi_buffer_integer(out, until);
    wi_buffer_puts(out, ",\"signature\":\"");
    add_signature(peers, &text, out);
    wi_buffer_puts(out, "\"");
    wi_buffer_clear(&text);
}

/* --- the list --------------------------------------------------------------------------------- */

static void forget_list(struct wi_peers *peers)
{
    wi_strings_clear(&peers->addresses);
    wi_strings_clear(&peers->_ids);
    wi_strings_clear(&peers->origins);
    wi_strings_clear(&peers->stun);
    free(peers->_text);
    peers->_text = NULL;
}

void wi_peers_clear(struct wi_peers *peers)
{
    forget_list(peers);
    EVP_PKEY_free(peers->_key);
    peers->_key = NULL;
}

void wi_peers_take(
    struct wi_peers *peers, const struct wi_strings *addresses, const struct wi_strings *stun)
{
    struct wi_multiaddr multiaddr;
    forget_list(peers);
    wi_strings_copy(&peers->stun, stun);
    for (size_t i = 0; i < addresses->count; i++) {
        if (wi_multiaddr_read(addresses->items[i], &multiaddr))
            continue;
        wi_strings_add(&peers->addresses, addresses->items[i]);
        wi_strings_add(&peers->_ids, multiaddr.peer);
        wi_strings_add(&peers->origins, multiaddr.origin);
    }
}

static char *peers_print(const struct wi_peers *peers, int64_t now)
{
    struct wi_buffer out = {0};
    wi_buffer_puts(&out, "{\"key\":\"");
    add_key(peers, &out);
    wi_buffer_puts(&out, "\",\"now\":");
    wi_buffer_integer(&out, now);
    wi_buffer_puts(&out, ",\"peers\":[");
    for (size_t i = 0; i < peers->addresses.count; i++) {
        wi_buffer_strings(&out, i ? ",{\"address\":\"" : "{\"address\":\"",
            peers->addresses.items[i], "\",", NULL);
        add_statement(peers, CERTIFICATE, NULL, peers->_ids.items[i], now + WI_PEERS_MS, &out);
        wi_buffer_puts(&out, "}");
    }
    wi_buffer_puts(&out, "],\"stun\":[");
    for (size_t i = 0; i < peers->stun.count; i++)
        wi_buffer_strings(&out, i ? ",\"" : "\"", peers->stun.items[i], "\"", NULL);
    wi_buffer_puts(&out, "]}");
    return wi_buffer_take(&out);
}

const char *wi_peers_text(struct wi_peers *peers, int64_t now)
{
    /* The clock may have been set back. */
    if (peers->_text && now >= peers->_made && now - peers->_made < TEXT_MS)
        return peers->_text;
    free(peers->_text);
    peers->_text = peers_print(peers, now);
    peers->_made = now;
    return peers->_text;
}

char *wi_peers_ticket(const struct wi_peers *peers, const char *id, const char *file, int64_t now)
{
    struct wi_buffer out = {0};
    wi_buffer_puts(&out, "{");
    add_statement(peers, file ? FILE_TICKET : TICKET, file, id, now + WI_PEERS_MS, &out);
    wi_buffer_puts(&out, "}");
    return wi_buffer_take(&out);
}
