/*
 * The configuration: one option table (name, type, limits, default, help, reloadable) that the
 * INI reader, --print-config, the sample file and the man page are all made from.
 */
#ifndef WI_CONFIG_CONFIG_H
#define WI_CONFIG_CONFIG_H

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdint.h>
#include <stdio.h>

struct wi_config_api {
    char *listen; /* "ADDRESS:PORT" or "[ADDRESS]:PORT"; port 0 lets the system choose */
    char *tokens_file;
    struct wi_strings allowed_hosts;
    struct wi_strings allowed_origins;
    uint64_t max_body;
    uint64_t max_connections;
    char *tls_certificate;
    char *tls_key;
};

struct wi_config_bridge {
    char *listen;
    char *public_url; /* how browsers reach us; NULL: from the listening address */
    char *page;       /* the folder of the built page */
    char *tls_certificate;
    char *tls_key;
    int64_t heartbeat_interval; /* milliseconds, as every time here */
    int64_t heartbeat_misses;
    int64_t resume_grace;
    uint64_t max_nodes;
};

struct wi_config_pool {
    int64_t max_connections; /* sessions */
    int64_t min_connections;
    int64_t connection_timeout; /* from spawn to a welcomed node */
    int64_t max_retries;
    int64_t max_queue;
    uint64_t memory_budget; /* bodies + queue + frames, bytes */
    uint64_t model_budget;  /* loaded models per node, bytes */
    int64_t shutdown_timeout;
};

enum wi_gpu { WI_GPU_AUTO, WI_GPU_HARDWARE, WI_GPU_SOFTWARE, WI_GPU_OFF };
enum wi_tristate { WI_AUTO, WI_YES, WI_NO };

struct wi_config_browser {
    char *kind; /* the NAME of [browser.NAME] */
    char *driver_command;
    char *binary;
    struct wi_strings arguments; /* the key may be repeated */
    struct wi_strings platforms;
    int headless;
    enum wi_gpu gpu;
    enum wi_tristate sandbox;
    int64_t max_connections;
};

struct wi_config_log {
    enum wi_level level;
    enum wi_log_format format;
};

struct wi_config_models {
    char *directory;
    int64_t max_picture_pixels;
};

struct wi_config {
    struct wi_config_api api;
    struct wi_config_bridge bridge;
    struct wi_config_pool pool;
    struct wi_config_log log;
    struct wi_config_models models;
    struct wi_config_browser *browsers; /* [browser.chrome] is always there */
    size_t browser_count;
    struct wi_config_origin *_origins; /* where each value came from; see config.c */
    size_t _origin_count;
};

/* The defaults overlaid with the file at `path` (NULL: defaults only). NULL on a bad file, with
 * `error` saying file, line, what was found and what is allowed. Free with wi_config_free. */
struct wi_config *wi_config_load(const char *path, struct wi_error *error);
void wi_config_free(struct wi_config *config);
const struct wi_config_browser *wi_config_find_browser(
    const struct wi_config *config, const char *kind);

/* Checks that `next` differs from `current` only in reloadable keys: WI_OK, or WI_CONFLICT naming
 * the first key that needs a restart. */
enum wi_code wi_config_check_reload(
    const struct wi_config *current, const struct wi_config *next, struct wi_error *error);

/* Every effective value as a valid file, each with a comment on where it came from. */
void wi_config_print(const struct wi_config *config, FILE *out);
/* The commented sample file, and the option list for webinferd.conf(5), both from the table. */
void wi_config_print_sample(FILE *out);
void wi_config_print_mdoc(FILE *out);

#endif
