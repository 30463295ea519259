/* The forms, by file; each list ends with a row without a name. */
#ifndef WI_WIRE_DESCRIBE_SCHEMAS_H
#define WI_WIRE_DESCRIBE_SCHEMAS_H

#include "wire/describe/schema.h"

extern const struct wi_schema wi_service_schemas[];   /* service.c: the service itself */
extern const struct wi_schema wi_models_schemas[];    /* models.c: the models here */
extern const struct wi_schema wi_result_schemas[];    /* results.c: the output of models */
extern const struct wi_schema wi_openai_schemas[];    /* openai.c: the same for OpenAI's clients */
extern const struct wi_schema wi_responses_schemas[]; /* responses.c: in OpenAI's other form */
extern const struct wi_schema wi_anthropic_schemas[]; /* anthropic.c: for Anthropic's clients */
extern const struct wi_schema wi_kserve_schemas[];    /* kserve.c: for KServe's clients */
extern const struct wi_schema wi_ollama_schemas[];    /* ollama.c: and for Ollama's clients */
extern const struct wi_schema wi_request_schemas[];   /* requests.c: bodies and queries */

#endif
