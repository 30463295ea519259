/*
 * For tests of remembered devices: a bridge that remembers them, with the token of a link for two
 * nodes, and devices whose keys and signatures are OpenSSL's. For use in one test file each.
 */
#ifndef WI_TESTS_BRIDGE_DEVICE_H
#define WI_TESTS_BRIDGE_DEVICE_H

#include "../fixture.h"

#include <openssl/evp.h>

static struct link_token {
    char id[WI_ID_SIZE], token[WI_TOKEN_SIZE];
} link_token;

static inline int set_up_devices(void **state)
{
    struct wi_error error;
    set_up(state);
    struct fixture *fixture = *state;
    fixture->config.bridge.devices = 1;
    wi_bridge_reload(fixture->bridge, &fixture->config);
    const struct wi_join_terms terms = {.nodes = 2, .ttl_ms = 60000, .label = "Ada"};
    return wi_bridge_invite(fixture->bridge, &terms, link_token.id, link_token.token, &error) ==
                   WI_OK
               ? 0
               : -1;
}

/* --- a device --------------------------------------------------------------------------------- */

struct device {
    EVP_PKEY *pair;
    char key[64];
};

static inline void put_base64url(const unsigned char *bytes, int size, char *text)
{
    int length = EVP_EncodeBlock((unsigned char *)text, bytes, size);
    for (char *c = text; c < text + length; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    text[strcspn(text, "=")] = '\0';
}

static inline struct device make_device(unsigned char seed)
{
    unsigned char secret[32], public_key[32];
    size_t size = sizeof public_key;
    struct device device;
    memset(secret, seed, sizeof secret);
    device.pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof secret);
    assert_int_equal(EVP_PKEY_get_raw_public_key(device.pair, public_key, &size), 1);
    put_base64url(public_key, sizeof public_key, device.key);
    return device;
}

/* `nonce` as it was sent. */
static inline void sign(
    const struct device *device, const char *origin, const char *nonce, char *text)
{
    unsigned char bytes[256], signature[64], padded[64];
    size_t size = sizeof signature, length = 16;
    char plain[45];
    memcpy(bytes, "webinfer-device", 16);
    memcpy(bytes + length, origin, strlen(origin) + 1);
    length += strlen(origin) + 1;
    assert_int_equal(strlen(nonce), 43);
    memcpy(plain, nonce, 43);
    memcpy(plain + 43, "=", 2);
    for (char *c = plain; *c; c++)
        *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
    assert_int_equal(EVP_DecodeBlock(padded, (unsigned char *)plain, 44), 33);
    memcpy(bytes + length, padded, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, device->pair), 1);
    assert_int_equal(EVP_DigestSign(context, signature, &size, bytes, length + 32), 1);
    EVP_MD_CTX_free(context);
    put_base64url(signature, sizeof signature, text);
}

static inline const char *origin_of(const struct fixture *fixture)
{
    return wi_bridge_url(fixture->bridge);
}

/* A page of ours opens it. */
static inline struct client open_page(struct fixture *fixture)
{
    char head[256];
    struct client client = client_open(&fixture->loop, fixture->port);
    snprintf(head, sizeof head, SUBPROTOCOL "Origin: %s\r\n", origin_of(fixture));
    assert_int_equal(client_upgrade(&client, "/node", head), 101);
    return client;
}

static inline struct client announce_with_key(struct fixture *fixture, const char *key)
{
    char who[512];
    struct client client = open_page(fixture);
    snprintf(who, sizeof who, "\"token\":\"%s\",\"device_key\":\"%s\"", link_token.token, key);
    announce(&client, who);
    return client;
}

/* With the link; the welcome's member `device` has that reason, or it is remembered, or nothing is
 * said of it. */
static inline struct client join_with_key(
    struct fixture *fixture, const char *key, const char *reason)
{
    struct client client = announce_with_key(fixture, key);
    json_t *welcome = hear(&client, "welcome");
    const json_t *device = json_object_get(json_object_get(welcome, "data"), "device");
    assert_int_equal(json_is_true(json_object_get(device, "remembered")), !reason);
    const char *told = json_string_value(json_object_get(device, "reason"));
    assert_string_equal(told ? told : "", reason ? reason : "");
    json_decref(welcome);
    return client;
}

static inline void announce_device(struct client *client, const char *key)
{
    char who[256];
    snprintf(who, sizeof who, "\"device\":{\"key\":\"%s\"}", key);
    announce(client, who);
}

/* The nonce of the challenge that follows. */
static inline void hear_nonce(struct client *client, char nonce[64])
{
    json_t *challenge = hear(client, "device_challenge");
    snprintf(nonce, 64, "%s", text_of(challenge, "nonce"));
    json_decref(challenge);
}

static inline void prove(struct client *client, const char *signature)
{
    char data[256];
    snprintf(data, sizeof data, "{\"signature\":\"%s\"}", signature);
    say(client, "device_proof", data);
}

/* It comes back, up to its proof. */
static inline struct client come_back(struct fixture *fixture, const struct device *device)
{
    char nonce[64], signature[128];
    struct client client = open_page(fixture);
    announce_device(&client, device->key);
    hear_nonce(&client, nonce);
    sign(device, origin_of(fixture), nonce, signature);
    prove(&client, signature);
    return client;
}

static inline void expect_welcome(struct client *client)
{
    json_t *welcome = hear(client, "welcome");
    const json_t *device = json_object_get(json_object_get(welcome, "data"), "device");
    assert_true(json_is_true(json_object_get(device, "remembered")));
    json_decref(welcome);
}

/* The close frame must come next, with these words; then the socket must end. */
static inline void expect_close(struct client *client, int code, const char *words)
{
    struct ws_message message;
    assert_int_equal(client_message(client, &message), 0);
    assert_int_equal(message.opcode, 8);
    assert_int_equal(message.bytes[0] << 8 | message.bytes[1], code);
    assert_int_equal(message.size - 2, strlen(words));
    assert_memory_equal(message.bytes + 2, words, strlen(words));
    client_send_frame(client, 8, 1, message.bytes, 2);
    message_clear(&message);
    client_close(client);
}

/* Its node says bye. */
static inline void leave(struct fixture *fixture, struct client *client)
{
    int downs = fixture->downs;
    say(client, "bye", "{}");
    turn_until(client, &fixture->downs, downs + 1);
    client_close(client);
}

static inline json_t *devices_of(const struct fixture *fixture)
{
    return wi_bridge_devices(fixture->bridge);
}

static inline size_t count_devices(const struct fixture *fixture)
{
    json_t *list = devices_of(fixture);
    size_t count = json_array_size(list);
    json_decref(list);
    return count;
}

/* Of its only device. */
static inline void copy_device_id(const struct fixture *fixture, char id[WI_ID_SIZE])
{
    json_t *list = devices_of(fixture);
    assert_int_equal(json_array_size(list), 1);
    snprintf(
        id, WI_ID_SIZE, "%s", json_string_value(json_object_get(json_array_get(list, 0), "id")));
    json_decref(list);
}

static inline int64_t count_joined(const struct fixture *fixture)
{
    json_t *list = wi_bridge_invitations(fixture->bridge);
    int64_t joined = json_integer_value(json_object_get(json_array_get(list, 0), "joined"));
    json_decref(list);
    return joined;
}

#endif
