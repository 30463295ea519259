/* A page's report about itself, read into bounded and printable form. Pure. */
#ifndef WI_NODES_BRIDGE_REPORT_H
#define WI_NODES_BRIDGE_REPORT_H

#include "nodes/bridge/bridge.h"

/* A copy of JSON from outside in which long strings, lists, objects and deep nesting are truncated.
 * New reference, never NULL. */
json_t *wi_report_bounded(const json_t *value);
/* Reads `capabilities` into the members of `info` that it describes, `info->capabilities` included
 * (a new reference). WI_OK, or an error that names the field, `info` unchanged. */
enum wi_code wi_report_read(
    const json_t *capabilities, struct wi_node_info *info, struct wi_error *error);
/* Whether an adapter, in the form of a report (NULL: none), is the one that the node named for that
 * platform. */
int wi_report_is_adapter(
    const json_t *adapter, const struct wi_node_info *info, enum wi_platform platform);

#endif
