/*
 * Which bytes of a file are there, written down beside them, and of which hash that file is to be.
 * A record is whole or it is none: it ends with a checksum of itself. Blocks; for threads of the
 * pool, one at a time for one record.
 */
#ifndef WI_HUB_RECORD_H
#define WI_HUB_RECORD_H

#include "hub/ranges.h"
#include "hub/tree.h"

/* 1 and the bytes that are there (`there` is empty before), or 0 if what lies at `path` in `folder`
 * is no record of this very file; -1 with errno if it cannot be opened for a shortage. */
int wi_record_load(
    int folder, const char *path, const struct wi_hub_file *file, struct wi_ranges *there);
/* Replaces the record by one rename, or, where a full disk has no room for a new one, in its place.
 * A failure leaves the old record or none. */
void wi_record_save(
    int folder, const char *path, const struct wi_hub_file *file, const struct wi_ranges *there);

#endif
