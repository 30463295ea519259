/* See cutter.h. Levels are powers, as wi_pcm_power has them. */
#include "terms/sound/cutter.h"

#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_PER_SECOND 100
#define STEP_MS (1000 / STEPS_PER_SECOND)

/* A step is loud at so many times the noise: 9 dB before speech, 6 dB within it. */
#define LOUD_BEFORE 8
#define LOUD_WITHIN 4
/* A smaller power is never loud: an amplitude of 30, which is -61 dB of full scale. */
#define LOUD_LEAST 900
/* So many loud steps in a row are speech: a click has fewer. */
#define LOUD_RUN 3
/* The noise, whose level has so many bits after the point. It is never less than an amplitude of
 * 10, and at the beginning of a stream the sound counts as noise up to 200. */
#define NOISE_BITS 10
#define NOISE_LEAST ((uint64_t)100 << NOISE_BITS)
#define NOISE_FIRST_MOST ((uint64_t)40000 << NOISE_BITS)
/* In each step it goes down by an eighth of the way, and up by a part of itself: by 3 dB within
 * 0.45 s in a pause, and within 7 s of speech. */
#define NOISE_FALLS 8
#define NOISE_RISES_BEFORE 64
#define NOISE_RISES_WITHIN 1024

/* Kept before and after speech. */
#define MARGIN_STEPS 20
/* Where a segment that goes on is cut: the quietest stretch of so many steps. */
#define CUT_FROM (23 * STEPS_PER_SECOND)
#define CUT_UNTIL (WI_CUTTER_SECONDS_MAX * STEPS_PER_SECOND)
#define STRETCH 10

/* So much sound is examined before sound that is not needed is dropped, and so much of that may
 * stay. */
#define LOOKED_AT_ONCE (64 * 1024)
#define LEFT_MOST (16 * 1024)

/* Whether there is speech, step by step. */
struct ear {
    uint64_t noise; /* with NOISE_BITS; 0: nothing was heard yet */
    unsigned run;   /* loud steps up to this one */
    int speaks;
    unsigned quiet; /* steps since the last one of speech, while it speaks */
};

/* All places are steps from the beginning, but for `base`. */
struct wi_cutter {
    struct wi_pcm pcm;
    size_t moment;    /* bytes */
    unsigned moments; /* in a step */
    unsigned pause;
    struct ear ear;
    uint64_t steps; /* that were looked at */
    uint64_t free;  /* where the next segment may begin: the end of the last one */
    int is_open;
    uint64_t start;  /* of the open segment */
    uint64_t spoken; /* the end of the last speech */
    /* Of the open segment, where it may be cut. */
    uint64_t stretch[STRETCH]; /* the levels of the last steps, by their number */
    uint64_t least;            /* of all stretches, the sum */
    uint64_t quietest;         /* its middle; 0: none yet */
    /* The bytes from `base` on, counted from the beginning. */
    unsigned char *bytes;
    size_t size, capacity;
    uint64_t base;
};

struct wi_cutter *wi_cutter_new(const struct wi_pcm *pcm, unsigned pause_ms)
{
    struct wi_cutter *cutter = wi_alloc(sizeof *cutter);
    assert(pause_ms >= WI_CUTTER_PAUSE_MIN && pause_ms <= WI_CUTTER_PAUSE_MAX);
    assert(pcm->rate >= WI_PCM_RATE_MIN && pcm->rate <= WI_PCM_RATE_MAX);
    assert(pcm->channels >= 1 && pcm->channels <= WI_PCM_CHANNELS_MAX);
    cutter->pcm = *pcm;
    cutter->moment = wi_pcm_moment(pcm);
    cutter->moments = pcm->rate / STEPS_PER_SECOND;
    cutter->pause = (pause_ms + STEP_MS - 1) / STEP_MS;
    return cutter;
}

void wi_cutter_free(struct wi_cutter *cutter)
{
    if (cutter)
        free(cutter->bytes);
    free(cutter);
}

/* --- is there speech? ------------------------------------------------------------------------- */

static void follow_noise(struct ear *ear, uint64_t level)
{
    uint64_t now = level << NOISE_BITS;
    if (ear->noise == 0)
        ear->noise = now < NOISE_FIRST_MOST ? now : NOISE_FIRST_MOST;
    else if (now < ear->noise)
        ear->noise -= (ear->noise - now) / NOISE_FALLS;
    else
        ear->noise += ear->noise / (ear->speaks ? NOISE_RISES_WITHIN : NOISE_RISES_BEFORE);
    if (ear->noise > now && ear->noise - now < NOISE_FALLS)
        ear->noise = now;
    if (ear->noise < NOISE_LEAST)
        ear->noise = NOISE_LEAST;
}

/* Whether speech begins with this step, and the ones before it that were loud. */
static int ear_hear(struct ear *ear, uint64_t level)
{
    uint64_t noise = ear->noise >> NOISE_BITS;
    uint64_t most = noise * (ear->speaks ? LOUD_WITHIN : LOUD_BEFORE);
    int spoke = ear->speaks;
    ear->run = level > LOUD_LEAST && level > most ? ear->run + 1 : 0;
    ear->quiet += ear->speaks != 0;
    if (ear->run >= LOUD_RUN) {
        ear->speaks = 1;
        ear->quiet = 0;
    }
    follow_noise(ear, level);
    return ear->speaks && !spoke;
}

/* --- segments --------------------------------------------------------------------------------- */

static uint64_t least_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void begin_segment(struct wi_cutter *cutter, uint64_t start)
{
    cutter->is_open = 1;
    cutter->start = start;
    cutter->quietest = 0;
    cutter->least = UINT64_MAX;
}

/* The moments from `start` to `end`, all of which are there. */
static struct wi_sound_segment piece_cut(
    const struct wi_cutter *cutter, uint64_t start, uint64_t end)
{
    return (struct wi_sound_segment){.start = start,
        .end = end,
        .known_at = cutter->steps * cutter->moments,
        .bytes = cutter->bytes + (size_t)(start * cutter->moment - cutter->base),
        .size = (size_t)(end - start) * cutter->moment};
}

static void piece_tell(
    struct wi_cutter *cutter, uint64_t end, wi_sound_segment_fn *on_segment, void *context)
{
    struct wi_sound_segment segment =
        piece_cut(cutter, cutter->start * cutter->moments, end * cutter->moments);
    on_segment(context, &segment);
    cutter->free = end;
}

/* A little after its speech. Of two pieces of one, the second may have none. */
static void end_segment(struct wi_cutter *cutter, wi_sound_segment_fn *on_segment, void *context)
{
    uint64_t margin = least_of(MARGIN_STEPS, cutter->pause);
    if (cutter->spoken > cutter->start)
        piece_tell(cutter, least_of(cutter->spoken + margin, cutter->steps), on_segment, context);
    cutter->is_open = 0;
    cutter->ear.speaks = 0;
}

static void divide_segment(struct wi_cutter *cutter, wi_sound_segment_fn *on_segment, void *context)
{
    uint64_t place = cutter->quietest;
    piece_tell(cutter, place, on_segment, context);
    begin_segment(cutter, place);
}

/* Takes the latest step into account. Among equally quiet stretches, the first one stays. */
static void look_for_quiet(struct wi_cutter *cutter, uint64_t level)
{
    uint64_t sum = 0;
    cutter->stretch[cutter->steps % STRETCH] = level;
    if (!cutter->is_open || cutter->steps < cutter->start + CUT_FROM + STRETCH)
        return;
    for (size_t i = 0; i < STRETCH; i++)
        sum += cutter->stretch[i];
    if (sum >= cutter->least)
        return;
    cutter->least = sum;
    cutter->quietest = cutter->steps + 1 - STRETCH / 2;
}

static void take_step(struct wi_cutter *cutter, const unsigned char *bytes,
    wi_sound_segment_fn *on_segment, void *context)
{
    struct ear *ear = &cutter->ear;
    uint64_t level = wi_pcm_power(&cutter->pcm, bytes, cutter->moments);
    int begins = ear_hear(ear, level);
    look_for_quiet(cutter, level);
    cutter->steps++;
    if (begins) {
        uint64_t first = cutter->steps - LOUD_RUN;
        uint64_t start = first > MARGIN_STEPS ? first - MARGIN_STEPS : 0;
        begin_segment(cutter, start > cutter->free ? start : cutter->free);
    }
    if (ear->speaks && ear->quiet == 0)
        cutter->spoken = cutter->steps;
    if (cutter->is_open && ear->quiet >= cutter->pause)
        end_segment(cutter, on_segment, context);
    else if (cutter->is_open && cutter->steps - cutter->start >= CUT_UNTIL)
        divide_segment(cutter, on_segment, context);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static uint64_t bytes_heard(const struct wi_cutter *cutter)
{
    return cutter->base + cutter->size;
}

static size_t step_size(const struct wi_cutter *cutter)
{
    return cutter->moments * cutter->moment;
}

/* From where on the bytes may still belong to a segment. */
static uint64_t needed_from(const struct wi_cutter *cutter)
{
    uint64_t back = MARGIN_STEPS + LOUD_RUN;
    uint64_t step = cutter->steps > back ? cutter->steps - back : 0;
    step = step > cutter->free ? step : cutter->free;
    return (cutter->is_open ? cutter->start : step) * step_size(cutter);
}

static void set_capacity(struct wi_cutter *cutter, size_t capacity)
{
    cutter->bytes = wi_realloc_array(cutter->bytes, capacity, 1);
    cutter->capacity = capacity;
}

static void drop_needless(struct wi_cutter *cutter)
{
    size_t needless = (size_t)(needed_from(cutter) - cutter->base);
    if (needless <= LEFT_MOST)
        return;
    cutter->size -= needless;
    cutter->base += needless;
    memmove(cutter->bytes, cutter->bytes + needless, cutter->size);
    if (cutter->capacity > 2 * LOOKED_AT_ONCE && cutter->size < cutter->capacity / 4)
        set_capacity(cutter, cutter->capacity / 2);
}

static void cutter_append(struct wi_cutter *cutter, const unsigned char *bytes, size_t size)
{
    size_t capacity = cutter->capacity;
    if (capacity == 0)
        capacity = LEFT_MOST;
    while (capacity < cutter->size + size)
        capacity *= 2;
    if (capacity > cutter->capacity)
        set_capacity(cutter, capacity);
    memcpy(cutter->bytes + cutter->size, bytes, size);
    cutter->size += size;
}

void wi_cutter_add(struct wi_cutter *cutter, const void *bytes, size_t size,
    wi_sound_segment_fn *on_segment, void *context)
{
    const unsigned char *at = bytes;
    size_t step = step_size(cutter);
    while (size > 0) {
        size_t count = size < LOOKED_AT_ONCE ? size : LOOKED_AT_ONCE;
        cutter_append(cutter, at, count);
        while ((cutter->steps + 1) * step <= bytes_heard(cutter))
            take_step(cutter, cutter->bytes + (size_t)(cutter->steps * step - cutter->base),
                on_segment, context);
        drop_needless(cutter);
        at += count;
        size -= count;
    }
}

void wi_cutter_end(struct wi_cutter *cutter, wi_sound_segment_fn *on_segment, void *context)
{
    if (cutter->is_open)
        end_segment(cutter, on_segment, context);
}

/* --- how far it is ---------------------------------------------------------------------------- */

uint64_t wi_cutter_heard(const struct wi_cutter *cutter)
{
    return bytes_heard(cutter) / cutter->moment;
}

size_t wi_cutter_torn(const struct wi_cutter *cutter)
{
    return (size_t)(bytes_heard(cutter) % cutter->moment);
}

size_t wi_cutter_held(const struct wi_cutter *cutter)
{
    return cutter->capacity;
}

int wi_cutter_open(const struct wi_cutter *cutter, struct wi_sound_segment *segment)
{
    if (!cutter->is_open)
        return 0;
    *segment = piece_cut(cutter, cutter->start * cutter->moments, wi_cutter_heard(cutter));
    return 1;
}
