/*
 * Relays: nodes behind which another daemon is, the lending one. A relay names that daemon when it
 * announces itself, and lists the models that the daemon has, by their hashes, in messages of the
 * type relay_models. The list of one relay is limited, and so is its memory: at most 512 KiB.
 */
#ifndef WI_NODES_NODE_RELAY_H
#define WI_NODES_NODE_RELAY_H

#include "base/error.h"
#include <jansson.h>
#include <stddef.h>

/* Bytes of a lending daemon's name, with a NUL. */
#define WI_RELAY_SIZE 65

/* The most hashes of one message, and of one relay. */
#define WI_RELAY_MODELS_MESSAGE 512
#define WI_RELAY_MODELS_MAX 10000

/* Reads `capabilities.relay` into the name of the lending daemon, "" if there is no such member.
 * WI_OK, or an error that names the field. */
enum wi_code wi_relay_read(
    const json_t *capabilities, char name[WI_RELAY_SIZE], struct wi_error *error);

/* The models that a lending daemon has: a set of hashes, empty at first. */
struct wi_relay_models *wi_relay_models_new(void);
void wi_relay_models_free(struct wi_relay_models *models); /* NULL is fine */
/* Takes the data of a relay_models: removes the hashes of `remove`, then adds those of `add`. A
 * hash to remove that is not in the set is fine, as is one to add that is. WI_OK, or an error:
 * nothing was taken, unless there are too many in all, where the first were. */
enum wi_code wi_relay_models_update(
    struct wi_relay_models *models, const json_t *data, struct wi_error *error);
/* Whether the model with that hash is in the set; NULL has none. The time does not depend on the
 * set's size. */
int wi_relay_models_have(const struct wi_relay_models *models, const char *hash);
/* Public for tests. */
size_t wi_relay_models_count(const struct wi_relay_models *models);

#endif
