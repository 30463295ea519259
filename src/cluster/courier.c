/* See courier.h. Boxes under a mutex, as those of the database's writer. */
#include "cluster/courier.h"

#include "base/memory.h"
#include "base/text.h"
#include "cluster/talk.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* The thread looks for something to write so often, and tries the servers again so often. */
#define LOOK_MS 200
#define RETRY_NS (UINT64_C(1000) * 1000 * 1000)
/* While members talk, it looks so often for what is to be said and for what was heard, which no
 * wait for the watch's next entry would notice. */
#define TALK_MS 20
/* So many messages are taken until the watch gets its turn. */
#define HEARD_PER_TURN 64
/* Events that the loop has not taken yet; the thread waits before there are more. */
#define EVENTS_MAX 256

struct item {
    struct wi_courier_event event;
    struct item *prev, *next;
};

/* What is to be said. */
struct said {
    struct wi_buffer text;
    struct said *prev, *next;
};

struct wi_courier {
    uv_thread_t thread;
    uv_async_t async;
    wi_courier_event_fn *on_event;
    void *context;
    struct wi_strings servers;
    struct wi_broker_terms terms; /* of owned strings */
    char *key, *subject, *subjects;
    size_t value_max;
    int closing;      /* the loop's */
    int is_listening; /* the thread's: to what members say */
    /* The rest is shared; access requires the mutex. */
    uv_mutex_t mutex;
    uv_cond_t wake; /* the thread: to write, to end, or there is room */
    char *text;     /* to write; NULL: nothing */
    uint64_t revision;
    int listens; /* with the text, and then until the next one */
    struct item *events;
    size_t event_count;
    size_t event_bytes; /* of their entries */
    struct said *said;
    size_t said_bytes;
    int stop, remove, ended;
};

/* --- the thread ------------------------------------------------------------------------------- */

/* Takes the event's entry over. The handle is closed only once the thread has ended. */
static void event_give(struct wi_courier *courier, const struct wi_courier_event *event)
{
    struct item *item = wi_alloc(sizeof *item);
    item->event = *event;
    uv_mutex_lock(&courier->mutex);
    while ((courier->event_count >= EVENTS_MAX || courier->event_bytes >= WI_TALK_WAITING_MAX) &&
           !courier->stop)
        uv_cond_wait(&courier->wake, &courier->mutex);
    DL_APPEND(courier->events, item);
    courier->event_count++;
    courier->event_bytes += event->entry.size;
    uv_async_send(&courier->async);
    uv_mutex_unlock(&courier->mutex);
}

static int is_stopped(void *context)
{
    struct wi_courier *courier = context;
    uv_mutex_lock(&courier->mutex);
    int stop = courier->stop;
    uv_mutex_unlock(&courier->mutex);
    return stop;
}

/* What is to be written, for free(); NULL: nothing. */
static char *take_text(struct wi_courier *courier, uint64_t *revision)
{
    uv_mutex_lock(&courier->mutex);
    char *text = courier->text;
    *revision = courier->revision;
    if (text)
        courier->is_listening = courier->listens;
    courier->text = NULL;
    uv_mutex_unlock(&courier->mutex);
    return text;
}

/* It listens before others can read that it does. 0, or -1 with the problem of the event. */
static int courier_write(
    struct wi_courier *courier, struct wi_broker *broker, struct wi_courier_event *event)
{
    uint64_t revision;
    char *text = take_text(courier, &revision);
    if (!text)
        return 0;
    int result =
        wi_broker_listen(broker, courier->is_listening ? courier->subjects : NULL, &event->problem);
    if (result == 0)
        result = wi_broker_write(broker, courier->key, text, revision, courier->value_max,
            &event->entry, &event->problem);
    free(text);
    if (result == 0)
        event_give(courier, event);
    return result < 0 ? -1 : 0;
}

/* --- the thread, while members talk ----------------------------------------------------------- */

/* What is to be said next; NULL: nothing. */
static struct said *take_said(struct wi_courier *courier)
{
    uv_mutex_lock(&courier->mutex);
    struct said *said = courier->said;
    if (said) {
        DL_DELETE(courier->said, said);
        courier->said_bytes -= said->text.size;
    }
    uv_mutex_unlock(&courier->mutex);
    return said;
}

static void said_free(struct said *said)
{
    wi_buffer_clear(&said->text);
    free(said);
}

/* What waits was meant for a server that is gone: its time is of then. */
static void texts_forget(struct wi_courier *courier)
{
    struct said *said;
    uint64_t revision;
    free(take_text(courier, &revision));
    while ((said = take_said(courier)))
        said_free(said);
}

/* Returns how much was said, or -1 with the problem. */
static int courier_say(
    struct wi_courier *courier, struct wi_broker *broker, struct wi_broker_problem *problem)
{
    struct said *said;
    int count = 0, result = 0;
    while (result == 0 && (said = take_said(courier))) {
        result = wi_broker_say(broker, courier->subject, said->text.text, said->text.size, problem);
        said_free(said);
        count++;
    }
    return result < 0 ? -1 : count;
}

static int courier_hear(
    struct wi_courier *courier, struct wi_broker *broker, struct wi_broker_problem *problem)
{
    struct wi_courier_event event = {.kind = WI_COURIER_HEARD};
    int got = 1;
    for (int i = 0; i < HEARD_PER_TURN && got == 1; i++)
        if ((got = wi_broker_hear(broker, &event.entry, problem)) == 1)
            event_give(courier, &event);
    return got < 0 ? -1 : 0;
}

/* Whether there may soon be more to say or to hear, or -1 with the problem. */
static int courier_talk(
    struct wi_courier *courier, struct wi_broker *broker, struct wi_broker_problem *problem)
{
    int said = courier_say(courier, broker, problem);
    if (said < 0 || (courier->is_listening && courier_hear(courier, broker, problem) != 0))
        return -1;
    return courier->is_listening || said > 0;
}

/* --- the thread, as a whole ------------------------------------------------------------------- */

/* Until the connection is lost, or the end. */
static void courier_serve(struct wi_courier *courier, struct wi_broker *broker)
{
    courier->is_listening = 0;
    while (!is_stopped(courier)) {
        struct wi_courier_event event = {.kind = WI_COURIER_ENTRY};
        int talks = courier_talk(courier, broker, &event.problem);
        int got = talks < 0 ? -1 : courier_write(courier, broker, &event);
        if (got == 0)
            got = wi_broker_next(broker, talks ? TALK_MS : LOOK_MS, courier->value_max,
                &event.entry, &event.problem);
        if (got != 0) {
            event.kind = got < 0 ? WI_COURIER_FAILED : WI_COURIER_ENTRY;
            event_give(courier, &event);
        }
        if (got < 0)
            return;
    }
    if (courier->remove)
        wi_broker_remove(broker, courier->key);
}

static void courier_rest(struct wi_courier *courier)
{
    uv_mutex_lock(&courier->mutex);
    if (!courier->stop)
        uv_cond_timedwait(&courier->wake, &courier->mutex, RETRY_NS);
    uv_mutex_unlock(&courier->mutex);
}

static void courier_run(void *data)
{
    struct wi_courier *courier = data;
    while (!is_stopped(courier)) {
        struct wi_courier_event event = {.kind = WI_COURIER_OPENED};
        struct wi_broker *broker = wi_broker_search(
            &courier->servers, &courier->terms, is_stopped, courier, &event.server, &event.problem);
        if (broker == NULL)
            event.kind = WI_COURIER_FAILED;
        texts_forget(courier);
        event_give(courier, &event);
        if (broker)
            courier_serve(courier, broker);
        wi_broker_close(broker);
        courier_rest(courier);
    }
    uv_mutex_lock(&courier->mutex);
    courier->ended = 1;
    uv_async_send(&courier->async);
    uv_mutex_unlock(&courier->mutex);
}

/* --- the loop --------------------------------------------------------------------------------- */

static void courier_free(struct wi_courier *courier)
{
    texts_forget(courier);
    wi_strings_clear(&courier->servers);
    wi_broker_terms_clear(&courier->terms);
    free(courier->key);
    free(courier->subject);
    free(courier->subjects);
    uv_cond_destroy(&courier->wake);
    uv_mutex_destroy(&courier->mutex);
    free(courier);
}

static void on_closed(uv_handle_t *handle)
{
    courier_free(handle->data);
}

static void on_async(uv_async_t *async)
{
    struct wi_courier *courier = async->data;
    struct item *item, *next;
    uv_mutex_lock(&courier->mutex);
    struct item *events = courier->events;
    int ended = courier->ended;
    courier->events = NULL;
    courier->event_count = 0;
    courier->event_bytes = 0;
    uv_cond_signal(&courier->wake);
    uv_mutex_unlock(&courier->mutex);
    DL_FOREACH_SAFE(events, item, next)
    {
        if (!courier->closing)
            courier->on_event(courier->context, &item->event);
        wi_broker_entry_clear(&item->event.entry);
        free(item);
    }
    if (!ended)
        return;
    uv_thread_join(&courier->thread);
    uv_close((uv_handle_t *)async, on_closed);
}

struct wi_courier *wi_courier_start(uv_loop_t *loop, const struct wi_courier_terms *terms,
    wi_courier_event_fn *on_event, void *context, struct wi_error *error)
{
    struct wi_courier *courier = wi_alloc(sizeof *courier);
    courier->on_event = on_event;
    courier->context = context;
    wi_strings_copy(&courier->servers, terms->servers);
    courier->terms = wi_broker_terms_copy(&terms->broker);
    courier->key = wi_strdup(terms->key);
    courier->subject = wi_strdup(terms->subject);
    courier->subjects = wi_strdup(terms->subjects);
    courier->value_max = terms->value_max;
    courier->async.data = courier;
    uv_mutex_init(&courier->mutex);
    uv_cond_init(&courier->wake);
    int status = uv_async_init(loop, &courier->async, on_async);
    assert(status == 0);
    status = uv_thread_create(&courier->thread, courier_run, courier);
    if (status == 0) {
        uv_unref((uv_handle_t *)&courier->async);
        return courier;
    }
    wi_error_set(error, WI_UNAVAILABLE, NULL, "cannot start the thread that talks to NATS: %s",
        uv_strerror(status));
    uv_close((uv_handle_t *)&courier->async, on_closed);
    return NULL;
}

void wi_courier_write(struct wi_courier *courier, const char *text, uint64_t revision, int listens)
{
    uv_mutex_lock(&courier->mutex);
    free(courier->text);
    courier->text = wi_strdup(text);
    courier->revision = revision;
    courier->listens = listens;
    uv_mutex_unlock(&courier->mutex);
}

int wi_courier_say(struct wi_courier *courier, struct wi_buffer *text)
{
    struct said *said = wi_alloc(sizeof *said);
    said->text = WI_TAKE(*text);
    uv_mutex_lock(&courier->mutex);
    int fits = courier->said_bytes + said->text.size <= WI_TALK_WAITING_MAX;
    if (fits) {
        DL_APPEND(courier->said, said);
        courier->said_bytes += said->text.size;
    }
    uv_mutex_unlock(&courier->mutex);
    if (!fits)
        said_free(said);
    return fits ? 0 : -1;
}

void wi_courier_close(struct wi_courier *courier, int remove)
{
    if (courier == NULL)
        return;
    courier->closing = 1;
    uv_ref((uv_handle_t *)&courier->async);
    uv_mutex_lock(&courier->mutex);
    courier->stop = 1;
    courier->remove = remove;
    uv_cond_signal(&courier->wake);
    uv_mutex_unlock(&courier->mutex);
}
