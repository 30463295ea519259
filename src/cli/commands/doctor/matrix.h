/*
 * webinfer matrix in three parts: finding out what browsers can do, keeping it, and showing it. A
 * column is a MatrixBrowser of GET /v1/matrix; in the member "where" it has the name of the machine
 * or device on which it was seen, or null for this machine.
 */
#ifndef WI_CLI_COMMANDS_DOCTOR_MATRIX_H
#define WI_CLI_COMMANDS_DOCTOR_MATRIX_H

#include "cli/cli.h"
#include "settings/config/config.h"
#include <jansson.h>

/* Finds out in the browsers of a daemon, whose kinds without a browser are started first, or with
 * --found asks what they have found. `*matrix` gets {"features", "browsers"}. WI_EXIT_OK, or the
 * exit status once the error is printed. Progress goes to standard error. */
enum wi_exit wi_matrix_find_there(struct wi_cli *cli, json_t **matrix);
/* The same without a daemon: each browser that is installed is started, tested and ended. */
enum wi_exit wi_matrix_find_here(const struct wi_cli *cli, json_t **matrix);

#define WI_MATRIX_KEPT 256 /* columns; beyond them the oldest go */
/* The columns that are kept in the file matrix.json of the client's state; a new reference, an
 * empty array if there are none. */
json_t *wi_matrix_kept_read(void);
/* Writes that file. 0, or -1 once a warning is printed. */
int wi_matrix_kept_write(const json_t *kept);
/* Puts those of `columns` that have findings among those kept: one for each kind of browser,
 * version and place, the latest findings of which count. */
void wi_matrix_kept_add(json_t *kept, const json_t *columns);
/* Appends what is kept of other browsers than those in `columns`: of each kind and place the latest
 * version, or with `all` each version. Only `kind`, unless it is NULL. */
void wi_matrix_kept_show(json_t *columns, const json_t *kept, const char *kind, int all);
/* Reads the document that webinfer matrix --json has printed on another machine, and keeps its
 * columns, of which there are at most 512, as seen at `where`. WI_EXIT_OK, or WI_EXIT_USAGE once
 * the error is printed. */
enum wi_exit wi_matrix_import(json_t *kept, const char *path, const char *where);

#endif
