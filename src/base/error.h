/*
 * The program's one table of failures: an enum, the stable name that clients see, and the HTTP
 * status that goes with it. A failure is passed on as a `struct wi_error`, a value without pointers
 * that can be copied, kept and sent.
 */
#ifndef WI_BASE_ERROR_H
#define WI_BASE_ERROR_H

enum wi_code {
    WI_OK = 0,
    /* 400 */
    WI_BAD_REQUEST,
    WI_BAD_JSON,
    WI_UNKNOWN_FIELD,
    WI_MISSING_FIELD,
    WI_INVALID_FIELD,
    WI_BAD_FRAMING,
    WI_NON_FINITE,
    WI_CONTEXT_LENGTH,
    /* 401, 403 */
    WI_UNAUTHORIZED,
    WI_FORBIDDEN_HOST,
    WI_FORBIDDEN_ORIGIN,
    WI_FORBIDDEN_RANK,
    /* 404 … 415 */
    WI_NOT_FOUND,
    WI_MODEL_NOT_FOUND,
    WI_KERNEL_NOT_FOUND,
    WI_NODE_NOT_FOUND,
    WI_SESSION_NOT_FOUND,
    WI_JOB_NOT_FOUND,
    WI_HUB_NOT_FOUND,
    WI_METHOD_NOT_ALLOWED,
    WI_NOT_ACCEPTABLE,
    WI_REQUEST_TIMEOUT,
    WI_CONFLICT,
    WI_CANCELLED,
    WI_STREAM_GONE,
    WI_LENGTH_REQUIRED,
    WI_BODY_TOO_LARGE,
    WI_ANSWER_TOO_LARGE,
    WI_MODEL_TOO_LARGE,
    WI_UNSUPPORTED_MEDIA_TYPE,
    /* 422 */
    WI_INPUT_UNKNOWN,
    WI_INPUT_MISSING,
    WI_INPUT_DATATYPE,
    WI_INPUT_SHAPE,
    WI_INPUT_SIZE,
    WI_INPUT_INVALID,
    WI_GRAMMAR_TOO_COSTLY,
    WI_OUTPUT_UNKNOWN,
    WI_PICTURE_INVALID,
    WI_PICTURE_TOO_LARGE,
    WI_AUDIO_INVALID,
    WI_AUDIO_TOO_LARGE,
    WI_PRECISION_UNSUPPORTED,
    WI_MODEL_INVALID,
    WI_OPERATOR_UNSUPPORTED,
    WI_PLATFORM_UNSUPPORTED,
    WI_KERNEL_INVALID,
    WI_IDEMPOTENCY_MISMATCH,
    WI_NOTHING_TO_QUANTIZE,
    WI_QUANTIZED_BADLY,
    /* 429 */
    WI_QUEUE_FULL,
    WI_CLIENT_SHARE,
    WI_TOO_MANY_WATCHERS,
    WI_SOUND_AHEAD,
    /* 5xx */
    WI_INFERENCE_FAILED,
    WI_INTERNAL,
    WI_NOT_IMPLEMENTED,
    WI_ATTEMPTS_EXHAUSTED,
    WI_HUB_FAILED,
    WI_HUB_UNAUTHORIZED,
    WI_DOWNLOAD_CORRUPT,
    /* Inside a stream that has begun. */
    WI_STREAM_INTERRUPTED,
    WI_STREAM_DIVERGED,
    WI_UNAVAILABLE,
    WI_CLUSTER_UNAVAILABLE,
    WI_NODE_BUSY,   /* between parts of the program: clients never see it */
    WI_NODE_PAUSED, /* said by a node, likewise internal: it had not begun the job */
    WI_SHUTTING_DOWN,
    WI_MEMORY_BUDGET,
    WI_TOO_MANY_CONNECTIONS,
    WI_HUB_BUSY,
    WI_MODEL_CHANGED,
    WI_DEADLINE_EXCEEDED,
    WI_STALL_TIMEOUT,
    WI_STORAGE_FAILED,
    WI_NO_ROOM,
    WI_CODE_COUNT
};

/* The name on the wire, e.g. "input_shape". Never NULL; "internal" for a value out of range. */
const char *wi_code_name(enum wi_code code);
/* The HTTP status, e.g. 422. */
int wi_code_status(enum wi_code code);
/* A short title for people, e.g. "Wrong input shape". */
const char *wi_code_title(enum wi_code code);
/* The meaning, as a sentence for the manual. */
const char *wi_code_help(enum wi_code code);
/* The default number of seconds after which a client is told to try again; 0: never. */
unsigned wi_code_retry_after(enum wi_code code);
/* The inverse of wi_code_name; WI_INTERNAL if the name is unknown. */
enum wi_code wi_code_from_name(const char *name);

/* The failures of a job's attempts, one row for each kind. Once all rows are taken, further kinds
 * are counted in the last row, which then names no node. */
#define WI_FAILURES_MAX 6
struct wi_failures {
    unsigned count;
    unsigned last; /* the row of the latest */
    struct wi_failure {
        char node[40];
        char reason[120];
        unsigned times;
    } rows[WI_FAILURES_MAX];
};
/* Counts one failure; long texts are cut at a character's end. */
void wi_failures_add(struct wi_failures *failures, const char *node, const char *reason);

/* The errors in a source text that a client sent, each with its place in the text. Lines and
 * columns count from 1. */
#define WI_SOURCE_ERRORS_MAX 20
struct wi_source_errors {
    unsigned count;
    struct wi_source_error {
        unsigned line, column;
        char message[160];
    } rows[WI_SOURCE_ERRORS_MAX];
};

/* One failure. Empty strings mean "does not apply". Long texts are cut where a character ends, and
 * all are UTF-8. Since texts are inserted into others, they begin with a lower-case letter, unless
 * with a name, a value or a key, and do not end with a full stop. ";" or ":" separates the parts of
 * a text. ./dev lint checks it. */
struct wi_error {
    enum wi_code code;
    unsigned attempts;      /* the number of attempts of a job, 0 if it does not apply */
    int poisoned;           /* the job broke what ran it, and would break the next node as well */
    unsigned retry_after_s; /* when to try again: the code's default or a better value; 0: never */
    char detail[512];       /* what was wrong, what is allowed and what to do, in one sentence */
    char field[160];        /* the request field or config key at fault */
    char expected[256];
    char allowed[768];
    struct wi_failures failures;    /* of a job's attempts, where there were any */
    struct wi_source_errors source; /* for WI_KERNEL_INVALID, if the errors have places */
};

/* Overwrites all of `error` (may be NULL) and returns `code`, so that a caller can `return` it. */
__attribute__((format(printf, 4, 5))) enum wi_code wi_error_set(
    struct wi_error *error, enum wi_code code, const char *field, const char *format, ...);
/* Adds `expected` or `allowed` to an error that has been set, and returns its code. With `error`
 * NULL it always returns WI_INVALID_FIELD. */
__attribute__((format(printf, 2, 3))) enum wi_code wi_error_expect(
    struct wi_error *error, const char *format, ...);
__attribute__((format(printf, 2, 3))) enum wi_code wi_error_allow(
    struct wi_error *error, const char *format, ...);
/* Adds an error in the source, while there is room. A long message is cut at a character's end. */
void wi_error_add_source(
    struct wi_error *error, unsigned line, unsigned column, const char *message);
/* Sets when to try again, in place of the code's default; 0 keeps the default. `error` may be
 * NULL. */
void wi_error_retry_after(struct wi_error *error, unsigned seconds);

#endif
