/* See announcement.h. */
#include "nodes/bridge/joins/announcement.h"

#include "base/params.h"
#include "nodes/node/frame.h"
#include "terms/part.h"

#define PROTOCOL_VERSION 1
#define MAX_RESUMED 1024 /* attempts that a resume lists */

static const struct wi_param announcement_table[] = {
    WI_PARAM(wi_announcement, protocol, INTEGER, .required = 1),
    WI_PARAM(wi_announcement, page_version, STRING, .max = 64),
    WI_PARAM(wi_announcement, token, STRING, .min = 1, .max = 256),
    WI_PARAM(wi_announcement, device_key, STRING),
    WI_PARAM(wi_announcement, resume, OBJECT),
    WI_PARAM(wi_announcement, device, OBJECT),
    WI_PARAM(wi_announcement, capabilities, OBJECT, .required = 1),
    WI_PARAM_END,
};

static const struct wi_param resume_table[] = {
    WI_PARAM(wi_resume, node, STRING, .required = 1, .min = 1, .max = WI_FRAME_ID_MAX),
    WI_PARAM(wi_resume, token, STRING, .required = 1, .min = 1, .max = 256),
    WI_PARAM(wi_resume, running, ARRAY, .required = 1, .max = MAX_RESUMED),
    WI_PARAM(wi_resume, unacknowledged, ARRAY, .required = 1, .max = MAX_RESUMED),
    WI_PARAM(wi_resume, next, OBJECT),
    WI_PARAM(wi_resume, data, OBJECT),
    WI_PARAM_END,
};

struct returning_device {
    const char *key;
};

static const struct wi_param device_table[] = {
    WI_PARAM(returning_device, key, STRING, .required = 1),
    WI_PARAM_END,
};

static enum wi_code check_ids(const json_t *list, const char *field, struct wi_error *error)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *id = json_array_get(list, i);
        if (!json_is_string(id) || json_string_length(id) == 0 ||
            json_string_length(id) > WI_FRAME_ID_MAX)
            return wi_error_set(error, WI_INVALID_FIELD, field,
                "%s[%zu] must be an id of 1 to %d bytes", field, i, WI_FRAME_ID_MAX);
    }
    return WI_OK;
}

static enum wi_code check_next(json_t *next, struct wi_error *error)
{
    const char *id;
    json_t *seq;
    json_object_foreach(next, id, seq)
    {
        if (!json_is_integer(seq) || json_integer_value(seq) < 0 ||
            json_integer_value(seq) > WI_PART_NUMBER_MAX)
            return wi_error_set(error, WI_INVALID_FIELD, "data.resume.next",
                "data.resume.next[\"%.64s\"] must be an integer from 0 to %lld", id,
                (long long)WI_PART_NUMBER_MAX);
    }
    return WI_OK;
}

static enum wi_code read_claim(struct wi_announcement *announcement, struct wi_error *error)
{
    struct wi_device_claim *claim = &announcement->claim;
    struct returning_device device = {0};
    if (announcement->device_key && !announcement->token)
        return wi_error_set(error, WI_INVALID_FIELD, "data.device_key",
            "data.device_key is remembered with data.token only");
    if (announcement->device_key) {
        claim->kind = WI_DEVICE_NEW;
        return wi_device_key_read(announcement->device_key, "data.device_key", claim->key, error);
    }
    if (!announcement->device)
        return WI_OK;
    claim->kind = WI_DEVICE_BACK;
    if (wi_params_read(device_table, announcement->device, WI_PARAMS_OPEN, "data.device.", &device,
            error) != WI_OK)
        return error->code;
    return wi_device_key_read(device.key, "data.device.key", claim->key, error);
}

enum wi_code wi_announcement_read(const json_t *data, struct wi_announcement *announcement,
    struct wi_resume *resume, struct wi_error *error)
{
    if (wi_params_read(announcement_table, data, WI_PARAMS_OPEN, "data.", announcement, error) !=
        WI_OK)
        return error->code;
    if (announcement->protocol != PROTOCOL_VERSION)
        return wi_error_set(error, WI_INVALID_FIELD, "data.protocol",
            "data.protocol is %lld; this service speaks %d", (long long)announcement->protocol,
            PROTOCOL_VERSION);
    if (!!announcement->token + !!announcement->resume + !!announcement->device != 1)
        return wi_error_set(error, WI_MISSING_FIELD, "data.token",
            "one of data.token, data.resume and data.device is needed, and not more");
    if (read_claim(announcement, error) != WI_OK)
        return error->code;
    if (!announcement->resume)
        return WI_OK;
    if (wi_params_read(resume_table, announcement->resume, WI_PARAMS_OPEN, "data.resume.", resume,
            error) != WI_OK)
        return error->code;
    size_t count = json_array_size(resume->running) + json_array_size(resume->unacknowledged);
    if (count > MAX_RESUMED)
        return wi_error_set(error, WI_INVALID_FIELD, "data.resume",
            "data.resume lists %zu attempts; at most %d are allowed", count, MAX_RESUMED);
    if (check_ids(resume->running, "data.resume.running", error) != WI_OK ||
        check_ids(resume->unacknowledged, "data.resume.unacknowledged", error) != WI_OK)
        return error->code;
    return check_next(resume->next, error);
}
