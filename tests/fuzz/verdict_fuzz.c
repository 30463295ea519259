/*
 * Any bytes as the row of a verdict that members share, as it comes to a member that follows them.
 * What is read is bounded; this member tells it as a row that it reads as the same one.
 */
#include "base/text.h"
#include "must.h"
#include "plant.h"
#include "work/pool/facts/shared_verdicts.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was told last, which is all that this member knows, and the row that it has written. */
static struct wi_told_verdict known;
static int told;
static wi_row_news_fn *tell;
static void *listener;
static char *written;
static size_t written_size;

/* --- what the follower uses ------------------------------------------------------------------- */

int wi_verdicts_tell(struct wi_verdicts *verdicts, const struct wi_told_verdict *row)
{
    known = *row;
    told++;
    return 0;
}

void wi_verdicts_untell(struct wi_verdicts *verdicts, const char *key)
{
    must(strcmp(key, known.key) == 0);
}

void wi_verdicts_untold(const struct wi_verdicts *verdicts, int64_t since, size_t most,
    wi_verdict_fn *each, void *context)
{
    if (told)
        each(context, &known);
}

static void on_change(
    void *context, struct wi_row_change *op, wi_job_store_done_fn *done, void *data)
{
    if (op->verb == WI_ROW_WRITE) {
        free(written);
        written = wi_strndup(op->text, op->size);
        written_size = op->size;
    }
    op->done = 0;
    done(data, NULL);
}

static void on_listen(void *context, wi_row_news_fn *news, void *its)
{
    tell = news;
    listener = its;
}

/* --- the target ------------------------------------------------------------------------------- */

static void row_come(char *key, char *text, size_t size, uint64_t revision)
{
    const struct wi_broker_entry entry = {
        .key = key, .text = text, .size = size, .revision = revision};
    tell(listener, WI_ROWS_ENTRY, &entry);
}

static void check_told(struct wi_rows *rows, char *key)
{
    const struct wi_told_verdict first = known;
    must(first.key[0] && wi_text_is_plain(first.detail));
    must(first.verdict == WI_TRUSTED || first.verdict == WI_WRONG);
    must(first.ratio >= 0 && first.looked <= WI_VERDICT_SETS && first.checked_at > 0);
    tell(listener, WI_ROWS_READY, NULL);
    wi_rows_sweep(rows, &(struct wi_members_view){.is_first = 0});
    must(written && written_size <= WI_ROW_MAX);
    row_come(key, written, written_size, 2);
    must(told == 2 && strcmp(known.key, first.key) == 0 && known.verdict == first.verdict);
    must(known.checked_at == first.checked_at && known.wrongs == first.wrongs);
    /* No seed has it. */
    WI_PLANT(first.looked == 7 || first.wrongs == 7);
}

/* The key of the row of that verdict, which is what comes in practice. */
static void find_key(const uint8_t *data, size_t size, char key[WI_KV_KEY_SIZE])
{
    char name[WI_HASH_HEX_SIZE];
    json_t *row = json_loadb((const char *)data, size, 0, NULL);
    const char *text = json_string_value(json_object_get(row, "key"));
    wi_verdict_row_name(text ? text : "", name);
    wi_join(key, WI_KV_KEY_SIZE, WI_ROW_PREFIX "verdict.", name, NULL);
    json_decref(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct wi_row_store store = {.change = on_change, .listen = on_listen};
    struct wi_rows *rows = wi_rows_new(&store, "member-a");
    struct wi_shared_verdicts *shared = wi_shared_verdicts_new(NULL, rows);
    char key[WI_KV_KEY_SIZE], *text = wi_strndup((const char *)data, size);
    told = 0;
    find_key(data, size, key);
    tell(listener, WI_ROWS_BEGIN, NULL);
    row_come(key, text, size, 1);
    if (told)
        check_told(rows, key);
    else
        must(wi_rows_counters(rows)->garbage + wi_rows_counters(rows)->other_version == 1);
    wi_shared_verdicts_free(shared);
    wi_rows_free(rows);
    free(written);
    written = NULL;
    free(text);
    return 0;
}
