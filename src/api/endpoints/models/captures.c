/* A bounded table of trials of graph capture, by the hashes of models; see captures.h. */
#include "api/endpoints/models/captures.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/table.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

struct wi_capture_tried {
    char hash[WI_MANIFEST_HEX];
    json_t *told; /* GraphCapture */
    UT_hash_handle hh;
};

static void tried_free(struct wi_capture_tried *tried)
{
    json_decref(tried->told);
    free(tried);
}

void wi_captures_clear(struct wi_captures *captures)
{
    struct wi_capture_tried *tried;
    while ((tried = WI_TABLE_TAKE(captures->_tried)) != NULL)
        tried_free(tried);
}

static struct wi_capture_tried *tried_find(const struct wi_captures *captures, const char *hash)
{
    return WI_TABLE_FIND(captures->_tried, hash, strlen(hash));
}

/* `told` is taken over. */
static void tried_note(struct wi_captures *captures, const char *hash, json_t *told)
{
    struct wi_capture_tried *tried = tried_find(captures, hash);
    if (tried) {
        json_decref(tried->told);
        tried->told = told;
        return;
    }
    if (HASH_COUNT(captures->_tried) >= WI_CAPTURES_MAX)
        tried_free(WI_TABLE_TAKE(captures->_tried));
    tried = wi_alloc(sizeof *tried);
    wi_text_copy(tried->hash, sizeof tried->hash, hash);
    tried->told = told;
    HASH_ADD_STR(captures->_tried, hash, tried);
}

/* What a page or a table says, as GraphCapture; what it does not say is null. */
static json_t *capture_told(
    const json_t *said, const char *known_by, const char *browser, const char *version, int64_t at)
{
    static const char *const said_members[] = {"possible", "node", "operator", "reason"};
    json_t *told = json_object();
    for (size_t i = 0; i < sizeof said_members / sizeof *said_members; i++) {
        json_t *value = json_object_get(said, said_members[i]);
        json_object_set_new(told, said_members[i], value ? json_incref(value) : json_null());
    }
    json_object_set_new(
        told, "fixed_sizes", json_boolean(json_is_true(json_object_get(said, "fixed_sizes"))));
    json_object_set_new(told, "known_by", json_string(known_by));
    json_object_set_new(told, "browser", browser ? json_string(browser) : json_null());
    json_object_set_new(told, "browser_version", version ? json_string(version) : json_null());
    json_object_set_new(told, "at", at > 0 ? json_integer((json_int_t)at) : json_null());
    return told;
}

int wi_captures_may_note(const struct wi_inference *asked)
{
    return asked->benchmark.profile && !asked->kernel;
}

void wi_captures_note(struct wi_captures *captures, const struct wi_run_ending *ending)
{
    const struct wi_outcome *outcome = ending->outcome;
    const struct wi_inference *asked = ending->asked;
    const json_t *said =
        outcome ? json_object_get(json_object_get(outcome->result, "profile"), "capture") : NULL;
    if (!said || !asked || !wi_captures_may_note(asked))
        return;
    if (outcome->joined || !outcome->browser)
        return; /* of a node that has gone, it is not known whose it was */
    tried_note(captures, asked->model->hash,
        capture_told(said, "trial", outcome->browser, outcome->browser_version, wi_wall_ms()));
}

json_t *wi_captures_json(const struct wi_captures *captures, const struct wi_model *model)
{
    const struct wi_capture_tried *tried = tried_find(captures, model->hash);
    if (tried)
        return json_incref(tried->told);
    json_t *foretold = wi_onnx_capture_json(&model->facts.capture);
    json_t *told = foretold ? capture_told(foretold, "tables", NULL, NULL, 0) : NULL;
    json_decref(foretold);
    return told;
}
