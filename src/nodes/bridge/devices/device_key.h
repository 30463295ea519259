/*
 * The key of a remembered device: an Ed25519 public key (RFC 8032). A device proves that it has the
 * private key by signing a nonce. Pure.
 *
 * OpenSSL accepts any 32 bytes as a public key, and for points of small order it accepts signatures
 * that take no private key. Such keys are refused here. A key that is no point of the curve is
 * accepted, and no signature is ever good for it.
 */
#ifndef WI_NODES_BRIDGE_DEVICES_DEVICE_KEY_H
#define WI_NODES_BRIDGE_DEVICES_DEVICE_KEY_H

#include "base/error.h"
#include "base/text.h"
#include <stddef.h>

#define WI_DEVICE_KEY_SIZE 32
#define WI_DEVICE_NONCE_SIZE 32
#define WI_DEVICE_SIGNATURE_SIZE 64
#define WI_DEVICE_TEXT_SIZE WI_BASE64URL_SIZE(WI_DEVICE_KEY_SIZE) /* of a key or a nonce */

/* What an announcement says of a device. */
struct wi_device_claim {
    enum {
        WI_DEVICE_NONE, /* nothing */
        WI_DEVICE_NEW,  /* it has come with a token, and is to be remembered */
        WI_DEVICE_BACK  /* it is one that is remembered, which has to be proved */
    } kind;
    unsigned char key[WI_DEVICE_KEY_SIZE];
};

/* Reads a key, written in the only way that base64url without padding has for it (RFC 4648, 3.5 and
 * 5). WI_OK, or WI_INVALID_FIELD; `field` is its name, such as "data.device_key". */
enum wi_code wi_device_key_read(const char *text, const char *field,
    unsigned char key[WI_DEVICE_KEY_SIZE], struct wi_error *error);
/* Checks that `signature`, in base64url, is the key's for "webinfer-device", a NUL, `origin`, a NUL
 * and the nonce, which takes well under a millisecond. `origin` is that of the device's page, as
 * its browser sent it. WI_OK, or WI_INVALID_FIELD. */
enum wi_code wi_device_check_signature(const unsigned char key[WI_DEVICE_KEY_SIZE],
    const char *origin, const unsigned char nonce[WI_DEVICE_NONCE_SIZE], const char *signature,
    struct wi_error *error);

#endif
