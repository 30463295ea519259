/* Results for people: labels, boxes, segments, words as tables, and text as it is. */
#include "cli/infer.h"

#include "cli/plain.h"
#include "cli/table.h"
#include <string.h>

/* The columns of a list of objects. "_percent" is the share that the member "probability" or
 * "score" says; "_box" its four sides. */
struct form {
    const char *member; /* of the result: the list, which may be empty */
    const char *sign;   /* another member of the result, which it has then; NULL: no matter */
    struct wi_column columns[6];
};

static void put_percent(struct wi_buffer *out, const json_t *row)
{
    const json_t *share = json_object_get(row, "probability");

    if (!share)
        share = json_object_get(row, "score");
    if (json_is_number(share))
        wi_buffer_printf(out, "%.2f %%", 100 * json_number_value(share));
}

static void put_box(struct wi_buffer *out, const json_t *box)
{
    if (box)
        wi_buffer_printf(out, "%g, %g – %g, %g", json_number_value(json_object_get(box, "xmin")),
            json_number_value(json_object_get(box, "ymin")),
            json_number_value(json_object_get(box, "xmax")),
            json_number_value(json_object_get(box, "ymax")));
}

static void put_seconds(struct wi_buffer *out, const json_t *seconds)
{
    wi_table_cell(out, seconds);
    wi_buffer_puts(out, json_is_number(seconds) ? " s" : "");
}

static const struct form forms[] = {
    {"labels", NULL, {{"LABEL", "label", NULL}, {"PROBABILITY", "", put_percent}, {0}}},
    {"boxes", NULL,
        {{"LABEL", "label", NULL}, {"SCORE", "", put_percent},
            {"LEFT, TOP – RIGHT, BOTTOM", "box", put_box}, {0}}},
    {"segments", "text",
        {{"FROM", "start", put_seconds}, {"TO", "end", put_seconds}, {"TEXT", "text", NULL}, {0}}},
    {"segments", NULL,
        {{"LABEL", "label", NULL}, {"SCORE", "", put_percent}, {"MASK", "mask", NULL}, {0}}},
    {"entities", NULL,
        {{"WORD", "word", NULL}, {"ENTITY", "entity", NULL}, {"SCORE", "", put_percent},
            {"FROM", "start", NULL}, {"TO", "end", NULL}, {0}}},
    {"fills", NULL,
        {{"TOKEN", "token_text", NULL}, {"PROBABILITY", "", put_percent}, {"TEXT", "text", NULL},
            {0}}},
    {"answers", NULL, {{"ANSWER", "answer", NULL}, {"SCORE", "", put_percent}, {0}}},
};

static int put_form(struct wi_buffer *out, const struct form *form, const json_t *result)
{
    const json_t *list = json_object_get(result, form->member);

    if (!json_is_array(list) || (form->sign && !json_object_get(result, form->sign)))
        return 0;
    wi_table(out, form->columns, list);
    return 1;
}

static int put_forms(struct wi_buffer *out, const json_t *result)
{
    size_t count = sizeof forms / sizeof *forms;

    for (size_t i = 0; i < count; i++)
        if (put_form(out, &forms[i], result))
            return 1;
    return 0;
}

/* Several masks in one text: a table for each. */
static int put_masks(struct wi_buffer *out, const json_t *masks)
{
    const json_t *mask;
    size_t i;

    json_array_foreach(masks, i, mask)
    {
        json_t *one = json_pack("{s:O}", "fills", mask);
        wi_buffer_printf(out, "%smask %zu:\n", i ? "\n" : "", i + 1);
        put_forms(out, one);
        json_decref(one);
    }
    return json_array_size(masks) > 0;
}

static int put_scores(struct wi_buffer *out, const json_t *scores)
{
    const json_t *score;
    size_t i;

    json_array_foreach(scores, i, score)
    {
        wi_buffer_printf(out, "%zu: ", i + 1);
        wi_table_cell(out, score);
        wi_buffer_puts(out, "\n");
    }
    return json_array_size(scores) > 0;
}

static int put_text(struct wi_buffer *out, const json_t *text)
{
    if (!json_is_string(text))
        return 0;
    wi_plain(out, json_string_value(text), json_string_length(text), "\n\t");
    wi_buffer_puts(out, "\n");
    return 1;
}

static int put_one(struct wi_buffer *out, const json_t *result)
{
    int text = put_text(out, json_object_get(result, "text"));

    return put_forms(out, result) || text || put_masks(out, json_object_get(result, "masks")) ||
           put_scores(out, json_object_get(result, "scores"));
}

int wi_cli_result_print(struct wi_buffer *out, const json_t *result)
{
    const json_t *results = json_object_get(result, "results"), *one;
    size_t i;

    if (!json_array_size(results))
        return put_one(out, result);
    json_array_foreach(results, i, one)
    {
        wi_buffer_printf(out, "%s%zu:\n", i ? "\n" : "", i + 1);
        put_one(out, one);
    }
    return 1;
}
