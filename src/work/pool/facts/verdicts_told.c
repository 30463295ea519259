/* What the members of a cluster tell each other about places of sessions; see verdicts.h. */
#include "work/pool/facts/verdicts_told.h"

#include "base/memory.h"
#include "base/text.h"
#include <string.h>

struct verdict_record *wi_verdict_told_find(const struct wi_verdicts *verdicts, const char *key)
{
    return WI_TABLE_FIND(verdicts->told, key, strlen(key));
}

static struct verdict_record *told_get(struct wi_verdicts *verdicts, const char *key)
{
    struct verdict_record *record = wi_verdict_told_find(verdicts, key);

    if (record)
        return record;
    record = wi_alloc(sizeof *record);
    record->key = wi_strdup(key);
    HASH_ADD_KEYPTR(hh, verdicts->told, record->key, strlen(record->key), record);
    return record;
}

/* Of a model for all inputs, at a place of a session; WASM needs no verdict. */
static int is_key(const char *key)
{
    struct verdict_parts parts;

    return wi_verdict_key_read(key, &parts) == 0 && !*parts.set && !*parts.place.party &&
           !parts.place.joined && parts.place.platform != WI_WASM;
}

int wi_verdicts_tell(struct wi_verdicts *verdicts, const struct wi_told_verdict *told)
{
    char text[sizeof told->detail + 64];

    if (!is_key(told->key))
        return -1;
    struct verdict_record *record = told_get(verdicts, told->key);
    record->verdict = told->verdict;
    record->ratio = told->ratio;
    record->checked_at = told->checked_at;
    record->looked = told->looked;
    record->wrongs = told->wrongs;
    wi_join(text, sizeof text, "another member of the cluster has found it",
        *told->detail ? ": " : "", told->detail, NULL);
    wi_verdict_record_explain(record, text);
    return 0;
}

void wi_verdicts_untell(struct wi_verdicts *verdicts, const char *key)
{
    struct verdict_record *record = wi_verdict_told_find(verdicts, key);

    if (record)
        wi_verdict_told_drop(verdicts, record);
}

/* Inputs that clients chose do not condemn a place of another machine. */
static int is_for_others(const struct verdict_record *own)
{
    return wi_owned_is_ours(&own->owned) && !own->whole &&
           (own->verdict == WI_TRUSTED || (own->verdict == WI_WRONG && !*own->shapes)) &&
           is_key(own->key);
}

static int is_untold(const struct wi_verdicts *verdicts, const struct verdict_record *own)
{
    const struct verdict_record *told = wi_verdict_told_find(verdicts, own->key);

    return !told || (told->verdict != own->verdict && told->checked_at < own->checked_at);
}

static void own_tell(const struct verdict_record *own, wi_verdict_fn *each, void *context)
{
    struct wi_told_verdict told = {.verdict = own->verdict,
        .ratio = own->ratio,
        .checked_at = own->checked_at,
        .looked = own->looked,
        .wrongs = own->wrongs};

    wi_text_copy(told.key, sizeof told.key, own->key);
    wi_text_copy(told.detail, sizeof told.detail, own->detail);
    each(context, &told);
}

void wi_verdicts_untold(const struct wi_verdicts *verdicts, int64_t since, size_t most,
    wi_verdict_fn *each, void *context)
{
    for (const struct verdict_record *own = verdicts->all; own && most > 0; own = own->hh.next) {
        if (own->checked_at < since || !is_untold(verdicts, own) || !is_for_others(own))
            continue;
        own_tell(own, each, context);
        most--;
    }
}
