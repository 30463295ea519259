/*
 * POST /v1/jobs, and POST /v1/infer with an Idempotency-Key, which is the same with somebody who
 * waits for the answer: look for the key → read and check the body → store the row → 202, or the
 * answer. What a client that leaves has asked for is done all the same once it is stored.
 */
#include "api/durable.h"
#include "api/infer.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

struct post {
    struct wi_row_accept op; /* first: the writer's `data` */
    struct wi_durable *durable;
    struct wi_request *request; /* NULL once it is gone */
    struct wi_blob *body;
    char key[WI_ROW_KEY_MAX + 1];
};

static void store(struct wi_request *request, struct wi_infer *infer, struct wi_model *model,
    struct wi_blob *body, size_t json_size);

static int is_infer(const struct wi_request *request)
{
    return request->route->handle == wi_handle_infer;
}

static void free_post(struct post *post)
{
    wi_blob_unref(post->body);
    wi_row_clear(&post->op.row);
    wi_row_clear(&post->op.earlier);
    free(post);
}

static void leave_post(void *work)
{
    struct post *post = work;
    post->request = NULL;
}

/* --- answering ------------------------------------------------------------------------------- */

static void answer_accepted(struct wi_request *request, const struct wi_row *row, int replayed)
{
    struct wi_buffer text = {0};
    char where[WI_ID_SIZE + 16];
    if (is_infer(request)) {
        wi_job_answer_with(request, row->id, replayed);
        return;
    }
    wi_job_print(&text, request->api->durable, row);
    wi_buffer_puts(&text, "}\n");
    wi_request_answer_text(request, 202, "application/json", &text);
    snprintf(where, sizeof where, "/v1/jobs/%s", row->id);
    wi_request_add_header(request, "Location", where);
    if (replayed)
        wi_request_add_header(request, "Idempotency-Replayed", "true");
}

static void answer_known(struct post *post)
{
    struct wi_request *request = post->request;
    struct wi_error error;
    if (post->op.found == WI_ROW_SAME) {
        wi_durable_replayed(post->durable);
        answer_accepted(request, &post->op.earlier, 1);
        return;
    }
    wi_error_set(&error, WI_IDEMPOTENCY_MISMATCH, "Idempotency-Key",
        "This key was used for another body; a new request needs a new key.");
    wi_request_answer_error(request, &error);
}

static void answer_not_stored(struct wi_request *request, const struct wi_error *failure)
{
    struct wi_error error;
    wi_error_set(&error, WI_STORAGE_FAILED, NULL,
        "The job is not accepted, because it could not be stored: %s", failure->detail);
    wi_error_retry_after(&error, 10);
    wi_request_answer_error(request, &error);
}

/* --- the key --------------------------------------------------------------------------------- */

/* WI_OK and the key in `key` ("" for none). */
static enum wi_code read_key(const struct wi_request *request, char *key, struct wi_error *error)
{
    const char *given = request->headers.idempotency_key;
    size_t length = given ? strnlen(given, WI_ROW_KEY_MAX + 1) : 0;
    int good = !given || (length > 0 && length <= WI_ROW_KEY_MAX);
    for (size_t i = 0; good && i < length; i++)
        good = given[i] > ' ' && given[i] <= '~';
    if (!good) {
        wi_error_set(
            error, WI_BAD_REQUEST, "Idempotency-Key", "The Idempotency-Key cannot be used.");
        wi_error_expect(error, "1 to %d visible ASCII characters", WI_ROW_KEY_MAX);
        return WI_BAD_REQUEST;
    }
    snprintf(key, WI_ROW_KEY_MAX + 1, "%s", given ? given : "");
    return WI_OK;
}

/* How much of the body is JSON; a body that is framed wrongly is told so later. */
static size_t json_size_of(const struct wi_request *request)
{
    size_t size = request->body ? request->body->size : 0, json_size;
    struct wi_error error;
    if (wi_request_dialect(request)->frame(request->headers.content_type,
            request->headers.inference_length, size, &json_size, &error) != WI_OK)
        return size;
    return json_size;
}

static struct post *make_post(
    struct wi_request *request, struct wi_blob *body, size_t json_size, const char *key)
{
    struct post *post = wi_alloc(sizeof *post);
    struct wi_row *row = &post->op.row;
    post->durable = request->api->durable;
    post->request = request;
    post->body = wi_blob_ref(body);
    snprintf(post->key, sizeof post->key, "%s", key);
    post->op.key = *key ? post->key : NULL;
    post->op.body = body->bytes;
    row->infer = is_infer(request);
    snprintf(row->client, sizeof row->client, "%s", wi_request_client(request));
    row->body_size = body->size;
    row->json_size = json_size;
    return post;
}

static void on_looked(void *data, const struct wi_error *failure)
{
    struct post *post = data;
    struct wi_request *request = post->request;
    if (request && failure) {
        answer_not_stored(request, failure);
    } else if (request && post->op.found != WI_ROW_NEW) {
        answer_known(post);
    } else if (request) {
        /* The body goes back to the request, as if nothing had been asked yet. */
        request->body = post->body;
        post->body = NULL;
        wi_infer_begin(request, store);
    }
    free_post(post);
}

void wi_job_post(struct wi_request *request)
{
    struct wi_error error;
    char key[WI_ROW_KEY_MAX + 1];
    size_t size = request->body ? request->body->size : 0;
    if (read_key(request, key, &error) != WI_OK ||
        wi_durable_admit(request->api->durable, request->api, size, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        return;
    }
    if (!*key || !request->body) {
        wi_infer_begin(request, store);
        return;
    }
    struct post *post = make_post(request, request->body, json_size_of(request), key);
    wi_blob_unref(request->body); /* the post has it */
    request->body = NULL;
    post->op.look = 1;
    wi_request_wait(request, leave_post, post);
    wi_db_submit(request->api->deps.db, wi_row_accept, on_looked, post);
}

void wi_handle_job_post(struct wi_request *request)
{
    wi_job_post(request);
}

/* --- the row --------------------------------------------------------------------------------- */

static void on_stored(void *data, const struct wi_error *failure)
{
    struct post *post = data;
    struct wi_request *request = post->request;
    if (!failure && post->op.found == WI_ROW_NEW)
        wi_durable_added(post->durable, &post->op.row);
    if (request && failure)
        answer_not_stored(request, failure);
    else if (request && post->op.found != WI_ROW_NEW)
        answer_known(post);
    else if (request)
        answer_accepted(request, &post->op.row, 0);
    wi_durable_written(post->durable);
    free_post(post);
}

static void store(struct wi_request *request, struct wi_infer *infer, struct wi_model *model,
    struct wi_blob *body, size_t json_size)
{
    char key[WI_ROW_KEY_MAX + 1];
    struct wi_error error;
    (void)read_key(request, key, &error); /* it was good */
    struct post *post = make_post(request, body, json_size, key);
    struct wi_row *row = &post->op.row;
    wi_id_new(row->id, "job");
    row->client_id = wi_strdup(infer->client_id);
    row->model_name = wi_strdup(infer->model_name);
    row->priority = infer->priority;
    row->accepted_at = wi_wall_ms();
    row->deadline_at =
        row->accepted_at +
        (infer->has_timeout || row->infer ? (int64_t)infer->timeout_ms : WI_DURABLE_TIMEOUT_MS);
    row->cost =
        (request->headers.inference_length ? (uint64_t)json_size * 44 : request->json_cost) +
        2 * json_size;
    wi_request_wait(request, leave_post, post);
    wi_durable_submit(post->durable, wi_row_accept, on_stored, post);
}
