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
extern const struct wi_schema wi_request_schemas[]; /* requests.c: bodies and queries */

#endif
