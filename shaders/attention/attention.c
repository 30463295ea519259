/*
 * y[*, m, e] = softmax(q[*, m, d] · k[*, n, d]ᵀ · scale) · v[*, n, e] in one pass over the keys: of
 * eight queries the scores of a block of keys are made, then the weights by the largest score so
 * far, and a row of y holds the sum of the values weighted so far, which is scaled down whenever a
 * larger score comes (Milakov and Gimelshein, Online normalizer calculation for softmax, 2018). No
 * row of scores is kept. `causal`: query i of m sees the keys up to i + n - m. A query that sees no
 * key has zeros.
 */
#include "functions.h"
#include "panel.h"

enum { CAUSAL, SCALE }; /* the table's order */

#define KEYS 64         /* of a block, whose rows of v are to stay in the nearest cache */
#define QUERIES COLUMNS /* of a tile */
#define FOURS (QUERIES / 4)
#define LOWEST (-3.4028234e38f)

/* Of one batch. */
struct matrices {
    const float *q, *k, *v;
    float *y;
    uint32_t m, d, n, e;
    float scale;
    int is_causal;
};

/* Queries next to each other, while they go over the keys. */
struct tile {
    uint32_t query, queries;     /* the first, and how many */
    uint32_t key, keys;          /* of the block: the first, and how many the last query sees */
    uint32_t counts[QUERIES];    /* how many of those each query sees */
    float4 weights[KEYS][FOURS]; /* of the block: scores at first */
    float4 most[FOURS];          /* the largest score so far */
    float4 sums[FOURS];          /* of the weights so far */
    float4 less[FOURS];          /* by which what was so far is scaled down */
    struct panel panel;          /* the queries, a column each, times the scale */
    struct panel values;         /* the last columns of v */
};

static uint32_t seen_by(const struct matrices *all, uint32_t query)
{
    int64_t seen = (int64_t)query + 1 + all->n - all->m;
    return !all->is_causal ? all->n : seen < 0 ? 0 : (uint32_t)seen;
}

/* Queries beyond the last are 0. */
static void pack_queries(
    struct tile *tile, const struct matrices *all, uint32_t from, uint32_t depth)
{
    const float *q = all->q + (uint64_t)tile->query * all->d + from;
    for (uint32_t p = 0; p < depth; p++) {
        float row[QUERIES] = {0};
        for (uint32_t r = 0; r < tile->queries; r++)
            row[r] = q[(uint64_t)r * all->d + p] * all->scale;
        tile->panel.at[p][0] = *(const unaligned4 *)row;
        tile->panel.at[p][1] = *(const unaligned4 *)(row + 4);
    }
}

/* A row for each key, a column for each query. */
static void score(struct tile *tile, const struct matrices *all)
{
    const uint32_t d = all->d;
    const float *k = all->k + (uint64_t)tile->key * d;
    float *scores = (float *)tile->weights;
    uint32_t p = 0;
    do { /* once where d is 0, for scores are 0 then */
        uint32_t depth = least(d - p, DEPTH), i = 0;
        if (tile->key == 0 || d > DEPTH) /* else they are still there */
            pack_queries(tile, all, p, depth);
        for (; i + ROWS <= tile->keys; i += ROWS)
            four_rows(&tile->panel, k + (uint64_t)i * d + p, scores + i * QUERIES, d, depth,
                QUERIES, QUERIES, p == 0);
        for (; i < tile->keys; i++)
            one_row(&tile->panel, k + (uint64_t)i * d + p, scores + i * QUERIES, depth, QUERIES,
                p == 0);
        p += depth;
    } while (p < d);
}

/* What a query does not see weighs nothing. */
static void hide(struct tile *tile)
{
    for (uint32_t r = 0; r < QUERIES; r++)
        for (uint32_t i = tile->counts[r]; i < tile->keys; i++)
            tile->weights[i][r / 4][r % 4] = -__builtin_inff();
}

/* Where a is larger, a, and b elsewhere, also where a is NaN. */
static float4 larger4(float4 a, float4 b)
{
    bits4 is = (bits4)(a > b);
    return (float4)(((bits4)a & is) | ((bits4)b & ~is));
}

/* Makes weights of four queries' scores. */
static void weigh(struct tile *tile, uint32_t four)
{
    float4 top = tile->most[four], less, sums;
    for (uint32_t i = 0; i < tile->keys; i++)
        top = larger4(tile->weights[i][four], top);
    less = exp_below(tile->most[four] - top);
    sums = tile->sums[four] * less;
    for (uint32_t i = 0; i < tile->keys; i++) {
        float4 weight = exp_below(tile->weights[i][four] - top);
        tile->weights[i][four] = weight;
        sums += weight;
    }
    tile->most[four] = top;
    tile->less[four] = less;
    tile->sums[four] = sums;
}

/* Adds eight columns of the values by their weights, or what is left of them, to y. A query does
 * not see fewer keys than the one before. */
static void add_columns(const struct tile *tile, struct strided values, float *y, uint32_t e,
    uint32_t columns, int is_first)
{
    for (uint32_t r = 0; r < tile->queries;) {
        struct strided weights = {(const float *)tile->weights + r, 1, QUERIES};
        float *to = y + (uint64_t)r * e;
        if (r + ROWS <= tile->queries && tile->counts[r] == tile->keys) {
            four_by_eight(weights, values, tile->keys, to, e, columns, is_first);
            r += ROWS;
        } else {
            one_by_eight(weights, values, tile->counts[r], to, columns, is_first);
            r++;
        }
    }
}

static void add_values(struct tile *tile, const struct matrices *all)
{
    const uint32_t e = all->e;
    const float *v = all->v + (uint64_t)tile->key * e;
    float *y = all->y + (uint64_t)tile->query * e;
    const int is_first = tile->key == 0;
    for (uint32_t r = 0; r < tile->queries && !is_first; r++)
        for (uint32_t j = 0; j < e; j++)
            y[(uint64_t)r * e + j] *= tile->less[r / 4][r % 4];
    for (uint32_t j = 0; j < e; j += COLUMNS) {
        uint32_t columns = least(e - j, COLUMNS);
        struct strided values = {v + j, e, 1};
        if (columns < COLUMNS) {
            pack(&tile->values, v + j, tile->keys, e, columns);
            values = strided_of(&tile->values);
        }
        add_columns(tile, values, y + j, e, columns, is_first);
    }
}

/* The next block of keys. */
static void begin_block(struct tile *tile, const struct matrices *all, uint32_t key, uint32_t seen)
{
    tile->key = key;
    tile->keys = least(seen - key, KEYS);
    for (uint32_t r = 0; r < QUERIES; r++) {
        uint32_t sees = seen_by(all, tile->query + r);
        tile->counts[r] = sees < key ? 0 : least(sees - key, tile->keys);
    }
}

/* Eight queries, or what is left. */
static void attend(const struct matrices *all, uint32_t query)
{
    struct tile tile;
    float *y = all->y + (uint64_t)query * all->e;
    tile.query = query;
    tile.queries = least(all->m - query, QUERIES);
    for (uint32_t four = 0; four < FOURS; four++) {
        tile.most[four] = (float4){LOWEST, LOWEST, LOWEST, LOWEST};
        tile.sums[four] = (float4){0};
    }
    const uint32_t seen = seen_by(all, query + tile.queries - 1);
    for (uint32_t key = 0; key < seen; key += KEYS) {
        begin_block(&tile, all, key, seen);
        score(&tile, all);
        hide(&tile);
        for (uint32_t four = 0; four < FOURS; four++)
            weigh(&tile, four);
        add_values(&tile, all);
    }
    for (uint32_t r = 0; r < tile.queries; r++, y += all->e) {
        const int sees = seen_by(all, query + r) > 0;
        for (uint32_t j = 0; j < all->e; j++)
            y[j] = sees ? y[j] / tile.sums[r / 4][r % 4] : 0;
    }
}

KERNEL(attention)
{
    const uint32_t m = call->size[1], d = call->size[2], n = call->size[3], e = call->size[4];
    const float scale = call->option[SCALE] > 0 ? call->option[SCALE]
                        : d                     ? 1.0f / root_of((float)d)
                                                : 0;
    for (uint64_t batch = 0; batch < call->size[0]; batch++) {
        const struct matrices all = {.q = call->in[0] + batch * m * d,
            .k = call->in[1] + batch * n * d,
            .v = call->in[2] + batch * n * e,
            .y = call->out + batch * m * e,
            .m = m,
            .d = d,
            .n = n,
            .e = e,
            .scale = scale,
            .is_causal = call->option[CAUSAL] != 0};
        for (uint32_t query = 0; query < m; query += QUERIES)
            attend(&all, query);
    }
}
