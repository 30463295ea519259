/*
 * Fuzzes live sound: the first bytes say its form, the pause and how large the pieces are, the rest
 * is the sound, repeated so that it is long enough to be cut. In pieces it is cut where it is cut
 * as a whole, and each segment is the sound that lies there.
 */
#include "must.h"
#include "plant.h"
#include "terms/sound/cutter.h"
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD 5
#define INPUT_MAX 4096      /* what an input has beyond that changes nothing */
#define SOUND_MAX (1 << 15) /* too short to be cut at 28 s, which cutter_test.c does */
#define PIECES_MAX 256
#define SEGMENTS_MAX 64

struct heard {
    struct wi_pcm pcm;
    const unsigned char *bytes;
    size_t count;
    struct {
        uint64_t start, end, known_at;
    } rows[SEGMENTS_MAX];
};

static void on_segment(void *context, const struct wi_sound_segment *segment)
{
    struct heard *heard = context;
    size_t moment = wi_pcm_moment(&heard->pcm), i = heard->count;
    uint64_t before = i > 0 ? heard->rows[i - 1].end : 0;
    must(segment->start >= before && segment->start < segment->end);
    must(segment->end <= segment->known_at);
    must(segment->end - segment->start <= (uint64_t)WI_CUTTER_SECONDS_MAX * heard->pcm.rate);
    must(segment->size == (segment->end - segment->start) * moment);
    must(memcmp(segment->bytes, heard->bytes + segment->start * moment, segment->size) == 0);
    WI_PLANT(heard->pcm.channels == 2 && heard->pcm.format == WI_PCM_S16LE);
    must(heard->count < SEGMENTS_MAX);
    heard->rows[i].start = segment->start;
    heard->rows[i].end = segment->end;
    heard->rows[i].known_at = segment->known_at;
    heard->count++;
}

static void cut(struct heard *heard, unsigned pause_ms, size_t size, size_t piece)
{
    struct wi_cutter *cutter = wi_cutter_new(&heard->pcm, pause_ms);
    for (size_t at = 0; at < size; at += piece)
        wi_cutter_add(
            cutter, heard->bytes + at, piece < size - at ? piece : size - at, on_segment, heard);
    must(wi_cutter_heard(cutter) == size / wi_pcm_moment(&heard->pcm));
    must(wi_cutter_torn(cutter) == size % wi_pcm_moment(&heard->pcm));
    wi_cutter_end(cutter, on_segment, heard);
    wi_cutter_free(cutter);
}

/* `rest` so often as `times`, as far as there is room. */
static uint8_t *repeat(const uint8_t *rest, size_t size, size_t times, size_t *total)
{
    *total = size * times < SOUND_MAX ? size * times : SOUND_MAX;
    uint8_t *sound = malloc(*total);
    for (size_t at = 0; at < *total; at += size)
        memcpy(sound + at, rest, size < *total - at ? size : *total - at);
    return sound;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct heard whole, pieces;
    if (size <= HEAD)
        return 0;
    size_t rest = (size < INPUT_MAX ? size : INPUT_MAX) - HEAD, total;
    uint8_t *sound = repeat(data + HEAD, rest, 1 + data[4], &total);
    whole = (struct heard){.pcm = {.format = data[0] & 1 ? WI_PCM_F32LE : WI_PCM_S16LE,
                               .rate = WI_PCM_RATE_MIN + 156 * data[1],
                               .channels = 1 + (data[0] >> 1 & 1)},
        .bytes = sound};
    pieces = whole;
    unsigned pause_ms = WI_CUTTER_PAUSE_MIN + 19 * data[2];
    cut(&whole, pause_ms, total, total);
    cut(&pieces, pause_ms, total, 1 + total / PIECES_MAX + data[3]);
    must(whole.count == pieces.count);
    must(memcmp(whole.rows, pieces.rows, whole.count * sizeof *whole.rows) == 0);
    free(sound);
    return 0;
}
