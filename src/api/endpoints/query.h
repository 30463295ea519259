/* The query of a request, read by a table of parameters as the fields of a body are. */
#ifndef WI_API_ENDPOINTS_QUERY_H
#define WI_API_ENDPOINTS_QUERY_H

#include "api/http/request.h"
#include "base/params.h"

/* As wi_params_read for what `request` has in its query, where numbers are integers without a
 * sign; of a parameter that comes twice the last one holds. Texts in `target` lie in what
 * `arguments` receives, the caller's to free however it went. */
enum wi_code wi_query_read(const struct wi_request *request, const struct wi_param *table,
    enum wi_param_mode mode, void *target, json_t **arguments, struct wi_error *error);

#endif
