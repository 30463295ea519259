/*
 * The data of a node_announcement, read and checked, but for the report of what the node can do
 * (report.h). Pure.
 */
#ifndef WI_NODES_BRIDGE_JOINS_ANNOUNCEMENT_H
#define WI_NODES_BRIDGE_JOINS_ANNOUNCEMENT_H

#include "base/error.h"
#include "nodes/bridge/devices/device_key.h"
#include <jansson.h>
#include <stdint.h>

/* It has one of token, resume and device. */
struct wi_announcement {
    int64_t protocol;
    const char *page_version, *token, *device_key;
    json_t *resume, *device, *capabilities;
    struct wi_device_claim claim;
};

struct wi_resume {
    const char *node, *token;
    json_t *running, *unacknowledged, *next, *data;
};

/* Zero-initialise both; all that they have is borrowed from `data`. `resume` is filled if there is
 * an announcement->resume. WI_OK, or the code of the fault. */
enum wi_code wi_announcement_read(const json_t *data, struct wi_announcement *announcement,
    struct wi_resume *resume, struct wi_error *error);

#endif
