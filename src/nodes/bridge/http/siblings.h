/*
 * Pages of sibling daemons of the same operator ([bridge] endpoints). Such a page comes here when
 * its own daemon is gone: it may open a WebSocket and fetch model files, as a page of ours may
 * (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol).
 */
#ifndef WI_NODES_BRIDGE_HTTP_SIBLINGS_H
#define WI_NODES_BRIDGE_HTTP_SIBLINGS_H

#include "base/memory.h"

/* Whether `origin`, as a browser sends it, is one of them. Pure. */
int wi_is_sibling(const struct wi_strings *siblings, const char *origin);

#endif
