/* The answer of a run as JSON for programs, and as a part of the document for people that needs no
 * script. */
#include "terms/lab/report.h"

#include <string.h>

/* --- JSON ------------------------------------------------------------------------------------- */

static void row_set_text(json_t *row, const char *member, const char *text)
{
    if (text)
        json_object_set_new(row, member, json_string(text));
}

static void row_set_number(json_t *row, const char *member, double number)
{
    if (number >= 0)
        json_object_set_new(row, member, json_real(number));
}

static json_t *make_words(const struct wi_lab_interval *times)
{
    struct wi_buffer words = {0};
    wi_lab_put_words(&words, times);
    json_t *made = json_pack("{s:f, s:f, s:f, s:s}", "value", times->value, "low", times->low,
        "high", times->high, "words", words.text);
    wi_buffer_clear(&words);
    return made;
}

static json_t *make_row(const struct wi_lab_answer_row *row)
{
    const struct wi_lab_cell *cell = row->best ? row->best->cell : row->cell;
    json_t *made = json_object();
    row_set_text(made, "browser", cell->browser);
    row_set_text(made, "browser_version", cell->browser_version);
    row_set_text(made, "platform", wi_lab_platform_names[cell->platform]);
    row_set_text(made, "precision", row->precision);
    json_object_set_new(made, "index", json_integer(cell->index));
    row_set_text(made, "outcome", wi_lab_outcome_names[row->cell->outcome]);
    row_set_text(made, "reason", row->cell->reason);
    row_set_text(made, "remedy", wi_lab_remedy(row->cell));
    json_object_set_new(made, "software", json_boolean(row->is_software));
    json_object_set_new(made, "simulated", json_boolean(row->is_simulated));
    row_set_number(made, "median_ms", row->best ? row->best->summary.median : -1);
    row_set_number(made, "low_ms", row->best ? row->best->summary.low : -1);
    row_set_number(made, "high_ms", row->best ? row->best->summary.high : -1);
    if (row->wasm)
        json_object_set_new(made, "than_wasm", make_words(&row->than_wasm));
    row_set_number(made, "error_ratio", row->error_ratio);
    row_set_text(made, "changed", row->changed);
    if (row->memory_bytes >= 0)
        json_object_set_new(made, "memory_bytes", json_integer(row->memory_bytes));
    row_set_number(made, "load_ms", row->load_ms);
    row_set_number(made, "first_ms", row->first_ms);
    return made;
}

static json_t *make_model(const struct wi_lab_answer *answer, size_t from, size_t count)
{
    struct wi_buffer sentence = {0};
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, make_row(&answer->rows[from + i]));
    wi_lab_put_sentence(&sentence, answer, from);
    json_t *made = json_pack("{s:s, s:s, s:o}", "model", answer->rows[from].cell->model, "sentence",
        sentence.text, "rows", rows);
    wi_buffer_clear(&sentence);
    return made;
}

void wi_lab_put_answer_json(struct wi_buffer *out, const struct wi_lab_answer *answer)
{
    json_t *models = json_array();
    size_t count;
    for (size_t i = 0; i < answer->count; i += count) {
        count = wi_lab_answer_span(answer, i);
        json_array_append_new(models, make_model(answer, i, count));
    }
    wi_buffer_json(out, models);
    json_decref(models);
}

/* --- HTML ------------------------------------------------------------------------------------- */

/* The last byte of a character that reverses the order of the others, such as U+202E; 0: it is
 * none. All of them have three bytes. */
static unsigned char bidi_end(const char *text)
{
    unsigned char first = (unsigned char)text[0],
                  second = first == 0xe2 ? (unsigned char)text[1] : 0;
    unsigned char third = second >= 0x80 ? (unsigned char)text[2] : 0;
    int is_one = (second == 0x80 && third >= 0xaa && third <= 0xae) ||
                 (second == 0x81 && third >= 0xa6 && third <= 0xa9);
    return is_one ? third : 0;
}

static void put_html(struct wi_buffer *out, const char *text)
{
    struct wi_buffer plain = {0};
    wi_buffer_puts(&plain, "");
    for (; *text; text++) {
        unsigned char end = bidi_end(text);
        if (!end) {
            wi_buffer_add(&plain, text, 1);
            continue;
        }
        wi_buffer_printf(&plain, "⟨U+%04X⟩",
            (unsigned char)text[1] == 0x80 ? 0x2000u + (end & 0x3f) : 0x2040u + (end & 0x3f));
        text += 2;
    }
    wi_lab_put_xml(out, plain.text);
    wi_buffer_clear(&plain);
}

static void put_badge(struct wi_buffer *out, const char *kind, const char *text)
{
    wi_buffer_strings(out, "<span class=\"badge ", kind, "\">", text, "</span>", NULL);
}

static void put_outcome(struct wi_buffer *out, const struct wi_lab_answer_row *row)
{
    static const char *const kinds[WI_LAB_OUTCOMES] = {[WI_LAB_OK] = "good",
        [WI_LAB_UNSUPPORTED] = "",
        [WI_LAB_ABSENT] = "",
        [WI_LAB_NOT_RUN] = "",
        [WI_LAB_TOO_SLOW] = "wait"};
    const char *kind = kinds[row->cell->outcome];
    put_badge(out, kind ? kind : "bad", wi_lab_outcome_names[row->cell->outcome]);
    if (row->is_software)
        put_badge(out, "wait", "software adapter");
    if (row->is_simulated)
        put_badge(out, "made-up", "simulated");
}

/* A cell of the table; a figure is aligned to the right. The text is cleared. */
static void put_field(struct wi_buffer *out, const char *kind, struct wi_buffer *text)
{
    wi_buffer_strings(out, "<td class=\"", kind, "\">", NULL);
    if (text->size > 0)
        put_html(out, text->text);
    wi_buffer_puts(out, "</td>");
    wi_buffer_clear(text);
}

static void put_time(struct wi_buffer *out, double ms)
{
    struct wi_buffer text = {0};
    if (ms >= 0)
        wi_lab_put_ms(&text, ms);
    put_field(out, "figure", &text);
}

static void put_times(struct wi_buffer *out, const struct wi_lab_answer_row *row)
{
    struct wi_buffer interval = {0}, words = {0};
    put_time(out, row->best ? row->best->summary.median : -1);
    if (row->best) {
        wi_lab_put_ms(&interval, row->best->summary.low);
        wi_buffer_puts(&interval, " to ");
        wi_lab_put_ms(&interval, row->best->summary.high);
    }
    put_field(out, "figure", &interval);
    if (row->wasm) {
        wi_lab_put_words(&words, &row->than_wasm);
        wi_buffer_puts(&words, wi_lab_is_as_fast(&row->than_wasm) ? " as WASM" : " than WASM");
    }
    put_field(out, "word", &words);
}

static void put_exactness(struct wi_buffer *out, const struct wi_lab_answer_row *row)
{
    struct wi_buffer ratio = {0}, changed = {0};
    wi_lab_put_exactness(&ratio, row);
    put_field(out, "figure", &ratio);
    if (row->changed)
        wi_buffer_puts(&changed, row->changed);
    put_field(out, "why", &changed);
}

static void put_why(struct wi_buffer *out, const struct wi_lab_answer_row *row)
{
    const char *remedy = wi_lab_remedy(row->cell), *reason = row->cell->reason;
    struct wi_buffer text = {0};
    if (row->cell->outcome != WI_LAB_OK && reason)
        wi_buffer_puts(&text, reason);
    if (remedy)
        wi_buffer_strings(&text, text.size ? "; " : "", remedy, NULL);
    put_field(out, "why", &text);
}

static void put_row(struct wi_buffer *out, const struct wi_lab_answer_row *row)
{
    struct wi_buffer place = {0}, memory = {0};
    wi_buffer_puts(out, "<tr>");
    wi_lab_put_place(&place, row->cell);
    put_field(out, "word", &place);
    wi_buffer_puts(&place, row->precision ? row->precision : "");
    put_field(out, "word", &place);
    wi_buffer_puts(out, "<td class=\"word\">");
    put_outcome(out, row);
    wi_buffer_puts(out, "</td>");
    put_times(out, row);
    put_exactness(out, row);
    if (row->memory_bytes >= 0)
        wi_buffer_printf(&memory, "%.0f", (double)row->memory_bytes / 1e6);
    put_field(out, "figure", &memory);
    put_time(out, row->load_ms);
    put_time(out, row->first_ms);
    put_why(out, row);
    wi_buffer_puts(out, "</tr>\n");
}

static void put_table(
    struct wi_buffer *out, const struct wi_lab_answer *answer, size_t from, size_t count)
{
    static const struct {
        const char *title;
        int is_figure;
    } heads[] = {{"Where", 0}, {"Precision", 0}, {"Outcome", 0}, {"Median ms", 1}, {"95 %", 1},
        {"Speed", 0}, {"Error / allowed", 1}, {"Changed", 0}, {"Memory MB", 1}, {"Load ms", 1},
        {"First run ms", 1}, {"What to do", 0}};
    wi_buffer_puts(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Where ");
    put_html(out, answer->rows[from].cell->model);
    wi_buffer_puts(out, " runs\"><table><thead><tr>");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        wi_buffer_strings(out, "<th scope=\"col\"", heads[i].is_figure ? " class=\"figure\"" : "",
            ">", heads[i].title, "</th>", NULL);
    wi_buffer_puts(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < count; i++)
        put_row(out, &answer->rows[from + i]);
    wi_buffer_puts(out, "</tbody></table></div>\n");
}

void wi_lab_put_answer_html(struct wi_buffer *out, const struct wi_lab_answer *answer)
{
    const char *name = answer->figures->run->name;
    size_t count;
    wi_buffer_puts(out, "<h1>");
    put_html(out, name ? name : "A run of the laboratory");
    wi_buffer_puts(out, "</h1>\n");
    for (size_t i = 0; i < answer->count; i += count) {
        struct wi_buffer sentence = {0};
        count = wi_lab_answer_span(answer, i);
        wi_lab_put_sentence(&sentence, answer, i);
        wi_buffer_puts(out, "<section class=\"answer\"><h2>");
        put_html(out, answer->rows[i].cell->model);
        wi_buffer_puts(out, "</h2><p>");
        put_html(out, sentence.text);
        wi_buffer_puts(out, "</p>\n");
        put_table(out, answer, i, count);
        wi_buffer_puts(out, "</section>\n");
        wi_buffer_clear(&sentence);
    }
}
