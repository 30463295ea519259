/*
 * The models of a daemon: those on its disk, those that it pulls, and those that it shares. One
 * object makes the parts, joins them and ends them. All functions are called on the loop's thread.
 */
#ifndef WI_MODELS_MODELS_H
#define WI_MODELS_MODELS_H

#include "base/blob.h"
#include "base/buffer.h"
#include "base/change.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/loop.h"
#include "base/memory.h"
#include "cluster/shared_content.h"
#include "settings/config/config.h"
#include "terms/format/model.h"
#include "terms/model/cid.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* All is borrowed and must outlive the models. */
struct wi_models_deps {
    uv_loop_t *loop;
    struct wi_http *http;
    struct wi_db *db;
    const char *id;                            /* the daemon's */
    const struct wi_change_listener *listener; /* told of each change of a model or a pull */
};

/* The parts, which other rooms borrow between wi_models_new and wi_models_close. */
struct wi_models {
    struct wi_repository *repository;
    struct wi_versions_work *versions;
    struct wi_uploads *uploads;
    struct wi_blockstore *blocks;
    struct wi_sources *sources;
    struct wi_neighbours *neighbours;
    struct wi_pulls *pulls;
    struct wi_shared_content *shared; /* with other members of the cluster; NULL: it is in none */
};

/* The configuration is borrowed until the next wi_models_reload. */
struct wi_models *wi_models_new(const struct wi_models_deps *deps, struct wi_config *config);
/* Adds what is wrong with the token files of hubs. No start fails for that, but each pull from that
 * hub does. Blocks, and changes nothing. */
void wi_models_check(const struct wi_config *config, struct wi_problems *problems);
/* Starts copies of neighbours' models, and serves what was pulled. `on_takes` is told how many
 * bytes one more copy may have; 0: none is made. */
void wi_models_share(
    struct wi_models *models, void (*on_takes)(void *context, uint64_t bytes), void *context);
/* From now on the other members of the cluster are told which models are served by content here,
 * and are sources for pulls by CID. Called once, before the loop turns; all is borrowed until
 * wi_models_close. `rows` NULL: does nothing. */
void wi_models_join(
    struct wi_models *models, struct wi_rows *rows, wi_member_find_fn *find, void *cluster);
/* Removes what an earlier daemon left behind, and resumes its pulls. */
void wi_models_resume(struct wi_models *models);
void wi_models_reload(struct wi_models *models, struct wi_config *config);
/* Ends all work without further callbacks. The loop must turn afterwards until it is empty. NULL is
 * fine. */
void wi_models_close(struct wi_models *models);
/* After the loop is empty. NULL is fine. */
void wi_models_free(struct wi_models *models);

/* --- the library: models on the disk, uploads, made versions -------------------------------- */

struct wi_hash_cache;

/* `directory` may be missing: then there are only builtin models. `cache` may be NULL; it must live
 * until the loop is empty. */
struct wi_repository *wi_repository_new(
    uv_loop_t *loop, const char *directory, struct wi_hash_cache *cache);
void wi_repository_free(
    struct wi_repository *repository); /* abandons running look-ups: no callback is called */

/* From now on tells `listener` (borrowed; may be NULL) of each model about which the known facts
 * have changed. */
void wi_repository_tell(
    struct wi_repository *repository, const struct wi_change_listener *listener);
const struct wi_aliases *wi_repository_aliases(const struct wi_repository *repository);

/* Exactly one of `model` (borrowed for the callback: take a reference to keep it) and `error` is
 * given. Called at once if nothing on disk has changed since the last look-up (one stat for each
 * file, no hashing), else from the loop after a worker thread has hashed and read the files. */
typedef void wi_repository_fn(void *context, struct wi_model *model, const struct wi_error *error);
struct wi_repository_lookup;
/* NULL if the callback was called already. The variant in `name` may be in upper or lower case; it
 * is one model, whose name is as in the folder. Errors: WI_INVALID_FIELD, WI_MODEL_NOT_FOUND,
 * WI_MODEL_INVALID, WI_UNAVAILABLE (out of descriptors). */
struct wi_repository_lookup *wi_repository_find(
    struct wi_repository *repository, const char *name, wi_repository_fn *on_model, void *context);
/* Reads a variant of `name` ("NAME:VARIANT") of that format that was made here and is still in the
 * staging folder `folder`. Only the caller holds it, since no look-up finds it. The callback is
 * never called at once. */
struct wi_repository_lookup *wi_repository_read_made(struct wi_repository *repository,
    const char *name, enum wi_model_format format, const char *folder, wi_repository_fn *on_model,
    void *context);
void wi_repository_cancel(
    struct wi_repository_lookup *lookup); /* no callback is called; NULL is fine */

/* A snapshot that is still referenced, by content hash; for the bridge's file server. Borrowed;
 * NULL if there is none. */
struct wi_model *wi_repository_by_hash(
    struct wi_repository *repository, const char *name, const char *hash);

/* The folder, borrowed until the next reset. */
const char *wi_repository_directory(const struct wi_repository *repository);
/* Whether requests hold a model of that name (without variant) now. */
int wi_repository_uses(struct wi_repository *repository, const char *name);
/* When a request last used the model (without variant), in Unix seconds, as far as this process has
 * seen; 0: never. For pulled models the time is also written down, once a minute. */
int64_t wi_repository_used_at(const struct wi_repository *repository, const char *name);
/* Notes that a request begins to use the model; see wi_repository_used_at. */
void wi_model_use(struct wi_model *model);

/* The cost of reading models since the start. */
struct wi_repository_counters {
    uint64_t hashed_bytes;   /* of files that were hashed */
    uint64_t known_bytes;    /* of files whose hash was known from the cache */
    uint64_t found, missing; /* look-ups in the folder that found a model, and that did not */
};
void wi_repository_counters(
    const struct wi_repository *repository, struct wi_repository_counters *counters);

/* The model that represents all kernels when they are run by name: it has no files, and no request
 * can name it. Borrowed. */
struct wi_model *wi_repository_kernels(const struct wi_repository *repository);

struct wi_version {
    unsigned number; /* from 1; later ones are larger */
    int current;     /* the name links to it */
    struct wi_source source;
    int64_t used_at; /* Unix seconds of its last use; if there was none, of its publication */
};

/* The latest first. Zero-initialise; free with wi_versions_clear. */
struct wi_versions {
    struct wi_version *items;
    size_t count;
};
/* Fills an empty list; a name that was not pulled has no versions. 0, or -1 with errno if not all
 * could be looked at: the list then does not show that a version is missing, nor which one is
 * current. Blocks, for worker threads. */
int wi_versions_list(const char *directory, const char *name, struct wi_versions *versions);
void wi_versions_clear(struct wi_versions *versions);

struct wi_list_row {
    /* "NAME" or "OWNER/NAME" of a model; the path of an ignored entry, as valid UTF-8 */
    char *name;
    enum wi_model_format format; /* of a model */
    struct wi_variants variants; /* of a model; none for `onnx` */
    struct wi_versions versions; /* of a model that was pulled */
    char *problem; /* Why it is ignored; for a model, what is wrong with its model.json, or NULL. */
};

/* The content of the folder. Both sorted by name. */
struct wi_list {
    struct wi_list_row *models, *ignored;
    size_t model_count, ignored_count;
    size_t ignored_more; /* not listed */
    uint64_t disk_bytes; /* of the whole disk that the folder is on; 0: not known */
};
/* The list as it was read last, off the loop; an old one is read again. Borrowed until the next
 * turn of the loop; empty before the first reading. */
const struct wi_list *wi_repository_list(struct wi_repository *repository);
/* Calls back with a list that was read after this call, or less than a second before it (if reading
 * takes long: ten times the time it took). NULL if the callback was called already. It must not
 * free the repository. */
typedef void wi_listing_fn(void *context, const struct wi_list *list);
struct wi_listing_wait;
struct wi_listing_wait *wi_repository_fresh(
    struct wi_repository *repository, wi_listing_fn *on_list, void *context);
void wi_listing_cancel(struct wi_listing_wait *wait); /* no callback is called; NULL is fine */

/* Calls `each` for models of the list as it is now and for those built in, sorted by name: at most
 * `limit` whose names come after `after` ("" for all). Returns whether there are more. A model that
 * was looked up comes with its snapshot; `model` is NULL if it has not been looked up since the
 * start, or cannot be: then `problem` says why, else it is NULL. `row` is NULL for builtin/…. */
typedef void wi_repository_each_fn(void *context, const struct wi_list_row *row,
    const struct wi_model *model, const char *problem);
int wi_repository_each_after(struct wi_repository *repository, const char *after, size_t limit,
    wi_repository_each_fn *each, void *context);
/* The number of all those models. */
size_t wi_repository_count(struct wi_repository *repository);
/* As wi_repository_each_after, for the model of that name only, if there is one. */
void wi_repository_one(
    struct wi_repository *repository, const char *name, wi_repository_each_fn *each, void *context);

/* Changes of the store: see models/catalog/library/versions_work.h. */

#define WI_MADE_PREFIX "quantize" /* of wi_id_new, for variants that are made here */
#define WI_MADE_SOURCE "fp32"     /* the variant that those of fewer bits are made of */

/* Zero-initialise; free with wi_staging_clear. */
struct wi_staging {
    char *id;
    char *request; /* as written down */
    char *folder;  /* of the files */
};

/* What is in use and must not be removed. */
struct wi_versions_use {
    struct wi_strings names;    /* of models, without variant */
    struct wi_strings folders;  /* of versions */
    struct wi_strings pinned;   /* likewise, of versions that are pinned */
    struct wi_strings apart;    /* those of them that the quota does not count */
    struct wi_strings stagings; /* IDs of running pulls */
    uint64_t pending;           /* bytes that running pulls have room for and have yet to write */
    /* SHA-256 of files that neighbours have completely, in any order, possibly repeated. */
    unsigned char (*elsewhere)[WI_HASH_SIZE];
    size_t elsewhere_count;
};

/* Adds a callback that lists what is in use in addition to the models that requests hold: the names
 * of models that nodes have loaded, the IDs of running pulls. At most WI_VERSIONS_USERS
 * callbacks. */
#define WI_VERSIONS_USERS 5
typedef void wi_versions_use_fn(void *context, struct wi_versions_use *use);
void wi_versions_work_add_user(
    struct wi_versions_work *work, wi_versions_use_fn *list, void *context);

struct wi_versions_result {
    uint64_t bytes;             /* freed; for staging: saved */
    struct wi_strings names;    /* of models that are gone */
    struct wi_staging staging;  /* of wi_versions_stage and wi_versions_stage_made */
    struct wi_source files;     /* of wi_versions_stage: the given list, with known lengths */
    struct wi_strings ids;      /* of wi_versions_staged */
    struct wi_strings requests; /* of wi_versions_staged: in the same order */
    unsigned number;            /* of wi_versions_make_current */
};
/* `result` is borrowed, `error` is NULL for success. */
typedef void wi_versions_fn(
    void *context, const struct wi_versions_result *result, const struct wi_error *error);
struct wi_versions_task;
/* No callback is called; a task that has begun is completed. NULL is fine. */
void wi_versions_cancel(struct wi_versions_task *task);

/* Makes room for `needed` bytes, and opens the staging folder `id` for a variant made here
 * (models/catalog/library/made.h) of a model in `folder`, with a copy of what its variants have in
 * common (`common`, copied). Errors: WI_NO_ROOM with the figures, WI_STORAGE_FAILED. After an error
 * or a cancellation there may be a staging folder. */
struct wi_versions_task *wi_versions_stage_made(struct wi_versions_work *work, const char *id,
    uint64_t needed, const char *folder, const struct wi_strings *common, wi_versions_fn *on_done,
    void *context);
/* Publishes it as that variant of the model; `notes` is JSON text. */
struct wi_versions_task *wi_versions_publish_made(struct wi_versions_work *work, const char *id,
    const char *name, const char *variant, const char *notes, wi_versions_fn *on_done,
    void *context);
/* Drops the staging folder `id`; with `if_empty` only if nothing has been fetched. */
struct wi_versions_task *wi_versions_drop_staging(struct wi_versions_work *work, const char *id,
    int if_empty, wi_versions_fn *on_done, void *context);
/* Removes a model. The caller has made sure that it is not in use; versions that requests hold
 * nevertheless are freed when those have ended. */
struct wi_versions_task *wi_versions_take_away(
    struct wi_versions_work *work, const char *name, wi_versions_fn *on_done, void *context);
/* As wi_versions_gc. */
struct wi_versions_task *wi_versions_collect(
    struct wi_versions_work *work, int stagings, wi_versions_fn *on_done, void *context);

/* Uploads: models that clients send file by file. Each function below begins a request for one,
 * whose file access is on a thread of all uploads. It calls back once, never from inside, and is
 * gone after that. */
struct wi_upload_request;
struct wi_upload_result {
    const char *id, *name; /* of the upload; the model's, unless a file is sent */
    const char *path;      /* of the file that is sent */
    uint64_t position;     /* its length here */
    struct wi_buffer text; /* of wi_upload_begin: as `print` has made it; may be taken */
};
/* `result` is borrowed, `error` is NULL for success. */
typedef void wi_upload_fn(
    void *context, struct wi_upload_result *result, const struct wi_error *error);

/* How an announcement is read and answered. Both functions are called on the thread. */
struct wi_upload_form {
    /* Fills an empty list from a body (NULL: there is none), each file with its SHA-256, and
     * `first` unless it may replace a model. WI_OK or the error. */
    enum wi_code (*read)(
        const struct wi_blob *body, struct wi_source *files, struct wi_error *error);
    /* Prints the answer; the files that need not be sent are marked as `here`. */
    void (*print)(const char *id, const struct wi_source *files, struct wi_buffer *text);
};
/* Begins an upload of the model `name`: reads the order, links what the store has, and makes room
 * for the rest; if that fails, nothing of it stays. `form` must be constant. Errors: those of
 * `read`, WI_INVALID_FIELD for paths that exclude each other, WI_MODEL_INVALID for a path that no
 * format takes, those of wi_versions_check_name, WI_CONFLICT if a model of its name exists that it
 * may not replace, WI_QUEUE_FULL if WI_UPLOADS_MAX others were made before it, WI_NO_ROOM with the
 * figures. */
struct wi_upload_request *wi_upload_begin(struct wi_uploads *uploads, const char *name,
    struct wi_blob *body, const struct wi_upload_form *form, wi_upload_fn *on_done, void *context);

/* Consecutive bytes of one file, after its first `position` bytes. Unlike the others it stays until
 * an error or wi_upload_cancel, and calls back once for each wi_upload_bring. */
struct wi_upload_request *wi_upload_open(struct wi_uploads *uploads, const char *id,
    const char *path, uint64_t position, wi_upload_fn *on_done, void *context);
/* Adds a piece (referenced; NULL: no bytes). Errors: WI_NOT_FOUND (no such upload),
 * WI_INVALID_FIELD (no such file, or more bytes than were announced: then all bytes of this part
 * are removed again), WI_CONFLICT (wrong `position`, with the right one as what is expected; or
 * another request is sending it), WI_NO_ROOM, WI_STORAGE_FAILED, WI_UNAVAILABLE. */
void wi_upload_bring(struct wi_upload_request *upload, struct wi_blob *piece);

/* Checks the files, and makes them the current version of the model. Errors: WI_NOT_FOUND,
 * WI_CONFLICT for the first incomplete file, with the position from which bytes are missing, or if
 * another request uses the upload or the name is taken, WI_MODEL_INVALID for a file that is not as
 * announced, which is dropped then, or files that are no model, WI_STORAGE_FAILED,
 * WI_UNAVAILABLE. */
struct wi_upload_request *wi_upload_publish(
    struct wi_uploads *uploads, const char *id, wi_upload_fn *on_done, void *context);
/* Gives all of it up. Errors: WI_NOT_FOUND, WI_CONFLICT, WI_STORAGE_FAILED, WI_UNAVAILABLE. */
struct wi_upload_request *wi_upload_remove(
    struct wi_uploads *uploads, const char *id, wi_upload_fn *on_done, void *context);
/* No callback is called; what has begun on the thread or in the store is completed. NULL is
 * fine. */
void wi_upload_cancel(struct wi_upload_request *upload);

/* --- arriving: hubs, pulls, sources, neighbours ---------------------------------------------- */

enum wi_pull_state {
    WI_PULL_RESOLVING,   /* which commit, which files; room is made */
    WI_PULL_DOWNLOADING, /* hashed as it arrives */
    WI_PULL_VERIFYING,   /* all is there; the last bytes are still being hashed */
    WI_PULL_PUBLISHING,  /* one rename, then the model is read */
    WI_PULL_DONE,
    WI_PULL_FAILED,
    WI_PULL_STATE_COUNT
};
extern const char *const wi_pull_state_names[WI_PULL_STATE_COUNT]; /* "resolving" … */

/* Patterns of one pull, and bytes of one pattern. */
#define WI_PULL_PATTERNS_MAX 100
#define WI_PULL_PATTERN_MAX 255

/* How much one source has brought. Borrowed for the call. */
struct wi_fetch_source {
    const char *name;
    uint64_t bytes; /* that were correct */
};

/* A request for a pull. Borrowed; NULL or empty: not given. */
struct wi_pull_want {
    const char *hub;                /* NAME of [hub.NAME]; else [models] hub */
    const char *reference;          /* ORG/NAME[:VARIANT][@REVISION], ipfs://CID[/PATH][:VARIANT] */
    const char *as;                 /* the model's name here; else the repository's */
    const char *precision;          /* of an ONNX model */
    const struct wi_strings *files; /* patterns; else the files are chosen */
    /* a copy for others: no other model is removed for it, and [content] replica_quota applies */
    int copy;
};

/* The state of one pull. Borrowed for the call. */
struct wi_pull_info {
    const char *name;      /* the model's name here, without a variant */
    const char *asked;     /* the name it was begun under; differs for a path in content */
    const char *variant;   /* that is pulled, or NULL */
    const char *hub;       /* name of its section */
    const char *reference; /* as in the request */
    const char *commit;    /* NULL while it is not known */
    int copy;              /* as in wi_pull_want */
    enum wi_pull_state state;
    int kept;             /* the request is on disk: the next daemon continues the pull */
    uint64_t done, total; /* bytes of all files; `done` includes what was there already */
    uint64_t fetched;     /* bytes over the network since the daemon started */
    uint64_t reused;      /* bytes taken from an older version */
    size_t files_done, files;
    /* how much each source has brought, where there are several */
    const struct wi_fetch_source *sources;
    size_t source_count;
    const char *retrying;         /* what has failed and is retried; NULL: nothing */
    double bytes_per_second;      /* recently; 0: nothing arrives */
    double began_ms, ended_ms;    /* wi_now_ms(); `ended_ms` is 0 while it runs */
    const struct wi_error *error; /* of WI_PULL_FAILED */
};
typedef void wi_pull_fn(void *context, const struct wi_pull_info *info);

/* Begins a pull, or joins the running pull of the same, which is no longer a copy if `want` is not
 * one. Sets `info`, valid until the loop turns, to that pull, which was begun under the name
 * `asked`. A model that is here as a copy is no longer one after a pull that is not for a copy.
 * WI_OK, or what is wrong with the request: WI_INVALID_FIELD, for example for a hub that does not
 * exist; WI_CONFLICT if the name is an alias, or if a different pull for the same name is running;
 * WI_QUEUE_FULL beyond WI_PULLS_MAX pulls. */
#define WI_PULLS_MAX 8
enum wi_code wi_pulls_start(struct wi_pulls *pulls, const struct wi_pull_want *want,
    struct wi_pull_info *info, struct wi_error *error);
/* Ends the pull and drops what was fetched. WI_OK, or WI_NOT_FOUND if no pull of that name is
 * running. */
enum wi_code wi_pulls_cancel(struct wi_pulls *pulls, const char *name, struct wi_error *error);

/* 0 and the pull that has that name or was begun under it (a variant after it is ignored), or -1 if
 * there is none. A failed pull is remembered until the next one of that name, a finished one for a
 * minute. */
int wi_pulls_find(const struct wi_pulls *pulls, const char *name, struct wi_pull_info *info);
void wi_pulls_each(const struct wi_pulls *pulls, wi_pull_fn *each, void *context);

/* Calls `on_event` for each change of state, and for progress, until a state that ends the pull:
 * after that the watch is gone. Never from inside this call. NULL if no pull of that name is
 * running. */
struct wi_pull_watch;
struct wi_pull_watch *wi_pull_watch(
    struct wi_pulls *pulls, const char *name, wi_pull_fn *on_event, void *context);
void wi_pull_unwatch(struct wi_pull_watch *watch); /* no callback is called; NULL is fine */

/* Whether a request for that model, which is not here, may begin a pull: [models]
 * pull_on_demand. */
int wi_pulls_on_demand(const struct wi_pulls *pulls, const char *name);

/* Where bytes come from, nearest first. */
enum wi_pull_level {
    WI_PULL_NEIGHBOURS, /* hubs of layout webinfer, and other members of the cluster */
    WI_PULL_IPFS,       /* gateways: hubs of layout ipfs, and those that a router has named */
    WI_PULL_HUB,        /* any other hub */
    WI_PULL_LEVELS
};
struct wi_pull_level_counters {
    uint64_t hits; /* finished pulls that got bytes there */
    /* pulls that could have and got none, but fetched some elsewhere; and failed pulls */
    uint64_t misses;
    uint64_t bytes; /* that came from there, without those found to be wrong at once */
};

/* Since the start. */
struct wi_pulls_counters {
    uint64_t done, failed, cancelled; /* pulls */
    uint64_t fetched_bytes, reused_bytes;
    uint64_t evicted_bytes;
    size_t under_way; /* at this moment */
    struct wi_pull_level_counters levels[WI_PULL_LEVELS];
};
void wi_pulls_counters(const struct wi_pulls *pulls, struct wi_pulls_counters *counters);

/* The sources of blocks (models/arrive/source/sources.h). */
enum wi_block_source_state {
    WI_SOURCE_READY,
    WI_SOURCE_RESTING, /* it answered 429 or 503, or had a temporary error */
    WI_SOURCE_OUT      /* it sent a wrong block, or is no gateway */
};

enum wi_block_source_kind {
    WI_SOURCE_IS_CONFIGURED,
    WI_SOURCE_IS_STRANGER, /* a router has named it */
    WI_SOURCE_IS_MEMBER    /* it is another member of the cluster */
};

/* The state of one source. Borrowed until the next turn of the loop. */
struct wi_block_source_info {
    const char *name, *url; /* for a stranger both are its URL */
    enum wi_block_source_kind kind;
    enum wi_block_source_state state;
    int lied;                /* it is out because of a wrong block */
    double until_ms;         /* wi_awake_ms() from which it is asked again; 0 if it is ready */
    uint64_t bytes, blocks;  /* that were correct, since the start */
    uint64_t wrong;          /* blocks */
    int64_t seen_ms;         /* Unix time of its last answer; 0: none yet */
    double bytes_per_second; /* recently; 0: nothing arrives */
    const char *reason;      /* the last problem; "" if there was none */
};
typedef void wi_source_fn(void *context, const struct wi_block_source_info *info);
/* Calls `each` for the configured sources, then for strangers and members. */
void wi_sources_each(const struct wi_sources *sources, wi_source_fn *each, void *context);

/* The neighbours: sources that tell what they have (models/arrive/source/neighbours.h). */
#define WI_NEIGHBOURS_FRESH_MS 5000.0 /* greatest age of a list that a pull uses */
struct wi_neighbours_wait;
typedef void wi_neighbours_fn(void *context);
/* Asks the neighbours whose list is older than `fresh_ms`; with 0 all of them, including those that
 * failed just now. Calls back once, never from inside, when each of them has answered or failed, or
 * after `wait_ms`. */
struct wi_neighbours_wait *wi_neighbours_ask(struct wi_neighbours *neighbours, double fresh_ms,
    uint64_t wait_ms, wi_neighbours_fn *on_known, void *context);
void wi_neighbours_cancel(
    struct wi_neighbours_wait *wait); /* no callback is called; NULL is fine */
/* A model that a neighbour has. Borrowed for the call. */
struct wi_offered {
    const char *neighbour; /* its name as a source */
    const struct wi_cid *cid;
    const char *name; /* there, possibly with its variant */
    uint64_t bytes;   /* of all files */
    int published;
};
typedef void wi_offered_fn(void *context, const struct wi_offered *offered);
/* Calls `each` for all that neighbours told to have lately; of a daemon that has several names
 * under the first one alone. */
void wi_neighbours_offered(
    const struct wi_neighbours *neighbours, wi_offered_fn *each, void *context);

/* --- sharing: blocks, CAR files -------------------------------------------------------------- */

/* The models that are published, and copies of models that others have published. */
struct wi_blockstore;

struct wi_pin_file {
    char *path;
    uint64_t bytes;
    char sha256[WI_HASH_HEX_SIZE];
    struct wi_cid cid;
    /* The store's: the file that is known to have that SHA-256, and one that is known not to have
     * it (all zero: none; not stored). */
    struct wi_file_identity seen, refused;
};

/* Why a model is held. */
enum wi_pin_kind {
    WI_PIN_PUBLISHED, /* it was published here */
    WI_PIN_COPY,      /* it was pulled only to serve others */
    WI_PIN_ADOPTED,   /* it was here already, and counts as a copy */
    WI_PIN_PULLED     /* it was pulled and is served with all others; not held: it may go */
};

/* Borrowed until the next turn of the loop. */
struct wi_pin {
    enum wi_pin_kind kind;
    struct wi_cid cid;
    char cid_text[WI_CID_TEXT];
    char *model; /* "OWNER/NAME", optionally with ":VARIANT": the name when it was published */
    char hash[WI_MANIFEST_HEX]; /* the model's, when it was published */
    unsigned version;     /* the version that is held; 0: a folder that was put there by hand */
    char *origin;         /* the id of the daemon that published it first */
    int64_t published_at; /* Unix seconds; for a copy: when it became one */
    uint64_t bytes;       /* of all files */
    struct wi_pin_file *files; /* sorted by path */
    size_t count;
    int stale;
};

struct wi_publish_progress {
    uint64_t done, total; /* bytes hashed, of all files */
};
typedef void wi_publish_progress_fn(void *context, const struct wi_publish_progress *progress);
/* Exactly one of `pin` and `error` is not NULL. */
typedef void wi_publish_fn(void *context, const struct wi_pin *pin, const struct wi_error *error);
struct wi_publishing;
/* Publishes the model (referenced meanwhile) with exactly the files of its manifest. Publishing the
 * same again changes nothing; if a model of this name has changed, its pin is replaced. Never calls
 * back from inside; `on_progress` may be NULL. Errors: WI_MODEL_INVALID (a built-in model, or a
 * folder that would need a HAMT), WI_CONFLICT (it changed meanwhile), WI_NO_ROOM,
 * WI_STORAGE_FAILED, WI_UNAVAILABLE. */
struct wi_publishing *wi_blockstore_publish(struct wi_blockstore *blocks, struct wi_model *model,
    wi_publish_progress_fn *on_progress, wi_publish_fn *on_done, void *context);
void wi_blockstore_cancel(struct wi_publishing *publishing); /* no callback; NULL is fine */
/* Removes the pin of the model that was published under that name; `cid` (NULL: not wanted)
 * receives the CID that it had. WI_OK, WI_NOT_FOUND if there is none, WI_STORAGE_FAILED. */
enum wi_code wi_blockstore_unpublish(
    struct wi_blockstore *blocks, const char *name, char cid[WI_CID_TEXT], struct wi_error *error);
/* Whether a reading is under way of the published form of the model (without variant) or of one of
 * its variants. */
int wi_blockstore_is_read(const struct wi_blockstore *blocks, const char *name);
/* The number of runs of the pin's files here in the last day. */
uint64_t wi_blockstore_runs(const struct wi_blockstore *blocks, const struct wi_pin *pin);
/* The pin number `index` in the order of their names; NULL: there are no more. No store (NULL) has
 * none. */
const struct wi_pin *wi_blockstore_at(const struct wi_blockstore *blocks, size_t index);
/* Begins to check whether the files of all pins are still the published ones, unless that was done
 * just now. Call it when pins are shown: the listener is told of changes. */
void wi_blockstore_check(struct wi_blockstore *blocks);

/* Opens the leaves of a file (`fd`, borrowed) of any model here, published or not, as they are
 * stored (models/share/blockstore/leaves.h); the caller closes them. `size` receives their number
 * of bytes. -1: there are none. Then a thread computes them if that is possible, and `soon` is 1
 * until it has. */
int wi_blockstore_open_leaves(struct wi_blockstore *blocks, int fd,
    const struct wi_model_file *file, uint64_t *size, int *soon);

/* Bytes in memory or in a file. */
struct wi_segment {
    const unsigned char *memory; /* NULL: the bytes are in the file */
    int fd;                      /* borrowed from the reading */
    uint64_t at;                 /* offset in the file */
    size_t size;
};

/* The part of a tree that a CAR is to have. WI_SCOPE_ENTITY means only its own block for a folder,
 * and all blocks for a file. */
enum wi_dag_scope { WI_SCOPE_BLOCK, WI_SCOPE_ENTITY, WI_SCOPE_ALL };

/* A reading of the store. It stays valid when its model is unpublished, and keeps the files open
 * that it needs. */
struct wi_block_reading;
/* Reads the block or, with `is_car`, the CAR of the tree below it: depth first, each block once.
 * `bytes` (NULL: not wanted) receives the size of all segments. NULL if the block is not here, or
 * its file has changed. */
struct wi_block_reading *wi_blockstore_read(struct wi_blockstore *blocks, const struct wi_cid *cid,
    int is_car, enum wi_dag_scope scope, uint64_t *bytes);
/* 1 and the next segment, valid until the next call; 0 at the end; -1 if a file cannot be opened or
 * has changed: then the answer that is being sent must be aborted. Before the last segment of each
 * file, it is checked whether the file has changed. */
int wi_block_reading_next(struct wi_block_reading *reading, struct wi_segment *segment);
void wi_block_reading_free(struct wi_block_reading *reading); /* NULL is fine */

/* Called after each block with the number of bytes of the CAR that have been read. A result other
 * than 0 ends the reading. */
typedef int wi_car_progress_fn(void *context, uint64_t at);
/* The files in a CAR that was made elsewhere, which are read in place, without a copy. Functions
 * block. */
struct wi_car_tree {
    struct wi_view_file *files; /* sorted by path; a single file is model.gguf or model.onnx */
    size_t count;
};
/* Reads and checks the whole CAR, and finds its files. `fd` is a regular file of `size` bytes,
 * borrowed while the tree is in use; `on_progress` may be NULL. NULL with `error`: WI_CANCELLED by
 * `on_progress`; WI_STORAGE_FAILED: it cannot be read; WI_HUB_FAILED, WI_HUB_NOT_FOUND,
 * WI_NO_ROOM: it is not a whole CAR v1 with one root, or its tree is refused; WI_DOWNLOAD_CORRUPT:
 * a block does not have the hash of its CID. */
struct wi_car_tree *wi_car_tree_open(
    int fd, uint64_t size, wi_car_progress_fn *on_progress, void *context, struct wi_error *error);
/* Finds the positions of a file's bytes in the CAR; call it before reading. WI_OK, or `error` says
 * what is missing in the CAR or wrong with its tree. */
enum wi_code wi_car_tree_find(struct wi_car_tree *tree, size_t file, struct wi_error *error);
/* Like pread(2), for a file that was found, from the CAR that is open as `fd`. */
ssize_t wi_car_tree_read(
    const struct wi_car_tree *tree, size_t file, int fd, void *bytes, size_t size, uint64_t at);
void wi_car_tree_free(struct wi_car_tree *tree); /* NULL is fine */

#endif
