/*
 * The dialect of POST /v1/benchmark: a model or a kernel runs several times in one page, over the
 * client's inputs or some of ours. Its answer is that of POST /v1/infer, with the measurements as
 * the result.
 */
#ifndef WI_WIRE_BENCHMARK_H
#define WI_WIRE_BENCHMARK_H

#include "wire/dialect.h"

extern const struct wi_dialect wi_dialect_benchmark;
/* The members of a request. */
extern const struct wi_param wi_benchmark_params[];

#endif
