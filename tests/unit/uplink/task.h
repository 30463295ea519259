/* A task as it comes to an uplink, from the JSON of its data and tensors of UINT8. */
#ifndef WI_TESTS_UNIT_UPLINK_TASK_H
#define WI_TESTS_UNIT_UPLINK_TASK_H

#include "base/memory.h"
#include "uplink/uplink.h"
#include <string.h>

/* Zero-initialise; end it with coming_clear. */
struct coming {
    struct wi_worker_request request;
    struct wi_tensors tensors;
};

static inline void coming_add(
    struct coming *coming, const char *name, const void *bytes, size_t size)
{
    struct wi_blob *blob = wi_blob_new(NULL, size);
    wi_blob_append(blob, bytes, size);
    wi_tensors_add_bytes(&coming->tensors, name, blob, 0, size);
}

static inline void coming_set(struct coming *coming, const char *model, const char *data)
{
    json_decref(coming->request.data);
    coming->request.data = json_loads(data, 0, NULL);
    assert_non_null(coming->request.data);
    coming->request.model = model;
    coming->request.inputs = &coming->tensors;
}

static inline void coming_clear(struct coming *coming)
{
    json_decref(coming->request.data);
    json_decref(coming->request.options);
    wi_tensors_clear(&coming->tensors);
    *coming = (struct coming){0};
}

#endif
