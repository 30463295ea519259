/* The route table: the endpoints, and what each needs before its handler is called. */
#ifndef WI_API_HTTP_ROUTES_H
#define WI_API_HTTP_ROUTES_H

#include "base/error.h"
#include "settings/config/api_tokens.h"
#include "wire/dialect.h"
#include <stddef.h>

struct wi_request;
typedef void wi_route_fn(struct wi_request *request);

enum wi_route_flags {
    WI_ROUTE_ALWAYS = 1,     /* also answered while the server stops */
    WI_ROUTE_BODY = 2,       /* reads a body; without one the answer is 411 */
    WI_ROUTE_MAYBE = 4,      /* may have a body */
    WI_ROUTE_ADMIT = 8,      /* makes a job: checks that one is admitted before the body is read */
    WI_ROUTE_BINARY = 16,    /* takes and gives application/octet-stream too */
    WI_ROUTE_EVENTS = 32,    /* gives text/event-stream too */
    WI_ROUTE_FILES = 64,     /* takes forms and files too: see wire/upload.h */
    WI_ROUTE_FORM = 128,     /* takes multipart/form-data, and no JSON */
    WI_ROUTE_VOICE = 256,    /* gives a sound, as a file or as samples */
    WI_ROUTE_TEXT = 512,     /* gives text and subtitles too */
    WI_ROUTE_UNTYPED = 1024, /* its body is JSON, whether or not a Content-Type says so */
    WI_ROUTE_VERB = 2048,    /* no row with less text answers at its address, with any method */
    WI_ROUTE_LINES = 4096,   /* gives application/x-ndjson too */
    WI_ROUTE_KEY = 8192,     /* its token may also come in the header x-api-key */
    WI_ROUTE_PIECES = 16384, /* its body is bytes, given to the handler in pieces: see request.h */
    WI_ROUTE_PAGE = 32768,   /* also gives a document for people */
    WI_ROUTE_CAR = 65536,    /* also gives application/vnd.ipld.car */
    WI_ROUTE_BYTES = 131072  /* its body is bytes, application/octet-stream, and no JSON */
};

/* In a pattern, {model} matches one or two segments, {path} at the end any number of them, also
 * none, and any other {NAME} one. */
struct wi_route {
    const char *method;
    const char *pattern;
    wi_route_fn *handle;
    enum wi_rank rank; /* the lowest that may use it; WI_RANK_NONE: needs no token */
    unsigned flags;
    size_t max_body;                  /* bytes; 0: the configured max_body */
    const char *produces;             /* media type */
    const char *summary;              /* for people: in GET / and in the API's description */
    const struct wi_dialect *dialect; /* of requests and errors */
    const char *help;                 /* more details, in whole sentences; NULL: none */
    /* For the API's description, with schemas known to openapi.h; NULL: none. */
    const char *answers; /* pairs of a status and a type: "200 Pull 202 Pull"; the type "events" is
                          * that of streams, where their status is not that of other answers */
    const char *events;  /* likewise of an event's name ("line" of a stream of lines) and a type */
    const char *body;    /* a schema; for a dialect of one task, that task's schema is taken */
    const char *query;   /* a schema, whose members are parameters */
    const char *codes;   /* of errors, besides those that follow from the flags */
};

#define WI_ROUTE_ARGUMENT_MAX 400
#define WI_ROUTE_ARGUMENTS 2 /* at most, in a pattern; one of them {model} */

/* The table, ended by a row without a method. */
extern const struct wi_route wi_routes[];
/* The dialect of a route; without a route (NULL), one whose errors have every form. */
const struct wi_dialect *wi_route_dialect(const struct wi_route *route);

/* The handlers, each in the file of its endpoint. */
wi_route_fn wi_handle_root, wi_handle_console, wi_handle_docs, wi_handle_openapi;
wi_route_fn wi_handle_healthz, wi_handle_readyz, wi_handle_metrics;
wi_route_fn wi_handle_model_sample;
wi_route_fn wi_handle_hardware, wi_handle_cluster, wi_handle_history, wi_handle_events;
wi_route_fn wi_handle_channels, wi_handle_status, wi_handle_nodes, wi_handle_models,
    wi_handle_model;
wi_route_fn wi_handle_infer, wi_handle_kernels, wi_handle_job_post, wi_handle_jobs;
wi_route_fn wi_handle_job_get, wi_handle_job_delete;
wi_route_fn wi_handle_results, wi_handle_results_write, wi_handle_result, wi_handle_result_remove;
wi_route_fn wi_handle_lab_history, wi_handle_result_figures, wi_handle_result_comparison;
wi_route_fn wi_handle_model_remove, wi_handle_models_gc;
wi_route_fn wi_handle_upload_new, wi_handle_upload_part, wi_handle_upload_publish;
wi_route_fn wi_handle_upload_remove;
wi_route_fn wi_handle_model_pull, wi_handle_model_cancel;
wi_route_fn wi_handle_model_quantize;
wi_route_fn wi_handle_model_publish, wi_handle_model_unpublish, wi_handle_content;
wi_route_fn wi_handle_model_load, wi_handle_model_unload, wi_handle_session_recycle;
wi_route_fn wi_handle_node_drain, wi_handle_node_undrain;
wi_route_fn wi_handle_kserve_live, wi_handle_kserve_ready;
wi_route_fn wi_handle_kserve_server, wi_handle_kserve_model, wi_handle_kserve_model_ready;
wi_route_fn wi_handle_kserve_config, wi_handle_kserve_stats, wi_handle_kserve_all_stats;
wi_route_fn wi_handle_kserve_index, wi_handle_kserve_load, wi_handle_kserve_unload;
wi_route_fn wi_handle_ollama_version, wi_handle_ollama_tags, wi_handle_ollama_ps;
wi_route_fn wi_handle_ollama_show, wi_handle_ollama_pull, wi_handle_ollama_delete;
wi_route_fn wi_handle_sound_new, wi_handle_sound_take, wi_handle_sound_end;
wi_route_fn wi_handle_sound_cancel, wi_handle_sound_read;
wi_route_fn wi_handle_logs;
wi_route_fn wi_handle_backup;
wi_route_fn wi_handle_join_new, wi_handle_joins, wi_handle_join_revoke;
wi_route_fn wi_handle_devices, wi_handle_device_revoke;
wi_route_fn wi_handle_quarantine_lift, wi_handle_node_forgive, wi_handle_node_remove;
wi_route_fn wi_handle_verify;
wi_route_fn wi_handle_matrix, wi_handle_matrix_ask, wi_handle_kind_retest;

#endif
