/*
 * /v1/audio/streams: transcribes sound while it is spoken. POST begins a stream, POST on its
 * address sends bytes of it, GET of its events takes the text, POST of its end ends it, DELETE
 * cancels it. The state between requests is in hearings.c.
 */
#include "api/endpoints/endpoints.h"
#include "api/endpoints/infer.h"
#include "api/endpoints/openapi.h"
#include "api/endpoints/sound/hearings.h"
#include "api/http/query.h"
#include "base/memory.h"
#include "terms/sound/cutter.h"
#include "wire/describe/schemas.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct wi_hearings *hearings_of(const struct wi_request *request)
{
    return request->api->endpoints->hearings;
}

/* --- POST /v1/audio/streams ------------------------------------------------------------------- */

struct asked {
    const char *model_name, *language;
    int format; /* enum wi_pcm_format */
    int64_t sampling_rate, channels, pause_ms;
    int partials;
    json_t *options;
};

const struct wi_param wi_sound_order_params[] = {
    WI_PARAM(asked, model_name, STRING, .required = 1, .min = 1, .max = WI_MODEL_NAME_MAX,
        .help = "A model for the task automatic-speech-recognition."),
    WI_PARAM(asked, format, ENUM, .names = wi_pcm_format_names,
        .help = "The format of the samples: 16-bit integers or 32-bit floats, little-endian; s16le "
                "by default."),
    WI_PARAM(asked, sampling_rate, INTEGER, .min = WI_PCM_RATE_MIN, .max = WI_PCM_RATE_MAX,
        .help = "The number of samples per second; 16000 by default."),
    WI_PARAM(asked, channels, INTEGER, .min = 1, .max = WI_PCM_CHANNELS_MAX,
        .help = "The number of channels, whose samples are interleaved; 1 by default."),
    WI_PARAM(asked, language, STRING, .min = 1, .max = 64,
        .help = "The language that is spoken, as in the option language."),
    WI_PARAM(asked, pause_ms, INTEGER, .min = WI_CUTTER_PAUSE_MIN, .max = WI_CUTTER_PAUSE_MAX,
        .help = "How long a pause in speech must be to end a segment, in milliseconds; 500 by "
                "default."),
    WI_PARAM(asked, partials, BOOL,
        .help = "Whether the text so far is sent before a segment ends; true by default."),
    WI_PARAM(asked, options, OBJECT, .form = "TaskOptions", .help = "As for POST /v1/infer."),
    WI_PARAM_END,
};

/* From the request until its model was looked at. `request` comes first: see wi_infer_charge. */
struct opening {
    struct wi_request *request;
    struct wi_run *run;
    struct wi_hearing_order order;
};

static void drop_opening(void *work)
{
    struct opening *opening = work;
    wi_run_abandon(opening->run);
    free(opening);
}

/* The request for each segment, in the form of POST /v1/infer: about one moment of silence, which
 * each segment replaces. */
static json_t *request_for(const struct asked *asked)
{
    static const char silence[][13] = {"AAA=", "AAAAAA==", "AAAAAA==", "AAAAAAAAAAA="};
    size_t which = (size_t)(asked->format == WI_PCM_F32LE) * 2 + (size_t)(asked->channels - 1);
    json_t *options = asked->options ? json_copy(asked->options) : json_object();
    if (asked->language)
        json_object_set_new(options, "language", json_string(asked->language));
    return json_pack("{s:s, s:s, s:{s:s, s:s, s:I, s:I}, s:o}", "model_name", asked->model_name,
        "task", wi_task_name(WI_TASK_SPEECH_RECOGNITION), "inputs", "audio", silence[which],
        "format", wi_pcm_format_names[asked->format], "sampling_rate",
        (json_int_t)asked->sampling_rate, "channels", (json_int_t)asked->channels, "options",
        options);
}

static void answer_opened(struct wi_request *request, const struct wi_hearing *hearing)
{
    const char *id = wi_hearing_id(hearing);
    wi_request_answer_json(request, 201, wi_form_json("SoundStream", id, 0));
    wi_request_add_location(request, "/v1/audio/streams/", id);
}

/* The error is about the request that was made here; in the client's request it is about the model.
 */
static void refuse_model(struct wi_error *error)
{
    snprintf(error->field, sizeof error->field, "model_name");
    wi_error_expect(error, "a model that does %s", wi_task_name(WI_TASK_SPEECH_RECOGNITION));
    error->allowed[0] = '\0';
}

static void on_checked(void *context, struct wi_printing *printing, const struct wi_error *failure)
{
    struct opening *opening = context;
    struct wi_request *request = opening->request;
    const struct wi_inference *asked = wi_run_infer(opening->run)->asked;
    const char *client = wi_request_client(request);
    struct wi_error error;
    (void)printing; /* there is none */
    if (failure) {
        error = *failure;
        if (error.code == WI_INPUT_INVALID)
            refuse_model(&error);
        wi_request_answer_error(request, &error);
    } else if (wi_hearings_admit(hearings_of(request), client, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
    } else {
        const char *times = json_string_value(json_object_get(asked->options, "timestamps"));
        opening->order.words = times && (strcmp(times, "word") == 0 || strcmp(times, "both") == 0);
        answer_opened(
            request, wi_hearing_new(hearings_of(request), client, asked, &opening->order));
    }
    free(opening);
}

static void check_model(struct wi_request *request, const struct asked *asked)
{
    struct opening *opening = wi_alloc(sizeof *opening);
    const struct wi_run_owner owner = {
        .context = opening, .charge = wi_infer_charge, .on_done = on_checked};
    struct wi_buffer text = {0};
    json_t *json = request_for(asked);
    opening->request = request;
    opening->order = (struct wi_hearing_order){
        .pcm = {asked->format, (unsigned)asked->sampling_rate, (unsigned)asked->channels},
        .pause_ms = (unsigned)asked->pause_ms,
        .partials = asked->partials};
    wi_buffer_json(&text, json);
    struct wi_run_request run = {.kind = WI_RUN_CHECK,
        .dialect = &wi_dialect_native,
        .body = wi_blob_new(NULL, text.size),
        .json_size = text.size,
        .client = wi_request_client(request),
        .accepted_at = request->read};
    if (!run.body || wi_blob_append(run.body, text.text, text.size) != 0)
        abort(); /* out of memory for a small object */
    wi_buffer_clear(&text);
    json_decref(json);
    opening->run = wi_run_new(&request->api->endpoints->runs, &run, &owner);
    wi_request_wait(request, drop_opening, opening);
    wi_run_begin(opening->run); /* the opening may be gone afterwards */
}

static enum wi_code check_asked(const struct asked *asked, struct wi_error *error)
{
    if (asked->language && json_object_get(asked->options, "language"))
        return wi_error_set(error, WI_INVALID_FIELD, "options.language",
            "the language is given twice: in language and in options.language");
    return WI_OK;
}

void wi_handle_sound_new(struct wi_request *request)
{
    struct asked asked = {.sampling_rate = 16000, .channels = 1, .pause_ms = 500, .partials = 1};
    json_t *body = wi_request_read_body(request, wi_sound_order_params, &asked);
    struct wi_error error;
    if (!body)
        return;
    if (check_asked(&asked, &error) != WI_OK ||
        wi_hearings_admit(hearings_of(request), wi_request_client(request), &error) != WI_OK)
        wi_request_answer_error(request, &error);
    else
        check_model(request, &asked);
    json_decref(body);
}

/* --- those of one stream ---------------------------------------------------------------------- */

/* NULL with the request answered. */
static struct wi_hearing *hearing_find(struct wi_request *request)
{
    struct wi_hearing *hearing =
        wi_hearing_find(hearings_of(request), request->argument, wi_request_client(request));
    if (!hearing) {
        wi_request_answer_refusal(request, WI_NOT_FOUND, "id",
            "this client has no sound stream %.60s", request->argument);
    }
    return hearing;
}

static void answer_state(struct wi_request *request, const struct wi_hearing *hearing)
{
    struct wi_hearing_state state;
    wi_hearing_state(hearing, &state);
    wi_request_answer_json(request, 200,
        wi_form_json("SoundState", state.position, state.heard_ms, state.done_ms, state.lag_ms));
}

struct query {
    int64_t position;
};

const struct wi_param wi_sound_query_params[] = {
    WI_PARAM(query, position, INTEGER, .required = 1, .min = 0, .max = 9007199254740991.0,
        .help = "How many bytes of the audio precede those in the body. Bytes already "
                "received are skipped."),
    WI_PARAM_END,
};

void wi_handle_sound_take(struct wi_request *request)
{
    struct wi_hearing *hearing = hearing_find(request);
    const struct wi_blob *body = request->body;
    struct query query = {0};
    struct wi_error error;
    json_t *arguments =
        hearing ? wi_request_read_query(request, wi_sound_query_params, WI_PARAMS_STRICT, &query)
                : NULL;
    if (!arguments)
        return;
    json_decref(arguments);
    if (wi_hearing_take(hearing, (uint64_t)query.position, body ? body->bytes : NULL,
            body ? body->size : 0, &error) == WI_OK)
        answer_state(request, hearing);
    else
        wi_request_answer_error(request, &error);
}

void wi_handle_sound_end(struct wi_request *request)
{
    struct wi_hearing *hearing = hearing_find(request);
    struct wi_error error;
    if (!hearing)
        return;
    if (wi_hearing_end(hearing, &error) == WI_OK)
        answer_state(request, hearing);
    else
        wi_request_answer_error(request, &error);
}

void wi_handle_sound_cancel(struct wi_request *request)
{
    struct wi_hearing *hearing = hearing_find(request);
    if (!hearing)
        return;
    wi_hearing_cancel(hearing); /* it may be gone */
    wi_request_answer_verb(request, 200, request->argument, "cancelled");
}

void wi_handle_sound_read(struct wi_request *request)
{
    struct wi_hearing *hearing = hearing_find(request);
    struct wi_error error;
    if (hearing && wi_hearing_read(hearing, request, &error) != WI_OK)
        wi_request_answer_error(request, &error);
}
