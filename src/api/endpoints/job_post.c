/*
 * POST /v1/jobs, and POST /v1/infer with an Idempotency-Key, which is the same except that the
 * client waits for the answer: look for the key → read and check the body → store the record →
 * 202, or the answer. Once the record is stored, the job runs even if its client leaves.
 */
#include "api/endpoints/endpoints.h"
#include "api/endpoints/infer.h"
#include "api/endpoints/job.h"
#include "api/endpoints/stream_endpoint.h"
#include "api/http/http_answer.h"
#include "api/http/step.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

struct post {
    struct wi_request *request; /* first: see wi_infer_charge */
    struct wi_run *run;         /* while it is read and checked */
    struct wi_record_accept op;
    struct wi_blob *body; /* NULL where there is none */
    char key[WI_RECORD_KEY_MAX + 1];
};

static void free_post(void *work)
{
    struct post *post = work;
    wi_run_abandon(post->run);
    wi_blob_unref(post->body);
    wi_record_clear(&post->op.record);
    wi_record_clear(&post->op.earlier);
    free(post);
}

/* --- answering ------------------------------------------------------------------------------- */

static void answer_accepted(
    struct wi_request *request, const struct wi_record *record, int replayed)
{
    struct wi_buffer text = {0};
    if (record->infer) {
        wi_job_look(request, record->id, WI_JOB_ANSWER, 0, replayed);
        return;
    }
    wi_job_print(&text, request->api->endpoints->durable, record);
    wi_buffer_puts(&text, "}\n");
    wi_request_answer_text(request, 202, "application/json", &text);
    wi_request_add_location(request, "/v1/jobs/", record->id);
    if (replayed)
        wi_request_add_header(request, "Idempotency-Replayed", "true");
}

static void answer_known(struct wi_request *request, const struct post *post)
{
    if (post->op.found == WI_RECORD_SAME) {
        answer_accepted(request, &post->op.earlier, 1);
        return;
    }
    wi_request_answer_refusal(request, WI_IDEMPOTENCY_MISMATCH, "Idempotency-Key",
        "this key was used for another request; use a new key for a new request");
}

/* Only WI_STORAGE_FAILED is sure that nothing was stored: see job_store.h. */
static void answer_not_stored(struct wi_request *request, const struct wi_error *failure)
{
    if (failure->code == WI_STORAGE_FAILED)
        wi_request_answer_refusal(request, WI_STORAGE_FAILED, NULL,
            "the job is not accepted, because it could not be stored: %s", failure->detail);
    else
        wi_request_answer_error(request, failure);
}

/* --- the record ---------------------------------------------------------------------------------
 */

static void on_stored(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct post *post = work;
    if (failure)
        answer_not_stored(request, failure);
    else if (post->op.found != WI_RECORD_NEW)
        answer_known(request, post);
    else
        answer_accepted(request, &post->op.record, 0);
    free_post(post);
}

static void accept_post(struct wi_request *request, struct post *post, wi_step_end_fn *done)
{
    struct wi_step *step = wi_request_step(request, done, post, free_post);
    wi_durable_accept(request->api->endpoints->durable, &post->op, wi_step_end, step);
}

/* Only whole answers are stored. */
static enum wi_code refuse_stream(const struct wi_request *request, struct wi_error *error)
{
    int keyed = request->headers.idempotency_key != NULL;
    wi_error_set(error, WI_INVALID_FIELD, keyed ? "Idempotency-Key" : "stream", "%s",
        keyed ? "a stream is not stored, so it could not be sent again for an Idempotency-Key"
              : "a stored job is answered as a whole; POST /v1/infer can stream");
    return wi_error_expect(error, "%s", keyed ? "no such header, or no stream" : "false");
}

static enum wi_code refuse_file(struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, "Idempotency-Key",
        "only JSON is stored, so this answer could not be sent again for an Idempotency-Key");
    return wi_error_expect(error, "no such header, or a response_format that is JSON");
}

static enum wi_code refuse_program(struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, "Idempotency-Key",
        "a client's own kernel is run once, and neither the kernel nor its answer is stored");
    return wi_error_expect(error, "no such header, or the name of a kernel instead of source");
}

static enum wi_code on_begin(void *context, struct wi_infer *infer, struct wi_error *error)
{
    const struct post *post = context;
    if (infer->asked->stream)
        return refuse_stream(post->request, error);
    if (infer->asked->program)
        return refuse_program(error);
    return infer->is_file ? refuse_file(error) : WI_OK;
}

static void post_store(struct post *post, const struct wi_infer *infer)
{
    struct wi_record *record = &post->op.record;
    const struct wi_inference *asked = infer->asked;
    wi_id_new(record->id, "job");
    record->client_id = wi_strdup(asked->client_id);
    record->model_name = wi_strdup(infer->model_name);
    record->priority = asked->priority;
    record->accepted_at = wi_steady_ms();
    record->deadline_at =
        record->accepted_at +
        (infer->has_timeout || record->infer ? (int64_t)asked->timeout_ms : WI_DURABLE_TIMEOUT_MS);
    post->op.look = 0;
    accept_post(post->request, post, on_stored);
}

static void on_checked(void *context, struct wi_printing *printing, const struct wi_error *error)
{
    struct post *post = context;
    const struct wi_infer *infer = wi_run_infer(post->run);
    post->run = NULL;
    wi_request_note_ignored(post->request, &infer->ignored);
    if (!error) {
        post_store(post, infer);
        return;
    }
    wi_request_answer_error(post->request, error);
    free_post(post);
}

static void post_check(struct wi_request *request, struct post *post)
{
    const struct wi_run_owner owner = {
        .context = post, .charge = wi_infer_charge, .on_begin = on_begin, .on_done = on_checked};
    struct wi_error error;
    post->run = wi_infer_run(request, WI_RUN_CHECK, &owner, &error);
    if (!post->run) {
        wi_request_answer_error(request, &error);
        free_post(post);
        return;
    }
    wi_request_wait(request, free_post, post);
    wi_run_begin(post->run); /* the post may be gone afterwards */
}

/* --- the key --------------------------------------------------------------------------------- */

/* WI_OK and the key in `key` ("" for none). */
static enum wi_code read_key(const struct wi_request *request, char *key, struct wi_error *error)
{
    const char *given = request->headers.idempotency_key;
    size_t length = given ? strnlen(given, WI_RECORD_KEY_MAX + 1) : 0;
    int good = !given || (length > 0 && length <= WI_RECORD_KEY_MAX);
    for (size_t i = 0; good && i < length; i++)
        good = given[i] > ' ' && given[i] <= '~';
    if (!good) {
        wi_error_set(
            error, WI_BAD_REQUEST, "Idempotency-Key", "the Idempotency-Key cannot be used");
        return wi_error_expect(error, "1 to %d visible ASCII characters", WI_RECORD_KEY_MAX);
    }
    snprintf(key, WI_RECORD_KEY_MAX + 1, "%s", given ? given : "");
    return WI_OK;
}

static void on_looked(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct post *post = work;
    if (!failure && post->op.found == WI_RECORD_NEW) {
        post_check(request, post);
        return;
    }
    if (failure)
        answer_not_stored(request, failure);
    else
        answer_known(request, post);
    free_post(post);
}

static struct post *make_post(struct wi_request *request, int infer, const char *key)
{
    struct post *post = wi_alloc(sizeof *post);
    struct wi_record *record = &post->op.record;
    post->request = request;
    snprintf(post->key, sizeof post->key, "%s", key);
    snprintf(record->client, sizeof record->client, "%s", wi_request_client(request));
    snprintf(record->dialect, sizeof record->dialect, "%s", request->dialect->name);
    record->infer = infer;
    post->op.identify = request->dialect->identify;
    record->cost = wi_infer_measure(request, &record->json_size);
    if (request->body) {
        post->body = wi_blob_ref(request->body);
        post->op.body = post->body->bytes;
        record->body_size = post->body->size;
    }
    post->op.key = *key ? post->key : NULL;
    return post;
}

void wi_job_post(struct wi_request *request, int infer)
{
    struct wi_error error;
    char key[WI_RECORD_KEY_MAX + 1];
    size_t size = request->body ? request->body->size : 0;
    if (read_key(request, key, &error) != WI_OK ||
        (wi_api_stream_is_accepted(request) && refuse_stream(request, &error) != WI_OK) ||
        wi_durable_admit(
            request->api->endpoints->durable, wi_request_client(request), size, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        return;
    }
    struct post *post = make_post(request, infer, key);
    post->op.look = 1;
    if (*key && post->body)
        accept_post(request, post, on_looked);
    else
        post_check(request, post);
}

static void post_job(struct wi_request *request)
{
    wi_job_post(request, 0);
}

void wi_handle_job_post(struct wi_request *request)
{
    wi_infer_unpack(request, post_job);
}
