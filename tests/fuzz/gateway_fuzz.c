/*
 * Any three lines as what is behind /ipfs/, as parameters, and as Accept. What is read can be
 * served, and asked for again in plain words; what is refused is told in UTF-8.
 */
#include "base/memory.h"
#include "must.h"
#include "nodes/bridge/http/gateway_request.h"
#include "plant.h"
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The line that begins there, ended by NUL; where the next begins is set. */
static char *take_line(char **rest)
{
    char *line = *rest;
    *rest += strcspn(line, "\n");
    if (**rest)
        *(*rest)++ = '\0';
    return line;
}

static void check_error(const struct wi_error *error)
{
    must(error->code == WI_INVALID_FIELD && error->field[0] && error->detail[0]);
    json_t *told = json_string(error->detail);
    must(told != NULL);
    json_decref(told);
}

/* The same, asked for without Accept. */
static void check_again(const struct wi_gateway_request *request)
{
    char cid[WI_CID_TEXT], parameters[64];
    struct wi_gateway_request again;
    struct wi_error error = {0};
    wi_cid_print(&request->cid, cid);
    snprintf(parameters, sizeof parameters, "dag-scope=%s&format=%s",
        wi_gateway_scope_name(request->scope), request->is_car ? "car" : "raw");
    must(wi_gateway_request_read(cid, parameters, "", &again, &error) == WI_OK);
    must(!again.is_probe && again.is_car == request->is_car && again.scope == request->scope);
    must(wi_cid_equal(&again.cid, &request->cid));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_gateway_request request;
    struct wi_error error = {0};
    char *text = wi_strndup((const char *)data, size), *rest = text;
    const char *cid = take_line(&rest), *parameters = take_line(&rest), *accept = take_line(&rest);
    if (wi_gateway_request_read(cid, parameters, accept, &request, &error) != WI_OK) {
        check_error(&error);
    } else if (request.is_probe) {
        must(strcmp(cid, WI_CID_PROBE) == 0);
    } else {
        must(request.scope <= WI_SCOPE_ALL && !strchr(cid, '/'));
        must(*parameters || *accept);
        check_again(&request);
        /* No seed has it. */
        WI_PLANT(request.is_car && strlen(accept) > 72);
    }
    free(text);
    return 0;
}
