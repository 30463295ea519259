/* The options of webinfer-simulate: the parser, --help and webinfer-simulate(1) are made from one
 * table. */
#ifndef WI_SIMULATE_OPTIONS_H
#define WI_SIMULATE_OPTIONS_H

#include "base/error.h"
#include "nodes/node/worker.h"
#include <stdint.h>
#include <stdio.h>

struct sim_options {
    uint64_t nodes;
    double latency_ms, jitter_ms; /* an answer takes latency plus up to jitter */
    double token_ms;              /* in addition, for each part of a text */
    /* Shares of the attempts, 0 to 1; the first that applies decides. */
    double fail_rate;      /* answered with a failure that another node may not have */
    double drop_rate;      /* never answered */
    double late_rate;      /* answered after the service has given up */
    double cut_rate;       /* the connection breaks first; answered after coming back */
    double duplicate_rate; /* answered twice */
    const char *browser;   /* the browser that the nodes claim to be */
    const char *models;    /* folder with the models whose shapes they know, or NULL */
    const char *join_file; /* its first line is the join link; "-" is standard input */
    const char *authority; /* PEM file of the authority to trust, or NULL */
    int64_t run_ms;        /* 0: until told to stop */
    uint64_t seed;
    int serial; /* a node does one thing after the other, as most engines do */
    int json, version, help;
    struct wi_join_link link; /* parsed from that first line by main */
};

/* Sets the defaults, then reads the command line; strings are borrowed from argv. WI_OK or, with
 * `error` filled, WI_BAD_REQUEST. */
enum wi_code wi_sim_options_read(
    struct sim_options *options, int argc, char **argv, struct wi_error *error);
void wi_sim_options_help(FILE *out);
/* The list of options of webinfer-simulate(1), in mdoc. Public for tests. */
void wi_sim_options_mdoc(FILE *out);

#endif
