/*
 * A member of a cluster, as its record in the members' bucket tells it: a JSON object under a key
 * that is the member's name in base64url. Records come from other machines, so all of one is
 * hostile: it is bounded, and read whole or not at all. Pure.
 */
#ifndef WI_CLUSTER_MEMBER_H
#define WI_CLUSTER_MEMBER_H

#include "base/buffer.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/text.h"
#include "cluster/versioned.h"
#include "settings/config/config.h"
#include <jansson.h>

#define WI_MEMBER_NAME_MAX WI_CLUSTER_NAME_MAX
#define WI_MEMBER_KEY_SIZE WI_BASE64URL_SIZE(WI_MEMBER_NAME_MAX)
#define WI_MEMBER_RECORD_MAX 16384 /* bytes */
#define WI_MEMBER_MODELS_MAX 64    /* that a record names */
#define WI_MEMBER_URL_SIZE 256
#define WI_MEMBER_VERSION_SIZE 32

struct wi_cluster_member {
    char name[WI_MEMBER_NAME_MAX + 1];
    char instance[WI_ID_SIZE]; /* of the process: a daemon that starts again has another one */
    char version[WI_MEMBER_VERSION_SIZE]; /* of the program */
    char api[WI_MEMBER_URL_SIZE];         /* base URLs; "": not reachable from other machines */
    char bridge[WI_MEMBER_URL_SIZE];
    struct wi_strings models;         /* names, at most WI_MEMBER_MODELS_MAX */
    uint64_t model_count;             /* of all models */
    uint64_t waiting, running, nodes; /* jobs; nodes that take work */
    int64_t hears; /* its wall clock when it began to listen (talk.h), in ms; 0: it does not */
    int64_t at;    /* the writer's wall clock, in ms */
};
void wi_member_clear(struct wi_cluster_member *member);

/* The texts by which a member is known and reached, as its record and GET /v1/cluster have them.
 * Borrowed from `object`; NULL: it has none that a member can have. */
const char *wi_member_name(const json_t *object);
const char *wi_member_instance(const json_t *object);
/* The base URL of that field, "api" or "bridge"; "": not reachable from other machines. */
const char *wi_member_url(const json_t *object, const char *field);

/* The key of a name of at most WI_MEMBER_NAME_MAX bytes. */
void wi_member_key(const char *name, char key[WI_MEMBER_KEY_SIZE]);

/* The record of a member, for `out`. It has at most WI_MEMBER_RECORD_MAX bytes. */
void wi_member_print(const struct wi_cluster_member *member, struct wi_buffer *out);

/* Fills an empty member from any bytes; it stays empty unless they are good. The key has to be that
 * of the name in the record. */
enum wi_read_fault wi_member_read(
    struct wi_cluster_member *member, const char *key, const char *text, size_t size);

#endif
