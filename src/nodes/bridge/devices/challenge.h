/*
 * A remembered device that comes back: its announcement waits until it has proved that it has the
 * key, by signing a nonce that is used once. Only the announcement's bytes are kept meanwhile.
 */
#ifndef WI_NODES_BRIDGE_DEVICES_CHALLENGE_H
#define WI_NODES_BRIDGE_DEVICES_CHALLENGE_H

#include "nodes/bridge/devices/devices.h"
#include "nodes/bridge/node.h"
#include "nodes/bridge/socket.h"

#define WI_DEVICE_NOT_REMEMBERED "this device is not remembered, or no longer: join with a link"

/* A message as it came. */
struct wi_message_bytes {
    struct wi_blob *blob;
    int binary;
};

struct wi_device_challenge {
    unsigned char key[WI_DEVICE_KEY_SIZE];
    unsigned char nonce[WI_DEVICE_NONCE_SIZE];
    struct wi_message_bytes bytes; /* of the announcement; holds a reference */
};

/* Checks whether that device may come back at all, over this connection; if so, sends it the
 * challenge and gives it time for the proof. WI_OK, or WI_INVALID_FIELD. The link must have none
 * yet. */
enum wi_code wi_device_challenge_begin(struct wi_socket *socket,
    const struct wi_device_claim *claim, const struct wi_message_bytes *announcement,
    struct wi_error *error);
/* Checks the answer. WI_OK, or the code of its fault. */
enum wi_code wi_device_challenge_check(
    const struct wi_socket *socket, const struct wi_frame *frame, struct wi_error *error);
void wi_device_challenge_free(struct wi_device_challenge *challenge); /* NULL is fine */

/* Whether a device that has proved itself is still remembered; 1 for what is none. */
int wi_device_is_known(const struct wi_bridge *bridge, const struct wi_device_claim *claim);
/* A device that has proved itself is one node: the one that it was ends. */
void wi_device_supersede(struct wi_bridge *bridge, const struct wi_device_claim *claim);
/* Takes a place of the token of a device that has proved itself, as wi_joins_take does. */
enum wi_join_verdict wi_device_take_place(
    struct wi_bridge *bridge, const struct wi_device_claim *claim, char join_id[WI_ID_SIZE]);
/* The new node, which has a place of its token, is that device from now on. One that is to be
 * remembered may be refused, which its welcome says. */
void wi_device_admit(struct wi_node *node, const struct wi_device_claim *claim);

#endif
