/*
 * Parses a request to a trustless gateway (https://specs.ipfs.tech/http-gateways/) for a block, or
 * for a CAR of the blocks below it. The request is untrusted input. Pure.
 */
#ifndef WI_NODES_BRIDGE_HTTP_GATEWAY_REQUEST_H
#define WI_NODES_BRIDGE_HTTP_GATEWAY_REQUEST_H

#include "base/error.h"
#include "models/models.h"

struct wi_gateway_request {
    int is_probe; /* the client tests whether this is a gateway; nothing else is filled in */
    int is_car;   /* else the block itself */
    enum wi_dag_scope scope; /* of a CAR */
    struct wi_cid cid;
};

/* `cid` is the path after "/ipfs/", `parameters` the decoded query string with "&" between its
 * parameters, and `accept` the header; the last two may be "". WI_OK, or WI_INVALID_FIELD with the
 * allowed values. */
enum wi_code wi_gateway_request_read(const char *cid, const char *parameters, const char *accept,
    struct wi_gateway_request *request, struct wi_error *error);

/* The scope's name in dag-scope. */
const char *wi_gateway_scope_name(enum wi_dag_scope scope);

#endif
