/* Ollama's endpoints that run no model, between their files. */
#ifndef WI_API_OLLAMA_H
#define WI_API_OLLAMA_H

#include "api/request.h"
#include "base/params.h"

/* Reads `body` by `table` into `read`, a struct that begins with what "model" and "name" say, of
 * which either names the model: `name` becomes it, without the tag latest. 0, or -1: the request is
 * answered with what is wrong. */
int wi_ollama_read_name(struct wi_request *request, const json_t *body,
    const struct wi_param *table, void *read, char name[WI_ROUTE_ARGUMENT_MAX]);

#endif
