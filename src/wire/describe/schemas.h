/* The forms, by file; each list ends with a row without a name. */
#ifndef WI_WIRE_DESCRIBE_SCHEMAS_H
#define WI_WIRE_DESCRIBE_SCHEMAS_H

#include "wire/describe/schema.h"

extern const struct wi_schema wi_service_schemas[]; /* service.c: the service itself */
extern const struct wi_schema wi_models_schemas[];  /* describe_models.c: the models here */
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
 * arguments are their values, without those of `also`, ended by NULL:
 *
 *   string, 'word', Code, Platform   const char *
 *   integer, number, boolean         json_int_t, double, int
 *   others                           json_t *, which is taken
 *
 * With |null a NULL is null, and so is a number of 0 or less. A member that may be absent is left
 * out if its value is NULL or a negative number. The object is the caller's. It is NULL if a member
 * that must be there is NULL, a string is not UTF-8, or a number is not finite. */
__attribute__((sentinel)) json_t *wi_form_json(const char *name, ...);

#endif
