/* See challenge.h. A challenge is made once for each connection, so its nonce is used once. */
#include "nodes/bridge/devices/challenge.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/text.h"
#include "nodes/bridge/outgoing.h"
#include <stdlib.h>
#include <string.h>

enum wi_code wi_device_challenge_begin(struct wi_socket *socket,
    const struct wi_device_claim *claim, const struct wi_message_bytes *announcement,
    struct wi_error *error)
{
    struct wi_bridge *bridge = socket->bridge;
    char nonce[WI_DEVICE_TEXT_SIZE];
    if (!bridge->settings.devices)
        return wi_error_set(error, WI_INVALID_FIELD, "data.device",
            "this service remembers no devices: join with a link");
    if (!socket->origin || !*socket->origin)
        return wi_error_set(error, WI_INVALID_FIELD, "data.device",
            "a device is a browser: its connection names the origin of its page");
    if (!wi_devices_find(bridge->devices, claim->key, wi_wall_ms()))
        return wi_error_set(error, WI_INVALID_FIELD, "data.device", WI_DEVICE_NOT_REMEMBERED);
    struct wi_device_challenge *challenge = wi_alloc(sizeof *challenge);
    wi_random_bytes(challenge->nonce, sizeof challenge->nonce);
    memcpy(challenge->key, claim->key, sizeof challenge->key);
    challenge->bytes = *announcement;
    wi_blob_ref(announcement->blob);
    socket->challenge = challenge;
    wi_text_base64url(challenge->nonce, sizeof challenge->nonce, nonce);
    wi_link_wait(socket->link);
    wi_link_send(socket->link, wi_make_device_challenge(++bridge->sequence, nonce));
    return WI_OK;
}

struct device_proof {
    const char *signature;
};

static const struct wi_param proof_table[] = {
    WI_PARAM(device_proof, signature, STRING, .required = 1),
    WI_PARAM_END,
};

enum wi_code wi_device_challenge_check(
    const struct wi_socket *socket, const struct wi_frame *frame, struct wi_error *error)
{
    const struct wi_device_challenge *challenge = socket->challenge;
    struct device_proof proof = {0};
    if (strcmp(frame->type, "device_proof") != 0)
        return wi_error_set(
            error, WI_BAD_REQUEST, "type", "a device_challenge must be answered by a device_proof");
    if (wi_params_read(proof_table, frame->data, WI_PARAMS_OPEN, "data.", &proof, error) != WI_OK)
        return error->code;
    return wi_device_check_signature(
        challenge->key, socket->origin, challenge->nonce, proof.signature, error);
}

void wi_device_challenge_free(struct wi_device_challenge *challenge)
{
    if (!challenge)
        return;
    wi_blob_unref(challenge->bytes.blob);
    free(challenge);
}

/* --- devices that have proved themselves ------------------------------------------------------ */

/* NULL: it claims to be none, or was forgotten since its challenge. */
static struct wi_device *claim_device(
    const struct wi_bridge *bridge, const struct wi_device_claim *claim)
{
    return claim->kind == WI_DEVICE_BACK
               ? wi_devices_find(bridge->devices, claim->key, wi_wall_ms())
               : NULL;
}

int wi_device_is_known(const struct wi_bridge *bridge, const struct wi_device_claim *claim)
{
    return claim->kind != WI_DEVICE_BACK || claim_device(bridge, claim);
}

void wi_device_supersede(struct wi_bridge *bridge, const struct wi_device_claim *claim)
{
    const struct wi_device *device = claim_device(bridge, claim);
    struct wi_node *node = device ? wi_node_find(bridge, device->node) : NULL;
    if (node)
        wi_node_down(node, "superseded", "its device joined again");
}

enum wi_join_verdict wi_device_take_place(
    struct wi_bridge *bridge, const struct wi_device_claim *claim, char join_id[WI_ID_SIZE])
{
    const struct wi_device *device = claim_device(bridge, claim);
    if (!device)
        return WI_JOIN_UNKNOWN;
    memcpy(join_id, device->terms.join, sizeof device->terms.join);
    return wi_joins_take_again(&bridge->joins, join_id);
}

/* --- what a node is --------------------------------------------------------------------------- */

/* Why nothing is remembered of the node, or NULL. */
static const char *node_find_obstacle(const struct wi_node *node)
{
    if (!node->bridge->settings.devices)
        return "this service remembers no devices";
    if (!*node->join || *wi_joins_name(&node->bridge->joins, node->join))
        return "devices are remembered with the tokens of join links only";
    return NULL;
}

/* NULL: it is not, which the node notes. */
static struct wi_device *node_remember(
    struct wi_node *node, const unsigned char key[WI_DEVICE_KEY_SIZE])
{
    const struct wi_bridge *bridge = node->bridge;
    struct wi_device_terms terms = {0};
    node->device_problem = node_find_obstacle(node);
    if (node->device_problem)
        return NULL;
    const struct wi_join_terms known = wi_joins_terms(&bridge->joins, node->join);
    memcpy(terms.join, node->join, sizeof terms.join);
    wi_text_copy(terms.label, sizeof terms.label, known.label);
    terms.nodes = known.nodes;
    terms.shareable = known.shareable;
    return wi_devices_remember(bridge->devices, key, &terms, wi_wall_ms(), &node->device_problem);
}

void wi_device_admit(struct wi_node *node, const struct wi_device_claim *claim)
{
    struct wi_bridge *bridge = node->bridge;
    struct wi_device *device = claim->kind == WI_DEVICE_NEW ? node_remember(node, claim->key)
                                                            : claim_device(bridge, claim);
    if (!device)
        return;
    memcpy(node->info.device, device->id, sizeof node->info.device);
    wi_devices_come(bridge->devices, device, node->info.id, wi_wall_ms());
}
