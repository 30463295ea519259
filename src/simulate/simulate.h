/*
 * webinfer-simulate: nodes that compute nothing and say so, many of them in one process, speaking
 * webinfer-protocol(7). For load and for faults.
 *
 *   main.c, options.c          the program
 *   run.c                      all nodes: ramp, timers, figures
 *   node.c                     one node's part of the conversation
 *   attempt.c                  its attempts
 *   say.c                      what it says, apart from its answers
 *   stream.c                   answers in parts
 *   pieces.c                   tensors in pieces
 *   text.c, task.c, model.c    what is answered
 *   link.c, message.c          a socket, and what goes over it
 *   lot.c                      what is left to chance
 */
#ifndef WI_SIMULATE_SIMULATE_H
#define WI_SIMULATE_SIMULATE_H

#include "base/buffer.h"
#include "base/loop.h"
#include "base/lws.h"
#include "base/secret.h"
#include "model/builtin.h"
#include "model/task.h"
#include "model/tensor.h"
#include "node/frame.h"
#include "node/part.h"
#include "node/pieces_in.h"
#include "node/pieces_out.h"
#include "simulate/options.h"
#include <uv.h>

struct sim_counters {
    size_t up, up_peak, gone;
    uint64_t welcomed, resumed, broken, attempts, answered, failed, dropped, late, duplicated, cut,
        cancelled, unexpected;
    uint64_t streams, continued, parts;
    uint64_t heartbeats, late_heartbeats; /* of the service: later than 1.5 intervals */
    double worst_gap_ms;
    char why[160]; /* of the last node that was turned away */
};

struct sim {
    const struct sim_options *options;
    const struct sim_link_events *link; /* what every node hears of its socket */
    void (*on_left)(struct sim *sim);   /* a node that said bye is gone */
    uv_loop_t *loop;
    struct lws_context *lws;
    struct lws_vhost *vhost;
    struct wi_timer *ramp, *beat, *over;
    uv_signal_t interrupt, terminate;
    struct sim_node *nodes; /* options->nodes of them */
    size_t started, connecting, leaving;
    struct sim_model *models; /* list */
    struct sim_counters counters;
    unsigned char *scratch; /* LWS_PRE + WI_LWS_CHUNK bytes */
    double began, all_up_ms;
    uint64_t random;
    int ending, announced;
};

/* A message that was written; answers are kept until they are acknowledged, so they are counted. */
struct sim_message {
    unsigned references;
    int binary;
    size_t size;
    char *bytes;
};

struct sim_queued {
    struct sim_queued *next;
    struct sim_message *message;
};

/* What is to become of an attempt, by lot; of a stream, somewhere in it. */
enum sim_fate { SIM_ANSWER, SIM_FAIL, SIM_DROP, SIM_LATE, SIM_CUT };

/* An answer's tensors that go in pieces; none: it goes whole. */
struct sim_pieces_out {
    struct wi_tensors tensors;
    size_t tensor, position; /* the next byte */
    uint64_t sent;           /* bytes before it */
};

struct sim_attempt {
    struct sim_attempt *prev, *next;
    struct sim_node *node;
    char id[WI_FRAME_ID_MAX + 1], reply_to[WI_FRAME_ID_MAX + 1];
    enum sim_fate fate;
    json_t *request;           /* until it runs */
    struct wi_pieces_in *in;   /* its tensors, while they are on their way in pieces */
    struct sim_stream *stream; /* NULL: it is none */
    struct sim_pieces_out out;
    struct sim_message *answer; /* ready to be sent, or sent */
    struct wi_timer *timer;     /* until it is due */
    int answered, twice, cut;
};

/* What an attempt is to run; borrowed. */
struct sim_task {
    const json_t *data, *options;
    const char *model;
};

/* The outputs are owned by whoever made it. */
struct sim_answer {
    struct wi_error failure; /* WI_OK: it went well */
    int retryable, in_pieces;
    struct wi_tensors outputs;
    double took_ms, waited_ms;
    json_t *result; /* owned likewise; NULL: none */
    uint64_t parts; /* how many there were */
};

enum sim_state { SIM_IDLE, SIM_CONNECTING, SIM_ANNOUNCING, SIM_UP, SIM_LEAVING, SIM_GONE };

struct sim_node {
    struct sim *sim;
    enum sim_state state;
    struct lws *wsi;
    char id[WI_ID_SIZE];              /* "" before the first welcome */
    char resume_token[WI_TOKEN_SIZE]; /* "" for none */
    uint64_t sequence;
    struct sim_attempt *attempts;
    json_t *models; /* loaded: the list of model_status; NULL for none */
    /* The socket. */
    struct wi_blob *incoming;
    struct sim_queued *queue, *queue_end;
    size_t written; /* of the first message */
    /* Times, of wi_now_ms(). */
    double heard, said, heartbeat_at, retry_at;
    double retry_ms; /* the next wait is a random time up to this */
    double interval_ms;
    uint64_t max_frame; /* bytes that the service takes */
    unsigned misses;
    struct wi_credit initial_credit; /* of each stream */
};

/* --- run.c -------------------------------------------------------------------------- */

/* Runs the nodes until the end; 0, or -1 if none of them could come in. */
int sim_run(const struct sim_options *options);

/* --- lot.c -------------------------------------------------------------------------- */

double sim_random(struct sim *sim); /* in [0, 1) */
enum sim_fate sim_draw(struct sim *sim);

/* --- message.c ---------------------------------------------------------------------- */

/* Begins a message; its data is open. */
void sim_message_begin(struct sim_node *node, struct wi_buffer *out, int binary, const char *type);
struct sim_message *sim_message_new(int binary, struct wi_buffer *bytes); /* takes the text */
void sim_message_unref(struct sim_message *message);                      /* NULL is fine */

/* --- link.c ------------------------------------------------------------------------- */

extern const struct lws_protocols sim_protocols[];
struct sim_link_events {
    void (*open)(struct sim_node *node);
    void (*message)(struct sim_node *node, struct wi_blob *blob, int binary); /* borrowed */
    void (*closed)(struct sim_node *node); /* the socket is gone, or never came */
    /* The service said so on closing. */
    void (*refused)(struct sim_node *node, int code, const char *reason);
};
void sim_link_connect(struct sim_node *node);
/* Breaks the connection without a word. */
void sim_link_cut(struct sim_node *node);
/* Takes a reference of its own. */
void sim_link_send(struct sim_node *node, struct sim_message *message);
/* A message that is not kept; takes the text. */
void sim_link_send_once(struct sim_node *node, int binary, struct wi_buffer *bytes);
void sim_link_clear(struct sim_node *node); /* what is queued and half received */

/* --- say.c -------------------------------------------------------------------------- */

void sim_say_announcement(struct sim_node *node);
void sim_say_heartbeat(struct sim_node *node, const char *reply_to);
void sim_say_models(struct sim_node *node);
void sim_say_capabilities(struct sim_node *node);
void sim_say_bye(struct sim_node *node);

/* --- node.c ------------------------------------------------------------------------- */

extern const struct sim_link_events sim_node_events;
/* Now and then: comes back when it is time, speaks up, notices silence. */
void sim_node_beat(struct sim_node *node, double now);
/* Says bye if it is up: 1, and sim->on_left follows. */
int sim_node_leave(struct sim_node *node);
void sim_node_free(struct sim_node *node);

/* --- attempt.c ---------------------------------------------------------------------- */

/* What the service says of attempts; one that is not known is passed over. */
void sim_attempt_begin(struct sim_node *node, struct wi_frame *task);
void sim_attempt_data(struct sim_node *node, const struct wi_frame *frame);
void sim_attempt_cancel(struct sim_node *node, const char *id);
void sim_attempt_acknowledge(struct sim_node *node, const json_t *ids, const json_t *parts);
/* By the data of a welcome: drops what is not wanted, and sends again what has not come. */
void sim_attempts_resume(struct sim_node *node, const json_t *welcome);
/* Gives up what an announcement has no room to list: the service sends it again. */
void sim_attempts_fit(struct sim_node *node);
struct sim_attempt *sim_attempt_find(struct sim_node *node, const char *id); /* or NULL */
void sim_attempt_free(struct sim_attempt *attempt);
/* Notes a model as loaded, once. */
void sim_attempt_note_model(struct sim_node *node, const json_t *model);

/* --- stream.c ----------------------------------------------------------------------- */

/* The attempt's answer behind the parts; borrowed. */
typedef void sim_stream_end_fn(struct sim_attempt *attempt, struct sim_answer *answer);
/* Of builtin/count, or of text; NULL if the options are not those of the first. It begins from the
 * loop. */
struct sim_stream *sim_stream_new(struct sim_attempt *attempt, const struct sim_task *task,
    double delay_ms, sim_stream_end_fn *on_end);
void sim_stream_free(struct sim_stream *stream);           /* NULL is fine */
uint64_t sim_stream_next(const struct sim_stream *stream); /* seq of the part that it makes next */
void sim_stream_forget(struct sim_stream *stream, uint64_t seq); /* the parts before that */
void sim_stream_credit(struct sim_stream *stream, const json_t *said);
/* What the welcome said of it; either may be NULL. */
void sim_stream_resume(struct sim_stream *stream, const json_t *next, const json_t *credit);

/* --- pieces.c ----------------------------------------------------------------------- */

/* Makes room for such tensors, and takes a piece of them: 0, or -1 where that cannot be. */
int sim_pieces_expect(struct sim_attempt *attempt, const json_t *outline);
int sim_pieces_take(struct sim_attempt *attempt, const struct wi_frame *frame);
/* Whether nothing is missing any more; then moves the tensors to `inputs`. */
int sim_pieces_are_whole(struct sim_attempt *attempt, struct wi_tensors *inputs);
void sim_pieces_outline(struct sim_attempt *attempt);
void sim_pieces_credit(struct sim_attempt *attempt, uint64_t data_bytes);
void sim_pieces_resume(struct sim_attempt *attempt, const json_t *wanted);

/* --- text.c ------------------------------------------------------------------------- */

/* A chat or a completion: a list of its parts without their numbers, and its result, as it is
 * beside them (`stream`) or without them. New references. */
json_t *sim_text_speak(
    const struct sim_task *task, const json_t *input, double token_ms, int stream, json_t **result);
/* The whole answer to a text task: WI_OK, or a failure in `answer`. */
enum wi_code sim_text_answer(
    const struct sim_task *task, double token_ms, struct sim_answer *answer);

/* --- task.c ------------------------------------------------------------------------- */

/* Which task; WI_TASK_NONE: it names none. */
enum wi_task_kind sim_task_kind(const struct sim_task *task);
/* The whole answer to a task that writes no text. */
void sim_task_answer(const struct sim_task *task, struct sim_answer *answer);

/* --- model.c ------------------------------------------------------------------------ */

/* What the model would answer to `inputs`, filled with zeros: WI_OK, or why it cannot be known. */
enum wi_code sim_model_outputs(struct sim *sim, const char *name, const struct wi_tensors *inputs,
    const json_t *wanted, struct wi_tensors *outputs, struct wi_error *error);
/* Whether an output is in the list of those wanted; an empty list or none: all are. */
int sim_model_wants(const json_t *wanted, const char *name);
void sim_models_free(struct sim *sim);

#endif
