/* The API's description in OpenAPI 3.1, made from the tables of routes, forms, parameters, errors,
 * tasks and their options. */
#ifndef WI_API_ENDPOINTS_OPENAPI_H
#define WI_API_ENDPOINTS_OPENAPI_H

#include "api/http/routes.h"
#include "wire/describe/schema.h"
#include <jansson.h>

/* The document; owned by the caller. */
json_t *wi_openapi(const struct wi_route *routes, const char *version);
/* The form of that name, of a request or an answer; aborts if there is none, since then a table is
 * wrong. */
const struct wi_schema *wi_openapi_schema(const char *name);

/* The tables that requests are read by, each in the file of its endpoint. */
extern const struct wi_param wi_join_params[], wi_pull_params[], wi_quantize_params[],
    wi_hardware_params[], wi_nodes_params[], wi_jobs_params[], wi_logs_params[],
    wi_history_params[], wi_events_params[], wi_channels_params[], wi_verify_params[],
    wi_matrix_params[];
extern const struct wi_param wi_results_params[], wi_lab_history_params[];
extern const struct wi_param wi_lab_comparison_params[];
extern const struct wi_param wi_upload_order_params[], wi_upload_file_params[],
    wi_upload_query_params[];
extern const struct wi_param wi_sound_order_params[], wi_sound_query_params[];
extern const struct wi_param wi_load_params[], wi_unload_params[];
extern const struct wi_param wi_kserve_index_params[], wi_kserve_load_params[];
extern const struct wi_param wi_ollama_name_params[], wi_ollama_show_params[];
extern const struct wi_param wi_ollama_pull_params[];

#endif
