/*
 * A store of jobs in memory, whose faults are the test's: an operation can be refused, or done
 * without its answer, answers can be kept back, and what another member would do can be done. It
 * ignores priorities, turns and the room of clients, which are tests/unit/settings/store's. For use
 * in one test file each: everything is static.
 */
#ifndef WI_TESTS_DURABLE_FAKE_STORE_H
#define WI_TESTS_DURABLE_FAKE_STORE_H

#include "base/loop.h"
#include "base/memory.h"
#include "base/text.h"
#include "terms/job/job_store.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum fake_verb { ACCEPT, TAKE, GIVE_BACK, FINISH, CANCEL, READ, LIST, SWEEP, VERBS };

enum fake_fault {
    NO_FAULT,
    REFUSED, /* nothing is done, and that is said */
    LOST     /* it is done, and said that it was not */
};

struct fake_record {
    struct wi_record record; /* its bytes: the answer */
    char key[WI_RECORD_KEY_MAX + 1];
    struct wi_buffer body;
    int taken, ended; /* by the daemon of the test */
    int is_to_cancel;
    int64_t retry_at; /* as it was given back last, and so is the next one */
    int is_unable;
};

struct fake_call {
    wi_job_store_done_fn *done;
    void *data;
    struct wi_error failure;
    struct fake_call *prev, *next;
};

struct fake_store {
    struct fake_record records[16];
    size_t count;
    enum fake_fault faults[VERBS]; /* of the next operation; then there is none */
    enum wi_code fault;            /* what is said */
    int asked[VERBS];
    struct wi_record_sweep found; /* what the next sweep finds; moved */
    int holds;                    /* answers are kept back */
    struct wi_turn *answering;
    struct fake_call *calls;
    wi_job_news_fn *tell;
    void *listener;
};

/* --- answers --------------------------------------------------------------------------------- */

static inline void fake_answer(void *context)
{
    struct fake_store *fake = context;
    for (struct fake_call *call; !fake->holds && (call = fake->calls);) {
        DL_DELETE(fake->calls, call);
        call->done(call->data, call->failure.code ? &call->failure : NULL);
        free(call);
    }
}

/* Whether the operation is to be done. */
static inline int fake_ask(
    struct fake_store *fake, enum fake_verb verb, wi_job_store_done_fn *done, void *data)
{
    struct fake_call *call = wi_alloc(sizeof *call);
    enum fake_fault fault = fake->faults[verb];
    *call = (struct fake_call){.done = done, .data = data};
    if (fault != NO_FAULT)
        wi_error_set(&call->failure, fake->fault, NULL, "the store is away");
    fake->faults[verb] = NO_FAULT;
    fake->asked[verb]++;
    DL_APPEND(fake->calls, call);
    wi_turn_schedule(fake->answering);
    return fault != REFUSED;
}

/* --- records --------------------------------------------------------------------------------- */

static inline struct fake_record *fake_find(struct fake_store *fake, const char *id)
{
    for (size_t i = 0; i < fake->count; i++)
        if (strcmp(fake->records[i].record.id, id) == 0)
            return &fake->records[i];
    return NULL;
}

static inline struct wi_record fake_copy(const struct wi_record *record)
{
    struct wi_record copy = *record;
    copy.client_id = wi_strdup(record->client_id);
    copy.model_name = wi_strdup(record->model_name);
    copy.problem = wi_strdup(record->problem);
    copy.bytes = NULL;
    return copy;
}

static inline struct wi_blob *fake_blob(const void *bytes, size_t size)
{
    struct wi_blob *blob = wi_blob_new(NULL, size + 1);
    wi_blob_append(blob, bytes, size);
    return blob;
}

static inline int fake_end(struct fake_record *kept, struct wi_record_finish *end)
{
    struct wi_record *record = &kept->record;
    end->finished = record->state < WI_RECORD_DONE;
    if (!end->finished)
        return 0;
    record->state = end->state;
    record->status = end->status;
    record->finished_at = end->now;
    record->head_size = end->part_count ? end->parts[0].size : 0;
    record->bytes = wi_blob_new(NULL, 1);
    for (size_t i = 0; i < end->part_count; i++)
        wi_blob_append(record->bytes, end->parts[i].bytes, end->parts[i].size);
    record->answer_size = end->answer_size = record->bytes->size;
    end->body_size = record->body_size;
    return 1;
}

/* --- the operations --------------------------------------------------------------------------- */

static inline void fake_accept(
    void *context, struct wi_record_accept *op, wi_job_store_done_fn *done, void *data)
{
    struct fake_store *fake = context;
    if (!fake_ask(fake, ACCEPT, done, data))
        return;
    op->found = WI_RECORD_NEW;
    for (size_t i = 0; op->key && i < fake->count; i++) {
        if (strcmp(fake->records[i].key, op->key) != 0)
            continue;
        op->found = WI_RECORD_SAME;
        op->earlier = fake_copy(&fake->records[i].record);
    }
    if (op->found != WI_RECORD_NEW || op->look)
        return;
    assert(fake->count < sizeof fake->records / sizeof *fake->records);
    struct fake_record *kept = &fake->records[fake->count++];
    kept->record = fake_copy(&op->record);
    wi_text_copy(kept->key, sizeof kept->key, op->key);
    wi_buffer_add(&kept->body, op->body, op->record.body_size);
}

static inline void fake_take(
    void *context, struct wi_record_take *op, wi_job_store_done_fn *done, void *data)
{
    struct fake_store *fake = context;
    int is_lost = fake->faults[TAKE] == LOST; /* it queues again what it has taken */
    if (!fake_ask(fake, TAKE, done, data) || is_lost)
        return;
    op->records = wi_realloc_array(NULL, fake->count + 1, sizeof *op->records);
    for (size_t i = 0; i < fake->count && op->taken < op->count; i++) {
        struct fake_record *kept = &fake->records[i];
        if (kept->record.state != WI_RECORD_QUEUED)
            continue;
        kept->record.state = WI_RECORD_RUNNING;
        kept->record.runs++;
        kept->taken = 1;
        op->records[op->taken] = fake_copy(&kept->record);
        op->records[op->taken++].bytes = fake_blob(kept->body.text, kept->body.size);
    }
}

static inline void fake_give_back(
    void *context, struct wi_record_return *op, wi_job_store_done_fn *done, void *data)
{
    struct fake_store *fake = context;
    struct fake_record *kept = fake_find(fake, op->id);
    if (!fake_ask(fake, GIVE_BACK, done, data))
        return;
    op->returned = WI_RECORD_NOT_OURS;
    if (!kept || !kept->taken || kept->record.state != WI_RECORD_RUNNING)
        return;
    op->returned = kept->is_to_cancel ? WI_RECORD_TO_CANCEL : WI_RECORD_BACK;
    if (op->returned == WI_RECORD_TO_CANCEL)
        return;
    kept->record.state = WI_RECORD_QUEUED;
    kept->retry_at = op->retry_at;
    kept->is_unable = op->is_unable;
    kept->taken = 0;
}

static inline void fake_finish(
    void *context, struct wi_record_finish *op, wi_job_store_done_fn *done, void *data)
{
    struct fake_store *fake = context;
    struct fake_record *kept = fake_find(fake, op->id);
    if (!fake_ask(fake, FINISH, done, data))
        return;
    op->finished = 0;
    if (kept && (kept->ended || fake_end(kept, op)))
        op->finished = kept->ended = 1;
}

static inline void fake_cancel(
    void *context, struct wi_record_cancel *op, wi_job_store_done_fn *done, void *data)
{
    struct fake_store *fake = context;
    struct fake_record *kept = fake_find(fake, op->finish.id);
    if (!fake_ask(fake, CANCEL, done, data))
        return;
    op->found = kept != NULL;
    if (!kept)
        return;
    op->before = kept->record.state;
    kept->is_to_cancel = op->before == WI_RECORD_RUNNING;
    if (op->before != WI_RECORD_QUEUED)
        return;
    op->tell(op, &kept->record);
    fake_end(kept, &op->finish);
}

static inline void fake_read(
    void *context, struct wi_record_read *op, wi_job_store_done_fn *done, void *data)
{
    struct fake_store *fake = context;
    const struct fake_record *kept = fake_find(fake, op->id);
    if (!fake_ask(fake, READ, done, data))
        return;
    op->found = kept != NULL;
    if (!kept)
        return;
    op->record = fake_copy(&kept->record);
    op->record.elsewhere = kept->record.state == WI_RECORD_RUNNING && !kept->taken;
    if (kept->record.bytes && kept->record.answer_size <= op->answer_max)
        op->record.bytes = wi_blob_ref(kept->record.bytes);
}

static inline void fake_list(
    void *context, struct wi_record_list *op, wi_job_store_done_fn *done, void *data)
{
    struct fake_store *fake = context;
    if (!fake_ask(fake, LIST, done, data))
        return;
    op->records = wi_realloc_array(NULL, fake->count + 1, sizeof *op->records);
    for (size_t i = fake->count; i > 0 && op->count < op->limit; i--)
        op->records[op->count++] = fake_copy(&fake->records[i - 1].record);
}

static inline void fake_sweep(
    void *context, struct wi_record_sweep *op, wi_job_store_done_fn *done, void *data)
{
    struct fake_store *fake = context;
    const struct wi_record_sweep asked = *op;
    if (!fake_ask(fake, SWEEP, done, data))
        return;
    *op = fake->found;
    op->limit = asked.limit;
    fake->found = (struct wi_record_sweep){0};
}

static inline enum wi_code fake_health(const void *context, struct wi_error *error)
{
    return WI_OK;
}

static inline void fake_listen(void *context, wi_job_news_fn *tell, void *listener)
{
    struct fake_store *fake = context;
    fake->tell = tell;
    fake->listener = listener;
}

/* --- the whole ------------------------------------------------------------------------------- */

static inline struct wi_job_store fake_open(struct fake_store *fake, uv_loop_t *loop)
{
    *fake = (struct fake_store){.fault = WI_UNAVAILABLE};
    fake->answering = wi_turn_new(loop, fake_answer, fake);
    return (struct wi_job_store){.context = fake,
        .name = "the fake",
        .accept = fake_accept,
        .take = fake_take,
        .give_back = fake_give_back,
        .finish = fake_finish,
        .cancel = fake_cancel,
        .read = fake_read,
        .list = fake_list,
        .sweep = fake_sweep,
        .health = fake_health,
        .listen = fake_listen};
}

/* Gives the answers that are left, and those to what is asked because of them. */
static inline void fake_close(struct fake_store *fake)
{
    fake->holds = 0;
    fake_answer(fake);
    wi_turn_free(fake->answering);
    for (size_t i = 0; i < fake->count; i++) {
        wi_record_clear(&fake->records[i].record);
        wi_buffer_clear(&fake->records[i].body);
    }
    wi_record_sweep_clear(&fake->found);
}

#endif
