/* Devices by id and by key, in the order in which they were remembered; see devices.h. */
#include "nodes/bridge/devices/devices.h"

#include "base/memory.h"
#include "base/params.h"
#include "base/text.h"
#include "wire/describe/schemas.h"
#include <stdlib.h>
#include <string.h>

/* How old the time of a device that is there may become before it is written again. */
#define SEEN_MS ((int64_t)24 * 3600 * 1000)

struct wi_devices {
    struct wi_db *db;
    struct wi_device *ids, *keys;
    struct wi_devices_events events;
};

/* --- on disk ---------------------------------------------------------------------------------- */

static void device_save(const struct wi_devices *devices, const struct wi_device *device)
{
    const struct wi_device_terms *terms = &device->terms;
    char key[WI_DEVICE_TEXT_SIZE];
    wi_text_base64url(device->key, sizeof device->key, key);
    json_t *object = json_pack("{s:s, s:s, s:I, s:b, s:s, s:I, s:I}", "key", key, "join",
        terms->join, "nodes", (json_int_t)terms->nodes, "shareable", terms->shareable, "label",
        terms->label, "since", (json_int_t)device->since, "seen", (json_int_t)device->seen);
    char *text = json_dumps(object, JSON_COMPACT);
    wi_db_put(devices->db, WI_DB_DEVICES, 0, device->id, text);
    free(text);
    json_decref(object);
}

static void device_insert(struct wi_devices *devices, struct wi_device *device)
{
    HASH_ADD_STR(devices->ids, id, device);
    HASH_ADD(by_key, devices->keys, key, sizeof device->key, device);
}

static struct wi_device *device_with_key(
    const struct wi_devices *devices, const unsigned char key[WI_DEVICE_KEY_SIZE])
{
    struct wi_device *device;
    HASH_FIND(by_key, devices->keys, key, WI_DEVICE_KEY_SIZE, device);
    return device;
}

static int is_long_away(const struct wi_device *device, int64_t now)
{
    return !*device->node && now - device->seen > WI_DEVICE_ABSENCE_MS;
}

struct stored_device {
    const char *key, *join, *label;
    int64_t nodes, since, seen;
    int shareable;
};

static const struct wi_param stored_table[] = {
    WI_PARAM(stored_device, key, STRING, .required = 1),
    WI_PARAM(stored_device, join, STRING, .required = 1, .min = 1, .max = WI_ID_SIZE - 1),
    WI_PARAM(stored_device, nodes, INTEGER, .required = 1, .min = 1, .max = 1e9),
    WI_PARAM(stored_device, shareable, BOOL),
    WI_PARAM(stored_device, label, STRING, .max = WI_JOIN_LABEL_SIZE - 1),
    WI_PARAM(stored_device, since, INTEGER, .required = 1),
    WI_PARAM(stored_device, seen, INTEGER, .required = 1),
    WI_PARAM_END,
};

static void device_add_stored(struct wi_devices *devices, const char *id,
    const unsigned char key[WI_DEVICE_KEY_SIZE], const struct stored_device *stored)
{
    struct wi_device *device = wi_alloc(sizeof *device);
    wi_text_copy(device->id, sizeof device->id, id);
    memcpy(device->key, key, sizeof device->key);
    wi_text_copy(device->terms.join, sizeof device->terms.join, stored->join);
    wi_text_copy(device->terms.label, sizeof device->terms.label, stored->label);
    device->terms.nodes = (size_t)stored->nodes;
    device->terms.shareable = stored->shareable;
    device->since = stored->since;
    device->seen = stored->seen;
    device_insert(devices, device);
    devices->events.on_found(devices->events.context, device);
}

/* What is not as it is written here is as if it were not there. */
static void device_load(void *context, const char *id, const char *value)
{
    struct wi_devices *devices = context;
    struct stored_device stored = {0};
    unsigned char key[WI_DEVICE_KEY_SIZE];
    struct wi_error error;
    json_t *object = json_loads(value, 0, NULL);
    if (object && strlen(id) < WI_ID_SIZE && HASH_COUNT(devices->ids) < WI_DEVICES_MAX &&
        wi_params_read(stored_table, object, WI_PARAMS_OPEN, "", &stored, &error) == WI_OK &&
        wi_device_key_read(stored.key, "key", key, &error) == WI_OK &&
        !device_with_key(devices, key))
        device_add_stored(devices, id, key, &stored);
    json_decref(object);
}

/* --- the whole -------------------------------------------------------------------------------- */

struct wi_devices *wi_devices_new(const struct wi_devices_events *events)
{
    struct wi_devices *devices = wi_alloc(sizeof *devices);
    devices->events = *events;
    return devices;
}

void wi_devices_free(struct wi_devices *devices)
{
    struct wi_device *device;
    if (!devices)
        return;
    HASH_CLEAR(by_key, devices->keys);
    while ((device = WI_TABLE_TAKE(devices->ids)))
        free(device);
    free(devices);
}

void wi_devices_forget(struct wi_devices *devices, struct wi_device *device)
{
    devices->events.on_forgotten(devices->events.context, device);
    wi_db_forget(devices->db, WI_DB_DEVICES, device->id);
    HASH_DEL(devices->ids, device);
    HASH_DELETE(by_key, devices->keys, device);
    free(device);
}

void wi_devices_keep(struct wi_devices *devices, struct wi_db *db, int64_t now)
{
    wi_db_each(db, WI_DB_DEVICES, 0, device_load, devices);
    devices->db = db;
    wi_devices_tidy(devices, now);
}

void wi_devices_tidy(struct wi_devices *devices, int64_t now)
{
    struct wi_device *device, *next;
    HASH_ITER(hh, devices->ids, device, next)
    {
        if (is_long_away(device, now)) {
            wi_devices_forget(devices, device);
        } else if (*device->node && now - device->seen > SEEN_MS) {
            device->seen = now;
            device_save(devices, device);
        }
    }
}

/* --- one of them ------------------------------------------------------------------------------ */

struct wi_device *wi_devices_find(
    struct wi_devices *devices, const unsigned char key[WI_DEVICE_KEY_SIZE], int64_t now)
{
    wi_devices_tidy(devices, now);
    return device_with_key(devices, key);
}

struct wi_device *wi_devices_by_id(const struct wi_devices *devices, const char *id)
{
    return WI_TABLE_FIND(devices->ids, id, strlen(id));
}

size_t wi_devices_count(const struct wi_devices *devices, const char *join)
{
    size_t count = 0;
    for (const struct wi_device *device = devices->ids; device; device = device->hh.next)
        count += strcmp(device->terms.join, join) == 0;
    return count;
}

_Static_assert(WI_DEVICES_PER_JOIN == 256 && WI_DEVICES_MAX == 1024, "the texts say so");

/* Why no other device of that token can be remembered, or NULL. */
static const char *find_full(const struct wi_devices *devices, const char *join)
{
    if (wi_devices_count(devices, join) >= WI_DEVICES_PER_JOIN)
        return "this link has 256 remembered devices, the most that are allowed";
    if (HASH_COUNT(devices->ids) >= WI_DEVICES_MAX)
        return "the service remembers 1024 devices, the most that are allowed";
    return NULL;
}

struct wi_device *wi_devices_remember(struct wi_devices *devices,
    const unsigned char key[WI_DEVICE_KEY_SIZE], const struct wi_device_terms *terms, int64_t now,
    const char **problem)
{
    struct wi_device *device = wi_devices_find(devices, key, now);
    if (device && strcmp(device->terms.join, terms->join) == 0)
        return device;
    if (device)
        wi_devices_forget(devices, device);
    *problem = find_full(devices, terms->join);
    if (*problem)
        return NULL;
    device = wi_alloc(sizeof *device);
    wi_id_new(device->id, "device");
    memcpy(device->key, key, sizeof device->key);
    device->terms = *terms;
    device->since = device->seen = now;
    device_insert(devices, device);
    device_save(devices, device);
    return device;
}

void wi_devices_come(
    const struct wi_devices *devices, struct wi_device *device, const char *node, int64_t now)
{
    wi_text_copy(device->node, sizeof device->node, node);
    device->seen = now;
    device_save(devices, device);
}

void wi_devices_leave(
    const struct wi_devices *devices, const char *id, const char *node, int64_t now)
{
    struct wi_device *device = wi_devices_by_id(devices, id);
    if (!device || strcmp(device->node, node) != 0)
        return;
    wi_devices_come(devices, device, "", now);
}

void wi_devices_forget_join(struct wi_devices *devices, const char *join)
{
    struct wi_device *device, *next;
    HASH_ITER(hh, devices->ids, device, next)
    {
        if (strcmp(device->terms.join, join) == 0)
            wi_devices_forget(devices, device);
    }
}

void wi_devices_forget_others(
    struct wi_devices *devices, int (*is_known)(void *context, const char *join), void *context)
{
    struct wi_device *device, *next;
    HASH_ITER(hh, devices->ids, device, next)
    {
        if (!is_known(context, device->terms.join))
            wi_devices_forget(devices, device);
    }
}

json_t *wi_devices_json(struct wi_devices *devices, int64_t now)
{
    json_t *list = json_array();
    wi_devices_tidy(devices, now);
    for (const struct wi_device *device = devices->ids; device; device = device->hh.next) {
        const struct wi_device_terms *terms = &device->terms;
        json_array_append_new(
            list, wi_form_json("Device", device->id, terms->join,
                      *terms->label ? terms->label : NULL, device->since,
                      *device->node ? now : device->seen, *device->node ? device->node : NULL));
    }
    return list;
}
