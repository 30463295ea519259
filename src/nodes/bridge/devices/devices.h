/*
 * Remembered devices ([bridge] devices): browsers that may come back without their join token,
 * because they have a key. They are kept in the database with what their tokens allow: join tokens
 * end with the daemon, and those of devices are made again from here. Pure but for the database; no
 * other module writes there. Times are Unix milliseconds.
 */
#ifndef WI_NODES_BRIDGE_DEVICES_DEVICES_H
#define WI_NODES_BRIDGE_DEVICES_DEVICES_H

#include "base/secret.h"
#include "base/table.h"
#include "cluster/join_row.h"
#include "nodes/bridge/devices/device_key.h"
#include "settings/store/db.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* The most devices of all, and of one join token. A holder of a token can make as many keys as it
 * likes, so it can fill no more than a quarter. */
#define WI_DEVICES_MAX 1024
#define WI_DEVICES_PER_JOIN 256
/* A device that was away for longer than this is forgotten. */
#define WI_DEVICE_ABSENCE_MS ((int64_t)30 * 24 * 3600 * 1000)

/* What its join token allows. */
struct wi_device_terms {
    char join[WI_ID_SIZE]; /* the token's id */
    size_t nodes;
    int shareable;
    char label[WI_JOIN_LABEL_SIZE]; /* or "" */
};

struct wi_device {
    char id[WI_ID_SIZE];
    unsigned char key[WI_DEVICE_KEY_SIZE];
    struct wi_device_terms terms;
    int64_t since;         /* it was remembered */
    int64_t seen;          /* its node came or left last; while it has one, at most a day ago */
    char node[WI_ID_SIZE]; /* "": it is away */
    UT_hash_handle hh;     /* by id; uthash keeps the order of insertion */
    UT_hash_handle by_key;
};

/* Neither may call back. */
struct wi_devices_events {
    void *context;
    /* A device was remembered before the daemon was started. */
    void (*on_found)(void *context, const struct wi_device *device);
    /* One is not remembered any more, and is about to be freed. */
    void (*on_forgotten)(void *context, const struct wi_device *device);
};

struct wi_devices;
struct wi_devices *wi_devices_new(const struct wi_devices_events *events);
void wi_devices_free(struct wi_devices *devices); /* NULL is fine; forgets none */
/* Reads the devices in `db` (NULL: keep nothing), and stores them there from now on; called once,
 * at the start. `db` must outlive them. */
void wi_devices_keep(struct wi_devices *devices, struct wi_db *db, int64_t now);

/* All below are borrowed, until the device is forgotten; NULL: there is none. */
struct wi_device *wi_devices_find(
    struct wi_devices *devices, const unsigned char key[WI_DEVICE_KEY_SIZE], int64_t now);
struct wi_device *wi_devices_by_id(const struct wi_devices *devices, const char *id);
/* Remembers that key with that token: the same device, if it is known with this token; a known one
 * of another token is forgotten, and is one of this token now. NULL: there are too many, and
 * `*problem` (static) says of what. */
struct wi_device *wi_devices_remember(struct wi_devices *devices,
    const unsigned char key[WI_DEVICE_KEY_SIZE], const struct wi_device_terms *terms, int64_t now,
    const char **problem);
/* It is that node from now on. */
void wi_devices_come(
    const struct wi_devices *devices, struct wi_device *device, const char *node, int64_t now);
/* The node has gone. Unknown devices, and those that are another node by now, are fine. */
void wi_devices_leave(
    const struct wi_devices *devices, const char *id, const char *node, int64_t now);
void wi_devices_forget(struct wi_devices *devices, struct wi_device *device);
/* All of a token, which was revoked. */
void wi_devices_forget_join(struct wi_devices *devices, const char *join);
/* All of tokens that are not known any more. */
void wi_devices_forget_others(
    struct wi_devices *devices, int (*is_known)(void *context, const char *join), void *context);
/* How many are remembered with that token. */
size_t wi_devices_count(const struct wi_devices *devices, const char *join);
/* Forgets those that were away for too long. The ones that are there are noted as seen; called at
 * least once a day. */
void wi_devices_tidy(struct wi_devices *devices, int64_t now);
/* [{"id","join","label","remembered_at","seen_at","node"}], the oldest first; new reference. */
json_t *wi_devices_json(struct wi_devices *devices, int64_t now);

#endif
