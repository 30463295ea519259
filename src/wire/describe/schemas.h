/* The forms, by file; each list ends with a row without a name. */
#ifndef WI_WIRE_DESCRIBE_SCHEMAS_H
#define WI_WIRE_DESCRIBE_SCHEMAS_H

#include "wire/describe/schema.h"

extern const struct wi_schema wi_service_schemas[]; /* service.c: the service itself */
extern const struct wi_schema wi_models_schemas[];  /* describe_models.c: the models here */
extern const struct wi_schema wi_channel_schemas[]; /* describe_channels.c: messages of channels */
extern const struct wi_schema wi_result_schemas[];  /* describe_results.c: the output of models */
extern const struct wi_schema
    wi_openai_schemas[]; /* describe_openai.c: the same for OpenAI's clients */
extern const struct wi_schema
    wi_responses_schemas[]; /* describe_responses.c: in OpenAI's other form */
extern const struct wi_schema
    wi_anthropic_schemas[]; /* describe_anthropic.c: for Anthropic's clients */
extern const struct wi_schema wi_kserve_schemas[]; /* describe_kserve.c: for KServe's clients */
extern const struct wi_schema wi_ollama_schemas[]; /* describe_ollama.c: and for Ollama's clients */

/* All of them; NULL ends the list. */
extern const struct wi_schema *const wi_answer_schemas[];
/* The one of that name, or NULL. */
const struct wi_schema *wi_answer_schema(const char *name);

/* Prints an object of the form of that name: no member but those described, in their order. The
 * arguments are their values, without those of `also`:
 *
 *   string, 'word', Code, Platform   a string, or a json_t * of one
 *   integer, number, boolean         a number of any C type
 *   others                           a json_t *
 *
 * A json_t * is taken. A member that may be absent is left out if its value is NULL or a negative
 * number. With |null a number of 0 or less is null, and so is a NULL that does not leave the member
 * out. A string that is not UTF-8, a number that is not finite and a json_t * of another type count
 * as NULL. The object is the caller's. It is NULL if a member that must be there is NULL. */
#ifdef __cppcheck__ /* it knows no __VA_OPT__ */
#define wi_form_json(name, ...) wi_form_fill(name, NULL, 0)
#else
#define wi_form_json(name, ...)                                                                    \
    wi_form_fill(name, (json_t *[]){WI_EACH(WI_FORM_VALUE, __VA_ARGS__)},                          \
        sizeof((char[]){WI_EACH(WI_FORM_ZERO, __VA_ARGS__)}))
#endif
/* The same for values as JSON, which are taken. */
json_t *wi_form_fill(const char *name, json_t *const *values, size_t count);

#define WI_FORM_ZERO(value) 0
/* clang-format off */
#define WI_FORM_VALUE(value)                                                                       \
    _Generic((value), char *: json_string, const char *: json_string, double: json_real,           \
        float: json_real, json_t *: wi_form_value, void *: wi_form_value,                          \
        default: json_integer)(value)
/* clang-format on */
static inline json_t *wi_form_value(json_t *value)
{
    return value;
}

/* The macro `of` applied to each argument, with commas between. There may be 64, because each
 * WI_EACH_1 scans the rest once more. */
#define WI_EACH(of, ...) WI_EACH_4(WI_EACH_NEXT(of, __VA_ARGS__))
#define WI_EACH_4(...) WI_EACH_3(WI_EACH_3(WI_EACH_3(WI_EACH_3(__VA_ARGS__))))
#define WI_EACH_3(...) WI_EACH_2(WI_EACH_2(WI_EACH_2(WI_EACH_2(__VA_ARGS__))))
#define WI_EACH_2(...) WI_EACH_1(WI_EACH_1(WI_EACH_1(WI_EACH_1(__VA_ARGS__))))
#define WI_EACH_1(...) __VA_ARGS__
#define WI_EACH_NEXT(of, first, ...)                                                               \
    of(first) __VA_OPT__(, WI_EACH_AGAIN WI_EACH_NONE(of, __VA_ARGS__))
#define WI_EACH_AGAIN() WI_EACH_NEXT
#define WI_EACH_NONE ()

#endif
