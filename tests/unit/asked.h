/*
 * A request's value with the members that a test names, and one reference:
 * ASKED(.model = wi_model_ref(&model), .priority = 5).
 */
#ifndef WI_TESTS_UNIT_ASKED_H
#define WI_TESTS_UNIT_ASKED_H

#include "wire/inference.h"

static inline struct wi_inference *make_asked(const struct wi_inference *members)
{
    struct wi_inference *asked = wi_inference_new();
    *asked = *members;
    asked->_references = 1;
    return asked;
}
#define ASKED(...) make_asked(&(struct wi_inference){__VA_ARGS__})

#endif
