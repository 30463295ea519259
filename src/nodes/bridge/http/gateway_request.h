/*
 * What a request to a trustless gateway asks for (https://specs.ipfs.tech/http-gateways/): a block,
 * or a CAR of the blocks below it. What is read is hostile. Pure.
 */
#ifndef WI_NODES_BRIDGE_HTTP_GATEWAY_REQUEST_H
#define WI_NODES_BRIDGE_HTTP_GATEWAY_REQUEST_H

#include "base/error.h"
#include "models/share/blockstore/blockstore.h"

struct wi_gateway_request {
    int is_probe; /* somebody looks whether this is a gateway; nothing else is filled in */
    int is_car;   /* else the block itself */
    enum wi_dag_scope scope; /* of a CAR */
    struct wi_cid cid;
};

/* `cid` is what stands behind "/ipfs/", `parameters` what stands behind "?", decoded, with "&"
 * between; `accept` the header; these two may be "". WI_OK, or WI_INVALID_FIELD with what is
 * allowed. */
enum wi_code wi_gateway_request_read(const char *cid, const char *parameters, const char *accept,
    struct wi_gateway_request *request, struct wi_error *error);

/* As dag-scope names it. */
const char *wi_gateway_scope_name(enum wi_dag_scope scope);

#endif
