/* What the other members of a cluster have found, for verdicts.c; see verdicts.h. */
#ifndef WI_WORK_POOL_FACTS_VERDICTS_TOLD_H
#define WI_WORK_POOL_FACTS_VERDICTS_TOLD_H

#include "work/pool/facts/verdicts_records.h"

/* The record of that key; NULL: nothing was told. */
struct verdict_record *wi_verdict_told_find(const struct wi_verdicts *verdicts, const char *key);

#endif
