/*
 * The configuration: one option table (name, type, limits, default, help, reloadable), from which
 * the INI reader, --print-config, the sample file and the man page are all derived.
 */
#ifndef WI_SETTINGS_CONFIG_CONFIG_H
#define WI_SETTINGS_CONFIG_CONFIG_H

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "settings/config/alias.h"
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* Treatment of parameters that a compatible dialect does not know. */
enum wi_unknown_parameters { WI_UNKNOWN_REFUSE, WI_UNKNOWN_IGNORE };

/* Clients whose own kernels are run: none, admins, or users as well. */
enum wi_custom_kernels { WI_CUSTOM_KERNELS_OFF, WI_CUSTOM_KERNELS_ADMIN, WI_CUSTOM_KERNELS_USER };

struct wi_config_api {
    char *listen; /* "ADDRESS:PORT" or "[ADDRESS]:PORT"; port 0 lets the system choose */
    char *tokens_file;
    struct wi_strings allowed_hosts;
    struct wi_strings allowed_origins;
    struct wi_strings trusted_proxies; /* see base/net/network.h */
    uint64_t max_body;
    uint64_t max_answer;
    uint64_t max_connections;
    uint64_t max_connections_per_address;
    uint64_t max_connections_loopback;
    uint64_t max_watchers;
    int64_t stream_grace; /* milliseconds, as every time here */
    uint64_t stream_buffer;
    int64_t sound_ahead;
    int64_t send_timeout;
    int64_t idle_timeout;
    enum wi_unknown_parameters unknown_parameters;
    enum wi_custom_kernels custom_kernels;
    int64_t kernel_time;
    int console;
    char *tls_certificate;
    char *tls_key;
};

#define WI_ENDPOINTS_MAX 16
#define WI_PEERS_MAX 8
#define WI_STUN_MAX 4 /* with more, browsers warn */

struct wi_config_bridge {
    char *listen;
    char *public_url;            /* how browsers reach us; NULL: from the listening address */
    struct wi_strings endpoints; /* origins of sibling daemons */
    struct wi_strings peers;     /* multiaddrs of webinfer-peers */
    struct wi_strings stun;      /* servers, for pages whose person agrees */
    struct wi_strings trusted_proxies;
    int devices; /* are remembered */
    char *page;  /* the folder of the built page */
    char *tls_certificate;
    char *tls_key;
    int64_t heartbeat_interval;
    int64_t heartbeat_misses;
    int64_t resume_grace;
    uint64_t max_nodes;
    uint64_t max_connections_per_address;
};

struct wi_config_channels {
    char *listen; /* NULL: there is no such listener */
    char *tls_certificate;
    char *tls_key;
};

enum wi_numerics { WI_NUMERICS_CHECK, WI_NUMERICS_OFF };
enum wi_batching { WI_BATCHING_OFF, WI_BATCHING_FIXED, WI_BATCHING_AUTO };
/* Work for nodes that we did not start: none, tensors and pictures, or text as well. */
enum wi_strangers { WI_STRANGERS_NONE, WI_STRANGERS_TENSORS, WI_STRANGERS_TEXT };
extern const char *const wi_strangers_names[]; /* "none", "tensors" …, ended by NULL */

/* Nodes that must show that they compute correctly before they get work: those that we did not
 * start, or all. */
enum wi_verify { WI_VERIFY_OFF, WI_VERIFY_JOINED, WI_VERIFY_ALL };

/* Whether browsers that we start have their own network. */
enum wi_network_mode { WI_NETWORK_AUTO, WI_NETWORK_ISOLATED, WI_NETWORK_HOST };

struct wi_config_pool {
    int64_t max_connections; /* sessions */
    int64_t min_connections;
    int64_t connection_timeout; /* from spawn to a welcomed node */
    int64_t max_retries;
    int64_t max_queue;
    uint64_t memory_budget; /* bodies + queue + frames, bytes */
    uint64_t model_budget;  /* loaded models per node, bytes */
    int64_t shutdown_timeout;
    int adaptive_scaling;
    int64_t idle_timeout;
    int64_t recycle_after; /* jobs; 0: never */
    uint64_t memory_limit; /* of a session's process tree, bytes; 0: none */
    enum wi_numerics numerics;
    double recheck;           /* fractions, 0 to 1 */
    double exploration;       /* likewise */
    double recheck_strangers; /* likewise; 0: no cross-checks */
    enum wi_batching batching;
    int64_t batch_window;
    int64_t max_batch;
    double client_share;
    int64_t job_retention;
    enum wi_strangers strangers;
    enum wi_verify verify;
    int64_t verify_again; /* time after which they must show it again */
    enum wi_network_mode network;
};

/* By model type, in the order of enum wi_model_type, then for models without one: each a list of
 * "KIND" or "KIND/PLATFORM", the preferred first. */
struct wi_config_preferences {
    struct wi_strings text_embedding;
    struct wi_strings text_generation;
    struct wi_strings text2text;
    struct wi_strings vision;
    struct wi_strings audio;
    struct wi_strings multimodal;
    struct wi_strings other;
};

struct wi_config_store {
    char *path;           /* of the database's folder */
    int64_t max_size;     /* of jobs and their results */
    int64_t results_keep; /* runs of the laboratory */
};

enum wi_gpu { WI_GPU_AUTO, WI_GPU_HARDWARE, WI_GPU_SOFTWARE, WI_GPU_OFF };
/* The GPU of a browser: the one that it chooses; a usable one for each session; or FIRST + N: the
 * one with the number N, in the order of wi_gpus_find. */
enum wi_gpu_device_choice { WI_GPU_DEVICE_AUTO, WI_GPU_DEVICE_ALL, WI_GPU_DEVICE_FIRST };
enum wi_tristate { WI_AUTO, WI_YES, WI_NO };
/* The browser family of a kind; AUTO: by the kind's name, Chromium for an unknown one. */
enum wi_family { WI_FAMILY_AUTO, WI_FAMILY_CHROMIUM, WI_FAMILY_FIREFOX, WI_FAMILY_WEBKIT };
/* AUTO: BiDi for a Firefox that is started without a driver, else classic. */
enum wi_driver_protocol { WI_DRIVER_AUTO, WI_DRIVER_CLASSIC, WI_DRIVER_BIDI };

struct wi_config_browser {
    char *kind; /* the NAME of [browser.NAME] */
    enum wi_family family;
    enum wi_driver_protocol driver;
    char *driver_command;          /* NULL: the family's own */
    char *driver_url;              /* a running driver or Grid; NULL: we start one */
    char *binary;                  /* NULL: the family's usual ones */
    struct wi_strings arguments;   /* the key may be repeated */
    struct wi_strings preferences; /* "NAME=VALUE", VALUE in JSON; likewise */
    struct wi_strings platforms;
    int headless;
    enum wi_gpu gpu;
    int gpu_device; /* enum wi_gpu_device_choice, or higher */
    enum wi_tristate sandbox;
    int64_t min_connections;
    int64_t max_connections;
};

/* How a hub lays out its files: as huggingface.co does, as folders with a SHA256SUMS each, or as
 * blocks by their CIDs, which is only a source, without models by name. A neighbour is another
 * daemon: it has blocks, and lists the models and files that they belong to. */
enum wi_hub_kind { WI_HUB_HUGGINGFACE, WI_HUB_PLAIN, WI_HUB_IPFS, WI_HUB_WEBINFER };

/* What hubs of a layout have: a neighbour has both. models/arrive/hub/hub.h has the URLs. */
struct wi_hub_facts {
    int has_models, has_blocks; /* by name; by CID, which verifies them */
    const char *not_main;       /* why no such hub can be [models] hub; NULL: it can */
};
extern const struct wi_hub_facts wi_hub_facts[]; /* by enum wi_hub_kind */

/* The hubs that always exist. */
#define WI_HUB_DEFAULT "huggingface"
#define WI_HUB_DEFAULT_GATEWAY "ipfs"

struct wi_config_hub {
    char *name; /* the NAME of [hub.NAME] */
    char *url;  /* https, or http to this machine; of a gateway without a token http to any. NULL:
                   the  gateway that is always there was taken away */
    char *token_file;
    enum wi_hub_kind layout;
};

/* Which models are served by content: none, those that were published, or those that were pulled as
 * well. */
enum wi_serve { WI_SERVE_NO, WI_SERVE_PUBLISHED, WI_SERVE_ALL };

struct wi_config_content {
    enum wi_serve serve;
    int anyone;              /* every client, even without a token */
    uint64_t upload_limit;   /* bytes a second of all answers by content; 0: none */
    int hub_shares;          /* together with neighbours, where a hub lists the files */
    uint64_t download_limit; /* of all pulls together; 0: none */
    int64_t replicas;        /* whole copies that there should be of what is published; 0: as many
                              * as there are */
    uint64_t replica_quota;  /* bytes of copies made here; 0: what [models] quota leaves */
    int64_t interval;        /* ms between two queries of the neighbours' content */
    char *routing;           /* URL of a router that is asked for providers of a CID; NULL: none */
    int64_t stall;           /* ms after which a slow source has to share a block with others */
};

#define WI_CLUSTER_NAME_MAX 64 /* bytes of UTF-8, without control characters */
#define WI_CLUSTER_SERVERS_MAX 16
#define WI_CLUSTER_PREFIX_MAX 32

/* Several daemons whose members see each other through NATS. */
struct wi_config_cluster {
    struct wi_strings servers; /* none: this daemon is in no cluster */
    char *name;                /* of this member; NULL: the host's */
    char *credentials_file, *tls_ca;
    char *prefix;
    int replicas;     /* 0, 1, 2: what NATS keeps is on 1, 3, 5 servers */
    int64_t ack_wait; /* ms after which a job of a member that is gone runs elsewhere */
};

struct wi_config_log {
    enum wi_level level;
    enum wi_log_format format;
};

struct wi_config_models {
    char *directory;
    int64_t max_picture_pixels;
    int64_t context;     /* tokens of a conversation; 0: what fits the model and its memory */
    int64_t slots;       /* conversations at a time in one engine */
    int64_t idle_unload; /* 0: never */
    int warmup;
    int flash_attention; /* of a GGUF model on webgpu */
    int threads;         /* of a model on wasm, 1 to 8; 0: by the share of the cores */
    int share_prefix;
    char *hub;                        /* where models are pulled from unless a pull names a hub */
    uint64_t quota;                   /* bytes of pulled models; 0: as much as the disk has */
    int64_t keep_versions;            /* of each pulled model */
    struct wi_strings pull_on_demand; /* "no", or "ORG/NAME" and "ORG/" with a star for any name */
    int quantize_on_demand;
};

struct wi_config {
    struct wi_config_api api;
    struct wi_config_bridge bridge;
    struct wi_config_channels channels;
    struct wi_config_pool pool;
    struct wi_config_preferences browser_preferences;
    struct wi_config_log log;
    struct wi_config_models models;
    struct wi_config_content content;
    struct wi_config_cluster cluster;
    struct wi_config_store store;
    struct wi_aliases aliases;
    struct wi_config_browser *browsers; /* chrome, edge, firefox and safari are always there */
    size_t browser_count;
    struct wi_config_hub *hubs; /* huggingface and ipfs are always there */
    size_t hub_count;
    struct wi_config_origin *_origins; /* where each value came from; see config.c */
    size_t _origin_count;
    unsigned _references;
};

/* --- all that is wrong with a configuration, so that a file is mended in one go -------------- */

/* Maximum number that is kept; a file that is no configuration has a problem in every line. */
#define WI_PROBLEMS_MAX 50

/* Zero-initialise; clear with wi_problems_clear. */
struct wi_problems {
    struct wi_error
        *items; /* in the order of the file, then those that concern more than one line */
    size_t count;
    size_t more; /* the number of further problems */
};

/* A fresh one for the caller to fill, borrowed until the next is added; NULL, which the functions
 * of base/error.h accept, if there are too many to keep. */
struct wi_error *wi_problems_add(struct wi_problems *problems);
/* Records a copy of `error`, if there is room. */
void wi_problems_add_error(struct wi_problems *problems, const struct wi_error *error);
/* Whether one of them concerns this field ("api.listen"). */
int wi_problems_has(const struct wi_problems *problems, const char *field);
/* One line for each, and one for the number of omitted problems. */
void wi_problems_say(const struct wi_problems *problems,
    void (*say)(void *context, const char *line), void *context);
void wi_problems_clear(struct wi_problems *problems);

/* --------------------------------------------------------------------------------------------- */

/* The defaults overlaid with the file at `path` (NULL: defaults only). NULL on a bad file, with all
 * its problems added to `problems`, each naming file, line, what was found and what is allowed.
 * Release with wi_config_unref. */
struct wi_config *wi_config_load(const char *path, struct wi_problems *problems);
/* The same with settings over the file, each "SECTION.KEY=VALUE". */
struct wi_config *wi_config_load_with(
    const char *path, const struct wi_strings *settings, struct wi_problems *problems);
/* A loaded configuration never changes: work that began with one may hold it beyond a reload. On
 * the loop's thread; NULL is fine for the latter. */
struct wi_config *wi_config_ref(struct wi_config *config);
void wi_config_unref(struct wi_config *config);
const struct wi_config_browser *wi_config_find_browser(
    const struct wi_config *config, const char *kind);
const struct wi_config_hub *wi_config_find_hub(const struct wi_config *config, const char *name);

/* Whether the file configures that kind; otherwise it only exists by default. */
int wi_config_browser_given(const struct wi_config *config, size_t index);

/* A line of [browser.NAME] preferences: NAME=VALUE, VALUE in JSON. WI_OK with `name` (the caller
 * frees it) and `value` (owned), or WI_INVALID_FIELD with the problem. Browsers keep booleans,
 * numbers and strings; Chromium also lists and objects. */
enum wi_code wi_preference_parse(
    const char *line, char **name, json_t **value, struct wi_error *error);

/* Checks that `next` differs from `current` only in reloadable keys: each other difference is added
 * as a WI_CONFLICT that names the key. Returns 0 if there is none. */
int wi_config_check_reload(
    const struct wi_config *current, const struct wi_config *next, struct wi_problems *problems);

/* Every effective value as a valid file, each with a comment on its source. */
void wi_config_print(const struct wi_config *config, FILE *out);
/* The commented sample file, and the option list for webinferd.conf(5), both from the table. */
void wi_config_print_sample(FILE *out);
void wi_config_print_mdoc(FILE *out);

#endif
